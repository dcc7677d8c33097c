import { stepKey } from "../../core/change/step.js";
import { type ClusterError, isClusterError } from "../../core/cluster-error.js";
import { type Approved, approvedBy } from "../../core/plan-sync/approval.js";
import type { Findings } from "../../core/plan-sync/findings.js";
import { type Gate, gateOf } from "../../core/plan-sync/gate.js";
import type { PlanSyncStatus } from "../../core/plan-sync/plan-sync.generated.js";
import { readWish, type Wish } from "../../core/plan-sync/wish.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { parseTime } from "../../core/time.js";
import { planNeeds } from "../observe.js";
import { timeText } from "../time-text.js";
import type { ApprovedPlans } from "./approved-plans.js";
import { absorbBreakGlass, activeBreakGlass } from "./break-glass.js";
import { type CarriedOut, carryOut } from "./carry-out.js";
import { LockMoved } from "./cluster-lock.js";
import { measure } from "./measure.js";
import type { PlanSyncParts, ReconcileContext } from "./parts.js";
import { planFindings } from "./plan-findings.js";
import { planNow } from "./plan-now.js";
import { dueOf, type Planning } from "./planning.js";
import { latestStatus, publish } from "./publish.js";
import { isRequested } from "./requested.js";
import { sourceFindings } from "./source-findings.js";

/** How often one reconcile writes and looks again: what a sync makes possible (a wait that ended) follows at once. */
const ROUNDS = 3;

/**
 * One level-triggered pass over a PlanSync: revision -> plan -> verdict -> gate -> sync -> status. Whatever happened, it is
 * judged by what is there now.
 * @returns when to look again without anything happening, in milliseconds since 1970
 */
export async function reconcile(object: KubeObject, parts: PlanSyncParts, context: ReconcileContext): Promise<number> {
  const { clock, watched } = context;
  const wish = readWish(object);
  const previous = latestStatus(object, parts.memory);
  parts.follower.follow(wish);

  // Which revision is in force: the newest that can be planned, else the last one that could.
  let plan = await planNow(object, wish, previous, parts, context);
  let sync: CarriedOut | undefined;
  let gate: Gate | undefined;
  const requested = isRequested(wish, previous, parts.follower);
  for (let round = 0; round < ROUNDS; round++) {
    if (plan.planning === undefined) break;
    try {
      gate = await gateNow(plan.planning, wish, requested, previous, parts, context);
    } catch (error) {
      // What is offered for approval cannot be kept: told as whatever else the cluster does not let us do.
      if (!isClusterError(error)) throw error;
      plan = { clusterError: error };
      break;
    }
    if (!gate.open) break;

    // It may be written: the lock first, then the steps, then a look at what is left.
    // Our own writes may come back on a watch before they are answered: only what drifted before them is undone by them.
    const drifted = new Set(parts.memory.drift.keys());
    const done = await syncNow(plan.planning, wish, parts, context);
    if (done !== undefined) sync = sync === undefined ? done : { ...done, record: summed(sync, done) };
    await watched.caughtUp();
    await tellSync(object, plan.planning, done, drifted, parts, context);
    plan = await planNow(object, wish, previous, parts, context);
    if (done?.reason !== undefined || context.signal.aborted) break;
  }
  // A request is answered by one try.
  const unanswered = requested && sync === undefined;
  if (plan.planning !== undefined) gate = await gateNow(plan.planning, wish, unanswered, previous, parts, context);

  // What was found, in the object's status, its events and the metrics.
  const now = clock.now();
  const glass = activeBreakGlass(wish, now);
  const planned =
    plan.planning &&
    planFindings(plan.planning, {
      wish,
      drift: parts.memory.drift,
      fights: parts.memory.fights(now),
      breakGlass: glass,
    });
  if (plan.planning !== undefined) await absorbBreakGlass(object, wish, plan.planning, context);
  const until = gate?.until;
  const findings: Findings = {
    wish,
    previous,
    now: timeText(now),
    source: sourceFindings(parts, wish),
    handled: parts.follower.upToDate,
    planErrors: plan.broken?.errors ?? [],
    ...(plan.broken && { planErrorReason: plan.broken.reason }),
    ...(plan.clusterError && { clusterError: clusterFailure(plan.clusterError) }),
    ...(planned && { plan: planned }),
    ...(gate && { gate }),
    ...(until !== undefined && { nextSyncAt: timeText(until) }),
    ...(sync && { sync: { record: sync.record, ...(sync.reason && { reason: sync.reason }) } }),
  };
  parts.memory.written = (await publish(object, findings, parts.memory.causes, context)) ?? parts.memory.written;
  measure(findings, plan.planning, parts.memory, context.metrics);
  return earliest(
    now + 600_000,
    plan.until,
    until,
    glass && parseTime(glass.until),
    ...parts.memory.fights(now).map((fight) => fight.until),
    ...(plan.clusterError === undefined ? [] : [now + 10_000]),
  );
}

