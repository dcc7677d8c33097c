import { describe, expect, test } from "vitest";
import { cluster, fixed, lock, NO_LOCK, plan, pool, run, shown, written } from "../../support/allocate-world.js";

const OLD = "d/Deployment/old/net1";
const NEW = "d/Deployment/new/net1";
const NAME = "d.deployment.old.net1.a";
const before = lock({ a: { held: { [OLD]: ["10.0.0.15-10.0.0.16"] }, released: { [OLD]: ["10.0.0.14"] } } });
const live = cluster(pool(NAME, ["10.0.0.15-10.0.0.16"], { owner: `${OLD}/a`, used: { "10.0.0.15": "d/new-1" } }));
const moved = plan({
  workloads: [fixed("d/Deployment/new", { replicas: 2 })],
  moved: { "d/Deployment/old": "d/Deployment/new" },
});

test.each([
  ["lock files and a cluster", before, live, "lock"],
  ["lock files and a cluster, planned", before, live, "plan"],
  ["lock files alone", before, cluster(), "lock"],
  ["a cluster alone", NO_LOCK, live, "plan"],
] as const)("a renamed workload keeps addresses, pool and pattern: %s", (_, recorded, snapshot, mode) => {
  const result = run({ plan: moved, lock: recorded, snapshot, mode });
  expect(result.diagnostics).toEqual([]);
  expect(shown(result)).toEqual({ [`${NEW}/a`]: "10.0.0.15-10.0.0.16" });
  expect(result.allocations).toMatchObject([{ owner: NEW, pool: NAME, added: 0 }]);
  expect(result.names.pattern(NEW)).toBe("d.deployment.old.net1.*");
});

test("the lock remembers the pool's name, so that the entry may go; what rested for the old name does for the new", () => {
  const locked = run({ plan: moved, lock: before, snapshot: live }).lock;
  expect(written(locked)).toEqual({
    a: { held: { [NEW]: "10.0.0.15-10.0.0.16" }, pools: { [NEW]: NAME }, released: { [NEW]: "10.0.0.14" } },
  });
  const later = plan({ workloads: [fixed("d/Deployment/new", { replicas: 3 })] });
  const named = cluster(pool(NAME, ["10.0.0.15-10.0.0.16"], { owner: `${NEW}/a` }));
  for (const snapshot of [named, cluster()]) {
    const result = run({ plan: later, lock: { ...locked, files: true }, snapshot });
    expect(shown(result)).toEqual({ [`${NEW}/a`]: "10.0.0.14-10.0.0.16" });
    expect(result.allocations).toMatchObject([{ pool: NAME }]);
    expect(result.names.pattern(NEW)).toBe("d.deployment.old.net1.*");
  }
});

test("each ordinal moves along", () => {
  const asked = plan({
    workloads: [fixed("d/StatefulSet/new", { replicas: 2, perPod: {} })],
    moved: { "d/StatefulSet/old": "d/StatefulSet/new" },
  });
  const held = { "d/StatefulSet/old/net1/0": ["10.0.0.18"], "d/StatefulSet/old/net1/1": ["10.0.0.12"] };
  const result = run({ plan: asked, lock: lock({ a: { held } }) });
  expect(shown(result)).toEqual({
    "d/StatefulSet/new/net1/0/a": "10.0.0.18",
    "d/StatefulSet/new/net1/1/a": "10.0.0.12",
  });
  expect(result.allocations.map((one) => one.pool)).toEqual([
    "d.statefulset.old.net1.a.0",
    "d.statefulset.old.net1.a.1",
  ]);
});

test("without the entry the old name's addresses rest and the new name gets others (FIXED-2)", () => {
  const asked = plan({ workloads: [fixed("d/Deployment/new", { replicas: 2 })] });
  expect(written(run({ plan: asked, lock: before }).lock)).toEqual({
    a: { held: { [NEW]: "10.0.0.10-10.0.0.11" }, pools: {}, released: { [OLD]: "10.0.0.14-10.0.0.16" } },
  });
});

