import type { Approval } from "./switches.js";

/** A plan as it is remembered for approvals: enough to say what changed since, not what it says. */
export interface PlanPrint {
  readonly digest: string;
  /** What the digest is made of: a print that was kept elsewhere is made anew of it, and believed only if the digest fits. */
  readonly text: string;
  /** A hash of each step that would be written, by its name for people: `update SpiderIPPool x`. */
  readonly steps: ReadonlyMap<string, string>;
  /** Pods that would not keep their address, one text each. */
  readonly leaves: readonly string[];
}

/** Whether the plan at hand is one somebody said yes to. */
export type Approved =
  | { readonly state: "approved"; readonly by?: string }
  | { readonly state: "missing" }
  /** Somebody approved another plan, or too long ago; why, in words. */
  | { readonly state: "void"; readonly why: string };

/**
 * An approval names one plan. It still covers what is left of that plan when part of it was carried out; it is void as
 * soon as a step is another one, or one more Pod would leave its address.
 * @param remembered plans that were offered before
 * @param validFor milliseconds an approval stays good
 */
export function approvedBy(
  plan: PlanPrint,
  approval: Approval | undefined,
  remembered: readonly PlanPrint[],
  now: number,
  validFor: number,
): Approved {
  if (approval === undefined) return { state: "missing" };
  const by = approval.by === undefined ? {} : { by: approval.by };
  if (approval.at !== undefined && now - approval.at > validFor) return { state: "void", why: "it is too old" };
  if (approval.digest === plan.digest) return { state: "approved", ...by };
  const then = remembered.find(({ digest }) => digest === approval.digest);
  if (then === undefined) return { state: "void", why: "the plan it names is not known here any more" };
  const changed = changedSince(then, plan);
  return changed.length === 0 ? { state: "approved", ...by } : { state: "void", why: listed(changed) };
}

/** What of a plan an earlier one did not have, in words. */
function changedSince(then: PlanPrint, now: PlanPrint): string[] {
  const steps = [...now.steps].flatMap(([name, print]) => {
    const before = then.steps.get(name);
    if (before === print) return [];
    return [before === undefined ? `new: ${name}` : `changed: ${name}`];
  });
  const known = new Set(then.leaves);
  return [...steps, ...now.leaves.filter((one) => !known.has(one)).map((one) => `new: ${one}`)];
}

function listed(changes: readonly string[]): string {
  const shown = changes.slice(0, 3).join(", ");
  return changes.length > 3 ? `${shown} and ${changes.length - 3} more` : shown;
}
