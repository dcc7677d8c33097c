import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "vitest";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { signedPush } from "../webhooks.js";
import { planText } from "./plan-text.js";
import { eventually, NAMESPACE, type Stage } from "./stage.js";

const SUBNETS = "subnets: {app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}}\n";
const pools = (...lines: string[]) => planText(`${SUBNETS}pools:\n${lines.map((line) => `  ${line}`).join("\n")}\n`);
const NETWORK = planText("networks: {kube-system/net: {macvlan: {master: [eth1]}}}\n");
const X = (last: number) => `x: {subnet: app, addresses: [10.6.0.10-10.6.0.${last}]}`;
const Y = "y: {subnet: app, addresses: [10.6.0.80]}";

const ready = (stage: Stage, wanted: string, name?: string) =>
  eventually(
    async () => {
      const now = (await stage.status(name)).conditions?.find(({ type }) => type === "Ready");
      return `${now?.status} ${now?.reason}: ${now?.message}`;
    },
    (now) => now.startsWith(`${wanted}:`),
  );
const IN_SYNC = "True ReconciliationSucceeded";

/** Waits until the cluster is at the newest commit of main. */
async function applied(stage: Stage, commit: string): Promise<void> {
  await eventually(
    async () => (await stage.status()).lastAppliedRevision,
    (now) => now === commit,
  );
  await ready(stage, IN_SYNC);
}

const automated = { sync: { mode: "automated", prune: true } } as const;

/** Edits a pool as a person with kubectl would. */
async function kubectl(stage: Stage, ...args: string[]): Promise<void> {
  await promisify(execFile)("kubectl", ["--kubeconfig", stage.kubeconfig, ...args]);
}