test("a first lock written of the cluster alone remembers the name as well, of those that moved only", () => {
  const mine = pool("d.deployment.was.net1.a", ["10.0.0.20"], { owner: "d/Deployment/is/net1/a" });
  const asked = plan({
    workloads: [fixed("d/Deployment/new", { replicas: 2 }), fixed("d/Deployment/is", { replicas: 1 })],
    moved: { "d/Deployment/old": "d/Deployment/new" },
  });
  const snapshot = cluster(pool(NAME, ["10.0.0.15-10.0.0.16"], { owner: `${OLD}/a` }), mine);
  expect(written(run({ plan: asked, lock: NO_LOCK, snapshot }).lock)).toEqual({
    a: {
      held: { [NEW]: "10.0.0.15-10.0.0.16", "d/Deployment/is/net1": "10.0.0.20" },
      pools: { [NEW]: NAME },
      released: {},
    },
  });
});

describe("a renaming that is taken back without an entry for the way back (SP4123)", () => {
  const back = plan({ workloads: [fixed("d/Deployment/old", { replicas: 2 })] });
  const renamedPool = pool(NAME, ["10.0.0.15-10.0.0.16"], { owner: `${NEW}/a`, used: { "10.0.0.15": "d/new-1" } });
  const renamedLock = lock({ a: { held: { [NEW]: ["10.0.0.15-10.0.0.16"] }, pools: { [NEW]: NAME } } });
  const told = (result: ReturnType<typeof run>) => result.diagnostics.filter(({ code }) => code === "SP4123");

  test.each([
    ["a cluster alone", NO_LOCK, cluster(renamedPool), "plan"],
    ["the lock files as they were", before, cluster(renamedPool), "plan"],
    ["the lock files as they were, written again", before, cluster(renamedPool), "lock"],
    ["lock files that kept the new name", renamedLock, cluster(renamedPool), "lock"],
    ["lock files that kept the new name, and no cluster", renamedLock, cluster(), "lock"],
  ] as const)("gives the old name its addresses again: %s", (_, recorded, snapshot, mode) => {
    const result = run({ plan: back, lock: recorded, snapshot, mode });
    expect(shown(result)).toEqual({ [`${OLD}/a`]: "10.0.0.15-10.0.0.16" });
    expect(result.allocations).toMatchObject([{ pool: NAME, added: 0 }]);
    expect(result.diagnostics).toEqual(told(result));
    expect(told(result)).toMatchObject([{ severity: "info", about: "d/Deployment/old" }]);
  });

  test("through a second renaming that stays", () => {
    const middle = plan({
      workloads: [fixed("d/Deployment/middle", { replicas: 2 })],
      moved: { "d/Deployment/old": "d/Deployment/middle" },
    });
    const result = run({ plan: middle, lock: NO_LOCK, snapshot: cluster(renamedPool), mode: "plan" });
    expect(shown(result)).toEqual({ "d/Deployment/middle/net1/a": "10.0.0.15-10.0.0.16" });
  });

  const both = plan({
    workloads: [fixed("d/Deployment/old", { replicas: 2 }), fixed("d/Deployment/new", { replicas: 2 })],
  });
  const second = pool("d.deployment.other.net1.a", ["10.0.0.12"], { owner: `${OLD}/a` });
  const hashed = pool("d.deployment.a--b.net1.a", ["10.0.0.12"], { owner: "d/Deployment/a.b/net1/a" });
  const sameName = plan({ workloads: [fixed("d/Deployment/a--b", { replicas: 1 })] });
  test.each([
    ["the new name is still in the plan", both, cluster(renamedPool)],
    ["the old name has a pool of its own", back, cluster(renamedPool, second)],
    ["the pool bears the name of its own owner too", sameName, cluster(hashed)],
    [
      "the pool is another install's",
      back,
      cluster(pool(NAME, ["10.0.0.15"], { owner: `${NEW}/a`, install: "other" })),
    ],
  ])("but not where %s", (_, asked, snapshot) => {
    const result = run({ plan: asked, lock: NO_LOCK, snapshot, mode: "plan" });
    expect(told(result)).toEqual([]);
    expect(shown(result)[`${OLD}/a`]).not.toBe("10.0.0.15-10.0.0.16");
  });

  test("but not where the lock holds something for both", () => {
    const held = { [NEW]: ["10.0.0.15-10.0.0.16"], [OLD]: ["10.0.0.18-10.0.0.19"] };
    const result = run({ plan: back, lock: lock({ a: { held, pools: { [NEW]: NAME } } }), snapshot: cluster() });
    expect(told(result)).toEqual([]);
    expect(shown(result)).toEqual({ [`${OLD}/a`]: "10.0.0.18-10.0.0.19" });
  });
});
