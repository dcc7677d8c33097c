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

async function looksWithoutPlanning(stage: Stage): Promise<void> {
  const commit = stage.repository.commit({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync({ ...automated, source: { interval: "10m" } });
  const { url } = await stage.start();
  await applied(stage, commit);
  const counts = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const count = (name: string) => Number(new RegExp(`^spiderplan_${name} (\\d+)`, "m").exec(text)?.[1]);
    return { plans: count("plan_duration_seconds_count"), looks: count("source_fetch_duration_seconds_count") };
  };
  // What the first sync made happen is judged first.
  let last = await counts();
  await eventually(
    async () => {
      const before = last.plans;
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      last = await counts();
      return last.plans === before;
    },
    (quiet) => quiet,
  );
  await stage.annotate({ "spiderplan.io/hintedAt": "now" });
  await eventually(counts, ({ looks }) => looks > last.looks);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await counts()).plans).toBe(last.plans);
}
