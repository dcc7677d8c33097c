import { execFile } from "node:child_process";
import { isDeepStrictEqual, promisify } from "node:util";
import { expect } from "vitest";
import type { Intercept } from "../../../src/adapters/embedded/http-server.js";
import { connect } from "../../../src/adapters/kubernetes/connect.js";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import type { FlakyProxy } from "../flaky-proxy.js";
import { countedCluster, skippingClock } from "../skipping-clock.js";
import { planText } from "./plan-text.js";
import { eventually, type Stage } from "./stage.js";

/** A stage whose cluster can fail. */
export interface FaultyStage extends Stage {
  /** Spoils writes that come over HTTP from now on; undefined ends it. */
  intercept(fault: Intercept | undefined): void;
  /** What operators talk to the cluster through. */
  readonly proxy: FlakyProxy;
  /** Takes an object out of the cluster although it has finalizers. */
  wipe(kind: keyof typeof KINDS, name: string): Promise<void>;
}

const automated = { sync: { mode: "automated", prune: true } } as const;
const IN_SYNC = "True ReconciliationSucceeded";
const X = (last: number) => `  x: {subnet: app, addresses: [10.6.0.10-10.6.0.${last}]}`;
const POOLS = (...lines: string[]) =>
  planText(["subnets: {app: {cidr: 10.6.0.0/20, ranges: [10.6.0.10-10.6.9.250]}}", "pools:", ...lines].join("\n"));
const many = (last: number) =>
  POOLS(
    ...Array.from(
      { length: 20 },
      (_, i) => `  p${i}: {subnet: app, addresses: [10.6.1.${i * 8}-10.6.1.${i * 8 + last}]}`,
    ),
  );

const readyIs = (stage: Stage, wanted: string, seconds = 30) =>
  eventually(
    () => stage.condition("Ready"),
    (now) => now === wanted,
    seconds,
  );

/** Waits until the cluster is at a commit. */
async function applied(stage: Stage, commit: string, seconds = 30): Promise<void> {
  await eventually(
    async () => (await stage.status()).lastAppliedRevision,
    (now) => now === commit,
    seconds,
  );
  await readyIs(stage, IN_SYNC, seconds);
}

/** An edit of a person, past everything that fails for operators. */
async function kubectl(stage: Stage, ...args: string[]): Promise<void> {
  await promisify(execFile)("kubectl", ["--kubeconfig", stage.kubeconfig, ...args]);
}

/** An edit that moves nobody: pool x offers nothing any more. */
async function disable(stage: Stage): Promise<void> {
  await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", '{"spec":{"disable":true}}');
}

async function isDisabled({ actor }: Stage): Promise<boolean> {
  const { spec } = await actor.get({ kind: KINDS.SpiderIPPool, name: "x" });
  return (spec as { disable?: boolean }).disable === true;
}

/** Whether a write is one of a plan: neither of a Lease, a status, an event nor the PlanSync itself. */
function isPlanned({ path }: Parameters<Intercept>[0]): boolean {
  return /\/spider(ippools|subnets)(\/[^/]+)?$/.test(path);
}

const refusal = (code: number, reason: string, message: string) => ({ refuse: { code, reason, message } });

/** What an operator makes of a cluster and a repository that fail. */
export const FAULT_STORIES: readonly (readonly [string, (stage: FaultyStage) => Promise<void>])[] = [
  ["every third write is answered 429, every fifth 409: it converges all the same", outlastsRefusals],
  ["admission is down: told as such, last state stands, and it goes on when admission is back", outlastsAdmission],
  ["429 with Retry-After: no write comes back before its time, and it converges", waitsAsAsked],
  ["the watch of one kind is dead while all others flow: found by its silence, what it missed is healed", hearsSilence],
  ["the packets of every open connection are dropped: it leads anew, and heals what it missed", leadsAnew],
  ["an object is wiped behind the API's back: made again", healsWiped],
  ["Git is down for an hour: last good in force, told after 15 minutes, nothing pruned", outlastsGit],
  [
    "a restart while Git is down and HEAD is broken: nothing is lost, drift is healed as soon as Git is back",
    restartsBlind,
  ],
];

