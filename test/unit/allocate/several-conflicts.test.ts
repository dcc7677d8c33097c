import { describe, expect, test } from "vitest";
import type { Plan } from "../../../src/core/plan/plan.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { A, B, B_NET, codes, one, workload } from "../../support/allocate-several.js";
import {
  cluster,
  declared,
  endpoint,
  fixed,
  lock,
  plan,
  pool,
  reservation,
  run,
  SMALL,
  shown,
} from "../../support/allocate-world.js";

/** What stops owners where there are several reasons, pools or owners. */

const spiderSubnet = (controlled: object): KubeObject => ({
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderSubnet",
  metadata: { name: "a" },
  spec: { subnet: "10.0.0.0/24" },
  status: { controlledIPPools: JSON.stringify(controlled) },
});

describe("pools of ours under other names that Spiderpool still counts (controlledIPPools) are not in the way", () => {
  const record = (name: string) => spiderSubnet({ [name]: { ips: ["10.0.0.10-10.0.0.12"] } });
  test("a live one", () => {
    const before = lock({ a: { held: { [A]: ["10.0.0.10"] }, released: { [A]: ["10.0.0.11"] } } });
    const snapshot = cluster(pool("other-name", ["10.0.0.10"], { owner: `${A}/a` }), record("other-name"));
    expect(shown(run({ plan: plan({ workloads: [one("a", 2)] }), lock: before, snapshot }))).toEqual({
      [`${A}/a`]: "10.0.0.10-10.0.0.11",
    });
  });
  test("one kept by name that is gone", () => {
    const snapshot = cluster(record("mine"));
    expect(shown(run({ plan: plan({ workloads: [one("a", 1, { pool: "mine" })] }), snapshot }))).toEqual({
      [`${A}/a`]: "10.0.0.10",
    });
  });
  test("a declared one with a take that is gone", () => {
    const snapshot = cluster(record("walk"));
    expect(shown(run({ plan: plan({ pools: [declared("walk", "a", { count: 1 })] }), snapshot }))).toEqual({
      "pool:walk/a": "10.0.0.10",
    });
  });
  test("a sliced one, for its own slices", () => {
    const asked = plan({
      pools: [declared("p", "a", { addresses: ["10.0.0.10-10.0.0.12"] })],
      workloads: [one("a", 1, { slices: ["p"] })],
    });
    expect(shown(run({ plan: asked, snapshot: cluster(record("p")) }))).toEqual({ [`${A}/pool:p/a`]: "10.0.0.10" });
  });
  test.each(["3", '"text"', "null", "[]", '{"gone": null}'])("a record that reads %s says nothing", (text) => {
    const snapshot = cluster({ ...spiderSubnet({}), status: { controlledIPPools: text } } as KubeObject);
    expect(shown(run({ plan: plan({ workloads: [one("a")] }), snapshot }))).toEqual({ [`${A}/a`]: "10.0.0.10" });
  });
});

