import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { A, B, B_NET, codes, one, workload } from "../../support/allocate-several.js";
import { cluster, declared, lock, plan, pool, run, SMALL, shown, written } from "../../support/allocate-world.js";

/** Which live pools are whose where an owner has several, or none by right. */

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
