import { type ClusterError, isClusterError } from "../../core/cluster-error.js";
import type { Holding } from "../../core/outcome.js";
import type { PlanSyncStatus } from "../../core/plan-sync/plan-sync.generated.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { planNeeds } from "../observe.js";
import { activeBreakGlass } from "./break-glass.js";
import type { Memo, Memory } from "./memory.js";
import type { PlanSyncParts, ReconcileContext } from "./parts.js";
import { type Broken, type Planning, planRevision } from "./planning.js";
import { isRequested } from "./requested.js";
import type { Revision } from "./source-follower.js";

/** What planning came to, together with what stands in its way. */
export interface PlannedNow {
  readonly planning?: Planning;
  /** What is wrong with the newest revision. */
  readonly broken?: Broken;
  readonly clusterError?: ClusterError;
  readonly until?: number;
}

/** The plan in force now; the same question again costs nothing. @throws nothing the cluster says: that is part of the answer */
export async function planNow(
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
  const holding = holdingOf(wish, previous, parts, now);
  // Of the annotations only those count that hold something back: a mark that asks for a look changes no plan.
  const on = JSON.stringify([object.metadata.generation, watched.version, lock.version, holdingText(holding)]);
  const { memo } = memory;
  const known = memo !== undefined && memo.on === on && memo.newest?.plan === newest?.plan && now < memo.until;
  try {
    if (known && newest !== memo.newest) memory.memo = atCommit(memo, newest, memory);
    const { planning, broken } = known ? memory.memo! : await planAnew(wish, previous, parts, context, holding);
    const until = planning?.until ?? now + AGAIN;
    memory.memo = { on, newest, planning, broken, until };
    return { ...(planning && { planning }), ...(broken && { broken }), until };
  } catch (error) {
    if (!isClusterError(error)) throw error;
    return { clusterError: error };
  }
}

/** The same plan of another commit, which touched other folders of the repository: nothing of it is decided anew. */
function atCommit(memo: Memo, newest: Revision | undefined, memory: Memory): Memo {
  if (newest === undefined || memo.planning === undefined || memo.planning.revision !== memo.newest)
    return { ...memo, newest };
  memory.inForce = newest;
  return { ...memo, newest, planning: { ...memo.planning, revision: newest } };
}

/** Plans the newest revision; where that is not possible the one in force stays it, and what is wrong is told. */
async function planAnew(
  wish: Wish,
  previous: PlanSyncStatus,
  parts: PlanSyncParts,
  context: ReconcileContext,
  holding: Holding,
): Promise<Pick<PlannedNow, "planning" | "broken">> {
  const { memory, follower } = parts;
  const startedAt = context.clock.monotonic();
  const { newest } = follower.state;
  if (newest !== undefined) context.watched.follow(planNeeds(newest.plan.documents).workloadKinds ?? []);
  const inputs = {
    wish,
    observation: context.watched.observation(),
    ...(wish.lock === "cluster" && { clusterLock: parts.lock }),
    holding,
    now: context.clock.now(),
    sha256: context.sha256,
    deadlines: context.deadlines,
    merge: memory.merge,
  };
  const fresh = newest && (await planRevision(newest, inputs));
  if (fresh?.type === "planned" && memory.inForce !== newest) {
    // What differs from another plan now is no drift from this one.
    if (memory.inForce?.plan !== newest?.plan) memory.drift.clear();
    memory.inForce = newest;
  }
  if (fresh?.type !== "planned") await recallApplied(previous, newest, parts);
  const older = memory.inForce === newest ? undefined : memory.inForce;
  const planned = fresh?.type === "planned" || older === undefined ? fresh : await planRevision(older, inputs);
  if (planned?.type === "planned") memory.settled(planned.planning.run.decided.outcome.steps);
  memory.lastPlanning = { startedAt, milliseconds: context.clock.monotonic() - startedAt };
  context.metrics.observe("plan_duration_seconds", memory.lastPlanning.milliseconds / 1000);
  return {
    ...(planned?.type === "planned" && { planning: planned.planning }),
    ...(fresh?.type === "broken" && { broken: fresh }),
  };
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

/** Without anything happening a revision is planned again after this time, in milliseconds. */
const AGAIN = 600_000;

/** What is left alone now: a break-glass, fights, drift that is not to be healed, all but a partial sync's part. */
function holdingOf(wish: Wish, previous: PlanSyncStatus, { follower, memory }: PlanSyncParts, now: number): Holding {
  const objects = new Map<string, string>();
  const { newest } = follower.state;
  const sameRevision = newest === undefined || memory.isApplied(newest, previous.lastAppliedRevision);
  if (wish.mode === "automated" && !wish.selfHeal && sameRevision && !isRequested(wish, previous, follower)) {
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
