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

/** What holds for IPv4 holds for IPv6: the same promises once more, beside an IPv4 subnet that has nothing to do with it. */
const SUBNETS = [
  subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.29"]),
  subnet("six", "fd00::/64", ["fd00::10-fd00::2f"]),
];
const [A, B] = ["d/Deployment/a/net1", "d/Deployment/b/net1"];
const [POOL_A, POOL_B] = ["d.deployment.a.net1.six", "d.deployment.b.net1.six"];
const asking = (...names: string[]) =>
  names.map((name) => fixed(`d/Deployment/${name}`, { replicas: 2, subnets: ["six"] }));
const held = { [A]: ["fd00::10-fd00::11"], [B]: ["fd00::20-fd00::21"] };
const codes = (result: ReturnType<typeof run>) => result.diagnostics.map(({ code, about }) => [code, about]);

test("an owner that is gone leaves when nobody is left", () => {
  const before = lock({ six: { held: { [A]: ["fd00::10-fd00::11"] } } });
  const live = (used: Record<string, string>) => pool(POOL_A, ["fd00::10-fd00::11"], { owner: `${A}/six`, used });
  const nobody = plan({ subnets: SUBNETS, workloads: [] });
  const busy = run({ plan: nobody, lock: before, snapshot: cluster(live({ "fd00::10": "d/a-1" })) });
  expect(busy.allocations).toMatchObject([
    { owner: A, subnet: "six", family: 6, pool: POOL_A, leaving: true, kept: 2, reason: "leaving: 1 in use" },
  ]);
  expect(written(busy.lock)).toMatchObject({ six: { held: { [A]: "fd00::10-fd00::11" }, released: {} } });
  const free = run({ plan: nobody, lock: before, snapshot: cluster(live({})) });
  expect(free.allocations).toEqual([]);
  expect(written(free.lock)).toMatchObject({ six: { held: {}, released: { [A]: "fd00::10-fd00::11" } } });
});

test("what is held and in use by an endpoint of a pool that is gone stays held", () => {
  const before = lock({ six: { held: { [A]: ["fd00::10"] } } });
  const snapshot = cluster(endpoint("d/a-1", "fd00::10", "gone", "Deployment/a"));
  const { lock: after } = run({ plan: plan({ subnets: SUBNETS, workloads: [] }), lock: before, snapshot });
  expect(written(after)).toMatchObject({ six: { held: { [A]: "fd00::10" }, released: {} } });
});

test("a NIC that leaves its IPv6 subnet only keeps no pool by the pattern of its other family", () => {
  const template: KubeObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "d", name: "a" },
    spec: {
      template: {
        metadata: {
          annotations: {
            "ipam.spidernet.io/ippools":
              '[{"interface":"net1","ipv4":["d.deployment.a.net1.*"],"ipv6":["d.deployment.a.net1.*"]}]',
          },
        },
      },
    },
  };
  const snapshot = cluster(template, pool(POOL_A, ["fd00::10-fd00::11"], { owner: `${A}/six` }));
  const of = (subnets: string[]) =>
    run({
      plan: plan({ subnets: [...SUBNETS, OTHER], workloads: [fixed("d/Deployment/a", { replicas: 2, subnets })] }),
      snapshot,
    })
      .allocations.filter(({ leaving }) => leaving)
      .map(({ reason }) => reason);
  expect(of(["a"])).toEqual(["leaving: its Pod template still names it"]);
  expect(of(["other"])).toEqual([]);
});
const OTHER = subnet("other", "fd00:1::/64", ["fd00:1::10-fd00:1::1f"]);

test.each([
  ["IPv4", "a", ["10.0.0.10", "10.0.0.11"]],
  ["IPv6", "six", ["fd00::10", "fd00::11"]],
] as const)(
  "%s of an ordinal that goes is held while its endpoint has it, be its pool gone",
  (_family, key, [zero, one]) => {
    const set = fixed("d/StatefulSet/web", { replicas: 1, subnets: [key], perPod: {} });
    const owner = "d/StatefulSet/web/net1";
    const before = lock({ [key]: { held: { [`${owner}/0`]: [zero], [`${owner}/1`]: [one] } } });
    const after = (...objects: KubeObject[]) =>
      written(
        run({ plan: plan({ subnets: SUBNETS, workloads: [set] }), lock: before, snapshot: cluster(...objects) }).lock,
      );
    expect(after(endpoint("d/web-1", one, "gone", "StatefulSet/web"))).toMatchObject({
      [key]: { held: { [`${owner}/0`]: zero, [`${owner}/1`]: one }, released: {} },
    });
    expect(after()).toMatchObject({ [key]: { held: { [`${owner}/0`]: zero }, released: { [`${owner}/1`]: one } } });
  },
);

