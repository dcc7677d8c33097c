import { describe, expect, test } from "vitest";
import type { SpiderReservedIP } from "../../../src/core/spiderpool/objects.js";
import {
  cluster,
  endpoint,
  fixed,
  lock,
  plan,
  pool,
  run,
  SMALL,
  subnet,
  written,
} from "../../support/allocate-world.js";

/** An address that rests for one owner and is locked to another by hand (SP4110). */
const [A, B] = ["d/Deployment/a/net1", "d/Deployment/b/net1"];
const SUBNETS = [SMALL, subnet("six", "fd00::/64", ["fd00::10-fd00::2f"])];

function resting(
  records: Record<string, { owner: string; since: string }>,
  ips = Object.keys(records),
): SpiderReservedIP {
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderReservedIP",
    metadata: {
      name: "quarantine",
      annotations: {
        "spiderplan.io/tracking-id": "default:spiderpool.spidernet.io/SpiderReservedIP:/quarantine",
        "spiderplan.io/quarantine": JSON.stringify(records),
      },
    },
    spec: { ips },
  };
}

describe.each([
  ["IPv4", "a", "10.0.0.12"],
  ["IPv6", "six", "fd00::12"],
])("%s", (_family, key, ip) => {
  const workloads = [fixed("d/Deployment/a", { replicas: 1, subnets: [key] })];
  const locked = lock({ [key]: { held: { [A]: [ip] } } });
  const since = "2026-01-01T00:00:00Z";
  const told = (objects: Parameters<typeof cluster>, quarantineSeconds = 86_400) =>
    run({
      plan: plan({ subnets: SUBNETS, workloads, quarantineSeconds }),
      lock: locked,
      snapshot: cluster(...objects),
      mode: "plan",
    }).diagnostics.map(({ code, about, message }) => [code, about, message]);

  test("stops both", () => {
    const message = `${ip} is locked to ${A}/${key} but rests for ${B}/${key} since ${since}`;
    expect(told([resting({ [ip]: { owner: `${B}/${key}`, since } })])).toEqual([
      ["SP4110", A, message],
      ["SP4110", B, message],
    ]);
  });

  test("says no time where none is stored yet", () => {
    expect(told([resting({ [ip]: { owner: `${B}/${key}`, since: "" } })])[0]![2]).toMatch(
      new RegExp(`rests for ${B}/${key}$`),
    );
  });

  test.each<[string, Parameters<typeof cluster>, number]>([
    ["it rested for the same owner", [resting({ [ip]: { owner: `${A}/${key}`, since } })], 86_400],
    ["the rest is over", [resting({ [ip]: { owner: `${B}/${key}`, since } }, [])], 86_400],
    ["nothing needs to rest", [resting({ [ip]: { owner: `${B}/${key}`, since } })], 0],
    [
      "its Pods use it already",
      [
        resting({ [ip]: { owner: `${B}/${key}`, since } }),
        pool("d.deployment.a.net1.x", [ip], { owner: `${A}/${key}`, used: { [ip]: "d/a-1" } }),
      ],
      86_400,
    ],
  ])("stops nobody when %s", (_, objects, seconds) => expect(told(objects, seconds)).toEqual([]));
});

test("a record that is over says nothing in `plan`, though the files do not know it", () => {
  const before = lock({ a: { held: { [A]: ["10.0.0.10"] } } });
  const over = resting({ "10.0.0.12": { owner: `${B}/a`, since: "2026-01-01T00:00:00Z" } }, []);
  const workloads = [fixed("d/Deployment/a", { replicas: 1 })];
  const result = run({ plan: plan({ workloads }), lock: before, snapshot: cluster(over), mode: "plan" });
  expect(written(result.lock)).toEqual(written(before));
});

