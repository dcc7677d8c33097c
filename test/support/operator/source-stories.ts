import { expect } from "vitest";
import { signedPush } from "../webhooks.js";
import { planText } from "./plan-text.js";
import { pools, X, Y } from "./small-plan.js";
import { eventually, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, kubectl, ready } from "./steps.js";
import type { Story } from "./story.js";

/** Follows the repository, and keeps the last good of it. */
export const SOURCE_STORIES: readonly Story[] = [
  ["observe, the default, tells and writes nothing", observes],
  ["a commit reaches the cluster by polling, the next by a signed webhook", followsCommits],
  ["a broken commit changes nothing; the last good one stays in force, a mended one goes on", keepsLastGood],
  ["an emptied repository and a deleted branch delete nothing", neverPrunesForNothing],
  ["a branch that is gone is SourceNotFound, and what is in force stays", tellsGoneBranch],
  ["SourceReady is about the revision read, whichever is in force", tellsWhatWasRead],
  ["commits to other folders of the repository cost no plan, and drift stays drift", sparesOtherFolders],
  ["a hint that brings nothing new is looked at, and plans nothing anew", looksWithoutPlanning],
];

async function observes(stage: Stage): Promise<void> {
  await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync({});
  await stage.start();
  await ready(stage, IN_SYNC);
  const { plan, conditions } = await stage.status();
  expect(plan).toMatchObject({ create: 2, update: 0, delete: 0 });
  expect(conditions?.find(({ type }) => type === "Ready")?.message).toContain("mode observe writes nothing");
  expect(await stage.pool("x")).toBeUndefined();
}

async function followsCommits(stage: Stage): Promise<void> {
  const first = stage.repository.commit({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  const secret = "hook-secret";
  const operator = await stage.start({ webhookSecrets: () => ({ github: [secret] }) });
  await applied(stage, first);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  const second = stage.repository.commit({ "plan/a.yaml": pools(X(29)) });
  const { path, headers, body } = signedPush("github", {
    secret,
    repoURL: stage.repository.url,
    ref: "refs/heads/main",
    commit: second,
  });
  const answer = await fetch(operator.url + path, { method: "POST", headers, body: body as unknown as string });
  expect(answer.status).toBe(202);
  await applied(stage, second);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.29"]);
  expect((await stage.status()).history?.map(({ revision }) => revision)).toEqual([second, first]);
}

async function keepsLastGood(stage: Stage): Promise<void> {
  const good = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, good);
  const bad = await stage.push({ "plan/a.yaml": pools(X(19), "y: {subnet: nowhere, addresses: [10.6.0.30]}") });
  await ready(stage, "False BuildFailed");
  const { conditions, lastAttemptedRevision, lastAppliedRevision } = await stage.status();
  expect([lastAttemptedRevision, lastAppliedRevision]).toEqual([bad, good]);
  const message = conditions?.find(({ type }) => type === "PlanReady")?.message;
  expect(message).toMatch(/^a\.yaml:\d+:\d+ SP\d{4} .*stays in force$/);
  await kubectl(stage, "delete", "spiderippool", "x", "--wait=false");
  await eventually(
    () => stage.pool("x"),
    (now) => now !== undefined,
  );
  const mended = await stage.push({ "plan/a.yaml": pools(X(19), Y) });
  await applied(stage, mended);
  expect(await stage.pool("y")).toEqual(["10.6.0.80"]);
}

async function neverPrunesForNothing(stage: Stage): Promise<void> {
  const good = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, good);
  await stage.push({ "plan/a.yaml": planText("{}") });
  await ready(stage, "False EmptySource");
  expect(await stage.pool("x")).toBeDefined();
  await stage.push({ "plan/a.yaml": null, "other/b.yaml": "{}" });
  await ready(stage, "False SourceNotFound");
  stage.repository.deleteBranch("main");
  await stage.run("reconcile", "dc", "--no-wait");
  await eventually(
    async () => (await stage.status()).conditions?.find(({ type }) => type === "SourceReady")?.message ?? "",
    (message) => message.includes("main"),
  );
  expect(await stage.pool("x")).toBeDefined();
}

