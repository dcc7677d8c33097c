import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import {
  cluster,
  declared,
  type FixedOptions,
  fixed,
  lock,
  plan,
  pool,
  run,
  shown,
  subnet,
  written,
} from "../../support/allocate-world.js";

const A = subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.99"]);
const P = declared("p", "a", { addresses: ["10.0.0.10-10.0.0.29"] });
const W = "d/Deployment/w/net1/pool:p";
const asked = (...workloads: [string, FixedOptions][]) =>
  plan({
    subnets: [A],
    pools: [P],
    workloads: workloads.map(([key, options]) => fixed(key, { slices: ["p"], ...options })),
  });

const held = (result: ReturnType<typeof run>) =>
  (written(result.lock) as Record<string, { held: Record<string, string>; released: Record<string, string> }>).a!;

describe("a slice of a declared pool", () => {
  test("has addresses of the pool only, under a name the NIC's pattern hits", () => {
    const result = run({
      plan: asked(["d/Deployment/w", { replicas: 3 }], ["d/Deployment/x", { replicas: 2, elastic: 1 }]),
    });
    expect(result.diagnostics).toEqual([]);
    expect(shown(result)).toEqual({
      [`${W}/a`]: "10.0.0.10-10.0.0.12",
      "d/Deployment/x/net1/pool:p/a": "10.0.0.13-10.0.0.15",
    });
    expect(result.allocations.map((one) => one.pool)).toEqual([
      "d.deployment.w.net1.slice.p",
      "d.deployment.x.net1.slice.p",
    ]);
    expect(result.names.pattern(W)).toBe("d.deployment.w.net1.*");
    expect(result.usage).toMatchObject([{ subnet: "a", total: 90, held: 20, free: 70 }]);
  });

  test("is full when the pool is, whatever the subnet has (FIXED-6)", () => {
    const result = run({ plan: asked(["d/Deployment/w", { replicas: 15 }], ["d/Deployment/x", { replicas: 6 }]) });
    expect(result.diagnostics).toMatchObject([{ code: "SP3101", about: "d/Deployment/x/net1/pool:p" }]);
    expect(result.diagnostics[0]).toMatchObject({
      message: expect.stringContaining(
        "d/Deployment/x/net1/pool:p needs 6 addresses (6 replicas + 0 elastic), holds 0, and 5 more can be had: 1 missing",
      ),
      hint: expect.stringContaining("widen spec.pools.p.addresses"),
    });
  });

  test("keeps what it holds and never what another slice holds or rests (FIXED-2, FIXED-3)", () => {
    const before = lock({
      a: { held: { [W]: ["10.0.0.20"] }, released: { "d/Deployment/gone/net1/pool:p": ["10.0.0.21"] } },
    });
    const result = run({
      plan: asked(["d/Deployment/w", { replicas: 3 }], ["d/Deployment/a", { replicas: 2 }]),
      lock: before,
    });
    expect(held(result).held).toEqual({
      [W]: "10.0.0.18-10.0.0.20",
      "d/Deployment/a/net1/pool:p": "10.0.0.10-10.0.0.11",
    });
  });

  test("gives back from its end and takes the same again (FIXED-9)", () => {
    const four = run({ plan: asked(["d/Deployment/w", { replicas: 4 }]) });
    const live = cluster(pool("d.deployment.w.net1.slice.p", ["10.0.0.10-10.0.0.13"], { owner: `${W}/a` }));
    const two = run({
      plan: asked(["d/Deployment/w", { replicas: 2 }]),
      lock: { ...four.lock, files: true },
      snapshot: live,
    });
    expect(held(two)).toMatchObject({ held: { [W]: "10.0.0.10-10.0.0.11" }, released: { [W]: "10.0.0.12-10.0.0.13" } });
    const again = run({ plan: asked(["d/Deployment/w", { replicas: 4 }]), lock: { ...two.lock, files: true } });
    expect(held(again).held).toEqual(held(four).held);
  });

  test("one for each ordinal of a StatefulSet", () => {
    const result = run({ plan: asked(["d/StatefulSet/db", { replicas: 2, perPod: { 0: "10.0.0.17" } }]) });
    expect(shown(result)).toEqual({
      "d/StatefulSet/db/net1/pool:p/0/a": "10.0.0.17",
      "d/StatefulSet/db/net1/pool:p/1/a": "10.0.0.18",
    });
    expect(result.allocations[0]!.pool).toBe("d.statefulset.db.net1.slice.p.0");
  });
});