async function outlastsRefusals(stage: FaultyStage): Promise<void> {
  const first = stage.repository.commit({ "plan/a.yaml": many(3) });
  let count = 0;
  const answered = { 429: 0, 409: 0 };
  stage.intercept((write) => {
    if (!isPlanned(write)) return undefined;
    count++;
    if (count % 3 === 0) {
      answered[429]++;
      return refusal(429, "TooManyRequests", "the server has received too many requests, please try again later");
    }
    if (count % 5 !== 0) return undefined;
    answered[409]++;
    return refusal(409, "Conflict", "the object has been modified; please apply your changes to the latest version");
  });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, first, 60);
  const second = stage.repository.commit({ "plan/a.yaml": many(6) });
  await applied(stage, second, 60);
  expect(answered[429]).toBeGreaterThan(10);
  expect(answered[409]).toBeGreaterThan(3);
  expect(await stage.pool("p19")).toEqual(["10.6.1.152-10.6.1.158"]);
}

async function outlastsAdmission(stage: FaultyStage): Promise<void> {
  const first = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync({ ...automated, retry: { limit: 20, backoff: { duration: "1s", maxDuration: "2s" } } } as never);
  await stage.start();
  await applied(stage, first);
  stage.intercept((write) =>
    isPlanned(write)
      ? refusal(
          500,
          "InternalError",
          'Internal error occurred: failed calling webhook "spiderippool.spiderpool.spidernet.io": connection refused',
        )
      : undefined,
  );
  const second = stage.repository.commit({ "plan/a.yaml": POOLS(X(29)) });
  await readyIs(stage, "False AdmissionUnavailable", 60);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  expect((await stage.status()).lastAppliedRevision).toBe(first);
  stage.intercept(undefined);
  await applied(stage, second, 60);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.29"]);
}

async function waitsAsAsked(stage: FaultyStage): Promise<void> {
  const seconds = 3;
  const commit = stage.repository.commit({ "plan/a.yaml": many(3) });
  const tries = new Map<string, { readonly at: number; readonly refused: boolean }[]>();
  let until = Number.POSITIVE_INFINITY;
  stage.intercept((write) => {
    if (!isPlanned(write)) return undefined;
    const at = performance.now();
    until = Math.min(until, at + 9_500);
    const refused = at < until;
    const { name } = (write.body as { metadata: { name: string } }).metadata;
    tries.set(name, [...(tries.get(name) ?? []), { at, refused }]);
    if (!refused) return undefined;
    const asked = refusal(429, "TooManyRequests", "the server has received too many requests, please try again later");
    return { refuse: { ...asked.refuse, retryAfterSeconds: seconds } };
  });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit, 60);
  // Of each object the next write after a refusal came when it was allowed to, and not much later.
  const waits = [...tries.values()].flatMap((all) =>
    all.slice(1).flatMap(({ at }, before) => (all[before]!.refused ? [(at - all[before]!.at) / 1000] : [])),
  );
  expect(waits.length).toBeGreaterThanOrEqual(3);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(seconds - 0.01);
  expect(Math.max(...waits)).toBeLessThan(seconds + 4);
  expect(tries.size).toBe(21);
}

async function hearsSilence(stage: FaultyStage): Promise<void> {
  // Longer than the cluster's bookmarks are apart: only what is dead is silent.
  const silence = 15_000;
  const commit = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  const operator = await stage.start({ watchTimes: { silence, backoff: 100 } });
  await applied(stage, commit);
  const paused = performance.now();
  expect(stage.proxy.pauseStreams(/\/spiderippools\?watch=1/)).toBe(1);
  await disable(stage);
  await kubectl(
    stage,
    "patch",
    "spidersubnet",
    "app",
    "--type=merge",
    "-p",
    '{"spec":{"ips":["10.6.0.10-10.6.9.251"]}}',
  );
  await eventually(
    async () => (await stage.actor.get({ kind: KINDS.SpiderSubnet, name: "app" })).spec,
    (now) => isDeepStrictEqual((now as { ips: string[] }).ips, ["10.6.0.10-10.6.9.250"]),
    8,
  );
  expect(await isDisabled(stage), "what the dead watch did not tell is not known").toBe(true);
  await eventually(
    () => isDisabled(stage),
    (now) => !now,
    30,
  );
  const seconds = (performance.now() - paused) / 1000;
  expect(seconds, "its silence gave it away, nothing else").toBeGreaterThan(2);
  await eventually(stage.events, (told) =>
    told.includes("DriftCorrected: SpiderIPPool x was changed by kubectl-patch; put back"),
  );
  const metrics = await (await fetch(`${operator.url}/metrics`)).text();
  const silent = [...metrics.matchAll(/^spiderplan_watch_restarts_total\{kind="(\w+)",reason="silent"\} (\d+)$/gm)];
  expect(silent.map(([, kind, count]) => `${kind} ${count}`)).toEqual(["SpiderIPPool 1"]);
  expect(operator.log.filter((line) => line.includes("leads no more"))).toEqual([]);
  await readyIs(stage, IN_SYNC);
}