async function gateNow(
  planning: Planning,
  wish: Wish,
  requested: boolean,
  previous: PlanSyncStatus,
  parts: PlanSyncParts,
  context: ReconcileContext,
): Promise<Gate> {
  const { memory, approvals } = parts;
  const now = context.clock.now();
  const of = tryOf(wish, planning);
  const due = dueOf(planning);
  const applied = memory.isApplied(planning.revision, previous.lastAppliedRevision);
  return gateOf({
    wish,
    digest: planning.print.digest,
    due: due.length,
    drift: applied && due.length > 0 && due.every((step) => memory.drift.has(stepKey(step))),
    requested,
    approved: wish.mode === "manual" ? await approvalOf(planning, wish, approvals, now) : { state: "missing" },
    windows: context.windowsAt(wish.windows, now),
    failures: memory.failuresOf(of),
    now,
  });
}

async function approvalOf(planning: Planning, wish: Wish, approvals: ApprovedPlans, now: number): Promise<Approved> {
  const { approval } = wish.switches;
  if (dueOf(planning).length > 0) await approvals.offer(planning.print, approval?.digest);
  return approvedBy(planning.print, approval, await approvals.known(), now, wish.approvalValidFor);
}

async function syncNow(
  planning: Planning,
  wish: Wish,
  { lock, memory }: PlanSyncParts,
  context: ReconcileContext,
): Promise<CarriedOut | undefined> {
  const of = tryOf(wish, planning);
  try {
    if (planning.nextLock !== undefined) await lock.store(planning.nextLock);
  } catch (error) {
    if (error instanceof LockMoved) return undefined;
    if (!isClusterError(error)) throw error;
    const failed = lockFailed(planning, error, context);
    memory.failed(of, wish, context.clock.now(), failed.reason, error.message);
    return failed;
  }
  const done = await carryOut(planning, wish.key, { ...context, needs: planNeeds(planning.revision.plan.documents) });
  if (done.reason === undefined) memory.succeeded();
  else if (done.retry) {
    memory.failed(of, wish, context.clock.now(), done.reason, done.record.message ?? done.reason);
  }
  const { approval } = wish.switches;
  const by = wish.mode === "manual" ? approval?.by : undefined;
  return by === undefined ? done : { ...done, record: { ...done.record, approvedBy: by } };
}

function lockFailed(
  { revision, print }: Planning,
  error: ClusterError,
  { clock }: ReconcileContext,
): CarriedOut & { readonly reason: string } {
  const at = timeText(clock.now());
  const message = `the lock in the cluster cannot be written: ${error.message}`.slice(0, 1024);
  const record = {
    revision: revision.tree.commit,
    digest: print.digest,
    result: "failed" as const,
    startedAt: at,
    finishedAt: at,
    message,
  };
  return { record, reason: "ReconciliationFailed", retry: true, written: [] };
}

/** One sync to people, however many rounds it took. */
function summed(before: CarriedOut, after: CarriedOut): CarriedOut["record"] {
  const add = (field: "created" | "updated" | "deleted") => (before.record[field] ?? 0) + (after.record[field] ?? 0);
  return {
    ...after.record,
    digest: before.record.digest,
    startedAt: before.record.startedAt,
    created: add("created"),
    updated: add("updated"),
    deleted: add("deleted"),
  };
}

async function tellSync(
  object: KubeObject,
  planning: Planning,
  done: CarriedOut | undefined,
  drifted: ReadonlySet<string>,
  { memory }: PlanSyncParts,
  { clock, events, metrics }: ReconcileContext,
): Promise<void> {
  if (done === undefined) return;
  const healed = done.written.filter((key) => drifted.has(key) && memory.drift.has(key));
  for (const key of healed) {
    const { writer, deleted } = memory.drift.get(key)!;
    await events.tell(
      object,
      "DriftCorrected",
      deleted ? `${key} was deleted; made again` : `${key} was changed by ${writer}; put back`,
    );
  }
  memory.healed(healed, clock.now());
  const fought = memory.fights(clock.now()).filter(({ object: key }) => healed.includes(key));
  metrics.count("resource_fights_total", {}, fought.length);
  const { created = 0, updated = 0, deleted = 0, message } = done.record;
  const commit = planning.revision.tree.commit.slice(0, 7);
  if (created + updated + deleted > 0) {
    await events.tell(object, "Applied", `${commit}: ${created} created, ${updated} updated, ${deleted} deleted`);
  }
  if (done.reason !== undefined) await events.tell(object, "SyncFailed", `${commit}: ${message}`);
}

/** Failures count for a plan's folder under one spec: a change of either starts anew. */
function tryOf(wish: Wish, planning: Planning | undefined): string {
  return `${planning?.revision.tree.tree} ${wish.generation}`;
}

function clusterFailure(error: ClusterError): NonNullable<Findings["clusterError"]> {
  return { reason: "ReconciliationFailed", message: error.message };
}

function earliest(...times: readonly (number | undefined)[]): number {
  return Math.min(...times.filter((time) => time !== undefined));
}