describe("a slice cut beside running users", () => {
  /** The pool as it lives, with some of its addresses in use. */
  const busy = (...addresses: string[]): KubeObject =>
    pool("p", ["10.0.0.10-10.0.0.29"], {
      install: "default",
      used: Object.fromEntries(addresses.map((ip) => [ip, `d/x-${ip}`])),
    });

  test("takes free addresses only, also where the subnet's status counts the pool's", () => {
    const result = run({
      plan: asked(["d/Deployment/w", { replicas: 3 }]),
      snapshot: cluster(busy("10.0.0.10", "10.0.0.12")),
    });
    expect(held(result).held).toEqual({ [W]: "10.0.0.13-10.0.0.15" });
    expect(result.diagnostics).toEqual([]);
  });

  test("a wished address in use is promised, others serve until it is released, and it says so", () => {
    const wishing = asked(["d/Deployment/w", { replicas: 2, wishes: ["10.0.0.10-10.0.0.11"] }]);
    const first = run({ plan: wishing, snapshot: cluster(busy("10.0.0.10")) });
    expect(held(first).held).toEqual({ [W]: "10.0.0.10-10.0.0.12" });
    expect(shown(first)).toEqual({ [`${W}/a`]: "10.0.0.11-10.0.0.12" });
    expect(first.diagnostics).toMatchObject([{ code: "SP3104", severity: "info", about: W }]);
    expect(first.diagnostics[0]!.message).toBe(
      "10.0.0.10 joins d/Deployment/w/net1/pool:p when released: d/x-10.0.0.10 has 10.0.0.10",
    );
    for (const mode of ["lock", "plan"] as const) {
      const again = run({
        plan: wishing,
        lock: { ...first.lock, files: true },
        snapshot: cluster(busy("10.0.0.10")),
        mode,
      });
      expect(shown(again)).toEqual(shown(first));
    }
    const slice = pool("d.deployment.w.net1.slice.p", ["10.0.0.11-10.0.0.12"], { owner: `${W}/a` });
    const free = run({ plan: wishing, lock: { ...first.lock, files: true }, snapshot: cluster(busy(), slice) });
    expect(shown(free)).toEqual({ [`${W}/a`]: "10.0.0.10-10.0.0.11" });
    expect(held(free).released).toEqual({ [W]: "10.0.0.12" });
  });

  test("a wished address that a user of the pool took while it rests for another slice stays that one's (FIXED-9)", () => {
    const other = "d/Deployment/v/net1/pool:p";
    const result = run({
      plan: asked(["d/Deployment/w", { replicas: 1, wishes: ["10.0.0.15"] }]),
      lock: lock({ a: { held: {}, released: { [other]: ["10.0.0.15"] } } }),
      snapshot: cluster(busy("10.0.0.15")),
    });
    expect(result.diagnostics).toMatchObject([
      { code: "SP3102", about: W, message: expect.stringContaining("resting") },
    ]);
    expect(held(result)).toMatchObject({ held: {}, released: { [other]: "10.0.0.15" } });
  });

  test("a locked address a user of the pool took in between waits; no other owner is stopped", () => {
    const before = lock({ a: { held: { [W]: ["10.0.0.10-10.0.0.11"] } } });
    const result = run({
      plan: asked(["d/Deployment/w", { replicas: 1 }]),
      lock: before,
      snapshot: cluster(busy("10.0.0.11")),
      mode: "plan",
    });
    expect(shown(result)).toEqual({ [`${W}/a`]: "10.0.0.10" });
    expect(result.diagnostics.map(({ code }) => code)).toEqual(["SP3104"]);
  });

  test("an address in use from elsewhere cannot be wished", () => {
    const other = pool("hand-made", ["10.0.0.10"], { used: { "10.0.0.10": "d/y" } });
    const result = run({
      plan: asked(["d/Deployment/w", { replicas: 1, wishes: ["10.0.0.10"] }]),
      snapshot: cluster(other),
    });
    expect(result.diagnostics).toMatchObject([{ code: "SP3102" }]);
  });
});

test("an address its pool's users have is promised to one slice only", () => {
  const [first, second] = ["d/Deployment/first/net1/pool:p", "d/Deployment/second/net1/pool:p"];
  const workloads: [string, FixedOptions][] = [
    ["d/Deployment/first", { replicas: 1 }],
    ["d/Deployment/second", { replicas: 1, wishes: ["10.0.0.21"] }],
  ];
  const snapshot = cluster(pool("p", ["10.0.0.10-10.0.0.29"], { used: { "10.0.0.21": "d/user" } }));
  const before = lock({ a: { held: { [first]: ["10.0.0.20-10.0.0.21"] } } });
  const result = run({ plan: asked(...workloads), lock: before, snapshot });
  expect(result.diagnostics.map(({ code, about }) => [code, about])).toEqual([
    ["SP3102", second],
    ["SP3104", first],
  ]);
});
