import { describe, expect, test } from "vitest";
import type { Plan } from "../../../src/core/plan/plan.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import {
  cluster,
  declared,
  endpoint,
  fixed,
  lock,
  NO_LOCK,
  plan,
  pool,
  reservation,
  run,
  SMALL,
  shown,
  subnet,
  written,
} from "../../support/allocate-world.js";

/** What only shows where there are several: of owners, pools, subnets, reasons. */

const [A, B] = ["d/Deployment/a/net1", "d/Deployment/b/net1"];
const one = (name: string, replicas = 1, more = {}) => fixed(`d/Deployment/${name}`, { replicas, ...more });
const codes = (result: ReturnType<typeof run>) => result.diagnostics.map(({ code, about }) => [code, about]);
const workload = (kind: string, name: string, spec: object, annotations = {}): KubeObject => ({
  apiVersion: kind === "VirtualMachine" ? "kubevirt.io/v1" : "apps/v1",
  kind,
  metadata: { namespace: "d", name },
  spec: { template: { metadata: { annotations } }, ...spec },
});
const spiderSubnet = (controlled: object): KubeObject => ({
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderSubnet",
  metadata: { name: "a" },
  spec: { subnet: "10.0.0.0/24" },
  status: { controlledIPPools: JSON.stringify(controlled) },
});
const B_NET = subnet("b", "10.1.0.0/24", ["10.1.0.10-10.1.0.25"]);

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

describe("live pools", () => {
  test("a kept pool is the NIC's in its own subnet only", () => {
    const workloads = [one("a", 1, { pool: "mine", subnets: ["a", "b"] })];
    const snapshot = cluster(pool("mine", ["10.1.0.20"], { cidr: "10.1.0.0/24" }));
    const result = run({ plan: plan({ subnets: [SMALL, B_NET], workloads }), snapshot });
    expect(result.allocations.map(({ subnet: key, pool: name }) => [key, name])).toEqual([
      ["a", "d.deployment.a.net1.a"],
      ["b", "mine"],
    ]);
    expect(shown(result)).toMatchObject({ [`${A}/b`]: "10.1.0.20" });
  });
  test.each([
    ["kept", plan({ workloads: [one("a", 1, { pool: "mine" })] }), "10.0.0.21"],
    ["taken", plan({ pools: [declared("mine", "a", { count: 1 })] }), "10.0.0.10"],
  ])("a pool that is %s and of another CIDR is nobody's", (_, asked, expected) => {
    const snapshot = cluster(pool("mine", ["10.0.0.20"], { cidr: "10.0.0.0/25", install: "default" }));
    expect(Object.values(shown(run({ plan: asked, snapshot })))).toEqual([expected]);
  });
  test("of two of one owner the one with its own name counts, else the one recorded, else the first by name", () => {
    const pools = ["z", "y", "d.deployment.a.net1.a"].map((name, at) =>
      pool(name, [`10.0.0.${20 + at}`], { owner: `${A}/a` }),
    );
    const named = (objects: KubeObject[], recorded = {}) =>
      run({
        plan: plan({ workloads: [one("a", 3)] }),
        lock: lock({ a: { held: { [A]: ["10.0.0.20-10.0.0.22"] }, pools: recorded } }),
        snapshot: cluster(...objects),
      }).allocations[0]!.pool;
    expect(named(pools, { [A]: "z" })).toBe("d.deployment.a.net1.a");
    expect(named(pools.slice(0, 2), { [A]: "z" })).toBe("z");
    expect(named(pools.slice(0, 2), { [A]: "gone" })).toBe("y");
  });
  test("one unreadable record of two keeps both pools as they are", () => {
    const pools = [
      pool("y", ["10.0.0.10"], { owner: `${A}/a` }),
      { ...pool("z", ["10.0.0.11"], { owner: `${A}/a` }), status: { allocatedIPs: "{" } },
    ];
    expect(
      shown(run({ plan: plan({ workloads: [one("a")] }), snapshot: cluster(...(pools as KubeObject[])) })),
    ).toEqual({ [`${A}/a`]: "10.0.0.10-10.0.0.11" });
  });
  test("one of two pools named by a template keeps both", () => {
    const pools = ["y", "z"].map((name, at) => pool(name, [`10.0.0.1${at}`], { owner: `${A}/a` }));
    const naming = workload("Deployment", "x", {}, { "ipam.spidernet.io/ippool": '{"ipv4": ["z"]}' });
    expect(run({ plan: plan({ workloads: [] }), snapshot: cluster(...pools, naming) }).allocations).toMatchObject([
      { owner: A, leaving: true },
    ]);
  });
  test.each([
    ["a text that is no owner", "non/sense", {}],
    ["a take the plan no longer has, unused", "pool:old/a", { "pool:old": "10.0.0.10" }],
  ])("a pool of ours of %s", (_, owner, released) => {
    const snapshot = cluster(pool("x", ["10.0.0.10"], { owner }));
    expect(written(run({ plan: plan({ workloads: [one("a")] }), snapshot, lock: lock({}) }).lock)).toEqual({
      a: { held: { [A]: "10.0.0.11" }, pools: {}, released },
    });
  });
  test("a take the plan no longer has leaves when nobody uses it", () => {
    const live = pool("old", ["10.0.0.10"], { owner: "pool:old/a", used: { "10.0.0.10": "d/x" } });
    expect(run({ plan: plan({}), snapshot: cluster(live) }).allocations).toMatchObject([
      { owner: "pool:old", leaving: true, family: 4 },
    ]);
  });
  test("a declared pool with addresses is no owner's, whatever it is marked with", () => {
    const pools = [declared("p", "a", { addresses: ["10.0.0.29"] })];
    const live = pool("p", ["10.0.0.10"], { owner: `${A}/a` });
    expect(shown(run({ plan: plan({ pools, workloads: [one("a")] }), snapshot: cluster(live) }))).toEqual({
      [`${A}/a`]: "10.0.0.11",
    });
  });
  test("pools that offer what is locked to others are told in the order of their owners", () => {
    const held = { [A]: ["10.0.0.10-10.0.0.11"] };
    const pools = ["b", "c"].map((name, at) =>
      pool(`x${9 - at}`, [`10.0.0.1${at}`], { owner: `d/Deployment/${name}/net1/a` }),
    );
    for (const objects of [pools, [...pools].reverse()]) {
      const result = run({
        plan: plan({ workloads: [one("a", 2)] }),
        lock: lock({ a: { held } }),
        snapshot: cluster(...objects),
        mode: "plan",
      });
      expect(codes(result)).toEqual([
        ["SP4109", A],
        ["SP4109", B],
        ["SP4109", A],
        ["SP4109", "d/Deployment/c/net1"],
      ]);
    }
  });
});