describe("conflicts", () => {
  const locked = lock({ a: { held: { [A]: ["10.0.0.11"] } } });
  test.each<[string, Plan, KubeObject[], (string | undefined)[][]]>([
    [
      "a declared pool in use stops itself too",
      plan({ workloads: [one("a")], pools: [declared("p", "a", { addresses: ["10.0.0.29"] })] }),
      [pool("p", ["10.0.0.11"], { used: { "10.0.0.11": "d/x" } })],
      [
        ["SP4101", A],
        ["SP4101", "pool:p"],
      ],
    ],
    [
      "a declared pool that only offers it gives it up",
      plan({ workloads: [one("a")], pools: [declared("p", "a", { addresses: ["10.0.0.29"] })] }),
      [pool("p", ["10.0.0.11"])],
      [],
    ],
    [
      "so does a retired pool of ours",
      plan({ workloads: [one("a")] }),
      [pool("old", ["10.0.0.11"], { install: "default" })],
      [],
    ],
    [
      "an automatic pool does not, ours or not",
      plan({ workloads: [one("a")] }),
      [pool("old", ["10.0.0.11"], { install: "default", labels: { "ipam.spidernet.io/owner-application-name": "x" } })],
      [["SP4101", A]],
    ],
    [
      "a Pod of a workload the plan does not have any more",
      plan({ workloads: [] }),
      [endpoint("d/a-1", "10.0.0.11", "gone", "Deployment/a")],
      [["SP4101", A]],
    ],
  ])("%s", (_, asked, objects, expected) => {
    expect(codes(run({ plan: asked, lock: locked, snapshot: cluster(...objects) }))).toEqual(expected);
  });

  test("a VirtualMachine's Pods are recorded under its instance (A21)", () => {
    const owner = "d/VirtualMachine.kubevirt.io/vm/net1";
    const asked = plan({ workloads: [fixed("d/VirtualMachine.kubevirt.io/vm", { replicas: 1 })] });
    const snapshot = cluster(endpoint("d/vm-1", "10.0.0.11", "gone", "VirtualMachineInstance/vm"));
    expect(codes(run({ plan: asked, lock: lock({ a: { held: { [owner]: ["10.0.0.11"] } } }), snapshot }))).toEqual([]);
    const bare = plan({ workloads: [fixed("d/VirtualMachine.kubevirt.io/vm", {})] });
    expect(run({ plan: bare, snapshot: cluster(workload("VirtualMachine", "vm", {})) }).allocations).toMatchObject([
      { owner, reason: "1 replica + 0 elastic" },
    ]);
  });

  test("endpoints are told in one order, and not at all while the pools are not known", () => {
    const both = lock({ a: { held: { [A]: ["10.0.0.11"], [B]: ["10.0.0.9"] } } });
    const strangers = [
      endpoint("d/x-1", "10.0.0.11", "gone", "Deployment/x"),
      endpoint("d/x-2", "10.0.0.12", "gone", "Deployment/x"),
    ];
    const held = lock({ a: { held: { [A]: ["10.0.0.11"], [B]: ["10.0.0.12"] } } });
    const asked = plan({ workloads: [one("a"), one("b")] });
    for (const objects of [strangers, [...strangers].reverse()]) {
      expect(codes(run({ plan: asked, lock: held, snapshot: cluster(...objects) }))).toEqual([
        ["SP4101", A],
        ["SP4101", B],
      ]);
      expect(codes(run({ plan: asked, lock: held, snapshot: buildSnapshot(objects, ["SpiderEndpoint"]) }))).toEqual([]);
    }
    expect(codes(run({ plan: asked, lock: both }))).toEqual([["SP4104", B]]);
  });

  test("an owner of lock files only is pointed at in the first of them", () => {
    const before = lock({ b: { held: { [A]: ["10.1.0.11"] } }, a: { held: { [A]: ["10.0.0.11"] } } });
    const snapshot = cluster(pool("theirs", ["10.1.0.11"], { cidr: "10.1.0.0/24" }));
    const { diagnostics } = run({ plan: plan({ subnets: [SMALL, B_NET], workloads: [] }), lock: before, snapshot });
    expect(diagnostics).toMatchObject([{ source: { file: "spiderplan.lock/default/a.yaml" } }]);
  });

  test("reservations are told in the order of their names", () => {
    const reserved = ["y", "x", "z"].map((name) => reservation(name, ["10.0.0.11"]));
    const { diagnostics } = run({ plan: plan({ workloads: [one("a")], reserved }), lock: locked });
    expect(diagnostics.map(({ message }) => message.split(" ")[1])).toEqual(["x", "y", "z"]);
  });

  test("pools of another install: each is told of its own NIC, in the subnet it lies in", () => {
    const workloads = [one("a", 1, { pool: "first" }), one("b", 1, { pool: "second", subnets: ["a", "b"] })];
    const snapshot = cluster(
      pool("first", ["10.0.0.20"], { install: "two" }),
      pool("second", ["10.1.0.20"], { install: "two", cidr: "10.1.0.0/24" }),
    );
    const { diagnostics } = run({ plan: plan({ subnets: [SMALL, B_NET], workloads }), snapshot });
    expect(diagnostics.map(({ message }) => message)).toEqual([
      `pool first of ${A} belongs to install two`,
      `pool second of ${B} belongs to install two`,
    ]);
  });
});
