import type { Step } from "../core/change/step.js";
import { hasErrors } from "../core/diagnostics.js";
import type { Outcome } from "../core/outcome.js";
import type { ApplyReport } from "./apply/apply-report.js";
import type { PlanRun } from "./plan-run.js";

/** Steps that are due: those that only wait for something to leave by itself are no difference to act on. */
export function dueSteps(outcome: Outcome): readonly Step[] {
  return outcome.steps.filter((step) => step.blocked?.type !== "waiting");
}

/** Whether something is held back that a person has to decide on (exit 3, DESIGN 6 and 7). */
export function isBlocked(outcome: Outcome): boolean {
  const { moves, strands, released } = outcome.verdict;
  const held = new Set(["in-use", "verdict", "conflict", "atomic", "budget"]);
  return (
    outcome.pruneBudgetExceeded !== undefined ||
    moves.filter((one) => one.migration === undefined).length + strands.length + released.length > 0 ||
    outcome.steps.some((step) => step.blocked !== undefined && held.has(step.blocked.type))
  );
}

/** 0, or 1 for an error, 3 for blocked, 2 for changes where they are asked for; 1 wins over 3 over 2 (DESIGN 8). */
export function planExitCode(run: PlanRun, detailed: boolean): number {
  if (run.decided === undefined || hasErrors(run.diagnostics)) return 1;
  if (isBlocked(run.decided.outcome)) return 3;
  return detailed && dueSteps(run.decided.outcome).length > 0 ? 2 : 0;
}

/** As for a plan, and 1 when the cluster refused a write or an address is not where it was (DESIGN 8). */
export function syncExitCode(run: PlanRun, report: ApplyReport | undefined): number {
  const decided = planExitCode(run, false);
  if (report === undefined || decided === 1) return decided;
  const { created, updated, deleted, adopted, failed, stopped, check, notStarted, withheld } = report;
  const wrong = (check?.overlaps.length ?? 0) + (check?.displaced.length ?? 0);
  const unchecked = check === undefined && created + updated + deleted + adopted > 0;
  if (failed.length + notStarted.length + wrong > 0 || unchecked || stopped !== undefined) return 1;
  return withheld.length > 0 ? 3 : decided;
}