test("with quarantine 0 an address another owner's pool offers rests on for whom it did", () => {
  const before = lock({ a: { held: { [A]: ["10.0.0.10"] }, released: { [B]: ["10.0.0.14-10.0.0.15"] } } });
  const live = pool("d.deployment.a.net1.a", ["10.0.0.10", "10.0.0.14"], { owner: `${A}/a` });
  const workloads = [fixed("d/Deployment/a", { replicas: 1 })];
  const after = run({ plan: plan({ workloads, quarantineSeconds: 0 }), lock: before, snapshot: cluster(live) }).lock;
  expect(written(after)).toEqual({ a: { held: { [A]: "10.0.0.10" }, pools: {}, released: { [B]: "10.0.0.14" } } });
  const none = run({ plan: plan({ workloads, quarantineSeconds: 0 }), lock: before, snapshot: cluster() }).lock;
  expect(written(none)).toEqual({ a: { held: { [A]: "10.0.0.10" }, pools: {}, released: {} } });
});

test("files that list an address as held and released: it is held, in `plan` as in `lock`", () => {
  const workloads = [fixed("d/Deployment/a", { replicas: 2 })];
  const before = lock({
    a: {
      held: { [A]: ["10.0.0.10-10.0.0.11"] },
      released: { [A]: ["10.0.0.11-10.0.0.12"], [B]: ["10.0.0.10", "10.0.0.13"] },
    },
  });
  const live = pool("d.deployment.a.net1.a", ["10.0.0.10-10.0.0.11"], {
    owner: `${A}/a`,
    used: { "10.0.0.10": "d/a-1" },
  });
  for (const mode of ["lock", "plan"] as const) {
    const after = run({ plan: plan({ workloads }), lock: before, snapshot: cluster(live), mode }).lock;
    expect(written(after)).toEqual({
      a: { held: { [A]: "10.0.0.10-10.0.0.11" }, pools: {}, released: { [A]: "10.0.0.12", [B]: "10.0.0.13" } },
    });
  }
});

test("`plan` takes in no live pool that the files do not know", () => {
  const before = lock({ a: { held: { [A]: ["10.0.0.10"] } } });
  const live = pool("d.deployment.b.net1.a", ["10.0.0.20"], { owner: `${B}/a` });
  const workloads = ["a", "b"].map((name) => fixed(`d/Deployment/${name}`, { replicas: 1 }));
  const result = run({ plan: plan({ workloads }), lock: before, snapshot: cluster(live), mode: "plan" });
  expect(written(result.lock)).toEqual({
    a: { held: { [A]: "10.0.0.10" }, pools: {}, released: { [B]: "10.0.0.20" } },
  });
});

test("without files what a lock says is not asked", () => {
  const workloads = [fixed("d/Deployment/a", { replicas: 1 })];
  const stale = lock({ a: { held: { [A]: ["10.0.0.20"] } } }, false);
  const result = run({
    plan: plan({ workloads }),
    lock: stale,
    snapshot: cluster(endpoint("d/x", "10.0.0.10", "gone")),
  });
  expect(written(result.lock)).toMatchObject({ a: { held: { [A]: "10.0.0.11" } } });
});

test("nor is it held against live pools", () => {
  const workloads = [fixed("d/Deployment/a", { replicas: 1 })];
  const stale = lock({ a: { held: { [A]: ["10.0.0.20"] } } }, false);
  const live = pool("d.deployment.b.net1.a", ["10.0.0.20"], { owner: `${B}/a` });
  expect(run({ plan: plan({ workloads }), lock: stale, snapshot: cluster(live) }).diagnostics).toEqual([]);
});

test("an owner whose whole pool rests holds nothing: it comes in key order", () => {
  const two = [subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.11"])];
  const live = pool("d.deployment.b.net1.a", ["10.0.0.11"], { owner: `${B}/a` });
  const record = resting({ "10.0.0.11": { owner: `${B}/a`, since: "2026-01-01T00:00:00Z" } });
  const workloads = [fixed("d/Deployment/a", { replicas: 1 }), fixed("d/Deployment/b", { replicas: 2 })];
  const result = run({ plan: plan({ subnets: two, workloads }), snapshot: cluster(live, record) });
  expect(result.diagnostics.map(({ code, about }) => [code, about])).toEqual([["SP3101", B]]);
});
