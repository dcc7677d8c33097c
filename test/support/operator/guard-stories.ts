import { expect } from "vitest";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { planText } from "./plan-text.js";
import { NETWORK, pools, X, Y } from "./small-plan.js";
import { eventually, NAMESPACE, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, ready } from "./steps.js";
import type { Story } from "./story.js";
import { deploymentOf, oneUser } from "./workload.js";

/** Holds back what would harm, and does the rest. */
export const GUARD_STORIES: readonly Story[] = [
  ["a blocked part is held back while the rest syncs", holdsBackParts],
  ["a part that stays blocked is one event, whatever its Pods are called", tellsBlocksOnce],
  ["a deleted PlanSync leaves everything; with deletionPolicy delete all but what is in use goes", givesUp],
  ["an object that must be confirmed is deleted only then", asksBeforeDelete],
  ["more deletes than the prune budget: none is done", keepsPruneBudget],
  ["an object that two PlanSyncs want stays with the first; the second says so and does the rest", leavesToTheFirst],
  ["an annotation that two PlanSyncs want has one keeper, and is not written to and fro", keepsOneKeeper],
  [
    "an annotation of ours on a Namespace that somebody keeps changing back is drift, and then a fight",
    seesFightsOverNamespaces,
  ],
  ["what a tenant wrote beyond all limits is named in IPStable, and stops nobody", namesTheUnreadable],
];

async function namesTheUnreadable(stage: Stage): Promise<void> {
  await stage.push({ "plan/a.yaml": pools(X(19)), "plan/net.yaml": NETWORK });
  await stage.planSync(automated);
  await stage.start();
  await ready(stage, IN_SYNC);
  const message = async () => (await stage.status()).conditions?.find(({ type }) => type === "IPStable")?.message ?? "";
  expect(await message()).toBe("no workload's address changes");
  const many = { "ipam.spidernet.io/ippools": JSON.stringify([{ ipv4: new Array(3_000).fill("x") }]) };
  await stage.add(["one", "two"].map((name) => deploymentOf(name, 0, many)));
  const told = await eventually(message, (now) => now.includes("2 objects"));
  expect(told).toMatch(/^no workload's address changes; SP4250 too much is written on 2 objects to be read; /);
  expect(told).toContain("Deployment default/one (annotation ipam.spidernet.io/ippools has more than 2000 values)");
  await applied(stage, await stage.push({ "plan/a.yaml": pools(X(18)) }));
  expect(await message()).toBe(told);
  for (const name of ["one", "two"])
    await stage.actor.delete({ kind: KINDS.Deployment, namespace: "default", name }, {});
  await eventually(message, (now) => now === "no workload's address changes");
}

async function holdsBackParts(stage: Stage): Promise<void> {
  const first = await stage.push({ "plan/a.yaml": pools(X(19)), "plan/net.yaml": NETWORK });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first);
  await oneUser(stage);
  const smaller = "x: {subnet: app, addresses: [10.6.0.12-10.6.0.19]}";
  await stage.push({ "plan/a.yaml": pools(smaller, Y) });
  await eventually(
    () => stage.condition("Blocked"),
    (now) => now === "True WouldReleaseInUseIP",
  );
  expect(await stage.condition("IPStable")).toBe("False WouldReleaseInUseIP");
  expect((await stage.status()).blocked).toMatch(
    /^SpiderIPPool x is held back: in use by default\/user-.* \(10\.6\.0\.10\)/,
  );
  // What is held back is told before the rest is written.
  await eventually(
    () => stage.pool("y"),
    (now) => now?.[0] === "10.6.0.80",
  );
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  await stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "user" }, { spec: { replicas: 0 } });
  await eventually(
    () => stage.pool("x"),
    (now) => now?.[0] === "10.6.0.12-10.6.0.19",
    30,
  );
}

