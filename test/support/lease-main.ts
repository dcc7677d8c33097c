/**
 * Whether the leader keeps its Lease while it plans: `tsx test/support/lease-main.ts [WORKLOADS]` (dist must have been built). The
 * operator runs niced beside a process that keeps one core busy; prints the longest time without a renewal, the slowest probe, how
 * long plans took, and how long SIGTERM took in the middle of one.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { writeBigPlan } from "../../bench/big-world.js";
import { startEmbeddedProcess } from "../../bench/embedded-process.js";
import type { LeaseSpec } from "../../src/app/lease-record.js";
import type { PlanSyncStatus } from "../../src/core/plan-sync/plan-sync.generated.js";
import { KINDS, type KubeObject, OWN } from "../../src/core/spiderpool/objects.js";
import { PROJECT } from "./cli.js";
import { startGitServer } from "./git-server.js";

const NAMESPACE = "net";
/** Nothing takes so long unless it hangs, in milliseconds. */
const PATIENCE = 20 * 60_000;
const workloads = Number(process.argv[2] ?? 10_000);
const folder = mkdtempSync(join(tmpdir(), "spiderplan-lease-"));
const cluster = await startEmbeddedProcess();
const { actor } = cluster;
const git = await startGitServer({ basic: "spiderplan:s3cret-token" });
const repository = git.repository("plans");
const plan = writeBigPlan(folder, { workloads, files: Math.ceil(workloads / 50), podsPerWorkload: 10, nodes: 100 });
const files = Object.fromEntries(
  readdirSync(plan).map((name) => [`plan/${name}`, readFileSync(join(plan, name), "utf8")]),
);
repository.commit(files);
const base64 = (text: string) => Buffer.from(text).toString("base64");
const source = { repoURL: repository.url, ref: { branch: "main" }, path: "plan", secretRef: { name: "git" } };
const objects: KubeObject[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "git", namespace: NAMESPACE, annotations: { [OWN.repositories]: git.url } },
    data: { username: base64("spiderplan"), password: base64("s3cret-token"), "ca.crt": base64(git.authority.cert) },
  },
  {
    apiVersion: KINDS.PlanSync.apiVersion,
    kind: "PlanSync",
    metadata: { name: "dc", namespace: NAMESPACE },
    spec: { source },
  },
];
for (const object of objects) await actor.create(object, KINDS[object.kind as keyof typeof KINDS]);

const busy = spawn("taskset", ["-c", "0", process.execPath, "-e", "for (;;);"], { stdio: "ignore" });
const command = [join(PROJECT, "dist/cli/main.js"), "operator", "--kubeconfig", cluster.kubeconfig];
const options = [
  "--namespace",
  NAMESPACE,
  "--data-dir",
  join(folder, "data"),
  "--host",
  "127.0.0.1",
  "--port",
  "0",
  "--probe-port",
  "0",
];
const operator = spawn("nice", ["-n", "19", process.execPath, ...command, ...options], {
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = new Promise<number>((resolve) => operator.once("exit", () => resolve(performance.now())));
let onServing: (url: string) => void = () => {};
const serving = new Promise<string>((resolve) => {
  onServing = resolve;
});
/** Commits the operator has read: what follows at once is planning. */
const read = new Set<string>();
createInterface(operator.stdout).on("line", (line) => {
  if (process.env.SHOW) process.stdout.write(`${line}\n`);
  const found = /"probes":"(http[^"]+)"/.exec(line);
  if (found !== null) onServing(found[1]!);
  const revision = /"revision":"(\w+)".*"read a new revision"/.exec(line);
  if (revision !== null) read.add(revision[1]!);
});
const url = await serving;

const worst = { sinceRenewal: 0, probe: 0, leaseTransitions: 0 };
const started = performance.now();
const report = setInterval(() => {
  process.stderr.write(`${Math.round((performance.now() - started) / 1000)} s: ${JSON.stringify(worst)}\n`);
}, 10_000);
let sampling = true;
const sampled = (async () => {
  const lease = { kind: KINDS.Lease, namespace: NAMESPACE, name: "spiderplan-operator" };
  while (sampling) {
    const spec = (await actor.get(lease).catch(() => undefined))?.spec as LeaseSpec | undefined;
    if (spec?.renewTime) worst.sinceRenewal = Math.max(worst.sinceRenewal, Date.now() - Date.parse(spec.renewTime));
    worst.leaseTransitions = Math.max(worst.leaseTransitions, spec?.leaseTransitions ?? 0);
    const asked = performance.now();
    await fetch(`${url}/healthz`);
    worst.probe = Math.max(worst.probe, performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
})();
const planSync = { kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" };
const until = async (what: string, holds: () => Promise<boolean>) => {
  const end = performance.now() + PATIENCE;
  while (!(await holds())) {
    if (performance.now() > end)
      throw new Error(`${what} not within ${PATIENCE / 60_000} minutes: ${JSON.stringify(worst)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
};
const planned = (commit: string) =>
  until(`planned ${commit}`, async () => {
    const { plan } = ((await actor.get(planSync)).status ?? {}) as PlanSyncStatus;
    return plan?.revision === commit;
  });
/** Commits another size of one workload, and says so as a webhook does: no poll is waited for. */
const change = async (replicas: number) => {
  const [path, text] = Object.entries(files).find(([, one]) => one.includes("/app-0:"))!;
  const commit = repository.commit({ [path]: text.replace(/(\/app-0:\n\s+replicas: )\d+/, `$1${replicas}`) });
  await actor.patch(planSync, { metadata: { annotations: { "spiderplan.io/hintedAt": commit } } });
  return commit;
};
const seconds: number[] = [];
for (let round = 0; round < 3; round++) {
  const started = performance.now();
  await planned(round === 0 ? repository.tip() : await change(10 + round));
  seconds.push(Math.round((performance.now() - started) / 100) / 10);
}
const text = await (await fetch(`${url}/metrics`)).text();
const metric = (name: string) => Number(new RegExp(`^spiderplan_${name} (\\S+)`, "m").exec(text)?.[1]);
const perPlan = metric("plan_duration_seconds_sum") / metric("plan_duration_seconds_count");
const before = metric("plan_duration_seconds_count");
// In the middle of the next plan it is told to end.
const last = await change(20);
await until(`read ${last}`, async () => read.has(last));
await new Promise((resolve) => setTimeout(resolve, 1_000));
sampling = false;
await sampled;
const told = performance.now();
operator.kill("SIGTERM");
const gone = (await ended) - told;
const round = (value: number) => Math.round(value);
process.stdout.write(
  `${JSON.stringify({
    workloads,
    plans: before,
    secondsToPlan: seconds,
    meanSecondsOfPlanning: Math.round(perPlan * 10) / 10,
    longestWithoutRenewalMs: round(worst.sinceRenewal),
    slowestProbeMs: round(worst.probe),
    leaseTransitions: worst.leaseTransitions,
    sigtermMs: round(gone),
  })}\n`,
);
clearInterval(report);
busy.kill();
await git.close();
await cluster.stop();
rmSync(folder, { recursive: true, force: true });
