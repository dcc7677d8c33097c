import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
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
  shown,
  subnet,
  written,
} from "../../support/allocate-world.js";

const [A, B] = ["d/Deployment/a/net1", "d/Deployment/b/net1"];
const [POOL_A, POOL_B] = ["d.deployment.a.net1.a", "d.deployment.b.net1.a"];
const workloads = [
  fixed("d/Deployment/a", { replicas: 3 }),
  fixed("d/Deployment/b", { replicas: 3 }),
  fixed("d/Deployment/c", { replicas: 1 }),
];
const held = { [A]: ["10.0.0.10-10.0.0.11"], [B]: ["10.0.0.20-10.0.0.21"] };

describe("locked to A but in use by B (SP4101)", () => {
  const livePools = [
    pool(POOL_A, ["10.0.0.10"], { owner: `${A}/a` }),
    pool(POOL_B, ["10.0.0.11", "10.0.0.20"], { owner: `${B}/a`, used: { "10.0.0.11": "d/b-1" } }),
  ];

  test.each(["lock", "plan"] as const)("mode %s: both are frozen and keep what they have, the rest goes on", (mode) => {
    const before = lock({ a: { held: { ...held, "d/Deployment/c/net1": ["10.0.0.25"] } } });
    const result = run({ plan: plan({ workloads }), lock: before, snapshot: cluster(...livePools), mode });
    expect(result.diagnostics.map(({ code, about }) => [code, about])).toEqual([
      ["SP4101", A],
      ["SP4101", B],
    ]);
    expect(result.diagnostics.every(({ source }) => source === workloads[0]!.source)).toBe(true);
    expect(result.diagnostics[0]!.message).toBe(`10.0.0.11 is locked to ${A}/a but in use from pool ${POOL_B}`);
    expect(shown(result)).toEqual({
      [`${A}/a`]: "10.0.0.10",
      [`${B}/a`]: "10.0.0.11,10.0.0.20",
      "d/Deployment/c/net1/a": "10.0.0.25",
    });
    expect(result.allocations.map(({ frozen }) => frozen ?? false)).toEqual([true, true, false]);
    expect(written(result.lock)).toEqual(written(before));
  });
});

test("an owner that is in a lock file only is pointed at there", () => {
  const before = lock({ a: { held: { "d/Deployment/gone/net1": ["10.0.0.25"] } } });
  const snapshot = cluster(pool("theirs", ["10.0.0.25"]));
  expect(run({ plan: plan({ workloads: [] }), lock: before, snapshot, mode: "plan" }).diagnostics).toMatchObject([
    { code: "SP4101", source: { file: "spiderplan.lock/default/a.yaml", pointer: "/held/10.0.0.25" } },
  ]);
});

describe("moved by hand from one owner to another in the lock (SP4109)", () => {
  const asked = plan({
    workloads: [fixed("d/Deployment/a", { replicas: 2 }), fixed("d/Deployment/b", { replicas: 2 })],
  });

  test.each(["lock", "plan"] as const)("mode %s: the other's live pool offers it unused: both stay", (mode) => {
    const snapshot = cluster(pool(POOL_B, ["10.0.0.11", "10.0.0.20-10.0.0.21"], { owner: `${B}/a` }));
    const before = lock({ a: { held } });
    const result = run({ plan: asked, lock: before, snapshot, mode });
    expect(result.diagnostics.map(({ code, about }) => [code, about])).toEqual([
      ["SP4109", A],
      ["SP4109", B],
    ]);
    expect(result.diagnostics[0]!.message).toBe(
      `10.0.0.11 is locked to ${A}/a but pool ${POOL_B} of ${B}/a still offers it`,
    );
    expect(shown(result)).toEqual({ [`${B}/a`]: "10.0.0.11,10.0.0.20-10.0.0.21" });
    expect(written(result.lock)).toEqual(written(before));
  });

  test("two ordinals of one StatefulSet swapped: both stay", () => {
    const pinned = (ordinal: number) => `d/StatefulSet/db/net1/${ordinal}`;
    const db = plan({ workloads: [fixed("d/StatefulSet/db", { replicas: 2, perPod: {} })] });
    const of = (ordinal: number, ip: string) =>
      pool(`d.statefulset.db.net1.a.${ordinal}`, [ip], { owner: `d/StatefulSet/db/net1/a/${ordinal}` });
    const snapshot = cluster(of(0, "10.0.0.10"), of(1, "10.0.0.11"));
    const swapped = lock({ a: { held: { [pinned(0)]: ["10.0.0.11"], [pinned(1)]: ["10.0.0.10"] } } });
    const result = run({ plan: db, lock: swapped, snapshot, mode: "plan" });
    expect(new Set(result.diagnostics.map(({ code, about }) => `${code} ${about}`))).toEqual(
      new Set([`SP4109 ${pinned(0)}`, `SP4109 ${pinned(1)}`]),
    );
    expect(result.allocations.every(({ frozen }) => frozen)).toBe(true);
  });

  test("released before and in no pool: another may have it", () => {
    const snapshot = cluster(pool(POOL_B, ["10.0.0.20-10.0.0.21"], { owner: `${B}/a` }));
    const result = run({ plan: asked, lock: lock({ a: { held } }), snapshot, mode: "plan" });
    expect(result.diagnostics).toEqual([]);
    expect(shown(result)).toEqual({ [`${A}/a`]: "10.0.0.10-10.0.0.11", [`${B}/a`]: "10.0.0.20-10.0.0.21" });
  });

  test("a lock that forgot what its owner's Pods use does not cover it (SP4107)", () => {
    const used = { "10.0.0.20": "d/b-1", "10.0.0.21": "d/b-2" };
    const snapshot = cluster(pool(POOL_B, ["10.0.0.20-10.0.0.21"], { owner: `${B}/a`, used }));
    const alone = plan({ workloads: [fixed("d/Deployment/b", { replicas: 2 })] });
    for (const files of [{}, { released: { [B]: ["10.0.0.20-10.0.0.21"] } }]) {
      const result = run({ plan: alone, lock: lock({ a: { held: {}, ...files } }), snapshot, mode: "plan" });
      expect(result.diagnostics.map(({ code, about }) => [code, about])).toEqual([["SP4107", B]]);
      expect(shown(result)).toEqual({ [`${B}/a`]: "10.0.0.20-10.0.0.21" });
    }
  });
});

