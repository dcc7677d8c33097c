import { readLockFolder } from "../adapters/plan-files/lock-files.js";
import { planNeeds } from "../app/observe.js";
import { mergeRead } from "../app/plan-run.js";
import type { Lock } from "../core/allocate/allocation.js";
import { checkLock } from "../core/allocate/check-lock.js";
import { hasErrors } from "../core/diagnostics.js";
import { planCluster } from "../core/plan/merge.js";
import type { Plan } from "../core/plan/plan.js";
import type { Snapshot } from "../core/snapshot.js";
import { writeFindings } from "./findings.js";
import type { Io } from "./io.js";
import { observeAny } from "./observe.js";
import type { ClusterOptions, OutputOptions, PlanOptions } from "./options.js";
import { openPlan } from "./plan-source.js";

/** A plan without errors, its lock, and how to look at the cluster it is for. */
export interface Planned {
  readonly plan: Plan;
  readonly lock: Lock;
  readonly snapshot: Snapshot;
  /** Looks again. */
  readonly look: () => Promise<Snapshot>;
}

/**
 * Opens plan, lock and cluster for a question about what is planned.
 * @returns undefined when the plan has errors; they are on stderr by then
 */
export async function openPlanned(
  io: Io,
  options: PlanOptions & ClusterOptions & OutputOptions,
): Promise<Planned | undefined> {
  const source = await openPlan(io, options.path);
  const { documents, diagnostics } = source.loaded;
  const merged = mergeRead(documents, diagnostics, options.cluster);
  const lock = await readLockFolder(source.root, planCluster(documents, options.cluster));
  const checked = merged.value === undefined ? [] : checkLock(lock.value, merged.value);
  const errors = [...merged.diagnostics, ...lock.diagnostics, ...checked].filter((one) => one.severity === "error");
  if (merged.value === undefined || hasErrors(errors)) {
    writeFindings(io, source, source.locate(errors), false, options.color);
    return undefined;
  }
  const look = async () => (await observeAny(io, options, planNeeds(documents))).snapshot;
  return { plan: merged.value, lock: lock.value, snapshot: await look(), look };
}