/** What an operator does, as stories that are told on every cluster. */
export const OPERATOR_STORIES: readonly (readonly [string, (stage: Stage) => Promise<void>])[] = [
  ["observe, the default, tells and writes nothing", observes],
  ["a commit reaches the cluster by polling, the next by a signed webhook", followsCommits],
  ["drift is undone within seconds, and its writer named", healsDrift],
  ["with selfHeal off drift is told, and undone when somebody asks", healsWhenAsked],
  ["a broken commit changes nothing; the last good one stays in force, a mended one goes on", keepsLastGood],
  ["an emptied repository and a deleted branch delete nothing", neverPrunesForNothing],
  ["manual: nothing without approval, void when a step changed, and it says which", waitsForApproval],
  [
    "suspend, rollback and resume by annotation; an Argo CD that re-applies the manifest undoes none of them",
    obeysSwitches,
  ],
  ["plain sync beside an operator is refused; break-glass holds until a revision says the same", breaksGlass],
  ["a blocked part is held back while the rest syncs", holdsBackParts],
  ["outside its windows it waits, and people may sync where the window lets them", keepsWindows],
  ["lock: cluster follows a live scale, compare-and-swap before the pool", followsScale],
  ["a deleted PlanSync leaves everything; with deletionPolicy delete all but what is in use goes", givesUp],
  ["an object that must be confirmed is deleted only then", asksBeforeDelete],
  ["somebody who writes back again and again is told, and left alone for a while", detectsFights],
  ["diff, status and history of a PlanSync", tellsPeople],
  ["a partial sync writes what is named and what that needs, and ends with the command", syncsParts],
  ["lock: git offers the whole block from the start; beyond it CapacityOK is False, with the way out", tellsCapacity],
  ["more deletes than the prune budget: none is done", keepsPruneBudget],
  ["an object that two PlanSyncs want stays with the first; the second says so and does the rest", leavesToTheFirst],
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

async function healsDrift(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", '{"spec":{"disable":true}}');
  const disabled = async () => {
    const found = await stage.actor.get({ kind: KINDS.SpiderIPPool, name: "x" });
    return (found.spec as { disable?: boolean }).disable;
  };
  await eventually(disabled, (now) => now !== true, 10);
  await eventually(stage.events, (told) =>
    told.some((one) => one.startsWith("DriftCorrected: SpiderIPPool x was changed by kubectl")),
  );
  await kubectl(stage, "delete", "spiderippool", "x", "--wait=false");
  await eventually(stage.events, (told) => told.includes("DriftCorrected: SpiderIPPool x was deleted; made again"));
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
}

async function healsWhenAsked(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync({ sync: { mode: "automated", prune: true, selfHeal: false } });
  await stage.start();
  await applied(stage, commit);
  const grown = "10.6.0.10-10.6.0.30";
  await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", `{"spec":{"ips":["${grown}"]}}`);
  await eventually(
    () => stage.condition("Drifted"),
    (now) => now === "True DriftDetected",
  );
  expect((await stage.status()).conditions?.find(({ type }) => type === "Drifted")?.message).toBe(
    "SpiderIPPool x was changed by kubectl-patch",
  );
  expect(await stage.pool("x")).toEqual([grown]);
  const asked = await stage.run("sync", "dc");
  expect(asked, asked.stderr).toMatchObject({ code: 0 });
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
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

async function waitsForApproval(stage: Stage): Promise<void> {
  await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync({ sync: { mode: "manual", prune: true } });
  await stage.start();
  await ready(stage, "False ApprovalRequired");
  expect(await stage.pool("x")).toBeUndefined();
  const offered = (await stage.status()).plan!.digest!;
  const unapproved = await stage.run("sync", `${NAMESPACE}/dc`);
  expect(unapproved).toMatchObject({ code: 3 });
  expect(unapproved.stdout).toContain(`--approve ${offered}`);
  const approved = await stage.run("sync", `${NAMESPACE}/dc`, "--approve", offered);
  expect(approved.stdout + approved.stderr).toContain(IN_SYNC.split(" ")[1]);
  expect(approved.code).toBe(0);
  expect(await stage.pool("x")).toBeDefined();

  // Somebody approves a plan, and before it is carried out a step of it changes.
  await stage.annotate({ "spiderplan.io/suspend": "yes" });
  await stage.push({ "plan/a.yaml": pools(X(19), Y) });
  const second = await eventually(
    async () => (await stage.status()).plan!,
    (plan) => plan.create === 1,
  );
  await stage.annotate({ "spiderplan.io/approve": second.digest! });
  await stage.push({ "plan/a.yaml": pools(X(19), Y.replace("80", "81")) });
  await eventually(
    async () => (await stage.status()).plan!.digest,
    (digest) => digest !== second.digest,
  );
  await stage.annotate({ "spiderplan.io/suspend": null });
  await ready(stage, "False ApprovalStale");
  const { conditions } = await stage.status();
  expect(conditions?.find(({ type }) => type === "Ready")?.message).toContain("changed: create SpiderIPPool y");
  expect(await stage.pool("y")).toBeUndefined();
}

async function obeysSwitches(stage: Stage): Promise<void> {
  const first = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first);
  const second = await stage.push({ "plan/a.yaml": pools(X(29)) });
  await applied(stage, second);
  expect(await stage.run("suspend", "dc")).toMatchObject({ code: 0 });
  await ready(stage, "False Suspended");
  const manifest = { spec: (await stage.object()).spec };
  await stage.actor.patch({ kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" }, manifest);
  const third = await stage.push({ "plan/a.yaml": pools(X(39)) });
  await eventually(
    async () => (await stage.status()).lastAttemptedRevision,
    (now) => now === third,
  );
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.29"]);
  await stage.annotate({ "spiderplan.io/suspend": null });
  await applied(stage, third);
  const back = await stage.run("rollback", "dc", first.slice(0, 8));
  expect(back, back.stderr).toMatchObject({ code: 0 });
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  await stage.actor.patch({ kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" }, manifest);
  expect((await stage.status()).source?.pinned).toBe(first);
  const resumed = await stage.run("resume", "dc");
  expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
  await applied(stage, third);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.39"]);
}

async function breaksGlass(stage: Stage): Promise<void> {
  const first = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first);
  const folder = { "plan/a.yaml": pools(X(25)) };
  const { workspace } = await import("../workspace.js");
  const path = `${workspace(folder)}/plan`;
  const sync = ["sync", "--install", `${NAMESPACE}/dc`, "--path", path];
  const refused = await stage.run(...sync);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("--break-glass TICKET");
  const written = await stage.run(...sync, "--break-glass", "INC7", "--for", "1h");
  expect(written, written.stderr).toMatchObject({ code: 0 });
  await eventually(
    async () => (await stage.status()).override ?? "",
    (line) => line.includes("INC7 by alice"),
  );
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.25"]);
  const same = await stage.push({ "plan/a.yaml": pools(X(25)) });
  await applied(stage, same);
  await eventually(stage.events, (told) => told.some((one) => one.startsWith("OverrideAbsorbed: break-glass INC7")));
  await eventually(
    async () => (await stage.status()).override,
    (line) => line === undefined,
  );
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
  expect(await stage.pool("y")).toEqual(["10.6.0.80"]);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  await stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "user" }, { spec: { replicas: 0 } });
  await eventually(
    () => stage.pool("x"),
    (now) => now?.[0] === "10.6.0.12-10.6.0.19",
    30,
  );
}

async function keepsWindows(stage: Stage): Promise<void> {
  await stage.push({ "plan/a.yaml": pools(X(19)) });
  const month = ((new Date().getUTCMonth() + 6) % 12) + 1;
  const windows = [{ kind: "allow" as const, schedule: `0 3 1 ${month} *`, duration: "1h", manualSync: true }];
  await stage.planSync({ sync: { mode: "automated", windows } });
  await stage.start();
  await ready(stage, "False OutsideWindow");
  expect(await stage.pool("x")).toBeUndefined();
  expect((await stage.status()).nextSyncAt).toMatch(/-01T03:00:00Z$/);
  const asked = await stage.run("sync", "dc");
  expect(asked, asked.stderr).toMatchObject({ code: 0 });
  expect(await stage.pool("x")).toBeDefined();
}

async function followsScale(stage: Stage): Promise<void> {
  const spec = `${SUBNETS}networks: {kube-system/net: {macvlan: {master: [eth1]}}}
workloads:
  default/Deployment/web:
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 1}}}
`;
  const commit = await stage.push({ "plan/a.yaml": planText(spec) });
  await stage.actor.create(deploymentOf("web", 2), KINDS.Deployment);
  await stage.planSync({ ...automated, lock: "cluster" });
  await stage.start();
  await eventually(
    async () => (await stage.status()).lastAppliedRevision,
    (now) => now === commit,
  );
  const name = "default.deployment.web.eth0.app";
  expect(await stage.pool(name)).toEqual(["10.6.0.10-10.6.0.12"]);
  const lock = async () =>
    (await stage.actor.get({ kind: KINDS.ConfigMap, namespace: NAMESPACE, name: "spiderplan-lock-dc-app" })).data?.[
      "lock.yaml"
    ];
  expect(await lock()).toContain("10.6.0.10-10.6.0.12: default/Deployment/web/eth0");
  await stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "web" }, { spec: { replicas: 4 } });
  await eventually(
    () => stage.pool(name),
    (now) => now?.[0] === "10.6.0.10-10.6.0.14",
    10,
  );
  expect(await lock()).toContain("10.6.0.10-10.6.0.14: default/Deployment/web/eth0");
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
  await eventually(
    async () => (await stage.object()).metadata.finalizers?.length,
    (count) => count === 1,
  );
  await remove();
  await eventually(gone, (now) => now);
  expect(await stage.pool("x")).toBeDefined();
  expect(await stage.pool("y")).toBeUndefined();
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

async function detectsFights(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  const ips = async () => (await stage.pool("x"))?.[0];
  for (let round = 0; round < 3; round++) {
    await kubectl(
      stage,
      "patch",
      "spiderippool",
      "x",
      "--type=merge",
      "-p",
      '{"spec":{"ips":["10.6.0.10-10.6.0.30"]}}',
    );
    await eventually(ips, (now) => now === "10.6.0.10-10.6.0.19", 10);
  }
  await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", '{"spec":{"ips":["10.6.0.10-10.6.0.30"]}}');
  await eventually(
    () => stage.condition("Drifted"),
    (now) => now === "True Fighting",
  );
  expect(await ips()).toBe("10.6.0.10-10.6.0.30");
  const told = (await stage.status()).conditions?.find(({ type }) => type === "Drifted")?.message;
  expect(told).toMatch(/^kubectl-patch keeps changing SpiderIPPool x: undone 3 times/);
}

async function tellsPeople(stage: Stage): Promise<void> {
  const first = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first);
  const none = await stage.run("diff", "dc");
  expect(none, none.stderr).toMatchObject({ code: 0, stdout: "" });
  await stage.annotate({ "spiderplan.io/suspend": "yes" });
  const second = await stage.push({ "plan/a.yaml": pools(X(29)) });
  await eventually(
    async () => (await stage.status()).plan,
    (plan) => plan?.revision === second && plan.update === 1,
  );
  const some = await stage.run("diff", `${NAMESPACE}/dc`);
  expect(some.code, some.stderr).toBe(1);
  expect(some.stdout).toContain("-    - 10.6.0.10-10.6.0.19");
  expect(some.stderr).toContain("the plan the operator has");
  const status = await stage.run("status", "dc");
  expect(status.code).toBe(3);
  expect(status.stdout).toContain("Mode:      automated, suspended");
  const history = await stage.run("history", "dc");
  expect(history.stdout).toContain(`${first.slice(0, 12)}  applied  +2 ~0 -0`);
  const unknown = await stage.run("status", "nobody");
  expect(unknown).toMatchObject({ code: 1 });
  expect(unknown.stderr).toContain("there is no PlanSync nobody; there are net/dc");
}

