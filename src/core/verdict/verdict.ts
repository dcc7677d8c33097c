import type { OrderedStep } from "../change/order.js";
import type { Diagnostic } from "../diagnostics.js";
import type { LeavingEntry, Summary, Verdict } from "../outcome.js";
import type { Snapshot } from "../snapshot.js";
import { objectKey } from "../spiderpool/objects.js";
import type { Guarded } from "./guard.js";

/** What of a change has been judged so far: addresses in use. Everything else only warns. */
const JUDGED = ["in-use"] as const;

/** Says for the live Pods what is known about them after the steps; `stable` is null while something is not judged. */
export function verdictOf(steps: readonly OrderedStep[], guarded: Guarded, snapshot: Snapshot): Verdict {
  const open = steps.some((step) => step.steering.length > 0 && !step.blocked);
  return {
    stable: guarded.released.length > 0 ? false : open ? null : true,
    judged: JUDGED,
    stays: snapshot.use.byAddress.size - new Set(guarded.released.map((entry) => entry.address)).size,
    moves: [],
    strands: [],
    released: guarded.released,
    leaving: guarded.leaving.map((one): LeavingEntry => ({ ...one, waiting: waitingFor(steps, one.pool) })),
  };
}

/** One warning a step whose effect on running Pods nothing judges. */
export function unjudged(steps: readonly OrderedStep[], snapshot: Snapshot): Diagnostic[] {
  return steps
    .filter((step) => step.steering.length > 0 && !step.blocked)
    .map((step) => {
      const users = snapshot.use.byPool.get(step.name)?.length ?? 0;
      const who = step.kind.kind === "SpiderIPPool" && users > 0 ? `its ${users} users` : "running Pods";
      return {
        code: "SP4201",
        severity: "warning",
        message: `${objectKey(step.kind.kind, step.namespace, step.name)}: ${step.steering.join(", ")} changes; nothing judges yet what ${who} get at their next restart`,
        hint: "check with `spiderplan explain` which pools they may use before and after",
        source: step.source,
      };
    });
}

/** Counts by action; what is held back counts as blocked only. */
export function summarize(steps: readonly OrderedStep[], unchanged: number): Summary {
  const count = (action: string) => steps.filter((step) => step.action === action && !step.blocked).length;
  return {
    create: count("create"),
    update: count("update"),
    delete: count("delete"),
    unchanged,
    adopt: count("adopt"),
    blocked: steps.filter((step) => step.blocked).length,
  };
}

function waitingFor(steps: readonly OrderedStep[], pool: string): string[] {
  return steps
    .filter((step) => step.blocked?.type === "waiting" && step.blocked.message.includes(pool))
    .map((step) => objectKey(step.kind.kind, step.namespace, step.name));
}
