import { stepKey } from "../../core/change/step.js";
import { type ClusterError, isClusterError } from "../../core/cluster-error.js";
import type { Holding } from "../../core/outcome.js";
import { type Approved, approvedBy } from "../../core/plan-sync/approval.js";
import type { Findings } from "../../core/plan-sync/findings.js";
import { type Gate, gateOf } from "../../core/plan-sync/gate.js";
import type { PlanSyncStatus } from "../../core/plan-sync/plan-sync.generated.js";
import type { WindowState } from "../../core/plan-sync/windows.js";
import { readWish, type Wish } from "../../core/plan-sync/wish.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { parseTime } from "../../core/time.js";
import type { WatchableCluster } from "../../ports/cluster.js";
import type { Clock, Digest } from "../../ports/runtime.js";
import type { Logger, Metrics } from "../../ports/telemetry.js";
import type { Observation } from "../observation.js";
import { planNeeds } from "../observe.js";
import { timeText } from "../time-text.js";
import type { ApprovedPlans } from "./approved-plans.js";
import { absorbBreakGlass, activeBreakGlass } from "./break-glass.js";
import { type CarriedOut, carryOut } from "./carry-out.js";
import { type ClusterLock, LockMoved } from "./cluster-lock.js";
import type { EventRecorder } from "./events.js";
import { measure } from "./measure.js";
import type { Memory } from "./memory.js";
import { planFindings } from "./plan-findings.js";
import { dueOf, type Planned, type Planning, planRevision } from "./planning.js";
import { publish } from "./publish.js";
import type { Revision, SourceFollower } from "./source-follower.js";

/** The cluster as the operator's watches show it. */
export interface WatchedCluster {
  /** Grows with each change that may matter. */
  readonly version: number;
  observation(): Observation;
  /** Waits until the watches have seen what was written, as far as they do within a while. */
  caughtUp(): Promise<void>;
}

/** What a reconcile works with; one for all PlanSyncs of an operator. */
export interface ReconcileContext {
  /** Writes are refused once this operator does not lead any more. */
  readonly cluster: WatchableCluster;
  readonly watched: WatchedCluster;
  readonly clock: Clock;
  readonly sha256: Digest;
  readonly identity: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  readonly windowsAt: (windows: Wish["windows"], now: number) => WindowState;
  readonly signal: AbortSignal;
}

/** What belongs to one PlanSync. */
export interface PlanSyncParts {
  readonly follower: SourceFollower;
  readonly memory: Memory;
  readonly lock: ClusterLock;
  readonly approvals: ApprovedPlans;
}

/** How often one reconcile writes and looks again: what a sync makes possible (a wait that ended) follows at once. */
const ROUNDS = 3;

/**
 * One level-triggered pass over a PlanSync: revision -> plan -> verdict -> gate -> sync -> status. Whatever happened, it is
 * judged by what is there now.
 * @returns when to look again without anything happening, in milliseconds since 1970; undefined = after a failure
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
  for (let round = 0; round < ROUNDS; round++) {
    if (plan.planning === undefined) break;
    gate = await gateNow(plan.planning, wish, previous, parts, context);
    if (!gate.open) break;

    // It may be written: the lock first, then the steps, then a look at what is left.
    const done = await syncNow(plan.planning, wish, parts, context);
    if (done !== undefined) sync = sync === undefined ? done : { ...done, record: summed(sync, done) };
    await watched.caughtUp();
    await tellSync(object, plan.planning, done, parts, context);
    plan = await planNow(object, wish, previous, parts, context);
    if (done?.reason !== undefined || context.signal.aborted) break;
  }
  if (plan.planning !== undefined && sync?.reason === undefined)
    gate = await gateNow(plan.planning, wish, previous, parts, context);

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
  const retryAt = parts.memory.retryAt(tryOf(wish, plan.planning));
  const until = gate?.until ?? (sync?.reason === undefined ? undefined : retryAt);
  const findings: Findings = {
    wish,
    previous,
    now: timeText(now),
    source: sourceFindings(parts, wish),
    handled: parts.follower.upToDate,
    planErrors: plan.errors,
    ...(plan.errorReason && { planErrorReason: plan.errorReason }),
    ...(plan.clusterError && { clusterError: clusterFailure(plan.clusterError) }),
    ...(planned && { plan: planned }),
    ...(gate && { gate }),
    ...(until !== undefined && { nextSyncAt: timeText(until) }),
    ...(sync && { sync: { record: sync.record, ...(sync.reason && { reason: sync.reason }) } }),
  };
  parts.memory.written = (await publish(object, findings, context)) ?? parts.memory.written;
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

/** The status as we wrote it last, where the watch has not told it yet. */
function latestStatus(object: KubeObject, { written }: Memory): PlanSyncStatus {
  const own = Number(written?.metadata.resourceVersion) > Number(object.metadata.resourceVersion);
  const newest = own && written?.metadata.uid === object.metadata.uid ? written : object;
  return (newest?.status ?? {}) as PlanSyncStatus;
}

