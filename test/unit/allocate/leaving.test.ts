import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { cluster, endpoint, fixed, lock, plan, pool, run, subnet, written } from "../../support/allocate-world.js";

const GONE = "d/Deployment/gone/net1";
const POOL = "d.deployment.gone.net1.a";
const EMPTY_PLAN = plan({ workloads: [] });
const live = (used: Record<string, string> = {}) => pool(POOL, ["10.0.0.10-10.0.0.12"], { owner: `${GONE}/a`, used });
const recorded = lock({ a: { held: { [GONE]: ["10.0.0.10-10.0.0.12"] } } });

function template(pools: unknown, key = "ipam.spidernet.io/ippools", name = "gone"): KubeObject {
  const annotations = { [key]: JSON.stringify(pools) };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "d", name },
    spec: { template: { metadata: { annotations } } },
  };
}

describe("an owner that is gone from the plan", () => {
  test.each<[string, KubeObject[]]>([
    ["a Pod holds one of its addresses", [live({ "10.0.0.11": "d/gone-1" })]],
    ["a retained endpoint does (FIXED-1)", [live(), endpoint("d/web-0", "10.0.0.11", POOL, "StatefulSet/web")]],
    ["its users cannot be read", [{ ...live(), status: { allocatedIPs: "?" } } as KubeObject]],
    [
      "a live template's pattern hits its pool",
      [live(), template([{ interface: "net1", ipv4: ["spiderplan-none-v4", "d.deployment.gone.net1.*"] }])],
    ],
    ["another pattern does", [live(), template([{ interface: "net1", ipv4: ["d.*.gone.net?.[a-z]"] }])]],
    ["a live template names it", [live(), template({ ipv4: [POOL] }, "ipam.spidernet.io/ippool")]],
  ])("stays, marked leaving, while %s", (_, objects) => {
    for (const [before, mode] of [
      [recorded, "lock"],
      [recorded, "plan"],
      [undefined, "plan"],
    ] as const) {
      const result = run({
        plan: EMPTY_PLAN,
        snapshot: cluster(...objects),
        mode,
        ...(before ? { lock: before } : {}),
      });
      expect(result.allocations).toMatchObject([
        { owner: GONE, subnet: "a", pool: POOL, leaving: true, kept: 3, added: 0 },
      ]);
      expect(written(result.lock)).toEqual({ a: { held: { [GONE]: "10.0.0.10-10.0.0.12" }, pools: {}, released: {} } });
    }
  });

  test.each<[string, KubeObject[]]>([
    ["nobody holds or names anything", [live(), template([{ ipv4: ["d.deployment.other.net1.*"] }])]],
    ["its pool is gone", []],
    [
      "templates are unreadable",
      [
        live(),
        template("x"),
        template(null, "ipam.spidernet.io/ippools", "b"),
        template([{ ipv4: "[" }], "ipam.spidernet.io/ippools", "c"),
      ],
    ],
  ])("is released into quarantine when %s", (_, objects) => {
    const result = run({ plan: EMPTY_PLAN, snapshot: cluster(...objects), lock: recorded });
    expect(result.allocations).toEqual([]);
    expect(written(result.lock)).toEqual({ a: { held: {}, pools: {}, released: { [GONE]: "10.0.0.10-10.0.0.12" } } });
  });

  test("is released without a snapshot; nothing leaves `released`", () => {
    const first = run({ plan: EMPTY_PLAN, lock: recorded });
    expect(written(first.lock)).toEqual({ a: { held: {}, pools: {}, released: { [GONE]: "10.0.0.10-10.0.0.12" } } });
    expect(written(run({ plan: EMPTY_PLAN, lock: first.lock }).lock)).toEqual(written(first.lock));
  });

  test("in use by an endpoint of a pool that is gone: stays held", () => {
    const result = run({
      plan: EMPTY_PLAN,
      snapshot: cluster(endpoint("d/gone-1", "10.0.0.11", "x", "Deployment/gone")),
      lock: recorded,
    });
    expect(written(result.lock)).toMatchObject({ a: { held: { [GONE]: "10.0.0.10-10.0.0.12" } } });
  });

  test("whose subnet is gone too still leaves in peace", () => {
    const elsewhere = plan({ subnets: [subnet("b", "10.1.0.0/24", ["10.1.0.10"])] });
    const result = run({ plan: elsewhere, snapshot: cluster(live({ "10.0.0.11": "d/gone-1" })), lock: recorded });
    expect(result.allocations).toMatchObject([{ owner: GONE, subnet: "a", leaving: true }]);
  });
});

test("a NIC that leaves one of its subnets: its own pattern does not hold the pool for ever, users do", () => {
  const subnets = [
    subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.29"]),
    subnet("b", "10.1.0.0/24", ["10.1.0.10-10.1.0.20"]),
  ];
  const asked = plan({ subnets, workloads: [fixed("d/Deployment/gone", { replicas: 1, subnets: ["b"] })] });
  const pattern = template([{ interface: "net1", ipv4: ["d.deployment.gone.net1.*"] }]);
  const unused = run({ plan: asked, snapshot: cluster(live(), pattern), lock: recorded });
  expect(unused.allocations.map(({ subnet: key, leaving }) => [key, leaving])).toEqual([["b", false]]);
  const used = run({ plan: asked, snapshot: cluster(live({ "10.0.0.11": "d/gone-1" }), pattern), lock: recorded });
  expect(used.allocations.map(({ subnet: key, leaving }) => [key, leaving])).toEqual([
    ["a", true],
    ["b", false],
  ]);
});
