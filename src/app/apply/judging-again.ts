import type { Step } from "../../core/change/step.js";
import { judgeAgain } from "../../core/engine.js";
import type { Plan } from "../../core/plan/plan.js";
import type { Snapshot } from "../../core/snapshot.js";

/**
 * Judges steps on the cluster as it is by now.
 * @returns why a step must not be carried out any more
 */
export type Rejudge = (remaining: readonly Step[]) => Promise<ReadonlyMap<Step, string>>;

/**
 * The judgement of a decision, made again whenever it is asked for.
 * @param decidedOn the cluster of the decision
 * @param look reads the cluster as it is now, for the sake of these steps
 * @param within carries the judging itself out; it may take a while
 */
export function judgingAgain(
  plan: Plan,
  decidedOn: Snapshot,
  look: (remaining: readonly Step[]) => Promise<Snapshot>,
  within: <T>(judge: () => T) => T = (judge) => judge(),
): Rejudge {
  return async (remaining) => {
    const now = await look(remaining);
    return within(() => judgeAgain(plan, remaining, now, decidedOn));
  };
}
