import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { applied, decideOn, told } from "../../support/decide.js";
import { namespaceWith, running } from "../../support/running.js";

/** Two pools, each the default of a Namespace of its own. */
const plan = (p = "", q = "", lab = "[q]") => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  p: {subnet: app, addresses: [10.6.0.10-10.6.0.19]${p}}
  q: {subnet: app, addresses: [10.6.0.20-10.6.0.29]${q}}
namespaces:
  shop: {defaultPools: [p]}
  lab: {defaultPools: ${lab}}
`;
const addresses = (count: number, first: number) => Array.from({ length: count }, (_, i) => `10.6.0.${first + i}`);

/** A cluster in sync with a plan, `shop/web` on p and `lab/jobs` on q. */
async function world(count: number, before = plan()): Promise<KubeObject[]> {
  const bare = [namespaceWith("shop"), namespaceWith("lab")];
  const synced = applied(await decideOn(before, bare), bare);
  const shop = running(synced, { name: "shop/web", pool: "p", addresses: addresses(count, 10) });
  return running(shop, { name: "lab/jobs", pool: "q", addresses: addresses(2, 20) });
}
const CLOSED = ", disabled: true";

describe("a group of steps that harms somebody", () => {
  test.each<[count: number, shown: string]>([
    [1, "shop/web-rs-0 strands"],
    [3, "shop/web-rs-0 strands, shop/web-rs-1 strands, shop/web-rs-2 strands"],
    [5, "shop/web-rs-0 strands, shop/web-rs-1 strands, shop/web-rs-2 strands and 2 more"],
  ])("names up to three of %i Pods", async (count, shown) => {
    const { steps } = await decideOn(plan(CLOSED), await world(count));
    expect(steps.map((step) => step.blocked?.message)).toEqual([`at the next restart ${shown}`]);
  });

  test("holds back nothing that others depend on, though they are judged as well", async () => {
    const outcome = await decideOn(plan(CLOSED, ", namespaces: {names: [lab, shop]}"), await world(2));
    expect(told(outcome)).toEqual(["6 update SpiderIPPool p [verdict]", "6 update SpiderIPPool q"]);
    expect(outcome.verdict).toMatchObject({ stable: false, stays: 2, strands: { length: 2 } });
  });

  test("takes with it what one of its Pods depends on besides", async () => {
    const both = plan("", "", "[q, p]");
    const outcome = await decideOn(plan(CLOSED, ", namespaces: {names: [lab, shop]}", "[q, p]"), await world(2, both));
    expect(told(outcome)).toEqual(["6 update SpiderIPPool p [verdict]", "6 update SpiderIPPool q [verdict]"]);
  });

  test("of Pods of two workloads tells both", async () => {
    const outcome = await decideOn(plan(CLOSED, CLOSED, "[q, p]"), await world(1, plan("", "", "[q, p]")));
    expect(outcome.steps.map((step) => step.blocked?.message)).toEqual(
      Array.from({ length: 2 }, () =>
        expect.stringMatching(/shop\/web-rs-0 strands.*lab\/jobs-rs-0|lab\/jobs-rs-0.*shop\/web-rs-0/),
      ),
    );
  });
});