test("of two that want one name the one that holds something has it", () => {
  const [dots, dashes] = ["d/Deployment/a.b/net1", "d/Deployment/a--b/net1"];
  const workloads = [one("a.b"), one("a--b")];
  const result = run({ plan: plan({ workloads }), lock: lock({ a: { held: { [dots]: ["10.0.0.20"] } } }) });
  expect(result.names.pattern(dots)).toBe("d.deployment.a--b.net1.*");
  expect(result.names.pattern(dashes)).not.toBe("d.deployment.a--b.net1.*");
});

test("a lock in the cluster follows the live workload where the plan gives no bound, files do not", () => {
  const live = workload("Deployment", "a", { replicas: 2 });
  const asked = plan({ workloads: [fixed("d/Deployment/a", {})] });
  const of = (followsLive: boolean) =>
    run({ plan: asked, lock: { ...lock({}), followsLive }, snapshot: cluster(live) });
  expect(codes(of(false))).toEqual([["SP3103", A]]);
  expect(shown(of(true))).toEqual({ [`${A}/a`]: "10.0.0.10-10.0.0.11" });
  expect(codes(run({ plan: asked, lock: NO_LOCK, snapshot: cluster(live) }))).toEqual([]);
});

test("a subnet that asks for fewer than the live Pods keeps theirs (FIXED-8)", () => {
  const live = workload("Deployment", "a", { replicas: 3 });
  const home = pool("d.deployment.a.net1.a", ["10.0.0.10-10.0.0.13"], { owner: `${A}/a` });
  const asked = plan({ workloads: [fixed("d/Deployment/a", { perSubnet: { a: 1 } })] });
  expect(shown(run({ plan: asked, snapshot: cluster(live, home) }))).toEqual({ [`${A}/a`]: "10.0.0.10-10.0.0.12" });
});

