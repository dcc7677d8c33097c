import type { Lock } from "../core/allocate/allocation.js";
import { checkLock } from "../core/allocate/check-lock.js";
import { emptyPlan } from "../core/desired/empty-plan.js";
import { type Diagnostic, hasErrors, type Result } from "../core/diagnostics.js";
import { decide } from "../core/engine.js";
import type { Options, Outcome } from "../core/outcome.js";
import { mergePlan, type PlanDocument } from "../core/plan/merge.js";
import type { Plan } from "../core/plan/plan.js";
import { unnamedPools } from "../core/plan/unnamed-pools.js";
import type { Snapshot } from "../core/snapshot.js";

/** Joins documents into one plan; `mergePlan`, or the same with a memory. */
export type Merge = typeof mergePlan;

/**
 * `mergePlan` that remembers: the same documents for the same cluster are the same plan, so that a revision is read once
 * however often it is judged. Forgets with the documents.
 */
export function rememberedMerge(): Merge {
  const known = new WeakMap<readonly PlanDocument[], { cluster: string | undefined; merged: ReturnType<Merge> }>();
  return (documents, cluster) => {
    const before = known.get(documents);
    if (before !== undefined && before.cluster === cluster) return before.merged;
    const merged = mergePlan(documents, cluster);
    known.set(documents, { cluster, merged });
    return merged;
  };
}

/**
 * Merges what was read. With an error in a file nothing is merged: what its broken document would have said is unknown,
 * and every reference to it would be told as an error of its own.
 */
export function mergeRead(
  documents: readonly PlanDocument[],
  diagnostics: readonly Diagnostic[],
  cluster: string | undefined,
  merge: Merge = mergePlan,
): Result<Plan | undefined> {
  if (hasErrors(diagnostics)) return { value: undefined, diagnostics };
  const merged = merge(documents, cluster);
  return { value: merged.value, diagnostics: [...diagnostics, ...merged.diagnostics] };
}

/** What a run starts from: the files as read, the lock as read, the cluster as seen. */
export interface PlanInput {
  readonly documents: readonly PlanDocument[];
  /** What reading the files found. */
  readonly diagnostics: readonly Diagnostic[];
  readonly cluster: string | undefined;
  readonly lock: Result<Lock>;
  readonly snapshot: Snapshot;
  readonly options: Options;
  readonly merge?: Merge;
}

/** What a run came to. */
export interface PlanRun {
  /** The lock before the run. */
  readonly lock: Lock;
  readonly snapshot: Snapshot;
  /** The merged plan, renamings it takes back among it, and what was decided; undefined when nothing could be. */
  readonly decided: { readonly plan: Plan; readonly outcome: Outcome } | undefined;
  /** Of all stages. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The one path every command that decides goes: documents -> plan -> decision.
 * An error in the files stops all of it: an owner that is missing for that reason must not look like one that was
 * removed (FIXED-1), nor may a plan that became empty. Errors the engine finds concern one owner each.
 */
export function planRun(input: PlanInput): PlanRun {
  const merged = mergeRead(input.documents, input.diagnostics, input.cluster, input.merge);
  const locked = merged.value === undefined ? [] : checkLock(input.lock.value, merged.value);
  const unnamed = merged.value === undefined ? [] : unnamedPools(merged.value, input.snapshot);
  const before = [...merged.diagnostics, ...unnamed, ...input.lock.diagnostics, ...locked];
  const kept = { lock: input.lock.value, snapshot: input.snapshot };
  if (merged.value === undefined || hasErrors(before)) return { ...kept, decided: undefined, diagnostics: before };
  const empty = emptyPlan(merged.value, input.snapshot, input.options.install);
  if (empty !== undefined) return { ...kept, decided: undefined, diagnostics: [...before, empty] };
  const outcome = decide(merged.value, input.lock.value, input.snapshot, input.options);
  const plan = outcome.returned ?? merged.value;
  return { ...kept, decided: { plan, outcome }, diagnostics: [...before, ...outcome.diagnostics] };
}
