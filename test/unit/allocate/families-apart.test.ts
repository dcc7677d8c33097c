import { describe, expect, test } from "vitest";
import type { KubeObject, SpiderReservedIP } from "../../../src/core/spiderpool/objects.js";
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
  subnet,
  written,
} from "../../support/allocate-world.js";

/** An IPv6 subnet whose addresses are the very numbers of an IPv4 one: what stands in one's way is nothing to the other. */
const FOUR = { key: "four", cidr: "10.0.0.0/24", text: (n: number) => `10.0.0.${n}` };
const SIX = { key: "six", cidr: "::a00:0/120", text: (n: number) => `::a00:${n.toString(16)}` };
const SUBNETS = [FOUR, SIX].map(({ key, cidr, text }) => subnet(key, cidr, [`${text(10)}-${text(29)}`]));

function reservedIP(ip: string): SpiderReservedIP {
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderReservedIP",
    metadata: { name: "r" },
    spec: { ips: [ip] },
  };
}

describe.each([
  ["IPv4", FOUR, SIX],
  ["IPv6", SIX, FOUR],
])("%s", (_family, here, there) => {
  const ten = here.text(10);
  test.each<[string, Parameters<typeof plan>[0], KubeObject[]]>([
    [
      "reserved in the plan",
      { reserved: [reservation("r", here === FOUR ? [ten] : [], here === SIX ? [ten] : [])] },
      [],
    ],
    ["reserved in the cluster", {}, [reservedIP(ten)]],
    ["in a declared pool", { pools: [declared("p", here.key, { addresses: [ten] })] }, []],
    ["in a hand-made pool", {}, [pool("theirs", [ten], { cidr: here.cidr })]],
    ["in use", {}, [endpoint("d/x", ten, "gone")]],
  ])("%s stands in the way of its own family only", (_, parts, objects) => {
    const workloads = [fixed("d/Deployment/w", { replicas: 1, subnets: ["four", "six"] })];
    const result = run({ plan: plan({ subnets: SUBNETS, workloads, ...parts }), snapshot: cluster(...objects) });
    expect(result.diagnostics).toEqual([]);
    expect(written(result.lock)).toMatchObject({
      [here.key]: { held: { "d/Deployment/w/net1": here.text(11) } },
      [there.key]: { held: { "d/Deployment/w/net1": there.text(10) } },
    });
    expect(result.usage.find(({ subnet: key }) => key === there.key)).toMatchObject({ held: 1, reserved: 0, free: 19 });
  });

  test("a wish is its own family's", () => {
    const workloads = [fixed("d/Deployment/w", { replicas: 1, subnets: ["four", "six"], wishes: [here.text(20)] })];
    expect(written(run({ plan: plan({ subnets: SUBNETS, workloads }) }).lock)).toMatchObject({
      [here.key]: { held: { "d/Deployment/w/net1": here.text(20) } },
      [there.key]: { held: { "d/Deployment/w/net1": there.text(10) } },
    });
  });

  test("a user of the other family in a pool's record uses nothing of it", () => {
    const owner = "d/Deployment/w/net1";
    const used = { [there.text(11)]: "d/x" };
    const live = pool("d.deployment.w.net1.it", [`${ten}-${here.text(12)}`], {
      cidr: here.cidr,
      owner: `${owner}/${here.key}`,
      used,
    });
    const workloads = [fixed("d/Deployment/w", { replicas: 1, subnets: [here.key] })];
    const before = lock({ [here.key]: { held: { [owner]: [`${ten}-${here.text(12)}`] } } });
    const shrunk = run({ plan: plan({ subnets: SUBNETS, workloads }), lock: before, snapshot: cluster(live) });
    expect(written(shrunk.lock)).toMatchObject({ [here.key]: { held: { [owner]: ten } } });
    const gone = run({ plan: plan({ subnets: SUBNETS, workloads: [] }), lock: before, snapshot: cluster(live) });
    expect(gone.allocations).toEqual([]);
  });

  test("users of both families in the record of a pool that is sliced: those of its own are waited for", () => {
    const workloads = [fixed("d/Deployment/w", { replicas: 1, slices: ["p"], wishes: [here.text(11), here.text(12)] })];
    const pools = [declared("p", here.key, { addresses: [`${ten}-${here.text(14)}`] })];
    const used = { [here.text(11)]: "d/x", [there.text(12)]: "d/y" };
    const live = pool("p", [`${ten}-${here.text(14)}`], { cidr: here.cidr, used });
    const result = run({ plan: plan({ subnets: SUBNETS, workloads, pools }), snapshot: cluster(live) });
    expect(result.diagnostics.map(({ code }) => code)).toEqual(["SP3104"]);
    expect(result.diagnostics[0]!.message).toContain(`${here.text(11)} joins`);
  });

  test("a declared pool's users of both families: a lock on one's own is told", () => {
    const owner = "d/Deployment/w/net1";
    const workloads = [fixed("d/Deployment/w", { replicas: 1, subnets: [here.key] })];
    const pools = [declared("p", here.key, { addresses: [here.text(29)] })];
    const used = { [here.text(11)]: "d/x", [there.text(9)]: "d/y", [there.text(13)]: "d/z" };
    const live = pool("p", [here.text(11)], { cidr: here.cidr, used });
    const before = lock({ [here.key]: { held: { [owner]: [here.text(11)] } } });
    const result = run({ plan: plan({ subnets: SUBNETS, workloads, pools }), lock: before, snapshot: cluster(live) });
    expect(result.diagnostics.map(({ code, about }) => [code, about])).toEqual([
      ["SP4101", owner],
      ["SP4101", "pool:p"],
    ]);
  });

  test("of two declared pools that want the same number the one of its family is told (SP4106)", () => {
    const owner = "d/Deployment/w/net1";
    const workloads = [fixed("d/Deployment/w", { replicas: 1, subnets: [here.key] })];
    const pools = [here, there].map(({ key, text }) => declared(`p-${key}`, key, { addresses: [text(11)] }));
    const before = lock({ [here.key]: { held: { [owner]: [here.text(11)] } } });
    const { diagnostics } = run({ plan: plan({ subnets: SUBNETS, workloads, pools }), lock: before });
    expect(diagnostics.map(({ code, about }) => [code, about])).toEqual([["SP4106", `pool:p-${here.key}`]]);
  });

  test("a leaving pool is of its own family", () => {
    const live = pool("x", [ten], {
      cidr: here.cidr,
      owner: `d/Deployment/gone/net1/${here.key}`,
      used: { [ten]: "d/x" },
    });
    const result = run({ plan: plan({ subnets: SUBNETS, workloads: [] }), snapshot: cluster(live) });
    expect(result.allocations.map(({ family }) => family)).toEqual([here === FOUR ? 4 : 6]);
  });
});