describe("what stops an owner", () => {
  const both = plan({ subnets: SUBNETS, workloads: asking("a", "b") });
  const before = lock({ six: { held } });

  test("SP4101: locked to it but in use by another", () => {
    const snapshot = cluster(
      pool(POOL_A, ["fd00::10"], { owner: `${A}/six` }),
      pool(POOL_B, ["fd00::11", "fd00::20"], { owner: `${B}/six`, used: { "fd00::11": "d/b-1" } }),
    );
    const result = run({ plan: both, lock: before, snapshot });
    expect(codes(result)).toEqual([
      ["SP4101", A],
      ["SP4101", B],
    ]);
    expect(shown(result)).toEqual({ [`${A}/six`]: "fd00::10", [`${B}/six`]: "fd00::11,fd00::20" });
  });

  test.each<[what: string, object: KubeObject, message: string]>([
    [
      "in a hand-made pool",
      pool("theirs", ["fd00::11"]),
      "fd00::11 is locked to d/Deployment/a/net1/six but offered by pool theirs",
    ],
    [
      "in use from a hand-made pool",
      pool("theirs", ["fd00::11"], { used: { "fd00::11": "d/x", "10.0.0.11": "d/y" } }),
      "fd00::11 is locked to d/Deployment/a/net1/six but in use from pool theirs",
    ],
    [
      "in use by a stranger's endpoint",
      endpoint("d/x-1", "fd00::11", "gone", "Deployment/x"),
      "fd00::11 is locked to d/Deployment/a/net1/six but in use by Pod d/x-1 of pool gone, which is gone",
    ],
    [
      "in use from no pool",
      endpoint("d/x-1", "fd00::11", "", "Deployment/x"),
      "fd00::11 is locked to d/Deployment/a/net1/six but in use by Pod d/x-1 of pool (none), which is gone",
    ],
    [
      "in use by a StatefulSet of its name",
      endpoint("d/a-0", "fd00::11", "gone", "StatefulSet/a"),
      "fd00::11 is locked to d/Deployment/a/net1/six but in use by Pod d/a-0 of pool gone, which is gone",
    ],
  ])("SP4101: %s", (_what, object, message) => {
    const result = run({ plan: both, lock: before, snapshot: cluster(object) });
    expect(result.diagnostics.map((one) => one.message)).toEqual([message]);
    expect(codes(result)).toEqual([["SP4101", A]]);
  });

  test("SP4101: of a Pod that is gone its endpoint is to be deleted, a live one is restarted", () => {
    const hint = (...more: KubeObject[]) => {
      const objects = cluster(endpoint("d/x-1", "fd00::11", "gone", "Deployment/x"), ...more);
      const snapshot = { ...objects, complete: new Set([...objects.complete, "Pod"]) };
      return run({ plan: both, lock: before, snapshot }).diagnostics[0]?.hint;
    };
    const pod = (name: string) => ({ apiVersion: "v1", kind: "Pod", metadata: { namespace: "d", name } });
    expect(hint(pod("other"))).toContain("kubectl delete spiderendpoint -n d x-1");
    expect(hint(pod("x-1"))).toBe("restart that Pod");
  });

  test("SP4105: a reservation of its family covers it, one of the other does not", () => {
    const reserved = (v4: string[], v6: string[]) =>
      codes(run({ plan: { ...both, reserved: new Map([["r", reservation("r", v4, v6)]]) }, lock: before }));
    expect(reserved([], ["fd00::11"])).toEqual([["SP4105", A]]);
    expect(reserved(["10.0.0.11"], [])).toEqual([]);
  });

  test("SP4106: a declared pool wants it", () => {
    const pools = [declared("p", "six", { addresses: ["fd00::11"] }), declared("q", "a", { addresses: ["10.0.0.11"] })];
    expect(codes(run({ plan: plan({ subnets: SUBNETS, workloads: asking("a", "b"), pools }), lock: before }))).toEqual([
      ["SP4106", "pool:p"],
    ]);
  });

  test("SP4109: moved in the lock while the other's pool offers it", () => {
    const snapshot = cluster(pool(POOL_B, ["fd00::11", "fd00::20-fd00::21"], { owner: `${B}/six` }));
    expect(codes(run({ plan: both, lock: before, snapshot }))).toEqual([
      ["SP4109", A],
      ["SP4109", B],
    ]);
  });
});
