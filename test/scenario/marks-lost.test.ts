import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Lock } from "../../src/core/allocate/allocation.js";
import { decide } from "../../src/core/engine.js";
import type { Outcome } from "../../src/core/outcome.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { KINDS, type KubeObject, OWN, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, NO_LOCK, OPTIONS, planOf, told } from "../support/decide.js";
import { namespaceWith, node, running } from "../support/running.js";

/** Every mark of ours is an annotation below this, or the label. */
const isMark = (key: string) => key.startsWith("spiderplan.io/") && key !== OWN.anchorLabel;
const without = (map: Record<string, string> | undefined, gone: (key: string) => boolean) =>
  Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !gone(key)));

/** The object as a backup without annotations restores it; `label` goes with them or stays. */
function unmarked(object: KubeObject, label: "kept" | "gone" = "gone", gone = isMark): KubeObject {
  const labels = label === "kept" ? object.metadata.labels : without(object.metadata.labels, (key) => !isAnchor(key));
  return {
    ...object,
    metadata: { ...object.metadata, labels, annotations: without(object.metadata.annotations, gone) },
  };
}
const isAnchor = (key: string) => key === OWN.anchorLabel;
const isPool = (object: KubeObject) => object.kind === "SpiderIPPool";
const poolNamed = (objects: readonly KubeObject[], name: string) =>
  objects.find((one) => isPool(one) && one.metadata.name === name) as SpiderIPPool;
const addresses = (outcome: Outcome) =>
  outcome.allocations.map(({ owner, subnet, pool, addresses: set }) => ({ owner, subnet, pool, set }));

const decideWith = async (spec: string, lock: Lock, live: readonly KubeObject[], prune = true) =>
  decide(await planOf(spec), lock, buildSnapshot(live, Object.keys(KINDS)), { ...OPTIONS, prune });

const SUBNETS = `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.199]}
  six: {cidr: "fd00::/64", gateway: "fd00::1", ranges: ["fd00::10-fd00::99"]}
  other: {cidr: 10.7.0.0/24, gateway: 10.7.0.1, ranges: [10.7.0.10-10.7.0.99]}
networks:
  kube-system/m1: {macvlan: {master: [ens192]}}
reserved:
  printers: {addresses: [10.6.0.190-10.6.0.199], reason: printers}
pools:
  pay: {subnet: app, addresses: [10.6.0.100-10.6.0.139], namespaces: {names: [pay]}, pods: {labels: {tier: a}}}
  taken: {subnet: other, take: {from: 10.7.0.20, count: 5}}
`;
const LONG = `${"a-very-long-name-of-a-workload-".repeat(2)}x`;
const workload = (name: string, fixed: string, more = "") =>
  `  ${name}: {replicas: 2, pods: {labels: {app: ${name.split("/")[2]}}}${more}, interfaces: {eth0: {network: kube-system/m1, fixed: ${fixed}}}}\n`;
/** Every kind of owner there is. */
const WORLD = `${SUBNETS}workloads:
${workload("shop/Deployment/web", "{subnets: [app, six], addresses: [10.6.0.40-10.6.0.41], elastic: 0}")}${workload("shop/StatefulSet/db", "{subnets: [other], perPod: {1: 10.7.0.44}}")}${workload("shop/Deployment/idle", "{subnets: [app], elastic: 1}")}${workload("pay/Deployment/api", "{pools: [pay], elastic: 1}")}${workload("pay/StatefulSet/led", "{pools: [pay], perPod: true}")}${workload(`shop/Deployment/${LONG}`, "{subnets: [other]}")}${workload("shop/Deployment/a.b", "{subnets: [app]}")}${workload("shop/CloneSet.apps.kruise.io/web", "{subnets: [app]}")}`;
const BARE: KubeObject[] = [node("node-a"), namespaceWith("shop"), namespaceWith("pay")];

async function synced(spec = WORLD): Promise<KubeObject[]> {
  const done = applied(await decideOn(spec, BARE), BARE);
  return running(done, {
    name: "shop/web",
    pool: "shop.deployment.web.eth0.app",
    addresses: ["10.6.0.40", "10.6.0.41"],
  });
}

