import { describe, expect, test } from "vitest";
import { cluster, fixed, lock, NO_LOCK, plan, pool, run, shown, written } from "../../support/allocate-world.js";

const W = "d/Deployment/w/net1";
const POOL = "d.deployment.w.net1.a";
const asked = plan({ workloads: [fixed("d/Deployment/w", { replicas: 3 })] });

describe("without lock files the live pools are the lock", () => {
  test.each(["lock", "plan"] as const)("mode %s: an owner keeps what its pool offers and grows beside it", (mode) => {
    const result = run({
      plan: asked,
      snapshot: cluster(pool(POOL, ["10.0.0.20-10.0.0.21"], { owner: `${W}/a` })),
      mode,
    });
    expect(shown(result)).toEqual({ [`${W}/a`]: "10.0.0.20-10.0.0.22" });
    expect(result.allocations).toMatchObject([{ kept: 2, added: 1, pool: POOL }]);
    expect(written(result.lock)).toMatchObject({ a: { held: { [W]: "10.0.0.20-10.0.0.22" } } });
  });

  test("a tracked pool keeps the name it has", () => {
    const result = run({
      plan: asked,
      snapshot: cluster(pool("old-name", ["10.0.0.20-10.0.0.22"], { owner: `${W}/a` })),
    });
    expect(result.allocations).toMatchObject([{ pool: "old-name", kept: 3, added: 0 }]);
  });

  test.each([
    ["another install's", pool(POOL, ["10.0.0.29"], { owner: `${W}/a`, install: "two" })],
    [
      "an id that names another object (S28)",
      { ...pool(POOL, ["10.0.0.29"]), metadata: { ...pool("other", [], { owner: `${W}/a` }).metadata, name: POOL } },
    ],
    ["an owner text that is none", pool(POOL, ["10.0.0.29"], { owner: "nonsense" })],
  ])("%s is not the owner's: its addresses are only in the way", (_, live) => {
    expect(shown(run({ plan: asked, snapshot: cluster(live) }))).toEqual({ [`${W}/a`]: "10.0.0.10-10.0.0.12" });
  });
});