async function tellsGoneBranch(stage: Stage): Promise<void> {
  const good = await stage.push({ "plan/a.yaml": pools(X(19)) });
  stage.repository.commit({ "plan/a.yaml": pools(X(29)) }, { branch: "other", parent: null });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, good);
  stage.repository.deleteBranch("main");
  const message = await ready(stage, "False SourceNotFound");
  expect(message).toContain("there is no branch main; it has 1 branch, such as other");
  expect(await stage.condition("SourceReady")).toBe("False SourceNotFound");
  expect(await stage.condition("Stalled")).toBe("True SourceNotFound");
  expect((await stage.status()).lastAppliedRevision).toBe(good);
  stage.repository.deleteBranch("other");
  await eventually(
    async () => (await stage.status()).conditions?.find(({ type }) => type === "Ready")?.message ?? "",
    (now) => now.includes("the repository has no branch"),
  );
  expect(await stage.condition("Ready")).toBe("False SourceNotFound");
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
}

async function tellsWhatWasRead(stage: Stage): Promise<void> {
  const good = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, good);
  const bad = await stage.push({ "plan/a.yaml": pools(X(19), "y: {subnet: nowhere, addresses: [10.6.0.30]}") });
  await ready(stage, "False BuildFailed");
  const message = async (type: string) => (await stage.status()).conditions?.find((one) => one.type === type)?.message;
  expect(await stage.condition("SourceReady")).toBe(IN_SYNC);
  expect(await message("SourceReady")).toBe(`${bad.slice(0, 7)} of refs/heads/main`);
  expect(await message("PlanReady")).toContain(`${good.slice(0, 7)} stays in force`);
}

async function sparesOtherFolders(stage: Stage): Promise<void> {
  const first = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync({ sync: { mode: "automated", prune: true, selfHeal: false } });
  const { probes: url } = await stage.start();
  await applied(stage, first);
  const plans = async () => plansSoFar(await (await fetch(`${url}/metrics`)).text());
  const before = await restOf(plans);
  for (let commit = 0; commit < 3; commit++) {
    await applied(stage, await stage.push({ "other/app.yaml": `count: ${commit}\n` }));
  }
  expect(await plans()).toBe(before);
  // What somebody changes is drift from the same plan still: with selfHeal off nobody undoes it.
  const patch = ["patch", "spiderippool", "x", "--type=merge", "-p", '{"spec":{"ips":["10.6.0.10-10.6.0.30"]}}'];
  await kubectl(stage, ...patch);
  await eventually(
    () => stage.condition("Drifted"),
    (now) => now === "True DriftDetected",
  );
  const last = await stage.push({ "other/app.yaml": "count: 3\n" });
  await eventually(
    async () => (await stage.status()).lastAttemptedRevision,
    (now) => now === last,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.30"]);
  expect(await stage.condition("Ready")).toBe("False DriftDetected");
}

const plansSoFar = (metrics: string) => Number(/^spiderplan_plan_duration_seconds_count (\d+)/m.exec(metrics)?.[1]);

/** A number once it has stood still for a while. */
async function restOf(count: () => Promise<number>): Promise<number> {
  let last = await count();
  await eventually(
    async () => {
      const before = last;
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      last = await count();
      return last === before;
    },
    (quiet) => quiet,
  );
  return last;
}

async function looksWithoutPlanning(stage: Stage): Promise<void> {
  const commit = stage.repository.commit({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync({ ...automated, source: { interval: "10m" } });
  const { probes: url } = await stage.start();
  await applied(stage, commit);
  const counts = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const count = (name: string) => Number(new RegExp(`^spiderplan_${name} (\\d+)`, "m").exec(text)?.[1]);
    return { plans: count("plan_duration_seconds_count"), looks: count("source_fetch_duration_seconds_count") };
  };
  // What the first sync made happen is judged first.
  await restOf(async () => (await counts()).plans);
  const last = await counts();
  await stage.annotate({ "spiderplan.io/hintedAt": "now" });
  await eventually(counts, ({ looks }) => looks > last.looks);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await counts()).plans).toBe(last.plans);
}
