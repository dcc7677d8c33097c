import { expect, test } from "vitest";
import { formatLock } from "../../../src/adapters/plan-files/lock-files.js";
import type { Lock } from "../../../src/core/allocate/allocation.js";
import { formatRangeSet } from "../../../src/core/ip/range-set.js";
import { cluster, fixed, lock, NO_LOCK, plan, pool, run, shown, written } from "../../support/allocate-world.js";

const W = "d/Deployment/w/net1";
const asked = (replicas: number, pending?: string) =>
  plan({ workloads: [fixed("d/Deployment/w", { replicas, ...(pending && { pending }) })] });
const before = lock({ a: { held: { [W]: ["10.0.0.10-10.0.0.11"] } } });
const live = cluster(pool("d.deployment.w.net1.a", ["10.0.0.10-10.0.0.11"], { owner: `${W}/a` }));
const files = (recorded: Lock): Lock => ({ ...recorded, files: true });
const waiting = (result: ReturnType<typeof run>) =>
  result.allocations.map(({ pending }) => (pending ? formatRangeSet(pending) : []));

test("what a marked interface gains is held, written down and not offered", () => {
  const locked = run({ plan: asked(4, "CHG7"), lock: before, snapshot: live });
  expect(written(locked.lock)).toMatchObject({ a: { held: { [W]: "10.0.0.10-10.0.0.13" } } });
  expect(formatLock(locked.lock.subnets.get("a")!)).toContain("\npending: {10.0.0.12-10.0.0.13: CHG7}\n");
  const planned = run({ plan: asked(4, "CHG7"), lock: files(locked.lock), snapshot: live, mode: "plan" });
  for (const result of [locked, planned]) {
    expect(shown(result)).toEqual({ [`${W}/a`]: "10.0.0.10-10.0.0.11" });
    expect(waiting(result)).toEqual([["10.0.0.12-10.0.0.13"]]);
    expect(result.diagnostics).toMatchObject([{ code: "SP3105", severity: "info", about: W }]);
  }
});

test("a second run changes nothing; more gains join", () => {
  const first = run({ plan: asked(3, "CHG7"), lock: before, snapshot: live });
  const again = run({ plan: asked(3, "CHG7"), lock: files(first.lock), snapshot: live });
  expect(again.lock.subnets).toEqual(first.lock.subnets);
  const more = run({ plan: asked(5, "CHG7"), lock: files(again.lock), snapshot: live });
  expect(waiting(more)).toEqual([["10.0.0.12-10.0.0.14"]]);
});

test("the mark gone: all is offered, and the lock forgets it", () => {
  const first = run({ plan: asked(4, "CHG7"), lock: before, snapshot: live });
  for (const mode of ["plan", "lock"] as const) {
    const done = run({ plan: asked(4), lock: files(first.lock), snapshot: live, mode });
    expect(shown(done)).toEqual({ [`${W}/a`]: "10.0.0.10-10.0.0.13" });
    expect(waiting(done)).toEqual([[]]);
    if (mode === "lock") expect(done.lock.subnets.get("a")!.pending).toBeUndefined();
    else expect(done.lock.subnets.get("a")!.pending?.size).toBe(1);
  }
});

test("a new interface has nothing to offer yet, but its addresses are its own", () => {
  const result = run({ plan: asked(2, "CHG7") });
  expect(result.allocations).toMatchObject([{ owner: W, addresses: [], added: 0 }]);
  expect(waiting(result)).toEqual([["10.0.0.10-10.0.0.11"]]);
  expect(written(result.lock)).toMatchObject({ a: { held: { [W]: "10.0.0.10-10.0.0.11" } } });
});

test("without lock files nothing would hold the new addresses: an error, and the live pool offers what it did", () => {
  const result = run({ plan: asked(3, "CHG7"), lock: NO_LOCK, snapshot: live, mode: "plan" });
  expect(shown(result)).toEqual({ [`${W}/a`]: "10.0.0.10-10.0.0.11" });
  expect(waiting(result)).toEqual([["10.0.0.12"]]);
  expect(result.diagnostics).toMatchObject([{ code: "SP3106", severity: "error", about: W }]);
});

test("what is held beyond the demand counts what waits", () => {
  const first = run({ plan: asked(4, "CHG7"), lock: before, snapshot: live });
  const fewer = run({ plan: asked(3, "CHG7"), lock: files(first.lock) });
  expect(fewer.allocations[0]!.reason).toBe("3 replicas + 0 elastic, 1 more held, 2 held for CHG7");
});