/** All marks are back, and nothing else of any object has changed. */
async function expectAdopted(spec: string, lock: Lock, before: readonly KubeObject[], lost: readonly KubeObject[]) {
  const wanted = addresses(await decideWith(spec, lock, before));
  const outcome = await decideWith(spec, lock, lost);
  expect(outcome.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(outcome.verdict).toMatchObject({ moves: [], strands: [], released: [] });
  for (const { action, name, added, removed, blocked, changes } of outcome.steps) {
    expect(changes.filter((change) => !change.startsWith("owner: none -> "))).toEqual([]);
    expect({ name, action, added, removed, blocked }).toEqual({
      ...{ name, added: [], removed: [], blocked: undefined },
      action: expect.stringMatching(/adopt|update/),
    });
  }
  expect(addresses(outcome)).toEqual(wanted);
  const after = applied(outcome, lost);
  const byName = (objects: readonly KubeObject[]) =>
    new Map(objects.map((one) => [`${one.kind} ${one.metadata.namespace}/${one.metadata.name}`, one]));
  const [was, is] = [byName(before), byName(after)];
  for (const [key, object] of was) expect([key, is.get(key)?.spec]).toEqual([key, object.spec]);
  expect((await decideWith(spec, lock, after)).steps).toEqual([]);
  return outcome;
}

describe("objects that lost our annotations are taken for what their names say, and adopted as they are", () => {
  test.each(["kept", "gone"] as const)("all of them, the label %s, without lock files", async (label) => {
    const before = await synced();
    const lost = before.map((one) => unmarked(one, label));
    const outcome = await expectAdopted(WORLD, NO_LOCK, before, lost);
    expect(outcome.summary.adopt).toBeGreaterThan(15);
  });

  test.each(["kept", "gone"] as const)("all of them, the label %s, with lock files", async (label) => {
    const before = await synced();
    const lock = { files: true, subnets: (await decideOn(WORLD, before)).lock.subnets };
    await expectAdopted(
      WORLD,
      lock,
      before,
      before.map((one) => unmarked(one, label)),
    );
  });

  test.each([OWN.owner, OWN.trackingId])("only %s", async (key) => {
    const before = await synced();
    const lost = before.map((one) => unmarked(one, "kept", (name) => name === key));
    await expectAdopted(WORLD, NO_LOCK, before, lost);
  });

  test("any part of them, with and without lock files", async () => {
    const before = await synced();
    const lock = { files: true, subnets: (await decideOn(WORLD, before)).lock.subnets };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        fc.boolean(),
        async (losing, files) => {
          const lost = before.map((one, index) => (losing[index % losing.length] ? unmarked(one) : one));
          await expectAdopted(WORLD, files ? lock : NO_LOCK, before, lost);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("whatever the spelling of their addresses and CIDR", async () => {
    const before = await synced();
    const lost = before.map((one) => {
      if (one.metadata.name !== "shop.deployment.web.eth0.app") return one;
      const pool = unmarked(one) as SpiderIPPool;
      return { ...pool, spec: { ...pool.spec, ips: ["10.6.0.39-10.6.0.41"], excludeIPs: ["10.6.0.39"] } };
    });
    const outcome = await decideOn(WORLD, lost);
    expect(told(outcome)).toEqual([expect.stringMatching(/^2 adopt SpiderIPPool shop.deployment.web.eth0.app$/)]);
    expect(outcome.steps[0]).toMatchObject({ added: [], removed: [] });
  });

  test("a workload at zero replicas, that nothing else tells of", async () => {
    const before = (await synced()).map((one) =>
      one.kind === "Deployment" ? { ...one, spec: { ...(one.spec as object), replicas: 0 } } : one,
    );
    const idle = before.filter(({ kind }) => kind !== "Pod" && kind !== "SpiderEndpoint");
    const free = idle.map((one) => (isPool(one) ? { ...one, status: {} } : one));
    await expectAdopted(
      WORLD,
      NO_LOCK,
      free,
      free.map((one) => unmarked(one)),
    );
  });

  test("a pool that keeps the name of before a renaming", async () => {
    const old = `${SUBNETS}workloads:\n${workload("shop/Deployment/old", "{subnets: [app]}")}`;
    const renamed = `${SUBNETS}workloads:\n  shop/Deployment/new: {replicas: 2, pods: {labels: {app: old}}, interfaces: {eth0: {network: kube-system/m1, fixed: {subnets: [app]}}}}\n`;
    const moved = `${renamed}moved: [{from: shop/Deployment/old, to: shop/Deployment/new}]\n`;
    const started = applied(await decideOn(old, BARE), BARE);
    const before = applied(await decideOn(moved, started), started);
    const lost = before.map((one) => unmarked(one));
    await expectAdopted(moved, NO_LOCK, before, lost);
    const { lock } = await decideOn(moved, before);
    const subnets = new Map(
      [...lock.subnets].map(([key, one]) => [
        key,
        { ...one, pools: new Map([["shop/Deployment/new/eth0", "shop.deployment.old.eth0.app"]]) },
      ]),
    );
    await expectAdopted(renamed, { files: true, subnets }, before, lost);
  });
});

describe("what a pool without marks may not do", () => {
  const ONE =
    "subnets:\n  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.199]}\nnetworks:\n  kube-system/m1: {macvlan: {master: [ens192]}}\n";
  const PLAN = `${ONE}workloads:\n${workload("shop/Deployment/web", "{subnets: [app], elastic: 0}")}${workload("shop/Deployment/api", "{subnets: [app], elastic: 0}")}`;
  const NAME = "shop.deployment.web.eth0.app";
  const made = async () => applied(await decideOn(PLAN, BARE), BARE);
  const change = (objects: readonly KubeObject[], spec: Partial<SpiderIPPool["spec"]>, annotations = {}) =>
    objects.map((one) => {
      if (one.metadata.name !== NAME) return one;
      const pool = unmarked(one) as SpiderIPPool;
      return { ...pool, metadata: { ...pool.metadata, annotations }, spec: { ...pool.spec, ...spec } };
    });

  test("be one of another CIDR: an error that says it can never change", async () => {
    const outcome = await decideOn(PLAN, change(await made(), { subnet: "10.9.0.0/24", ips: ["10.9.0.10-10.9.0.11"] }));
    expect(outcome.diagnostics.map(({ code }) => code)).toContain("SP4113");
    expect(outcome.steps.filter(({ name }) => name === NAME)).toEqual([]);
  });

  test("be another install's", async () => {
    const id = `elsewhere:spiderpool.spidernet.io/SpiderIPPool:/${NAME}`;
    const outcome = await decideOn(PLAN, change(await made(), {}, { [OWN.trackingId]: id }));
    expect(outcome.diagnostics.map(({ code, message }) => `${code} ${message}`)).toContainEqual(
      expect.stringMatching(/^SP4111 .*elsewhere/),
    );
    expect(outcome.steps.filter(({ name }) => name === NAME)).toEqual([]);
  });

  test("a copy that names another object is no other install's, and is adopted", async () => {
    const id = `elsewhere:spiderpool.spidernet.io/SpiderIPPool:/another`;
    const before = await made();
    await expectAdopted(PLAN, NO_LOCK, before, change(before, {}, { [OWN.trackingId]: id }));
  });

  test("take the addresses of others: those the lock gives somebody else stay theirs, and both are told", async () => {
    const before = await made();
    const lock = { files: true, subnets: (await decideOn(PLAN, before)).lock.subnets };
    const api = poolNamed(before, "shop.deployment.api.eth0.app").spec.ips!;
    const lost = change(before, { ips: api }).filter(
      ({ metadata }) => metadata.name !== "shop.deployment.api.eth0.app",
    );
    const outcome = await decideWith(PLAN, lock, lost);
    expect(outcome.diagnostics.map(({ code, about }) => `${code} ${about}`)).toEqual([
      "SP4109 shop/Deployment/api/eth0",
      "SP4109 shop/Deployment/web/eth0",
    ]);
    expect(applied(outcome, lost).filter(isPool)).toEqual(lost.filter(isPool));
  });

  test("count more than the lock while nobody uses it; what it gives up rests", async () => {
    const before = await made();
    const lock = { files: true, subnets: (await decideOn(PLAN, before)).lock.subnets };
    const lost = change(before, { ips: ["10.6.0.60-10.6.0.61"] });
    const outcome = await decideWith(PLAN, lock, lost);
    const after = applied(outcome, lost);
    expect(poolNamed(after, NAME).spec.ips).toEqual(poolNamed(before, NAME).spec.ips);
    const resting = after.find(({ metadata }) => metadata.name === "spiderplan-quarantine-default-v4");
    expect(resting?.spec).toMatchObject({ ips: ["10.6.0.60-10.6.0.61"] });
  });

  test("lose what is in use, whatever the lock says", async () => {
    const before = await made();
    const lock = { files: true, subnets: (await decideOn(PLAN, before)).lock.subnets };
    const lost = running(change(before, { ips: ["10.6.0.60-10.6.0.61"] }), {
      ...{ name: "shop/web", pool: NAME, addresses: ["10.6.0.60", "10.6.0.61"] },
    });
    const outcome = await decideWith(PLAN, lock, lost);
    expect(outcome.verdict).toMatchObject({ moves: [], strands: [], released: [] });
    expect(poolNamed(applied(outcome, lost), NAME).spec.ips).toEqual(["10.6.0.12-10.6.0.13", "10.6.0.60-10.6.0.61"]);
  });

  test.each([
    ["for other Pods", { podAffinity: { matchLabels: { app: "else" } } }],
    ["for another Namespace", { namespaceName: ["elsewhere"] }],
    ["for everybody", { podAffinity: undefined, namespaceName: undefined }],
    ["of addresses no range has", { ips: ["10.6.0.240-10.6.0.241"] }],
  ])("a hand-made one that has only the name, %s, gives the owner none of its addresses", async (_, spec) => {
    const own = poolNamed(await made(), NAME);
    const hand: KubeObject = {
      ...{ apiVersion: KINDS.SpiderIPPool.apiVersion, kind: "SpiderIPPool", metadata: { name: NAME } },
      spec: { ...own.spec, ips: ["10.6.0.60-10.6.0.61"], ...spec },
    };
    const outcome = await decideOn(PLAN, [...BARE, hand]);
    const [step] = outcome.steps.filter(({ name }) => name === NAME);
    expect(step).toMatchObject({ action: "adopt", removed: expect.arrayContaining([expect.anything()]) });
    expect(step!.added).toHaveLength(1);
  });

  test("whoever else uses it makes it theirs: nothing of it is written", async () => {
    const before = change(await made(), { podAffinity: { matchLabels: { app: "else" } } });
    const pool = poolNamed(before, NAME);
    const lost = running(before, { name: "shop/else", pool: NAME, addresses: ["10.6.0.12", "10.6.0.13"] });
    expect(pool.spec.ips).toEqual(["10.6.0.12-10.6.0.13"]);
    const lock = { files: true, subnets: (await decideOn(PLAN, await made())).lock.subnets };
    for (const one of [lock, NO_LOCK]) {
      const outcome = await decideWith(PLAN, one, lost);
      const steps = outcome.steps.filter(({ name }) => name === NAME);
      expect(steps.every(({ blocked }) => blocked !== undefined)).toBe(true);
      expect(poolNamed(applied(outcome, lost), NAME).spec).toEqual(pool.spec);
    }
  });

  test("stand in for the pool that says it is the owner's", async () => {
    const spec = `${ONE}workloads:\n${workload("shop/Deployment/new", "{subnets: [app], elastic: 0}")}`;
    const old = spec.replace("Deployment/new", "Deployment/old").replace("app: new", "app: new");
    const started = applied(await decideOn(old, BARE), BARE);
    const before = applied(
      await decideOn(`${spec}moved: [{from: shop/Deployment/old, to: shop/Deployment/new}]\n`, started),
      started,
    );
    const own = poolNamed(before, "shop.deployment.old.eth0.app");
    const hand: KubeObject = {
      ...unmarked(own),
      metadata: { name: "shop.deployment.new.eth0.app" },
      spec: { ...own.spec, ips: ["10.6.0.80-10.6.0.81"] },
    };
    const outcome = await decideOn(spec, [...before, hand]);
    expect(outcome.steps.filter(({ name }) => name === own.metadata.name)).toEqual([]);
    expect(outcome.allocations.find(({ owner }) => owner.startsWith("shop/"))?.pool).toBe(own.metadata.name);
  });
});

test("10,000 owners whose pools lost their marks are adopted at once, with and without lock files", async () => {
  const count = 10_000;
  const sets = Array.from(
    { length: 10 },
    (_, i) => `  s/StatefulSet/w${i}: {replicas: ${count / 10}, interfaces: {eth0: {fixed: {subnets: [a]}}}}`,
  );
  const plan = await planOf(`subnets:
  a: {cidr: 10.0.0.0/8, gateway: 10.0.0.1, ranges: [10.1.0.0-10.9.255.255]}
workloads:
${sets.join("\n")}
`);
  const on = (live: readonly KubeObject[], lock: Lock) =>
    decide(plan, lock, buildSnapshot(live, Object.keys(KINDS)), OPTIONS);
  const first = on(BARE, NO_LOCK);
  const lost = applied(first, BARE).map((one) => unmarked(one));
  for (const lock of [NO_LOCK, { files: true, subnets: first.lock.subnets }]) {
    const outcome = on(lost, lock);
    const pools = outcome.steps.filter(({ kind }) => kind.kind === "SpiderIPPool");
    expect(new Set(pools.map(({ action, added, removed }) => `${action} ${added.length} ${removed.length}`))).toEqual(
      new Set(["adopt 0 0", "update 0 0"]),
    );
    expect(outcome.summary.adopt).toBeGreaterThan(count);
  }
}, 240_000);
