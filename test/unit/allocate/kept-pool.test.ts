import { describe, expect, test } from "vitest";
import { cluster, fixed, lock, plan, pool, run, shown, written } from "../../support/allocate-world.js";

const W = "ops/Deployment/legacy/net1";
const keeping = (replicas: number, elastic = 1) =>
  plan({ workloads: [fixed("ops/Deployment/legacy", { replicas, elastic, pool: "testingippool" })] });

describe("a pool kept under its own name (fixed.pool)", () => {
  test("is adopted whoever made it, its addresses held as they are", () => {
    const snapshot = cluster(pool("testingippool", ["10.0.0.12-10.0.0.18"]));
    const result = run({ plan: keeping(3), snapshot });
    expect(result.diagnostics).toEqual([]);
    expect(result.allocations).toMatchObject([
      { pool: "testingippool", kept: 7, added: 0, reason: "3 replicas + 1 elastic, 3 more held" },
    ]);
    expect(written(result.lock)).toEqual({
      a: { held: { [W]: "10.0.0.12-10.0.0.18" }, pools: { [W]: "testingippool" }, released: {} },
    });
  });

  test("with lock files `lock` takes it in, then `plan` uses it", () => {
    const snapshot = cluster(pool("testingippool", ["10.0.0.12-10.0.0.18"]));
    const first = run({ plan: keeping(3), snapshot, lock: lock({}) });
    const planned = run({ plan: keeping(3), snapshot, lock: first.lock, mode: "plan" });
    expect(planned.diagnostics).toEqual([]);
    expect(planned.allocations).toMatchObject([{ pool: "testingippool", kept: 7, added: 0 }]);
  });

  test("grows when it is too small", () => {
    const result = run({ plan: keeping(3), snapshot: cluster(pool("testingippool", ["10.0.0.12"])) });
    expect(shown(result)).toEqual({ [`${W}/a`]: "10.0.0.12-10.0.0.15" });
  });

  test("is made under that name when it is not there", () => {
    expect(run({ plan: keeping(1), snapshot: cluster() }).allocations).toMatchObject([
      { pool: "testingippool", added: 2 },
    ]);
  });

  test("keeps its name after the plan forgets it, as long as it lives", () => {
    const asked = plan({ workloads: [fixed("ops/Deployment/legacy", { replicas: 1 })] });
    const live = pool("testingippool", ["10.0.0.12"], { owner: `${W}/a` });
    const recorded = lock({ a: { held: { [W]: ["10.0.0.12"] }, pools: { [W]: "testingippool" } } });
    expect(run({ plan: asked, snapshot: cluster(live), lock: recorded, mode: "plan" }).allocations).toMatchObject([
      { pool: "testingippool" },
    ]);
  });

  test("of another install is an error naming both (SP4103)", () => {
    const snapshot = cluster(pool("testingippool", ["10.0.0.12"], { install: "two" }));
    const result = run({ plan: keeping(3), snapshot });
    expect(result.diagnostics).toMatchObject([
      { code: "SP4103", about: W, message: expect.stringMatching(/testingippool.*legacy.*two/) },
    ]);
    expect(result.allocations).toEqual([]);
  });

  test("that Spiderpool sizes itself is not adopted (G11)", () => {
    const labels = { "ipam.spidernet.io/owner-application-name": "x" };
    const result = run({ plan: keeping(1), snapshot: cluster(pool("testingippool", ["10.0.0.12"], { labels })) });
    expect(result.allocations.flatMap(({ addresses }) => addresses)).not.toContainEqual({
      first: 0x0a00000c,
      last: 0x0a00000c,
    });
  });
});
