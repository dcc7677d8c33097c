import { describe, expect, test } from "vitest";
import { A, B, one, workload } from "../../support/allocate-several.js";
import { cluster, declared, fixed, lock, plan, pool, run } from "../../support/allocate-world.js";

/** What is said of shortages, wishes, slices and tickets. */

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

test("an ordinal's pool that offers more than its one address is no reason to stop it", () => {
  const owner = "d/StatefulSet/web/net1/0";
  const asked = plan({ workloads: [fixed("d/StatefulSet/web", { replicas: 1, perPod: {} })] });
  const home = pool("home", ["10.0.0.10-10.0.0.11"], { owner: "d/StatefulSet/web/net1/a/0" });
  const snapshot = cluster(workload("StatefulSet", "web", { replicas: 3 }), home);
  const result = run({ plan: asked, lock: lock({ a: { held: { [owner]: ["10.0.0.10"] } } }), snapshot, mode: "plan" });
  expect(result.diagnostics.map(({ code }) => code)).toEqual(["SP4219"]);
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