test("nobody knows the replicas: ordinals that only live pools tell of stay as they are", () => {
  const live = pool("d.statefulset.web.net1.a.0", ["10.0.0.17"], { owner: "d/StatefulSet/web/net1/a/0" });
  const asked = plan({ workloads: [fixed("d/StatefulSet/web", { perPod: {} })] });
  expect(run({ plan: asked, snapshot: cluster(live), mode: "plan" }).allocations).toMatchObject([
    { owner: "d/StatefulSet/web/net1/0", frozen: true },
  ]);
});

test("`plan` retires nobody from the files", () => {
  const before = lock({ a: { held: { [A]: ["10.0.0.10"] } } });
  expect(written(run({ plan: plan({}), lock: before, snapshot: cluster(), mode: "plan" }).lock)).toEqual(
    written(before),
  );
});

test("subnets are told in the order of their names", () => {
  expect(run({ plan: plan({ subnets: [B_NET, SMALL] }) }).usage.map(({ subnet: key }) => key)).toEqual(["a", "b"]);
});

test("owners of unknown size are told in their order; other NICs need none", () => {
  const plain = fixed("d/Deployment/z", {});
  const nic = { ...plain.interfaces.get("net1")!, ask: { type: "pools", pools: [] } as never };
  const workloads = [
    fixed("d/Deployment/b", {}),
    fixed("d/Deployment/a", {}),
    { ...plain, interfaces: new Map([["net1", nic]]) },
  ];
  expect(codes(run({ plan: plan({ workloads }), lock: lock({}) }))).toEqual([
    ["SP3103", A],
    ["SP3103", B],
  ]);
});

describe("StatefulSets with ordinals", () => {
  const web = "d/StatefulSet/web";
  const set = (start: number, replicas: number) => workload("StatefulSet", "web", { replicas, ordinals: { start } });
  const home = (ordinal: number) =>
    pool(`d.statefulset.web.net1.a.${ordinal}`, [`10.0.0.${10 + ordinal}`], { owner: `${web}/net1/a/${ordinal}` });
  test("that do not begin at 0: wishes and waiting Pods are theirs", () => {
    const asked = plan({ workloads: [fixed(web, { replicas: 1, perPod: { 5: "10.0.0.15" } })] });
    const result = run({ plan: asked, snapshot: cluster(set(5, 2), home(5), home(6), home(7)) });
    expect(shown(result)).toEqual({ [`${web}/net1/5/a`]: "10.0.0.15", [`${web}/net1/6/a`]: "10.0.0.16" });
    const wishing = plan({ workloads: [fixed(web, { replicas: 2, perPod: { 6: "10.0.0.20" } })] });
    expect(shown(run({ plan: wishing, snapshot: cluster(set(5, 2)) }))).toMatchObject({
      [`${web}/net1/6/a`]: "10.0.0.20",
    });
  });
  test("no longer ask for the one pool they had", () => {
    const asked = plan({ workloads: [fixed(web, { replicas: 1, perPod: {} })] });
    const whole = pool("d.statefulset.web.net1.a", ["10.0.0.20"], { owner: `${web}/net1/a` });
    expect(Object.keys(shown(run({ plan: asked, snapshot: cluster(set(0, 3), whole) })))).toEqual([`${web}/net1/0/a`]);
  });
});

describe("lock files that leave fewer than the live workload asks for (SP4116)", () => {
  test.each<[string, string[], string[], string[]]>([
    ["as many as the pool has: nothing is taken", ["10.0.0.10"], ["10.0.0.10"], ["SP4219"]],
    ["fewer than the pool has", ["10.0.0.10"], ["10.0.0.10-10.0.0.11"], ["SP4219", "SP4116"]],
    ["of an owner that is stopped already", ["10.0.0.9"], ["10.0.0.9-10.0.0.11"], ["SP4219", "SP4104"]],
  ])("%s", (_, held, offered, expected) => {
    const snapshot = cluster(
      workload("Deployment", "a", { replicas: 3 }),
      pool("d.deployment.a.net1.a", offered, { owner: `${A}/a` }),
    );
    const result = run({
      plan: plan({ workloads: [one("a")] }),
      lock: lock({ a: { held: { [A]: held } } }),
      snapshot,
      mode: "plan",
    });
    expect(result.diagnostics.map(({ code }) => code)).toEqual(expected);
  });
});