/** What planning came to, together with what stands in its way. */
interface PlannedNow {
  readonly planning?: Planning;
  readonly errors: readonly string[];
  readonly errorReason?: Findings["planErrorReason"];
  readonly clusterError?: ClusterError;
  readonly until?: number;
}

async function planNow(
  object: KubeObject,
  wish: Wish,
  previous: PlanSyncStatus,
  parts: PlanSyncParts,
  context: ReconcileContext,
): Promise<PlannedNow> {
  const { memory, follower, lock } = parts;
  const { watched, clock } = context;
  const now = clock.now();
  const { newest } = follower.state;
  const holding = holdingOf(wish, previous, newest, memory, now);
  const on = JSON.stringify([
    object.metadata.generation,
    object.metadata.annotations,
    watched.version,
    lock.version,
    holdingText(holding),
  ]);
  const { memo } = memory;
  const known = memo !== undefined && memo.on === on && memo.newest === newest && now < memo.until;
  try {
    const { planned, errors } = known ? memo : await planAnew(wish, previous, parts, context, holding);
    const until = planned?.type === "planned" ? planned.planning.until : now + 600_000;
    memory.memo = { on, newest, planned, errors, until };
    if (planned?.type !== "planned") return { errors, ...(planned && { errorReason: planned.reason }), until };
    return {
      planning: planned.planning,
      errors,
      ...(errors.length > 0 && { errorReason: "BuildFailed" as const }),
      until,
    };
  } catch (error) {
    if (!isClusterError(error)) throw error;
    return { errors: [], clusterError: error };
  }
}

/** Plans the newest revision; where that is not possible the one in force stays it, and what is wrong is told. */
async function planAnew(
  wish: Wish,
  previous: PlanSyncStatus,
  parts: PlanSyncParts,
  context: ReconcileContext,
  holding: Holding,
): Promise<{ planned: Planned | undefined; errors: readonly string[] }> {
  const { memory, follower } = parts;
  const started = context.clock.now();
  const inputs = {
    wish,
    observation: context.watched.observation(),
    ...(wish.lock === "cluster" && { clusterLock: parts.lock }),
    holding,
    now: context.clock.now(),
    sha256: context.sha256,
  };
  const { newest } = follower.state;
  const fresh = newest && (await planRevision(newest, inputs));
  if (fresh?.type === "planned" && memory.inForce !== newest) {
    memory.inForce = newest;
    // What differs from another revision now is no drift from this one.
    memory.drift.clear();
  }
  const errors = fresh?.type === "broken" ? fresh.errors : [];
  if (fresh?.type !== "planned") await recallApplied(previous, newest, parts);
  const older = memory.inForce !== undefined && memory.inForce !== newest ? memory.inForce : undefined;
  const planned = fresh?.type === "planned" || older === undefined ? fresh : await planRevision(older, inputs);
  memory.planMilliseconds = context.clock.now() - started;
  context.metrics.observe("plan_duration_seconds", memory.planMilliseconds / 1000);
  return { planned: planned?.type === "broken" && fresh?.type === "broken" ? fresh : planned, errors };
}

/** After a restart nothing is in force: what was applied last is, until something newer can be planned. */
async function recallApplied(
  previous: PlanSyncStatus,
  newest: Revision | undefined,
  parts: PlanSyncParts,
): Promise<void> {
  const { memory, follower } = parts;
  const applied = previous.lastAppliedRevision;
  if (memory.recalled || memory.inForce !== undefined || applied === undefined) return;
  if (newest === undefined && follower.state.failure === undefined) return;
  memory.recalled = true;
  if (applied !== newest?.tree.commit) memory.inForce = await follower.recall(applied);
}

/** What is left alone now: a break-glass, fights, drift that is not to be healed, all but a partial sync's part. */
function holdingOf(
  wish: Wish,
  previous: PlanSyncStatus,
  newest: Revision | undefined,
  memory: Memory,
  now: number,
): Holding {
  const objects = new Map<string, string>();
  const sameRevision = newest === undefined || newest.tree.commit === previous.lastAppliedRevision;
  if (wish.mode === "automated" && !wish.selfHeal && sameRevision) {
    for (const [object, { writer }] of memory.drift) objects.set(object, `changed by ${writer}, and selfHeal is off`);
  }
  for (const { object } of memory.fights(now))
    objects.set(object, "somebody keeps changing it; left alone for a while");
  const glass = activeBreakGlass(wish, now);
  for (const object of glass?.objects ?? []) objects.set(object, `break-glass ${glass!.ticket} until ${glass!.until}`);
  const { only } = wish.switches;
  return { ...(objects.size > 0 && { objects }), ...(only && { only }) };
}

