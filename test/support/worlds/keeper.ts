import type { LiveWorkload } from "./kubernetes.js";
import type { FixedWorkload, PlanModel } from "./plan-model.js";
import type { Install } from "./sync.js";

/** A plan of one install, and who writes it. */
export interface Keeper {
  /** Who had what before the last commit, as long as nobody else meddles (FIXED-9). */
  remembered: { readonly holdings: ReadonlyMap<string, string>; readonly at: number } | undefined;
  readonly install: Install;
  model: PlanModel;
  /** The plan of the last commit but one, for a revert. */
  previous: PlanModel | undefined;
  /** Whether the last sync left nothing to do and complained of nothing. */
  atRest: boolean;
  /** What its fixed owners had at rest when our marks were lost, until a sync has made it good. */
  unmarked: ReadonlyMap<string, string> | undefined;
  /** Whether all that its lock promises is held in the cluster. */
  isHeld: boolean;
  readonly workloads: readonly FixedWorkload[];
}

/** An install at its beginning. */
export function keeperOf(
  name: string,
  model: PlanModel,
  lockFiles: boolean,
  workloads: readonly LiveWorkload[],
): Keeper {
  const install: Install = { name, lock: { files: false, subnets: new Map() }, lockFiles };
  const nothing = { previous: undefined, remembered: undefined, unmarked: undefined };
  return { install, model, ...nothing, atRest: false, isHeld: false, workloads };
}