async function syncsParts(stage: Stage): Promise<void> {
  await stage.push({ "plan/a.yaml": pools(X(19), Y) });
  await stage.planSync({ sync: { mode: "manual", prune: true } });
  await stage.start();
  await ready(stage, "False ApprovalRequired");
  const { digest } = (await stage.status()).plan!;
  const part = await stage.run("sync", "dc", "--only", "pool:y", "--approve", digest!);
  expect(part.stdout + part.stderr).toContain("PlanSync net/dc at");
  expect([await stage.pool("x"), await stage.pool("y")]).toEqual([undefined, ["10.6.0.80"]]);
  await ready(stage, "False ApprovalRequired");
  expect((await stage.object()).metadata.annotations).not.toHaveProperty("spiderplan.io/sync-only");
  expect(await stage.pool("x")).toBeUndefined();
}

async function tellsCapacity(stage: Stage): Promise<void> {
  const spec = `${SUBNETS}networks: {kube-system/net: {macvlan: {master: [eth1]}}}
workloads:
  default/Deployment/web:
    replicas: 2
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 1}}}
`;
  const commit = await stage.push({ "plan/a.yaml": planText(spec) });
  await stage.add([deploymentOf("web", 1)]);
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  const name = "default.deployment.web.eth0.app";
  expect(await stage.pool(name)).toEqual(["10.6.0.10-10.6.0.12"]);
  const scale = (replicas: number) =>
    stage.actor.patch({ kind: KINDS.Deployment, namespace: "default", name: "web" }, { spec: { replicas } });
  await scale(2);
  await scale(3);
  const told = await eventually(
    async () => (await stage.status()).conditions?.find(({ type }) => type === "CapacityOK"),
    (now) => now?.status === "False",
  );
  expect(told?.reason).toBe("PoolExhausted");
  expect(told?.message).toMatch(/asks for 3 Pods, the plan for 2.*spiderplan lock --path plan, and commit both$/);
  expect(await stage.pool(name)).toEqual(["10.6.0.10-10.6.0.12"]);
  await scale(2);
  await eventually(
    () => stage.condition("CapacityOK"),
    (now) => now === IN_SYNC,
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

/** A Pod that has the first address of pool x, `10.6.0.10`, of a workload of the network kube-system/net. */
async function oneUser(stage: Stage): Promise<void> {
  const annotations = {
    "v1.multus-cni.io/default-network": "kube-system/net",
    "ipam.spidernet.io/ippool": JSON.stringify({ ipv4: ["x"] }),
  };
  await stage.add([
    { apiVersion: "v1", kind: "Node", metadata: { name: "node-a" } },
    deploymentOf("user", 1, annotations),
  ]);
  await stage.settle();
  await eventually(
    async () => (await stage.actor.list(KINDS.SpiderEndpoint, { namespace: "default" })).items.length,
    (count) => count === 1,
  );
}

function deploymentOf(name: string, replicas: number, annotations: Record<string, string> = {}): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: KINDS.Deployment.apiVersion,
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec: { containers: [{ name: "c", image: "app:1" }] } },
    },
  };
}

async function leavesToTheFirst(stage: Stage): Promise<void> {
  await await stage.push({ "plan/net.yaml": pools(X(19)) });
  await await stage.push({
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