/** The election's renewals are dropped too, and they are given up before a watch's silence is noticed. */
async function leadsAnew(stage: FaultyStage): Promise<void> {
  const commit = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  const operator = await stage.start();
  await applied(stage, commit);
  stage.proxy.pauseOpen();
  await kubectl(stage, "delete", "spiderippool", "x", "--wait=false");
  await eventually(
    () => stage.pool("x"),
    (now) => now === undefined,
  );
  await eventually(
    () => stage.pool("x"),
    (now) => now !== undefined,
    60,
  );
  const leads = operator.log.flatMap((line) => /^info (leading|leads no more) /.exec(line)?.[1] ?? []);
  expect(leads).toEqual(["leading", "leads no more", "leading"]);
  await readyIs(stage, IN_SYNC);
}

async function healsWiped(stage: FaultyStage): Promise<void> {
  const commit = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  const before = (await stage.actor.get({ kind: KINDS.SpiderIPPool, name: "x" })).metadata.uid;
  await stage.wipe("SpiderIPPool", "x");
  await eventually(
    () => stage.actor.get({ kind: KINDS.SpiderIPPool, name: "x" }).catch(() => undefined),
    (now) => now !== undefined && now.metadata.uid !== before,
  );
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  await eventually(stage.events, (told) => told.includes("DriftCorrected: SpiderIPPool x was deleted; made again"));
}

const down: Parameters<FaultyStage["git"]["intercept"]>[0] = (_request, response) => {
  response.writeHead(503).end("down for maintenance\n");
  return true;
};

const MINUTE = 60_000;

async function outlastsGit(stage: FaultyStage): Promise<void> {
  const commit = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync({ ...automated, source: { interval: "60s" } });
  const { cluster, busy } = countedCluster(await connect({ kubeconfig: stage.kubeconfig, env: {} }));
  const clock = skippingClock(busy);
  await stage.start({ clock, cluster });
  await applied(stage, commit);
  stage.git.intercept(down);

  await clock.skip(13 * MINUTE);
  expect(await stage.condition("SourceReady"), "an outage is nobody's business at first").toBe(IN_SYNC);
  expect(await stage.condition("Ready")).toBe(IN_SYNC);
  await clock.skip(9 * MINUTE);
  await readyIs(stage, "False SourceStale");
  expect(await stage.condition("SourceReady")).toBe("False SourceStale");
  await kubectl(stage, "delete", "spiderippool", "x", "--wait=false");
  await eventually(stage.events, (told) => told.includes("DriftCorrected: SpiderIPPool x was deleted; made again"));
  await clock.skip(38 * MINUTE);
  expect(await stage.condition("Ready")).toBe("False SourceStale");
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  expect((await stage.status()).lastAppliedRevision).toBe(commit);
  expect((await stage.events()).filter((one) => /, [1-9]\d* deleted/.test(one))).toEqual([]);
  expect(stage.logs().filter((line) => line.includes("leads no more"))).toEqual([]);
  stage.git.intercept(undefined);
  await clock.skip(6 * MINUTE);
  await readyIs(stage, IN_SYNC);
  expect(await stage.condition("SourceReady")).toMatch(/^True /);
}

async function restartsBlind(stage: FaultyStage): Promise<void> {
  const good = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  const first = await stage.start();
  await applied(stage, good);
  const bad = stage.repository.commit({ "plan/a.yaml": POOLS("  x: {subnet: nowhere, addresses: [10.6.0.10]}") });
  await readyIs(stage, "False BuildFailed");
  await first.stop();
  stage.git.intercept(down);
  await disable(stage);
  await stage.start();
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect((await stage.status()).lastAppliedRevision).toBe(good);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  stage.git.intercept(undefined);
  await stage.annotate({ "spiderplan.io/requestedAt": "now" });
  await eventually(
    () => isDisabled(stage),
    (now) => !now,
    60,
  );
  await readyIs(stage, "False BuildFailed");
  expect(await stage.status()).toMatchObject({ lastAttemptedRevision: bad, lastAppliedRevision: good });
}
