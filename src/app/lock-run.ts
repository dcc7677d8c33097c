import { allocate } from "../core/allocate/allocate.js";
import type { Lock } from "../core/allocate/allocation.js";
import { checkLock } from "../core/allocate/check-lock.js";
import { type Diagnostic, hasErrors, type Result } from "../core/diagnostics.js";
import type { PlanDocument } from "../core/plan/merge.js";
import { unnamedPools } from "../core/plan/unnamed-pools.js";
import type { Snapshot } from "../core/snapshot.js";
import { type Merge, mergeRead } from "./plan-run.js";

/** What choosing addresses starts from. */
export interface LockInput {
  readonly documents: readonly PlanDocument[];
  readonly diagnostics: readonly Diagnostic[];
  readonly cluster: string | undefined;
  readonly lock: Result<Lock>;
  readonly snapshot: Snapshot;
  readonly install: string;
  readonly merge?: Merge;
}

/**
 * The lock as it should be for these files (DESIGN 5). The only way the files of spiderplan.lock come to be.
 * @returns undefined when an error in the files leaves nothing to lock; errors of one owner leave that owner as it is
 */
export function lockRun(input: LockInput): Result<Lock | undefined> {
  const merged = mergeRead(input.documents, input.diagnostics, input.cluster, input.merge);
  const locked = merged.value === undefined ? [] : checkLock(input.lock.value, merged.value);
  const unnamed = merged.value === undefined ? [] : unnamedPools(merged.value, input.snapshot);
  const before = [...merged.diagnostics, ...unnamed, ...input.lock.diagnostics, ...locked];
  if (merged.value === undefined || hasErrors(before)) return { value: undefined, diagnostics: before };
  const { lock, diagnostics } = allocate({
    plan: merged.value,
    lock: input.lock.value,
    snapshot: input.snapshot,
    install: input.install,
    mode: "lock",
  });
  return { value: lock, diagnostics: [...before, ...diagnostics] };
}
