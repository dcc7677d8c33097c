import { describe, expect, test } from "vitest";
import { demandsOf } from "../../../src/core/allocate/demand.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { fixed, plan } from "../../support/allocate-world.js";

function live(kind: string, podSpec: object, spec: object = {}, status: object = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { namespace: "d", name: "w" },
    spec: { template: { metadata: {}, spec: podSpec }, ...spec },
    status,
  };
}
const node = (name: string, taints: object[] = [], labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels },
  spec: { taints },
});
const count = (object: KubeObject, nodes: KubeObject[], complete: string[]) =>
  demandsOf(
    plan({ workloads: [fixed(`d/${object.kind}/w`)] }),
    buildSnapshot([object, ...nodes], complete),
    true,
  ).demands.map((demand) => demand.count);

describe("a DaemonSet has as many Pods as there are nodes for it", () => {
  const nodes = [node("a"), node("b")];
  const desired = (number: number | undefined) =>
    live("DaemonSet", {}, {}, number === undefined ? {} : { desiredNumberScheduled: number });
  test.each<[string, KubeObject, KubeObject[], string[], number[]]>([
    ["all nodes are known", desired(1), nodes, ["Node"], [2]],
    ["nodes are not listed completely: as it says", desired(1), nodes, [], [1]],
    ["there are none: as it says", desired(1), [], ["Node"], [1]],
  ])("%s", (_, object, known, complete, expected) => expect(count(object, known, complete)).toEqual(expected));

  test("nobody can tell without nodes and without its status", () => {
    const asked = plan({ workloads: [fixed("d/DaemonSet/w")] });
    expect(demandsOf(asked, buildSnapshot([desired(undefined)], ["Node"]), true).unknown.size).toBe(1);
  });

  test("a toleration without an effect, or with an empty one, is of every effect", () => {
    const tainted = [node("a", [{ key: "gpu", effect: "NoExecute" }])];
    for (const effect of [{}, { effect: "" }, { effect: "NoExecute" }]) {
      const object = live("DaemonSet", { tolerations: [{ key: "gpu", operator: "Exists", ...effect }] });
      expect(count(object, tainted, ["Node"])).toEqual([1]);
    }
    const other = live("DaemonSet", { tolerations: [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }] });
    expect(count(other, tainted, ["Node"])).toEqual([0]);
  });
});

test.each(["x25%", "25%x"])("a surge of %s is none anybody can read: one address", (maxSurge) => {
  const object = live("Deployment", {}, { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge } } });
  const asked = plan({ workloads: [fixed("d/Deployment/w", { replicas: 40, elastic: "auto" })] });
  expect(demandsOf(asked, buildSnapshot([object], []), true).demands.map((demand) => demand.count)).toEqual([41]);
});

test("a workload of fewer replicas than the live one is told only if it has fixed addresses (SP4219)", () => {
  const object = live("Deployment", {}, { replicas: 3 });
  const workload = fixed("d/Deployment/w", { replicas: 1 });
  const nic = { ...workload.interfaces.get("net1")!, ask: { type: "pools", pools: [] } as never };
  const told = (of: typeof workload) =>
    demandsOf(plan({ workloads: [of] }), buildSnapshot([object], []), true).diagnostics.map(({ code }) => code);
  expect(told(workload)).toEqual(["SP4219"]);
  expect(told({ ...workload, interfaces: new Map([["net1", nic]]) })).toEqual([]);
});