function holdingText({ objects, only }: Holding): unknown {
  return [objects === undefined ? [] : [...objects], only ?? []];
}

async function gateNow(
  planning: Planning,
  wish: Wish,
  previous: PlanSyncStatus,
  parts: PlanSyncParts,
  context: ReconcileContext,
): Promise<Gate> {
  const { memory, approvals } = parts;
  const now = context.clock.now();
  const of = tryOf(wish, planning);
  const due = dueOf(planning);
  const { requestedAt } = wish.switches;
  const requested =
    parts.follower.upToDate && requestedAt !== undefined && requestedAt !== previous.lastHandledReconcileAt;
  const applied = planning.revision.tree.commit === previous.lastAppliedRevision;
  return gateOf({
    wish,
    digest: planning.print.digest,
    due: due.length,
    drift: applied && due.length > 0 && due.every((step) => memory.drift.has(stepKey(step))),
    requested,
    approved: wish.mode === "manual" ? await approvalOf(planning, wish, approvals, now) : { state: "missing" },
    windows: context.windowsAt(wish.windows, now),
    failures: memory.failuresOf(of),
    retryAt: memory.retryAt(of),
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
    memory.failed(of, wish, context.clock.now());
    return lockFailed(planning, error, context);
  }
  const done = await carryOut(planning, wish.key, { ...context, needs: planNeeds(planning.revision.plan.documents) });
  if (done.reason === undefined) memory.succeeded();
  else if (done.retry) memory.failed(of, wish, context.clock.now());
  return done;
}

function lockFailed({ revision, print }: Planning, error: ClusterError, { clock }: ReconcileContext): CarriedOut {
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
  { memory }: PlanSyncParts,
  { clock, events }: ReconcileContext,
): Promise<void> {
  if (done === undefined) return;
  const healed = done.written.filter((key) => memory.drift.has(key));
  for (const key of healed) {
    const { writer, deleted } = memory.drift.get(key)!;
    await events.tell(
      object,
      "DriftCorrected",
      deleted ? `${key} was deleted; made again` : `${key} was changed by ${writer}; put back`,
    );
  }
  memory.healed(healed, clock.now());
  const { created = 0, updated = 0, deleted = 0, message } = done.record;
  const commit = planning.revision.tree.commit.slice(0, 7);
  if (created + updated + deleted > 0) {
    await events.tell(object, "Applied", `${commit}: ${created} created, ${updated} updated, ${deleted} deleted`);
  }
  if (done.reason !== undefined) await events.tell(object, "SyncFailed", `${commit}: ${message}`);
}

/** Failures count for a revision under one spec: a change of either starts anew. */
function tryOf(wish: Wish, planning: Planning | undefined): string {
  return `${planning?.revision.tree.commit} ${wish.generation}`;
}

function sourceFindings({ follower, memory }: PlanSyncParts, wish: Wish): Findings["source"] {
  const { attempted, failure } = follower.state;
  const tree = memory.inForce?.tree;
  const { pinnedRevision } = wish.switches;
  return {
    ...(tree && {
      revision: tree.commit,
      tree: tree.tree,
      author: tree.author,
      subject: tree.subject,
      committedAt: tree.committedAt,
      ...(tree.refName && { ref: tree.refName }),
      ...(tree.signedBy && { signedBy: tree.signedBy }),
    }),
    ...(attempted && { attempted }),
    ...(pinnedRevision && { pinned: pinnedRevision }),
    ...(failure && {
      failure: {
        reason: failure.told && failure.error.transient ? "SourceStale" : sourceReason(failure.error.reason),
        message: failure.error.message,
        since: timeText(failure.since),
        told: failure.told,
      },
    }),
  };
}

function sourceReason(reason: string): string {
  const ours: Readonly<Record<string, string>> = {
    NotFound: "SourceNotFound",
    Refused: "SourceRefused",
    TooLarge: "SourceTooLarge",
  };
  return ours[reason] ?? reason;
}

function clusterFailure(error: ClusterError): NonNullable<Findings["clusterError"]> {
  return { reason: "ReconciliationFailed", message: error.message };
}

function earliest(...times: readonly (number | undefined)[]): number {
  return Math.min(...times.filter((time) => time !== undefined));
}
