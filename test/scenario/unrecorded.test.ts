import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/core/outcome.js";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn } from "../support/decide.js";
import { namespaceWith, running } from "../support/running.js";

const plan = (addresses = "10.6.0.10-10.6.0.13") => `subnets:
  app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}
  app6: {cidr: "fd00::/64", ranges: ["fd00::10-fd00::99"]}
pools:
  p: {subnet: app, addresses: [${addresses}]}
  six: {subnet: app6, addresses: ["fd00::10-fd00::13"]}
namespaces:
  shop: {defaultPools: [p]}
`;

/** `shop/web` has 10.6.0.10 and 10.6.0.11 of p, `shop/old` fd00::10 of six. */
async function live(): Promise<KubeObject[]> {
  const bare = [namespaceWith("shop")];
  const made = applied(await decideOn(plan(), bare), bare);
  const web = running(made, { name: "shop/web", pool: "p", addresses: ["10.6.0.10", "10.6.0.11"] });
  return running(web, { name: "shop/old", pool: "six", addresses: ["fd00::10"] });
}

const isPool = (name: string) => (object: KubeObject) =>
  object.kind === "SpiderIPPool" && object.metadata.name === name;
const offered = (objects: readonly KubeObject[], name: string) =>
  (objects.find(isPool(name)) as SpiderIPPool | undefined)?.spec.ips;
const told = ({ diagnostics }: Outcome) =>
  diagnostics.filter(({ code }) => code === "SP4227").map(({ message }) => message);
const withoutPods = (objects: readonly KubeObject[], ...pods: string[]) =>
  objects.filter(({ kind, metadata }) => !["Pod", "SpiderEndpoint"].includes(kind) || !pods.includes(metadata.name));

/** The cluster after its pool vanished from the store, and was made again. */
async function madeAgain(name = "p"): Promise<{ outcome: Outcome; objects: KubeObject[] }> {
  const wiped = (await live()).filter((object) => !isPool(name)(object));
  const outcome = await decideOn(plan(), wiped);
  return { outcome, objects: applied(outcome, wiped) };
}

describe("a pool that vanished while Pods had addresses of it", () => {
  test("is made again without those, which Spiderpool would give away", async () => {
    const { outcome, objects } = await madeAgain();
    expect(outcome.steps.map(({ action, name }) => `${action} ${name}`)).toEqual(["create p"]);
    expect(offered(objects, "p")).toEqual(["10.6.0.12-10.6.0.13"]);
    expect(told(outcome)).toEqual([
      "pool p omits 10.6.0.10-10.6.0.11 until released: in use by shop/web-rs-0, shop/web-rs-1 without a pool's record, so that Spiderpool would give them to other Pods as well",
    ]);
  });

  test("of the other family too", async () => {
    expect(offered((await madeAgain("six")).objects, "six")).toEqual(["fd00::11-fd00::13"]);
  });

  test("rests like that while they have them (FIXED-7)", async () => {
    const again = await decideOn(plan(), (await madeAgain()).objects);
    expect(again.steps).toEqual([]);
    expect(told(again)).toHaveLength(1);
  });

  test("gets each back when its Pod gave it back", async () => {
    const { objects } = await madeAgain();
    const one = withoutPods(objects, "web-rs-0");
    const first = applied(await decideOn(plan(), one), one);
    expect(offered(first, "p")).toEqual(["10.6.0.10", "10.6.0.12-10.6.0.13"]);
    const none = withoutPods(first, "web-rs-1");
    const outcome = await decideOn(plan(), none);
    expect(offered(applied(outcome, none), "p")).toEqual(["10.6.0.10-10.6.0.13"]);
    expect(told(outcome)).toEqual([]);
  });

  test("gets it back when a record of it is there again, as an ordinal's is after its restart (A19)", async () => {
    const { objects } = await madeAgain();
    const records = { "10.6.0.10": { pod: "shop/web-rs-0", podUid: "uid-0" } };
    const recorded = objects.map((object) =>
      isPool("p")(object) ? ({ ...object, status: { allocatedIPs: JSON.stringify(records) } } as KubeObject) : object,
    );
    expect(offered(applied(await decideOn(plan(), recorded), recorded), "p")).toEqual([
      "10.6.0.10",
      "10.6.0.12-10.6.0.13",
    ]);
  });

  test("may be left with nothing to give", async () => {
    const wiped = (await live()).filter((object) => !isPool("p")(object));
    const outcome = await decideOn(plan("10.6.0.10-10.6.0.11"), wiped);
    const objects = applied(outcome, wiped);
    expect(offered(objects, "p")).toEqual([]);
    expect((await decideOn(plan("10.6.0.10-10.6.0.11"), objects)).steps).toEqual([]);
  });
});

test("what a live pool offers stays in it, recorded or not: nobody can tell a late record from a lost one", async () => {
  const objects = (await live()).map((object) => (isPool("p")(object) ? { ...object, status: {} } : object));
  const outcome = await decideOn(plan("10.6.0.10-10.6.0.15"), objects);
  expect(offered(applied(outcome, objects), "p")).toEqual(["10.6.0.10-10.6.0.15"]);
  expect(told(outcome)).toEqual([]);
});
