import { describe, expect, test } from "vitest";
import { demandsOf } from "../../../src/core/allocate/demand.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { cluster, declared, type FixedOptions, fixed, lock, plan, run } from "../../support/allocate-world.js";

function workload(kind: string, spec: object, status: object = {}, apiVersion = "apps/v1"): KubeObject {
  const template = { metadata: {}, spec: { containers: [] } };
  const body = kind === "CronJob" ? spec : { template, ...spec };
  return { apiVersion, kind, metadata: { namespace: "d", name: "w" }, spec: body, status };
}

function demandOf(kind: string, options: FixedOptions, live?: KubeObject, followLive = true) {
  const asked = plan({ workloads: [fixed(`d/${kind}/w`, options)] });
  return demandsOf(asked, cluster(...(live ? [live] : [])), followLive);
}

const rolling = (maxSurge: number | string) =>
  workload("Deployment", { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge } } });

describe("elastic addresses", () => {
  test.each<[string, string, number, number | "auto", KubeObject | undefined, string]>([
    ["given", "Deployment", 3, 2, undefined, "3 replicas + 2 elastic"],
    ["none", "Deployment", 1, 0, undefined, "1 replica + 0 elastic"],
    ["auto without a snapshot: 25 %, rounded up", "Deployment", 5, "auto", undefined, "5 replicas + 2 elastic"],
    ["auto, at least one", "Deployment", 1, "auto", rolling(0), "1 replica + 1 elastic"],
    ["auto, number", "Deployment", 8, "auto", rolling(3), "8 replicas + 3 elastic"],
    ["auto, percent rounded up", "Deployment", 7, "auto", rolling("30%"), "7 replicas + 3 elastic"],
    ["auto, Kubernetes' default", "Deployment", 9, "auto", workload("Deployment", {}), "9 replicas + 3 elastic"],
    [
      "auto, Recreate",
      "Deployment",
      9,
      "auto",
      workload("Deployment", { strategy: { type: "Recreate" } }),
      "9 replicas + 1 elastic",
    ],
    ["auto, other kinds", "StatefulSet", 9, "auto", undefined, "9 replicas + 1 elastic"],
  ])("%s", (_, kind, replicas, elastic, live, reason) => {
    const [demand] = demandOf(kind, { replicas, elastic }, live).demands;
    expect(demand).toMatchObject({
      reason,
      count: reason
        .match(/\d+/g)!
        .map(Number)
        .reduce((a, b) => a + b),
    });
  });
});

describe("the bound of a workload", () => {
  test.each<[string, KubeObject, number | undefined]>([
    ["Deployment", workload("Deployment", { replicas: 4 }), 4],
    ["Deployment", workload("Deployment", {}), 1],
    ["StatefulSet", workload("StatefulSet", { replicas: 2 }), 2],
    ["DaemonSet", workload("DaemonSet", {}, { desiredNumberScheduled: 6 }), 6],
    ["Job", workload("Job", { parallelism: 3 }, {}, "batch/v1"), 3],
    ["CronJob", workload("CronJob", { jobTemplate: { spec: { parallelism: 2, template: {} } } }, {}, "batch/v1"), 2],
    ["CloneSet.apps.kruise.io", workload("CloneSet", { replicas: 5 }, {}, "apps.kruise.io/v1alpha1"), 5],
    ["Thing.example.com", workload("Thing", {}, {}, "example.com/v1"), undefined],
  ])("%s without replicas in the plan follows the live object: %#", (kind, live, count) => {
    const found = demandOf(kind, { elastic: 0 }, live);
    if (count === undefined) expect(found.diagnostics).toMatchObject([{ code: "SP3103" }]);
    else expect(found.demands).toMatchObject([{ count }]);
  });

  test("the plan's bound wins over the live object", () => {
    expect(demandOf("Deployment", { replicas: 2 }, workload("Deployment", { replicas: 9 })).demands).toMatchObject([
      { count: 2 },
    ]);
  });

  test.each<[string, boolean, KubeObject | undefined]>([
    ["no live object", true, undefined],
    ["lock files", false, workload("Deployment", { replicas: 4 })],
  ])("unknown with %s: an error for that owner", (_, followLive, live) => {
    const found = demandOf("Deployment", {}, live, followLive);
    expect([...found.unknown]).toEqual(["d/Deployment/w/net1"]);
    expect(found.diagnostics).toMatchObject([{ code: "SP3103", severity: "error", about: "d/Deployment/w/net1" }]);
  });

  test("an owner whose bound is unknown keeps what it holds, others go on", () => {
    const before = lock({ a: { held: { "d/Deployment/w/net1": ["10.0.0.10-10.0.0.12"] } } });
    const asked = plan({ workloads: [fixed("d/Deployment/w"), fixed("d/Deployment/x", { replicas: 1 })] });
    const result = run({ plan: asked, lock: before });
    expect(result.lock.subnets.get("a")!.held.get("d/Deployment/w/net1")).toEqual(
      before.subnets.get("a")!.held.get("d/Deployment/w/net1"),
    );
    expect(result.lock.subnets.get("a")!.held.has("d/Deployment/x/net1")).toBe(true);
  });
});

