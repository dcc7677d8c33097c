import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress } from "../../../src/core/ip/address.js";
import { addressesOf } from "../../../src/core/ip/range-set.js";
import type { KubeObject, SpiderReservedIP, SpiderSubnet } from "../../../src/core/spiderpool/objects.js";
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
  SMALL,
  subnet,
} from "../../support/allocate-world.js";

const NEW = "d/Deployment/new/net1";

/** The lowest `count` addresses a newcomer gets in the world. */
function newcomer(
  count: number,
  parts: Parameters<typeof plan>[0] = {},
  objects: KubeObject[] = [],
  before = lock({}),
) {
  const workloads = [...(parts.workloads ?? []), fixed("d/Deployment/new", { replicas: count })];
  const result = run({ plan: plan({ ...parts, workloads }), snapshot: cluster(...objects), lock: before });
  const got = result.allocations.find(({ owner }) => owner === NEW);
  return {
    addresses: got && [...addressesOf(got.addresses)].map(formatAddress),
    diagnostics: result.diagnostics,
    usage: result.usage,
  };
}

function reservedIP(name: string, ips: string[], annotations: Record<string, string> = {}): SpiderReservedIP {
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderReservedIP",
    metadata: { name, annotations },
    spec: { ips },
  };
}

function spiderSubnet(controlled: object): SpiderSubnet {
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderSubnet",
    metadata: { name: "a" },
    spec: { subnet: "10.0.0.0/24" },
    status: { controlledIPPools: JSON.stringify(controlled) },
  };
}

describe("never given to a newcomer (DESIGN 5, Free): 10.0.0.10 when", () => {
  const other = fixed("d/Deployment/old", { replicas: 1 });
  test.each<[string, Parameters<typeof plan>[0], KubeObject[], ReturnType<typeof lock>?]>([
    ["excluded", { subnets: [subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.29"], { exclude: ["10.0.0.10"] })] }, []],
    ["the gateway", { subnets: [subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.29"], { gateway: "10.0.0.10" })] }, []],
    ["reserved in the plan", { reserved: [reservation("r", ["10.0.0.10"])] }, []],
    ["reserved by anybody in the cluster", {}, [reservedIP("r", ["10.0.0.10"])]],
    ["in a declared pool", { pools: [declared("p", "a", { addresses: ["10.0.0.10"] })] }, []],
    [
      "in a live declared pool that the plan narrows",
      { pools: [declared("p", "a", { addresses: ["10.0.0.20"] })] },
      [pool("p", ["10.0.0.10"])],
    ],
    ["in a hand-made pool", {}, [pool("theirs", ["10.0.0.10"])]],
    [
      "in another install's pool",
      {},
      [pool("theirs", ["10.0.0.10"], { owner: "d/Deployment/new/net1/a", install: "two" })],
    ],
    [
      "in a pool with a copied tracking id",
      {},
      [
        {
          ...pool("x", ["10.0.0.10"], { owner: `${NEW}/a` }),
          metadata: { ...pool("y", [], { owner: `${NEW}/a` }).metadata, name: "x" },
        } as KubeObject,
      ],
    ],
    ["in a terminating pool (G11)", {}, [pool("theirs", ["10.0.0.10"], { terminating: true })]],
    [
      "in an automatic pool (S29)",
      {},
      [pool("auto4-x", ["10.0.0.10"], { labels: { "ipam.spidernet.io/owner-application-name": "x" } })],
    ],
    ["in a retired pool of ours", {}, [pool("old", ["10.0.0.10"], { install: "default" })]],
    ["in controlledIPPools only (B9)", {}, [spiderSubnet({ gone: { ips: ["10.0.0.10"] } })]],
    ["in an endpoint only", {}, [endpoint("d/pod", "10.0.0.10", "gone")]],
    [
      "locked to another",
      { workloads: [other] },
      [],
      lock({ a: { held: { "d/Deployment/old/net1": ["10.0.0.10"] } } }),
    ],
    ["resting for another", {}, [], lock({ a: { released: { "d/Deployment/old/net1": ["10.0.0.10"] } } })],
  ])("%s", (_, parts, objects, before) => {
    expect(newcomer(1, parts, objects, before).addresses).toEqual(["10.0.0.11"]);
  });

  test.each<[string, KubeObject[]]>([
    ["a pool excludes it (P9)", [pool("theirs", ["10.0.0.10-10.0.0.11"], { excludeIPs: ["10.0.0.10"] })]],
    ["the record is of a pool of its own", [spiderSubnet({ "d.deployment.new.net1.a": { ips: ["10.0.0.10"] } })]],
    [
      "status and pools are unreadable",
      [pool("theirs", ["nonsense"]), { ...spiderSubnet({}), status: { controlledIPPools: "{" } } as KubeObject],
    ],
  ])("but given when %s", (_, objects) => {
    expect(newcomer(1, {}, objects).addresses).toEqual(["10.0.0.10"]);
  });
});

test("law: what can be had is exactly what no source forbids, address by address", () => {
  const some = fc.uniqueArray(fc.integer({ min: 8, max: 31 }), { maxLength: 5 });
  const ip = (n: number) => `10.0.0.${n}`;
  fc.assert(
    fc.property(
      fc.tuple(some, some, some, some, some, some, some),
      ([reserved, live, own, foreign, used, controlled, resting]) => {
        const taken = new Set([reserved, live, own, foreign, used, controlled, resting].flat());
        const free = [...addressesOf(SMALL.usable)]
          .map(formatAddress)
          .filter((text) => !taken.has(Number(text.split(".")[3])));
        fc.pre(free.length > 0);
        const parts = {
          reserved: reserved.length > 0 ? [reservation("r", reserved.map(ip))] : [],
          pools: own.length > 0 ? [declared("own", "a", { addresses: own.map(ip) })] : [],
        };
        const objects = [
          reservedIP("live", live.map(ip)),
          pool("foreign", foreign.map(ip)),
          spiderSubnet({ lagging: { ips: controlled.map(ip) } }),
          ...used.map((n) => endpoint(`d/pod-${n}`, ip(n), "elsewhere")),
        ];
        const before = lock({ a: { released: resting.length > 0 ? { "d/Deployment/x/net1": resting.map(ip) } : {} } });
        expect(newcomer(free.length, parts, objects, before).addresses).toEqual(free);
        expect(newcomer(free.length + 1, parts, objects, before).diagnostics).toMatchObject([{ code: "SP3101" }]);
        expect(newcomer(free.length, parts, objects, before).usage[0]).toMatchObject({ total: 20, free: 0 });
      },
    ),
    { numRuns: 200 },
  );
});
