import { stepKey } from "../../core/change/step.js";
import { type ClusterError, isClusterError } from "../../core/cluster-error.js";
import { type Approved, approvedBy } from "../../core/plan-sync/approval.js";
import type { Findings } from "../../core/plan-sync/findings.js";
import { type Gate, gateOf } from "../../core/plan-sync/gate.js";
import type { PlanSyncStatus } from "../../core/plan-sync/plan-sync.generated.js";
import { readWish, type Wish } from "../../core/plan-sync/wish.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { parseTime } from "../../core/time.js";
import { timeText } from "../time-text.js";
import type { ApprovedPlans } from "./approved-plans.js";
import { absorbBreakGlass, activeBreakGlass } from "./break-glass.js";
import type { CarriedOut } from "./carry-out.js";
import type { PlanSyncParts, ReconcileContext } from "./parts.js";
import { planFindings } from "./plan-findings.js";
import { type PlannedNow, planNow } from "./plan-now.js";
import { dueOf, type Planning } from "./planning.js";
import { latestStatus } from "./publish.js";
import { isRequested } from "./requested.js";
import { sourceFindings } from "./source-findings.js";
import { summed, syncNow, tellSync, tryOf } from "./sync-now.js";
import { SyncProgress } from "./sync-progress.js";
import { tellStatus } from "./tell-status.js";

/** How often one reconcile writes and looks again: what a sync makes possible (a wait that ended) follows at once. */
const ROUNDS = 3;

/** When to look again while something may be written, in milliseconds. */
const SOON = 100;

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
    const { planning } = plan;
    const found = { plan, gate, sync };
    const progress = new SyncProgress(dueOf(planning).length, clock, async (one) => {
      // The request is handled once the sync is over.
      const findings = { ...findingsOf(object, wish, found, parts, context), handled: false, progress: one };
      await tellStatus(object, findings, planning, parts, context);
    });
    await progress.begin();
    const stoppable = { ...context, signal: AbortSignal.any([context.signal, progress.stopped]) };
    const done = await syncNow(planning, wish, parts, stoppable, (event) => progress.tell(event));
    await progress.end();
    if (done !== undefined) sync = sync === undefined ? done : { ...done, record: summed(sync, done) };
    await watched.caughtUp();
    await tellSync(object, planning, done, drifted, parts, context);
    plan = await planNow(object, wish, previous, parts, context);
    if (done?.reason !== undefined || context.signal.aborted) break;
  }
  // A request is answered by one try.
  const unanswered = requested && sync === undefined;
  if (plan.planning !== undefined) gate = await gateNow(plan.planning, wish, unanswered, previous, parts, context);

  // What was found, in the object's status, its events and the metrics.
  if (plan.planning !== undefined) await absorbBreakGlass(object, wish, plan.planning, context);
  const findings = findingsOf(object, wish, { plan, gate, sync }, parts, context);
  await tellStatus(object, findings, plan.planning, parts, context);
  const now = clock.now();
  const glass = activeBreakGlass(wish, now);
  return earliest(
    now + 600_000,
    plan.until,
    gate?.until,
    // What the loop waited for, a retry's time or a window, came while this pass ended.
    ...(gate?.open ? [now + SOON] : []),
    glass && parseTime(glass.until),
    ...parts.memory.fights(now).map((fight) => fight.until),
    ...(plan.clusterError === undefined ? [] : [now + 10_000]),
  );
}

/** What is known so far, for status and events. */
function findingsOf(
  object: KubeObject,
  wish: Wish,
  {
    plan,
    gate,
    sync,
  }: { readonly plan: PlannedNow; readonly gate: Gate | undefined; readonly sync: CarriedOut | undefined },
  parts: PlanSyncParts,
  { clock }: ReconcileContext,
): Findings {
  const { memory, follower } = parts;
  const now = clock.now();
  const glass = activeBreakGlass(wish, now);
  const planned =
    plan.planning &&
    planFindings(plan.planning, { wish, drift: memory.drift, fights: memory.fights(now), breakGlass: glass });
  return {
    wish,
    previous: latestStatus(object, memory),
    now: timeText(now),
    source: sourceFindings(parts, wish),
    handled: follower.upToDate,
    planErrors: plan.broken?.errors ?? [],
    ...(plan.broken && { planErrorReason: plan.broken.reason }),
    ...(plan.clusterError && { clusterError: clusterFailure(plan.clusterError) }),
    ...(planned && { plan: planned }),
    ...(gate && { gate }),
    ...(gate?.until !== undefined && { nextSyncAt: timeText(gate.until) }),
    ...(sync && { sync: { record: sync.record, ...(sync.reason && { reason: sync.reason }) } }),
  };
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

function clusterFailure(error: ClusterError): NonNullable<Findings["clusterError"]> {
  return { reason: "ReconciliationFailed", message: error.message };
}

function earliest(...times: readonly (number | undefined)[]): number {
  return times.reduce(
    (first: number, time = Number.POSITIVE_INFINITY) => Math.min(first, time),
    Number.POSITIVE_INFINITY,
  );
}