test("more wishes than replicas and elastic are all meant", () => {
  const { demands } = demandOf("Deployment", { replicas: 2, elastic: 1, wishes: ["10.0.0.20-10.0.0.25"] });
  expect(demands).toMatchObject([{ count: 6, reason: "6 wished addresses" }]);
});

test("a take asks for its count", () => {
  const { demands } = demandsOf(plan({ pools: [declared("p", "a", { count: 4 })] }), cluster(), false);
  expect(demands).toMatchObject([{ owner: "pool:p", count: 4, reason: "take 4" }]);
});

describe("without lock files the bound follows what may come", () => {
  const autoscaler = (kind: string, maxReplicas: number, name = "hpa"): KubeObject => ({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { namespace: "d", name },
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind, name: "w" }, maxReplicas },
  });
  const node = (name: string, labels: Record<string, string>, taints: object[] = []): KubeObject => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels },
    spec: { taints },
  });
  const live = (kind: string, ...objects: KubeObject[]) => {
    const asked = plan({ workloads: [fixed(`d/${kind}/w`, {})] });
    const known = cluster(...objects);
    const snapshot = { ...known, complete: new Set([...known.complete, "Node"]) };
    return demandsOf(asked, snapshot, true).demands.map(({ count }) => count);
  };

  test.each<[string, KubeObject[], number]>([
    ["an autoscaler's maximum", [autoscaler("Deployment", 9)], 9],
    ["the replicas where they are more", [autoscaler("Deployment", 2)], 4],
    ["the larger of two autoscalers", [autoscaler("Deployment", 6), autoscaler("Deployment", 8, "b")], 8],
    ["no autoscaler of another workload", [autoscaler("StatefulSet", 9)], 4],
  ])("%s", (_, objects, count) => {
    expect(live("Deployment", workload("Deployment", { replicas: 4 }), ...objects)).toEqual([count]);
  });

  const daemon = (pod: object, wanted = 0) =>
    workload("DaemonSet", { template: { metadata: {}, spec: pod } }, { desiredNumberScheduled: wanted });
  const required = (...nodeSelectorTerms: object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
  const nodes = [
    node("n1", { zone: "a", cpu: "8" }),
    node("n2", { zone: "a" }, [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }]),
    node("n3", { zone: "b" }, [{ key: "gpu", value: "yes", effect: "NoSchedule" }]),
    node("n4", { zone: "b" }, [{ key: "old", effect: "PreferNoSchedule" }]),
  ];

  test.each<[string, KubeObject, number]>([
    ["every node it tolerates, cordoned ones too", daemon({}), 3],
    ["its nodeSelector", daemon({ nodeSelector: { zone: "a" } }), 2],
    [
      "its required affinity",
      daemon(required({ matchExpressions: [{ key: "zone", operator: "In", values: ["b"] }] })),
      1,
    ],
    ["a name", daemon(required({ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] })), 1],
    [
      "a number above, which a node without the label does not have",
      daemon(required({ matchExpressions: [{ key: "cpu", operator: "Gt", values: ["4"] }] })),
      1,
    ],
    [
      "either of two terms",
      daemon(
        required(
          { matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] },
          { matchExpressions: [{ key: "zone", operator: "In", values: ["b"] }] },
        ),
      ),
      2,
    ],
    ["a toleration by value", daemon({ tolerations: [{ key: "gpu", value: "yes" }] }), 4],
    ["a toleration of another key", daemon({ tolerations: [{ key: "disk", operator: "Exists" }] }), 3],
    ["a toleration of its effect", daemon({ tolerations: [{ operator: "Exists", effect: "NoSchedule" }] }), 4],
    ["a toleration of another effect", daemon({ tolerations: [{ operator: "Exists", effect: "NoExecute" }] }), 3],
    ["a toleration of another value", daemon({ tolerations: [{ key: "gpu", value: "no" }] }), 3],
    ["a toleration of an empty key", daemon({ tolerations: [{ key: "", operator: "Exists" }] }), 4],
    ["a term without a condition", daemon(required({})), 0],
    ["a toleration of everything", daemon({ tolerations: [{ operator: "Exists" }] }), 4],
    ["never fewer than it says", daemon({ nodeSelector: { zone: "a" } }, 5), 5],
  ])("a DaemonSet's matching nodes: %s", (_, object, count) => {
    expect(live("DaemonSet", object, ...nodes)).toEqual([count]);
  });
});