describe("with lock files", () => {
  test("`lock` takes in the live pool of an owner the files do not know", () => {
    const snapshot = cluster(pool(POOL, ["10.0.0.20-10.0.0.22"], { owner: `${W}/a` }));
    const result = run({
      plan: asked,
      lock: lock({ a: { held: { "d/Deployment/o/net1": ["10.0.0.29"] } } }),
      snapshot,
    });
    expect(written(result.lock)).toMatchObject({ a: { held: { [W]: "10.0.0.20-10.0.0.22" } } });
  });

  test("what is in use from the owner's own pool is its, whatever the files say", () => {
    const live = pool(POOL, ["10.0.0.10-10.0.0.13"], { owner: `${W}/a`, used: { "10.0.0.13": "d/w-1" } });
    const recorded = lock({ a: { held: { [W]: ["10.0.0.10-10.0.0.12"] } } });
    const result = run({ plan: asked, lock: recorded, snapshot: cluster(live), mode: "plan" });
    expect(result.diagnostics).toEqual([]);
    expect(shown(result)).toEqual({ [`${W}/a`]: "10.0.0.10-10.0.0.13" });
  });

  test("`plan` uses them as they are, even to shrink", () => {
    const live = pool(POOL, ["10.0.0.10-10.0.0.15"], { owner: `${W}/a` });
    const recorded = lock({ a: { held: { [W]: ["10.0.0.10-10.0.0.12"] } } });
    const result = run({ plan: asked, lock: recorded, snapshot: cluster(live), mode: "plan" });
    expect(shown(result)).toEqual({ [`${W}/a`]: "10.0.0.10-10.0.0.12" });
    expect(result.allocations).toMatchObject([{ kept: 3, added: 0 }]);
  });

  test("`plan` counts kept and added against the live pool", () => {
    const recorded = lock({ a: { held: { [W]: ["10.0.0.10-10.0.0.12"] } } });
    const snapshot = cluster(pool(POOL, ["10.0.0.10"], { owner: `${W}/a` }));
    expect(run({ plan: asked, lock: recorded, snapshot, mode: "plan" }).allocations).toMatchObject([
      { kept: 1, added: 2 },
    ]);
    expect(run({ plan: asked, lock: recorded, snapshot: cluster(), mode: "plan" }).allocations).toMatchObject([
      { kept: 0, added: 3 },
    ]);
  });

  test.each([
    ["too few", ["10.0.0.10-10.0.0.11"], [], /holds 2 of 3 addresses \(3 replicas \+ 0 elastic\)/],
    ["none", [], [], /holds 0 of 3/],
    ["a wish it does not hold", ["10.0.0.10-10.0.0.12"], ["10.0.0.20"], /lacks 10\.0\.0\.20/],
  ])("`plan` stops an owner they do not cover: %s (SP4107)", (_, held, wishes, why) => {
    const others = { "d/Deployment/o/net1": ["10.0.0.29"] };
    const recorded = lock({ a: { held: held.length > 0 ? { ...others, [W]: held } : others } });
    const both = plan({
      workloads: [fixed("d/Deployment/w", { replicas: 3, wishes }), fixed("d/Deployment/o", { replicas: 1 })],
    });
    const live = pool(POOL, ["10.0.0.10"], { owner: `${W}/a` });
    const result = run({ plan: both, lock: recorded, snapshot: cluster(live), mode: "plan" });
    expect(result.diagnostics).toMatchObject([
      {
        code: "SP4107",
        about: W,
        message: expect.stringMatching(why),
        hint: expect.stringContaining("spiderplan lock"),
      },
    ]);
    expect(shown(result)).toEqual({ "d/Deployment/o/net1/a": "10.0.0.29", [`${W}/a`]: "10.0.0.10" });
    expect(result.allocations.find(({ owner }) => owner === W)).toMatchObject({ frozen: true });
    // What the file forgot of a pool that is there counts as released, and would rest if the pool went.
    const { released: _released, ...rest } = (written(recorded) as Record<string, Record<string, object>>).a!;
    expect(written(result.lock)).toMatchObject({ a: rest });
  });
});

test("an empty cluster and no files: allocated all the same, in both modes", () => {
  for (const mode of ["lock", "plan"] as const) {
    expect(shown(run({ plan: asked, lock: NO_LOCK, mode }))).toEqual({ [`${W}/a`]: "10.0.0.10-10.0.0.12" });
  }
});

test("what an owner holds, or its Pods use, rests for nobody, whatever the files say", () => {
  const [mine, other] = ["d/Deployment/mine/net1", "d/Deployment/other/net1"];
  const asked = plan({ workloads: [fixed("d/Deployment/mine", { replicas: 2 })] });
  const doubled = lock({
    a: { held: { [mine]: ["10.0.0.10-10.0.0.11"] }, released: { [mine]: ["10.0.0.11-10.0.0.12"] } },
  });
  expect(written(run({ plan: asked, lock: doubled }).lock)).toMatchObject({
    a: { held: { [mine]: "10.0.0.10-10.0.0.11" }, released: { [mine]: "10.0.0.12" } },
  });
  const used = cluster(
    pool("d.deployment.mine.net1.a", ["10.0.0.10-10.0.0.11"], {
      owner: `${mine}/a`,
      used: { "10.0.0.11": "d/mine-1" },
    }),
  );
  const resting = lock({ a: { held: { [mine]: ["10.0.0.10"] }, released: { [other]: ["10.0.0.11-10.0.0.12"] } } });
  expect(written(run({ plan: asked, lock: resting, snapshot: used }).lock)).toMatchObject({
    a: { held: { [mine]: "10.0.0.10-10.0.0.11" }, released: { [other]: "10.0.0.12" } },
  });
});
