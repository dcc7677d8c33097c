import { expect } from "vitest";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { workspace } from "../workspace.js";
import { pools, X, Y } from "./small-plan.js";
import { eventually, NAMESPACE, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, ready } from "./steps.js";
import type { Story } from "./story.js";

/** Does what people tell it by switch and command, and tells them. */
export const PEOPLE_STORIES: readonly Story[] = [
  ["manual: nothing without approval, void when a step changed, and it says which", waitsForApproval],
  ["an approval that stands as an annotation counts for the command line", countsStandingApproval],
  [
    "suspend, rollback and resume by annotation; an Argo CD that re-applies the manifest undoes none of them",
    obeysSwitches,
  ],
  ["plain sync beside an operator is refused; break-glass holds until a revision says the same", breaksGlass],
  ["outside its windows it waits, and people may sync where the window lets them", keepsWindows],
  ["a partial sync writes what is named and what that needs, and ends with the command", syncsParts],
  ["diff, status and history of a PlanSync", tellsPeople],
];

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
  const document = await stage.run("sync", `${NAMESPACE}/dc`, "-o", "json");
  expect(document).toMatchObject({ code: 3 });
  expect(JSON.parse(document.stdout)).toMatchObject({ planSync: "net/dc", status: { plan: { digest: offered } } });
  expect(document.stderr).toContain(`--approve ${offered}`);
  const rows = await stage.run("status", "dc", "-o", "csv");
  expect(rows.stdout.split("\r\n")[0]).toBe("planSync,condition,status,reason,message");
  expect(rows.stdout).toContain("\r\nnet/dc,Ready,False,ApprovalRequired,");
  const approved = await stage.run("sync", `${NAMESPACE}/dc`, "--approve", offered, "-o", "json");
  const inSync = { type: "Ready", status: "True", reason: IN_SYNC.split(" ")[1] };
  expect(JSON.parse(approved.stdout).status.conditions).toContainEqual(expect.objectContaining(inSync));
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

async function countsStandingApproval(stage: Stage): Promise<void> {
  await stage.push({ "plan/a.yaml": pools(X(19)) });
  const window = { kind: "deny" as const, schedule: "* * * * *", duration: "2m", manualSync: true };
  await stage.planSync({ sync: { mode: "manual", windows: [window] } });
  await stage.start();
  await ready(stage, "False OutsideWindow");
  const { digest } = (await stage.status()).plan!;
  const none = await stage.run("sync", "dc");
  expect(none).toMatchObject({ code: 3 });
  expect(none.stdout).toContain("Nothing was approved");
  // Another plan's approval is none for this one.
  await stage.annotate({ "spiderplan.io/suspend": "yes", "spiderplan.io/approve": `sha256:${"0".repeat(64)}` });
  await ready(stage, "False Suspended");
  await stage.annotate({
    "spiderplan.io/approve": digest!,
    "spiderplan.io/approved-by": "bob",
    "spiderplan.io/suspend": null,
  });
  const done = await stage.run("sync", "dc");
  expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
  expect(await stage.pool("x")).toBeDefined();
  const [last] = (await stage.status()).history ?? [];
  expect(last?.approvedBy).toBe("bob");
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
