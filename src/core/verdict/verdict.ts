import type { OrderedStep } from "../change/order.js";
import { stepKey } from "../change/step.js";
import type { Diagnostic } from "../diagnostics.js";
import type { LeavingEntry, Summary, Verdict } from "../outcome.js";
import { podShown } from "../usage.js";
import type { Guarded } from "./guard.js";
import { type Effect, entryOf } from "./impact.js";
import type { Judged } from "./judge.js";

/** What a verdict rests on: addresses in use, and the replay of candidates, affinities, order and free addresses. */
const JUDGED = ["in-use", "affinity"] as const;

/** Says what the change does to everybody who has an address (DESIGN 6). */
export function verdictOf(steps: readonly OrderedStep[], guarded: Guarded, judged: Judged): Verdict {
  const entries = (effect: Effect) => judged.judgements.filter((one) => one.effect === effect).map(entryOf);
  const moves = entries("moves");
  const strands = [...entries("strands"), ...judged.idle.map((one) => one.entry)];
  const released = new Set(guarded.released.map((entry) => `${entry.pod} ${entry.address}`));
  return {
    stable: moves.filter((one) => one.migration === undefined).length + strands.length + guarded.released.length === 0,
    judged: JUDGED,
    stays: judged.stays - released.size,
    moves,
    strands,
    released: guarded.released,
    leaving: guarded.leaving.map((one): LeavingEntry => ({ ...one, waiting: waitingFor(steps, one.pool) })),
  };
}

/** A Pod that would get nothing at its next restart with or without the plan: told, never a reason to block. */
export function inDanger(judged: Judged): Diagnostic[] {
  return judged.judgements
    .filter((one) => one.effect === "in danger already")
    .map(({ tenant, reasons }) => ({
      code: "SP4202",
      severity: "warning",
      message: `${podShown(tenant.pod)} would get no address on ${tenant.nic || "its NIC"} at its next restart, with or without this plan: ${reasons.at(-1)}`,
      hint: "check its annotations and the affinities of its pools with `spiderplan explain`",
      about: tenant.owner,
    }));
}

/** A template that would find no pool any more, and may hold nothing back: told, never a reason to block. */
export function untrustedTemplates({ untrusted = [] }: Judged): Diagnostic[] {
  return untrusted.map(({ entry }) => ({
    code: "SP4206",
    severity: "warning",
    message: `a Pod of ${entry.owner} would get no address after this plan: ${entry.reasons.at(-1)}`,
    hint: "no Pod of it has an address, and it may hold nothing back: it names its pools by a wildcard, or its namespace is not in settings.trustedNamespaces; name the pools in its template, or trust its namespace",
    about: entry.owner,
  }));
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
  return steps.filter((step) => step.blocked?.type === "waiting" && step.blocked.because?.includes(pool)).map(stepKey);
}