describe("messages and reasons", () => {
  test("of a shortage say where free ones are", () => {
    const full = run({
      plan: plan({ workloads: [one("a", 20), one("b", 1)] }),
      lock: lock({ a: { held: { [A]: ["10.0.0.10-10.0.0.29"] } } }),
    });
    expect(full.diagnostics.map(({ hint }) => hint)).toEqual([
      "none is free in a; widen spec.subnets.a.ranges, or ask for fewer",
    ]);
    const sliced = plan({
      pools: [declared("p", "a", { addresses: ["10.0.0.10"] })],
      workloads: [one("a", 2, { slices: ["p"] })],
    });
    expect(run({ plan: sliced }).diagnostics[0]!.hint).toContain(
      "none is free in pool p; widen spec.pools.p.addresses",
    );
  });
  test("of wishes outside the ranges name those only", () => {
    const before = lock({ a: { held: { [B]: ["10.0.0.20"] } } });
    const workloads = [one("a", 2, { wishes: ["10.0.0.20", "10.0.0.40"] }), one("b")];
    expect(run({ plan: plan({ workloads }), lock: before }).diagnostics[0]!.message).toContain(
      "wishes for 10.0.0.40: outside",
    );
  });
  test("as many wishes as replicas are replicas", () => {
    const workloads = [one("a", 2, { wishes: ["10.0.0.20", "10.0.0.22"] })];
    expect(run({ plan: plan({ workloads }) }).allocations[0]).toMatchObject({ reason: "2 replicas + 0 elastic" });
  });
  test.each([
    [3, "d/u-1 has 10.0.0.11, d/u-2 has 10.0.0.12, d/u-3 has 10.0.0.13"],
    [5, "d/u-1 has 10.0.0.11, d/u-2 has 10.0.0.12, d/u-3 has 10.0.0.13 and 2 more"],
  ])("of %i addresses a slice waits for name three users", (count, users) => {
    const wishes = [`10.0.0.11-10.0.0.${10 + count}`];
    const used = Object.fromEntries(Array.from({ length: count }, (_, at) => [`10.0.0.${11 + at}`, `d/u-${at + 1}`]));
    const asked = plan({
      pools: [declared("p", "a", { addresses: ["10.0.0.10-10.0.0.29"] })],
      workloads: [one("a", 1, { slices: ["p"], wishes })],
    });
    const { diagnostics } = run({ plan: asked, snapshot: cluster(pool("p", ["10.0.0.10-10.0.0.29"], { used })) });
    expect(diagnostics.map(({ message }) => message.split(": ")[1])).toEqual([users]);
  });
  test("of what waits for a ticket count what is held for it", () => {
    const before = lock({ a: { held: { [A]: ["10.0.0.10-10.0.0.11"] } } });
    const result = run({
      plan: plan({ workloads: [one("a", 3, { pending: "CHG7" })] }),
      lock: before,
      snapshot: cluster(pool("d.deployment.a.net1.a", ["10.0.0.10-10.0.0.11"], { owner: `${A}/a` })),
    });
    expect(result.allocations[0]!.reason).toBe("3 replicas + 0 elastic, 1 held for CHG7");
    const still = run({ plan: plan({ workloads: [one("a", 2, { pending: "CHG7" })] }), lock: before });
    expect(still.allocations[0]).not.toHaveProperty("pending");
    expect(still.lock.subnets.get("a")).not.toHaveProperty("pending");
  });
});

test("a renamed workload's lock names the pools of those that moved only, and only if they keep the old name", () => {
  const moved = { "d/Deployment/old": "d/Deployment/a" };
  const before = lock({ a: { held: { "d/Deployment/old/net1": ["10.0.0.10"], [B]: ["10.0.0.20"] } } });
  expect(written(run({ plan: plan({ workloads: [one("a"), one("b")], moved }), lock: before }).lock)).toMatchObject({
    a: { pools: { [A]: "d.deployment.old.net1.a" } },
  });
  expect(
    (
      written(run({ plan: plan({ workloads: [one("a"), one("b")], moved }), lock: before }).lock) as {
        a: { pools: object };
      }
    ).a.pools,
  ).toEqual({ [A]: "d.deployment.old.net1.a" });
  const live = pool("d.deployment.a.net1.a", ["10.0.0.10"], { owner: `${A}/a` });
  expect(written(run({ plan: plan({ workloads: [one("a")], moved }), snapshot: cluster(live) }).lock)).toMatchObject({
    a: { pools: {} },
  });
});