async function tellsBlocksOnce(stage: Stage): Promise<void> {
  const first = await stage.push({ "plan/a.yaml": pools(X(19)), "plan/net.yaml": NETWORK });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first);
  await oneUser(stage);
  await stage.push({ "plan/a.yaml": pools("x: {subnet: app, addresses: [10.6.0.12-10.6.0.19]}") });
  const named = new Set<string>();
  for (let life = 0; life < 3; life++) {
    const text = await eventually(
      async () => (await stage.status()).blocked ?? "",
      (now) => /default\/user-\S+ \(10\.6\.0\.1[01]\)/.test(now) && !named.has(now),
    );
    named.add(text);
    const { items } = await stage.actor.list(KINDS.Pod, { namespace: "default" });
    for (const { metadata } of items) {
      await stage.actor.delete({ kind: KINDS.Pod, namespace: "default", name: metadata.name }, { uid: metadata.uid });
    }
    await stage.settle();
  }
  const told = (await stage.events()).filter((one) => one.startsWith("Blocked: "));
  expect(told).toHaveLength(1);
}

async function givesUp(stage: Stage): Promise<void> {
  const first = await stage.push({ "plan/a.yaml": pools(X(19), Y), "plan/net.yaml": NETWORK });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first);
  const remove = () => stage.actor.delete({ kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" }, {});
  const gone = () =>
    stage.object().then(
      () => false,
      () => true,
    );
  await remove();
  await eventually(gone, (now) => now);
  expect([await stage.pool("x"), await stage.pool("y")]).not.toContain(undefined);

  await stage.planSync({ ...automated, deletionPolicy: "delete" });
  await applied(stage, first);
  await oneUser(stage);
  // A template of a workload without Pods names y: that is no use.
  const names = { "ipam.spidernet.io/ippool": JSON.stringify({ ipv4: ["y"] }) };
  await stage.add([deploymentOf("idle", 0, names)]);
  await eventually(
    async () => (await stage.object()).metadata.finalizers?.length,
    (count) => count === 1,
  );
  await remove();
  await eventually(gone, (now) => now);
  expect(await stage.pool("x")).toBeDefined();
  // Spiderpool's finalizer holds a deleted pool for a moment.
  await eventually(
    () => stage.pool("y"),
    (now) => now === undefined,
  );
}

async function asksBeforeDelete(stage: Stage): Promise<void> {
  const first = await stage.push({ "plan/a.yaml": pools(X(19), Y) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first);
  const pool = { kind: KINDS.SpiderIPPool, name: "y" };
  await stage.actor.patch(pool, { metadata: { annotations: { "spiderplan.io/prune": "confirm" } } });
  await stage.push({ "plan/a.yaml": pools(X(19)) });
  await eventually(
    () => stage.condition("Blocked"),
    (now) => now === "True ApprovalRequired",
  );
  expect(await stage.pool("y")).toBeDefined();
  await stage.actor.patch(pool, {
    metadata: { annotations: { "spiderplan.io/deletion-approved": "2026-11-24T12:00:00Z" } },
  });
  await eventually(
    () => stage.pool("y"),
    (now) => now === undefined,
  );
}

async function keepsPruneBudget(stage: Stage): Promise<void> {
  const many = Array.from({ length: 4 }, (_, i) => `p${i}: {subnet: app, addresses: [10.6.0.${30 + i}]}`);
  const first = await stage.push({ "plan/a.yaml": pools(X(19), ...many) });
  await stage.planSync({ sync: { mode: "automated", prune: true, pruneBudget: { count: 2, percent: 50 } } });
  await stage.start();
  await applied(stage, first);
  await stage.push({ "plan/a.yaml": pools(X(15)) });
  await eventually(
    () => stage.condition("Blocked"),
    (now) => now === "True PruneBudgetExceeded",
  );
  expect(await stage.pool("p0")).toBeDefined();
  await eventually(
    () => stage.pool("x"),
    (now) => now?.[0] === "10.6.0.10-10.6.0.15",
  );
  const name = { kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" };
  await stage.actor.patch(name, { spec: { sync: { pruneBudget: { count: 4 } } } });
  await eventually(
    () => stage.pool("p0"),
    (now) => now === undefined,
  );
}

async function leavesToTheFirst(stage: Stage): Promise<void> {
  await stage.push({ "plan/net.yaml": pools(X(19)) });
  await stage.push({
    "other/net.yaml": planText(
      `subnets: {app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}, own: {cidr: 10.7.0.0/24, ranges: [10.7.0.10-10.7.0.99]}}\n` +
        "pools: {o: {subnet: own, addresses: [10.7.0.10]}}\n",
    ),
  });
  await stage.start();
  await stage.planSync(automated);
  await ready(stage, IN_SYNC);
  await stage.planSync({ ...automated, source: { path: "other" } }, "second");
  const message = await ready(stage, "False BuildFailed", "second");
  expect(message).toMatch(/SP4111 SpiderSubnet \S+ belongs to install net\/dc, not to net\/second/);
  expect(await stage.condition("PlanReady", "second")).toBe("False BuildFailed");
  expect(await stage.pool("o")).toEqual(["10.7.0.10"]);
  expect(await stage.condition("Ready")).toBe(IN_SYNC);
}

const V4 = "ipam.spidernet.io/default-ipv4-ippool";
const TEAM = (subnet: string, octet: number) =>
  planText(
    `subnets: {${subnet}: {cidr: 10.${octet}.0.0/24, ranges: [10.${octet}.0.10-10.${octet}.0.99]}}\n` +
      `pools: {${subnet}-p: {subnet: ${subnet}, addresses: [10.${octet}.0.10]}}\nnamespaces: {team: {defaultPools: [${subnet}-p]}}\n`,
  );

async function keepsOneKeeper(stage: Stage): Promise<void> {
  await stage.add([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } }]);
  await stage.push({ "plan/net.yaml": TEAM("one", 21), "other/net.yaml": TEAM("two", 22) });
  await stage.start();
  await stage.planSync(automated);
  await ready(stage, IN_SYNC);
  await stage.planSync({ ...automated, source: { path: "other" } }, "second");
  const message = await ready(stage, "False BuildFailed", "second");
  expect(message).toMatch(/SP4111 annotation \S+ of Namespace team belongs to install net\/dc, not to net\/second/);
  const namespace = () => stage.actor.get({ kind: KINDS.Namespace, name: "team" });
  const before = await namespace();
  expect(before.metadata.annotations?.[V4]).toBe('["one-p"]');
  expect(await stage.pool("two-p")).toEqual(["10.22.0.10"]);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect((await namespace()).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  expect(await stage.condition("Ready")).toBe(IN_SYNC);

  // Once the first asks for it no longer, the second may have it.
  await stage.push({ "plan/net.yaml": TEAM("one", 21).replace(/ *namespaces: .*/, "") });
  await ready(stage, IN_SYNC, "second");
  expect((await namespace()).metadata.annotations?.[V4]).toBe('["two-p"]');
}

async function seesFightsOverNamespaces(stage: Stage): Promise<void> {
  await stage.add([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } }]);
  const first = await stage.push({ "plan/net.yaml": TEAM("one", 21) });
  await stage.start();
  await stage.planSync(automated);
  await applied(stage, first);
  const ref = { kind: KINDS.Namespace, name: "team" };
  const changeBack = async () => {
    const { metadata } = await stage.actor.get(ref);
    const theirs = { metadata: { annotations: { [V4]: '["theirs"]' } } };
    if (metadata.annotations?.[V4] === '["one-p"]') await stage.actor.patch(ref, theirs);
    return stage.condition("Ready");
  };
  expect(await eventually(changeBack, (now) => now === "False Fighting")).toBe("False Fighting");
  const told = await stage.events();
  expect(told.some((one) => one.startsWith("DriftCorrected: Namespace team was changed by"))).toBe(true);
}
