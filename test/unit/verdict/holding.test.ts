import { describe, expect, test } from "vitest";
import { stepKey } from "../../../src/core/change/step.js";
import { objectKey } from "../../../src/core/spiderpool/objects.js";
import { unknownSelections, withHolding } from "../../../src/core/verdict/holding.js";
import { applied, decideOn, planOf } from "../../support/decide.js";
import { deployment, livePool } from "../../support/objects.js";
import { namespaceWith } from "../../support/running.js";
import { deleting, updating } from "../../support/steps.js";

const SPEC = `subnets:
  a: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}
  b: {cidr: 10.7.0.0/24, ranges: [10.7.0.10-10.7.0.99]}
pools:
  p: {subnet: a, addresses: [10.6.0.10]}
  q: {subnet: b, addresses: [10.7.0.10]}
networks:
  kube-system/net: {macvlan: {master: [eth1]}}
namespaces:
  shop: {defaultPools: [p]}
reserved:
  r: {addresses: [10.6.0.90, "fd00::90"]}
  odd-v4-one: {addresses: [10.6.0.91, "fd00::91"]}
  one: {addresses: [10.6.0.92]}
workloads:
  shop/Deployment/web:
    replicas: 1
    annotate: true
    pods: {labels: {app: web}}
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [b], elastic: 0}}}
  shop/Deployment/other:
    replicas: 1
    pods: {labels: {app: other}}
    interfaces: {eth0: {network: kube-system/net, pools: [p]}}
`;
const LIVE = [namespaceWith("shop"), deployment("shop/web")];
const OWN_POOL = "SpiderIPPool shop.deployment.web.eth0.b";

/** What is written of a first sync by these selections, anchors left out. */
async function chosen(...only: string[]): Promise<string[]> {
  const { steps } = await decideOn(SPEC, LIVE, { holding: { only } });
  const due = steps.filter((step) => step.blocked === undefined);
  return due.map(stepKey).filter((key) => !key.includes("spiderplan-none"));
}

describe("what a selection names, and what that needs", () => {
  test.each<[only: string[], steps: string[]]>([
    [["subnet:b"], ["SpiderSubnet b", "SpiderIPPool q", OWN_POOL]],
    [["pool:p"], ["SpiderSubnet a", "SpiderIPPool p"]],
    [["pool:a"], []],
    [["network:kube-system/net"], ["SpiderMultusConfig kube-system/net"]],
    [["namespace:shop"], ["SpiderSubnet a", "SpiderIPPool p", "Namespace shop"]],
    [["reserved:r"], ["SpiderReservedIP r-v4", "SpiderReservedIP r-v6"]],
    [["reserved:one"], ["SpiderReservedIP one"]],
    [["reserved:r-v4"], ["SpiderReservedIP r-v4"]],
    [["reserved:odd-v4-one"], ["SpiderReservedIP odd-v4-one-v4", "SpiderReservedIP odd-v4-one-v6"]],
    [["reserved:odd-one"], []],
    [["shop/Deployment/web"], ["SpiderSubnet b", OWN_POOL, "Deployment shop/web"]],
    [
      ["pool:p", "reserved:one"],
      ["SpiderReservedIP one", "SpiderSubnet a", "SpiderIPPool p"],
    ],
  ])("%s", async (only, steps) => {
    expect((await chosen(...only)).sort()).toEqual([...steps].sort());
  });
});

describe("a selection that names nothing (SP2812)", () => {
  const unknown = async (synced: boolean, ...only: string[]) => {
    const live = synced ? applied(await decideOn(SPEC, LIVE), LIVE) : LIVE;
    const steps = (await decideOn(SPEC, live)).steps.map((step) => ({ steering: [], ...step }));
    const found = unknownSelections(only, steps, await planOf(SPEC));
    return found.map(({ message }) => /called (\S+),/.exec(message)?.[1]);
  };
  const NAMES = ["subnet:a", "pool:p", "network:kube-system/net", "namespace:shop", "reserved:r"];
  const WORKLOADS = ["shop/Deployment/web", "shop/Deployment/web/eth0"];

  test("is not one of the plan, with steps or without", async () => {
    expect(await unknown(false, ...NAMES, ...WORKLOADS)).toEqual([]);
    expect(await unknown(true, ...NAMES, ...WORKLOADS)).toEqual([]);
  });

  test("is one of another kind, of another name, of no kind", async () => {
    const wrong = ["subnet:p", "pool:a", "network:net", "namespace:lab", "reserved:p", "a", "p", "thing:p"];
    const others = ["shop/Deployment/we", "shop/Deployment/webs", "shop/StatefulSet/web", "web"];
    expect(await unknown(true, ...wrong, ...others)).toEqual([...wrong, ...others]);
  });

  test("is not one that goes", () => {
    const gone = { steering: [], ...deleting(livePool("gone", {})) };
    const kept = { steering: [], ...deleting(livePool("kept", {})) };
    expect(unknownSelections(["pool:gone"], [kept, gone], EMPTY_PLAN)).toEqual([]);
    expect(unknownSelections(["pool:other"], [kept, gone], EMPTY_PLAN)).toHaveLength(1);
  });
});

const EMPTY_PLAN = await planOf("subnets: {}");

describe("what is held back", () => {
  const marks = { "spiderplan.io/prune": "disabled" };
  const live = livePool("p", { ips: ["10.6.0.5"] });
  const marked = { ...live, metadata: { ...live.metadata, annotations: marks } };

  test("a mark about the end of an object is nothing to its other changes", () => {
    const change = { steering: [], ...updating(marked, { ...marked, spec: { ...marked.spec, disable: true } }) };
    expect(withHolding([change], EMPTY_PLAN)[0]?.blocked).toBeUndefined();
    expect(withHolding([{ steering: [], ...deleting(marked) }], EMPTY_PLAN)[0]?.blocked).toMatchObject({
      type: "held",
    });
  });

  test("what is held back for another reason keeps it", () => {
    const blocked = { type: "conflict", message: "no" } as const;
    const step = { steering: [], ...deleting(marked), blocked };
    const objects = new Map([[objectKey("SpiderIPPool", undefined, "p"), "left alone"]]);
    expect(withHolding([step], EMPTY_PLAN, { objects, only: [] })[0]?.blocked).toEqual(blocked);
  });
});
