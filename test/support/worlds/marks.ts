import type { PlanRun } from "../../../src/app/plan-run.js";
import { hasErrors } from "../../../src/core/diagnostics.js";
import { editedBy } from "./checks.js";
import type { Edit } from "./edit-spec.js";
import type { Violation } from "./findings.js";
import type { Keeper } from "./keeper.js";
import type { Objects } from "./objects.js";
import { holdingsOf } from "./resting.js";
import { bornAs } from "./standing.js";

/** What an install's owners have now, to be compared when the marks of their pools are lost; of one at rest only. */
export function holdingsAtRest({ atRest, install }: Keeper, objects: Objects): Keeper["unmarked"] {
  return atRest ? holdingsOf(objects, install.name) : undefined;
}

/**
 * DESIGN 4: a pool with an owner's name and addresses that lost our marks is the owner's still and adopted as it is: the plan
 * at rest takes and gives nothing, and an edit of another owner takes nothing from it.
 */
export function unmarkedKept(
  objects: Objects,
  run: PlanRun,
  { unmarked, install, model }: Keeper,
  edits: readonly Edit[] = [],
): Violation[] {
  const edited = editedBy(edits, model);
  if (unmarked === undefined || edited === undefined) return [];
  const { steps } = run.decided!.outcome;
  const whole = !hasErrors(run.diagnostics) && steps.every((step) => step.blocked === undefined);
  // What an edit that is held back takes along stays as it is.
  if (edits.length > 0 && !whole) return [];
  const now = holdingsOf(objects, install.name);
  return [...unmarked].flatMap(([owner, had]) => {
    const has = now.get(owner) ?? "";
    const missing = had.split(" ").filter((address) => !has.split(" ").includes(address));
    if (edited(bornAs(owner)) || missing.length === 0) return [];
    const message = `${owner} had ${had} when its marks were lost, and has ${has || "nothing"} after the next sync`;
    return [{ invariant: "marks", message }];
  });
}
