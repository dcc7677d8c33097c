import { type ClusterError, isClusterError } from "../../core/cluster-error.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import type { ApplyEvent } from "../apply/apply-report.js";
import { planNeeds } from "../observe.js";
import { timeText } from "../time-text.js";
import { type CarriedOut, carryOut } from "./carry-out.js";
import { LockMoved } from "./cluster-lock.js";
import type { PlanSyncParts, ReconcileContext } from "./parts.js";
import type { Planning } from "./planning.js";

/**
 * Writes a plan: the lock first, then the steps.
 * @returns undefined when the lock was written by somebody else: decide again
 */
export async function syncNow(
  planning: Planning,
  wish: Wish,
  { lock, memory }: PlanSyncParts,
  context: ReconcileContext,
  onEvent: (event: ApplyEvent) => void,
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
  const needs = planNeeds(planning.revision.plan.documents);
  const done = await carryOut(planning, wish.key, { ...context, needs, onEvent });
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
export function summed(before: CarriedOut, after: CarriedOut): CarriedOut["record"] {
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

/** Events and numbers of a sync, and what it healed. */
export async function tellSync(
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
export function tryOf(wish: Wish, planning: Planning | undefined): string {
  return `${planning?.revision.tree.tree} ${wish.generation}`;
}
