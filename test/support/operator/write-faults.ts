import { expect } from "vitest";
import type { Intercept, Refusal } from "../../../src/adapters/embedded/http-server.js";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { type FaultyStage, POOLS, X } from "./faulty-stage.js";
import { eventually, NAMESPACE } from "./stage.js";
import { applied, automated, ready } from "./steps.js";
import type { Story } from "./story.js";

/** Writes that are refused. */
export const WRITE_FAULTS: readonly Story<FaultyStage>[] = [
  ["every third write is answered 429, every fifth 409: it converges all the same", outlastsRefusals],
  ["admission is down: told as such, last state stands, and it goes on when admission is back", outlastsAdmission],
  ["retry.limit 5 is five tries, each in the history, beside what can be rolled back to", givesUpAfterFive],
  ["a try that falls due while the one before it is still told follows at once", triesAgainAtOnce],
  ["a first sync of 1,000 pools at 3 writes a second tells count, rate and time left from the start", tellsProgress],
  ["a status that cannot be written stops the writes, and Ready does not stay True", stopsWithoutStatus],
  ["429 with Retry-After: no write comes back before its time, and it converges", waitsAsAsked],
];

const many = (last: number) =>
  POOLS(
    ...Array.from(
      { length: 20 },
      (_, i) => `  p${i}: {subnet: app, addresses: [10.6.1.${i * 8}-10.6.1.${i * 8 + last}]}`,
    ),
  );

/** Whether a write is one of a plan: neither of a Lease, a status, an event nor the PlanSync itself. */
export function isPlanned({ path }: Parameters<Intercept>[0]): boolean {
  return /\/spider(ippools|subnets)(\/[^/]+)?$/.test(path);
}

/** As an API server tells that a webhook does not answer. */
export const DOWN: Refusal = {
  code: 500,
  reason: "InternalError",
  message: 'Internal error occurred: failed calling webhook "spiderippool.spiderpool.spidernet.io": connection refused',
};

const refusal = (code: number, reason: string, message: string) => ({ refuse: { code, reason, message } });

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
  const second = await stage.push({ "plan/a.yaml": many(6) });
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
  stage.admission("down");
  const second = await stage.push({ "plan/a.yaml": POOLS(X(29)) });
  await ready(stage, "False AdmissionUnavailable", undefined, 60);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  expect((await stage.status()).lastAppliedRevision).toBe(first);
  stage.admission("up");
  await applied(stage, second, 60);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.29"]);
}

async function givesUpAfterFive(stage: FaultyStage): Promise<void> {
  const good = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  const name = { kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" };
  await stage.actor.patch(name, {
    spec: { sync: { retry: { limit: 5, backoff: { duration: "1s", maxDuration: "1s" } } } },
  });
  await stage.start();
  await applied(stage, good);
  let tries = 0;
  stage.intercept((write) => {
    if (!isPlanned(write)) return undefined;
    tries++;
    return refusal(403, "Forbidden", 'admission webhook "spiderippool.spiderpool.spidernet.io" denied the request: no');
  });
  const bad = await stage.push({ "plan/a.yaml": POOLS(X(29)) });
  const message = await ready(stage, "False RetriesExhausted", undefined, 60);
  expect(message).toContain("gave up after 5 tries");
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(tries).toBe(5);
  const tried = (await stage.status()).history!.map(({ revision, result }) => `${result} ${revision === bad}`);
  expect(tried.slice(0, 5)).toEqual(Array(5).fill("failed true"));
  expect(tried).toContain("applied false");
}

/** A backoff shorter than any pass takes, as a pass on a busy machine is longer than the backoff. */
async function triesAgainAtOnce(stage: FaultyStage): Promise<void> {
  stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  stage.intercept((write) => {
    if (!isPlanned(write)) return undefined;
    return refusal(403, "Forbidden", 'admission webhook "spiderippool.spiderpool.spidernet.io" denied the request: no');
  });
  const retry = { limit: 4, backoff: { duration: "1ms", maxDuration: "1ms" } };
  await stage.planSync({ sync: { ...automated.sync, retry } });
  await stage.start();
  expect(await ready(stage, "False RetriesExhausted", undefined, 60)).toContain("gave up after 4 tries");
}

async function tellsProgress(stage: FaultyStage): Promise<void> {
  const pool = (i: number) => `  p${i}: {subnet: app, addresses: [10.6.${1 + Math.floor(i / 200)}.${1 + (i % 200)}]}`;
  stage.repository.commit({ "plan/a.yaml": POOLS(...Array.from({ length: 1_000 }, (_, i) => pool(i))) });
  let next = 0;
  let firstWrite = 0;
  let down = false;
  stage.intercept(async (write) => {
    if (!isPlanned(write)) return undefined;
    firstWrite ||= Date.now();
    next = Math.max(Date.now(), next) + 333;
    await new Promise((resolve) => setTimeout(resolve, next - Date.now()));
    return down ? { refuse: DOWN } : undefined;
  });
  await stage.planSync(automated);
  const operator = await stage.start();
  const reconciling = async () => {
    const found = (await stage.status()).conditions?.find(({ type }) => type === "Reconciling");
    return { at: Date.now(), text: `${found?.status} ${found?.reason}: ${found?.message}` };
  };
  const begun = await eventually(reconciling, ({ text }) => / of 1001 steps done/.test(text), 60);
  expect(begun.at - (firstWrite || begun.at)).toBeLessThan(2_000);
  const told = /^True Progressing: (\d+) of 1001 steps done, (\d+\.\d)\/s, about (\d+) min left$/;
  const { text } = await eventually(reconciling, (now) => told.test(now.text), 30);
  const [, , rate, minutes] = told.exec(text)!.map(Number);
  expect(rate).toBeGreaterThan(0.5);
  expect(rate).toBeLessThan(6);
  expect(minutes).toBeGreaterThan(2);
  const status = await stage.run("status", "dc");
  expect(status.stdout).toMatch(/Reconciling .* of 1001 steps done, .*\/s, about \d+ min left/);
  down = true;
  const trouble = await eventually(reconciling, (now) => now.text.startsWith("True AdmissionUnavailable: "), 60);
  expect(trouble.text).toMatch(/cannot be reached: connection refused; next try at 20\d\d-.*Z; \d+ of 1001 steps done/);
  expect(await stage.condition("Ready")).toBe("False AdmissionUnavailable");
  expect((await stage.status()).nextSyncAt).toMatch(/^20\d\d-/);
  stage.intercept(undefined);
  await operator.stop();
}

async function stopsWithoutStatus(stage: FaultyStage): Promise<void> {
  const first = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  const { probes: url } = await stage.start();
  await applied(stage, first);
  stage.intercept(({ path, body }) => {
    const { status } = body as { status?: { source?: unknown } };
    if (!path.endsWith("/plansyncs/dc/status") || status?.source === undefined) return undefined;
    return refusal(422, "Invalid", 'PlanSync "dc" is invalid: status.source.committedAt: Invalid value: "10000-01-01"');
  });
  const second = await stage.push({ "plan/a.yaml": POOLS(X(29)) });
  const message = await ready(stage, "False ReconciliationFailed", undefined, 60);
  expect(message).toContain("nothing is written, since the status cannot be: ");
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('spiderplan_condition{plan="net/dc",type="Ready",status="True"} 0');
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
