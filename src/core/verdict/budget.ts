import { liveObjects } from "../change/live.js";
import type { OrderedStep } from "../change/order.js";
import { ownershipOf } from "../change/ownership.js";
import type { Outcome } from "../outcome.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { hold } from "./guard.js";

/** How many objects of a kind may be deleted in one run; both must be exceeded to stop it. */
type Budget = Plan["settings"]["pruneBudget"];

/**
 * The prune budget: a kind whose deletes are more than `count` and more than `percent` of this install's objects of that
 * kind loses none of them; everything else goes on (DESIGN 7).
 * @param override a count given on the command line replaces both limits; limits of a PlanSync replace the plan's
 */
export function withinBudget(
  steps: readonly OrderedStep[],
  snapshot: Snapshot,
  install: string,
  planned: Budget,
  override: number | Budget | undefined,
): { steps: readonly OrderedStep[]; exceeded: Outcome["pruneBudgetExceeded"] } {
  const budget = typeof override === "object" ? override : planned;
  const counted = typeof override === "number" ? override : undefined;
  const deletes = new Map<string, number>();
  for (const step of steps) {
    if (step.action === "delete" && !step.blocked) deletes.set(step.kind.kind, (deletes.get(step.kind.kind) ?? 0) + 1);
  }
  const over = (kind: string, count: number): boolean => {
    if (counted !== undefined) return count > counted;
    const owned = [...liveObjects(snapshot, kind).values()].filter((one) => ownershipOf(one, install).type === "ours");
    return count > budget.count && count * 100 > budget.percent * owned.length;
  };
  const exceeded = [...deletes].filter(([kind, count]) => over(kind, count));
  if (exceeded.length === 0) return { steps, exceeded: undefined };
  const total = [...deletes.values()].reduce((sum, count) => sum + count, 0);
  const limit = counted ?? budget.count;
  const message = `the plan deletes ${total} objects, the prune budget is ${limit}; if that is meant: --prune-budget ${total}`;
  return {
    // Then no delete at all: a bad commit rarely breaks one kind only.
    steps: steps.map((step) => (step.action === "delete" && !step.blocked ? hold(step, "budget", message) : step)),
    exceeded: { deletes: total, count: limit, percent: budget.percent },
  };
}

/** `--atomic`: one refusal holds back every step. */
export function holdBackAll(steps: readonly OrderedStep[]): readonly OrderedStep[] {
  if (!steps.some((step) => step.blocked)) return steps;
  return steps.map((step) =>
    step.blocked ? step : hold(step, "atomic", "held back by --atomic: another step is blocked"),
  );
}