describe("what else stops an owner, and no other", () => {
  const one = (replicas = 2) => [fixed("d/Deployment/a", { replicas })];
  const before = lock({ a: { held: { [A]: ["10.0.0.10-10.0.0.11"] } } });
  test.each<[string, string, string, Parameters<typeof plan>[0], KubeObject[]]>([
    ["its address is in a hand-made pool, used or not (P9)", "SP4101", A, {}, [pool("theirs", ["10.0.0.11"])]],
    [
      "its address is in use from a declared pool",
      "SP4101",
      A,
      {},
      [pool("p", ["10.0.0.11"], { used: { "10.0.0.11": "d/x" } })],
    ],
    [
      "its address is in use by a stranger's endpoint",
      "SP4101",
      A,
      {},
      [endpoint("d/x-1", "10.0.0.11", "gone", "Deployment/x")],
    ],
    [
      "the ranges no longer give its address",
      "SP4104",
      A,
      { subnets: [subnet("a", "10.0.0.0/24", ["10.0.0.11-10.0.0.29"])] },
      [],
    ],
    ["a reservation covers its address", "SP4105", A, { reserved: [reservation("r", ["10.0.0.11-10.0.0.12"])] }, []],
    [
      "a declared pool wants its address: the pool is stopped",
      "SP4106",
      "pool:p",
      { pools: [declared("p", "a", { addresses: ["10.0.0.11"] })] },
      [],
    ],
  ])("%s", (_, code, about, parts, objects) => {
    const asked = plan({ pools: [declared("p", "a", { addresses: ["10.0.0.29"] })], ...parts, workloads: one() });
    const result = run({ plan: asked, lock: before, snapshot: cluster(...objects) });
    expect(result.diagnostics.filter(({ severity }) => severity === "error")[0]).toMatchObject({ code, about });
    expect(written(result.lock)).toMatchObject({ a: { held: { [A]: "10.0.0.10-10.0.0.11" } } });
  });

  test("its own endpoint whose pool is gone stops nobody", () => {
    const objects = [endpoint("d/a-1", "10.0.0.11", "gone", "Deployment/a")];
    expect(run({ plan: plan({ workloads: one() }), lock: before, snapshot: cluster(...objects) }).diagnostics).toEqual(
      [],
    );
  });

  test("one address twice in the lock: both owners", () => {
    const doubled = lock({ a: { held: { [A]: ["10.0.0.10-10.0.0.12"], [B]: ["10.0.0.12-10.0.0.14"] } } });
    const result = run({ plan: plan({ workloads }), lock: doubled });
    expect(result.diagnostics.map(({ code, about }) => [code, about])).toEqual([
      ["SP4102", A],
      ["SP4102", B],
    ]);
    expect(shown(result)).toEqual({ "d/Deployment/c/net1/a": "10.0.0.15" });
  });

  test("a reservation may cover what a declared pool takes", () => {
    const asked = plan({ pools: [declared("p", "a", { count: 2 })], reserved: [reservation("r", ["10.0.0.11"])] });
    const result = run({ plan: asked, lock: lock({ a: { held: { "pool:p": ["10.0.0.10-10.0.0.11"] } } }) });
    expect(result.diagnostics).toEqual([]);
    expect(shown(result)).toEqual({ "pool:p/a": "10.0.0.10-10.0.0.11" });
  });
});

test("a pool that falls under an owner's pattern is an error if declared, a warning if foreign (SP4108)", () => {
  const name = "d.deployment.a.net1.extra";
  const asked = { workloads: [fixed("d/Deployment/a", { replicas: 1 })] };
  const pools = [declared(name, "a", { addresses: ["10.0.0.29"] })];
  expect(run({ plan: plan({ ...asked, pools }) }).diagnostics).toMatchObject([
    { code: "SP4108", severity: "error", about: "d/Deployment/a/net1" },
    { code: "SP4108", severity: "error", about: `pool:${name}` },
  ]);
  const snapshot = cluster(pool(name, ["10.0.0.29"]));
  expect(run({ plan: plan(asked), snapshot }).diagnostics).toMatchObject([{ code: "SP4108", severity: "warning" }]);
});
