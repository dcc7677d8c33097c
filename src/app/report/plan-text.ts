import type { SubnetUsage } from "../../core/allocate/allocation.js";
import { workloadOf } from "../../core/allocate/owner.js";
import type { Action } from "../../core/change/step.js";
import type { LocatedDiagnostic, SourceRef } from "../../core/diagnostics.js";
import { amount } from "../../core/ip/amount.js";
import { formatRangeSet } from "../../core/ip/range-set.js";
import type { LeavingEntry, Outcome, Summary, Verdict, VerdictEntry } from "../../core/outcome.js";
import { printable } from "../../core/printable.js";
import { podShown } from "../../core/usage.js";
import { dueSteps, isBlocked } from "../exit-code.js";
import type { PlanRun } from "../plan-run.js";
import { flow, shortList } from "./columns.js";
import { count } from "./count.js";
import { briefText, diagnosticCounts, diagnosticsText, type Excerpt, type ShowFile } from "./diagnostics-text.js";
import type { Palette } from "./palette.js";
import { headingLine, type PlanHeading, snapshotLine } from "./plan-heading.js";
import { fullName, stepsText } from "./step-text.js";
import { touchedUsage, usageLines } from "./usage.js";

/** What a text report needs besides the run. */
export interface PlanTextContext {
  readonly heading: PlanHeading;
  readonly diagnostics: readonly LocatedDiagnostic[];
  readonly fileCount: number;
  readonly excerpt: Excerpt;
  readonly showFile: ShowFile;
  readonly paint: Palette;
  /** Where in the plan something stands, `plan/app.yaml:31:9`. */
  readonly place: (source: SourceRef) => string | undefined;
}

/** What `plan` prints (UX.md): heading, refusals and errors, steps, leaving owners, usage, warnings, one stable last line. */
export function planText(run: PlanRun, context: PlanTextContext): string {
  const { diagnostics, excerpt, showFile, paint } = context;
  if (run.decided === undefined) {
    return `${diagnosticsText(diagnostics, excerpt, showFile, paint)}\n${nothingPlanned(context)}\n`;
  }
  const errors = diagnostics.filter((one) => one.severity === "error");
  const { outcome } = run.decided;
  const blocks = [
    [headingLine(context.heading), snapshotLine(context.heading, run.snapshot)].map(printable).join("\n"),
    blockedText(outcome, paint),
    briefText(diagnostics.filter(isUrgent), showFile, paint).join("\n"),
    diagnosticsText(errors, excerpt, showFile, paint).trimEnd(),
    [...stepsText(outcome.steps, paint, context.place), ...leavingText(outcome.verdict.leaving)].join("\n") ||
      (errors.length > 0
        ? "  No changes beside the errors above."
        : "  No changes: the cluster is what the plan says."),
    usageLines(touchedUsage(run.decided), usageLine).join("\n"),
    briefText(
      diagnostics.filter((one) => one.severity !== "error" && !isUrgent(one)),
      showFile,
      paint,
    ).join("\n"),
    lastLine(outcome),
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

/** Warnings of what a person must not miss below the steps: running workloads are affected, and nothing is held back for it. */
export function isUrgent({ code, severity }: LocatedDiagnostic): boolean {
  return code === "SP4231" && severity === "warning";
}

/** `1 error in 14 files. Nothing was planned.` */
export function nothingPlanned(context: Pick<PlanTextContext, "diagnostics" | "fileCount">): string {
  return `${diagnosticCounts(context.diagnostics)} in ${count(context.fileCount, "file")}. Nothing was planned.`;
}

/** The stable last line, for people and grep alike. */
export function lastLine(outcome: Outcome): string {
  const { create, update, delete: gone } = isBlocked(outcome) ? everyStep(outcome) : outcome.summary;
  const start = isBlocked(outcome) ? "Would have been:" : "Plan:";
  return `${start} ${create} to create, ${update} to update, ${gone} to delete. Workloads leaving their addresses: ${leavers(outcome.verdict)}.`;
}

/** Counts as if nothing were held back. */
function everyStep(outcome: Outcome): Pick<Summary, "create" | "update" | "delete"> {
  const due = dueSteps(outcome);
  const number = (action: Action) => due.filter((step) => step.action === action).length;
  return { create: number("create"), update: number("update"), delete: number("delete") };
}

/** How many workloads would not keep their addresses; words where nothing judges it yet. */
export function leavers(verdict: Verdict): string {
  if (verdict.stable === null) return "not judged yet";
  const entries = [...verdict.moves, ...verdict.strands, ...verdict.released];
  return String(new Set(entries.map(leaver)).size);
}

function leaver({ owner, pod }: VerdictEntry): string {
  return owner === "" ? pod : workloadOf(owner);
}

/** The refusal, before anything else: what is held back, who would suffer, the way out. */
function blockedText(outcome: Outcome, paint: Palette): string {
  if (!isBlocked(outcome)) return "";
  const held = outcome.steps.filter((step) => step.blocked !== undefined && step.blocked.type !== "waiting");
  const names = held.map((step) => `${step.kind.kind} ${fullName(step)}`);
  const head = `BLOCKED: ${held.length} of ${count(outcome.steps.length, "step")}; nothing written for ${shortList(names, 3)}.${stakes(outcome.verdict)}`;
  const budget = outcome.pruneBudgetExceeded;
  const budgetLine =
    budget === undefined
      ? []
      : [
          `  ${count(budget.deletes, "delete")} are more than the prune budget of ${budget.count} and ${budget.percent} %: none is done.`,
          `  If they are meant: --prune-budget ${budget.deletes}`,
        ];
  return [paint.bold(paint.red(printable(head))), ...budgetLine, ...fatesText(outcome.verdict, paint)].join("\n");
}

/** What would become of whom, in a sentence each. */
function stakes({ moves, strands, released }: Verdict): string {
  const pods = (entries: readonly VerdictEntry[]) => new Set(entries.map((entry) => entry.pod)).size;
  const told: [number, string][] = [
    [pods(strands), "would get no address at the next restart"],
    [pods(moves), "would get another address at the next restart"],
    [pods(released), "would lose an address in use"],
  ];
  return told.flatMap(([number, words]) => (number === 0 ? [] : [` ${count(number, "Pod")} ${words}.`])).join("");
}

function fatesText(verdict: Verdict, paint: Palette): string[] {
  const { moves, strands, released } = verdict;
  const all = Object.entries({ moves, strands, released }).flatMap(([fate, entries]) =>
    entries.map((entry) => ({ fate, entry, why: entry.reasons.join("\n") })),
  );
  return all.flatMap(({ fate, entry, why }, i) => {
    const same = i > 0 && why !== "" && all[i - 1]!.why === why;
    const head = printable(
      `${podShown(entry.pod)}  ${entry.interface}  ${entry.address}   ${fate}${same ? "   for the same reason" : ""}`,
    );
    const reasons = same ? [] : entry.reasons.flatMap((reason) => flow("", [printable(reason)], " ".repeat(6)));
    return [`  ${paint.bold(paint.red("!"))} ${head}`, ...reasons];
  });
}

/** Pools that stay although their owner left the plan: why, and what they keep until when. */
export function leavingText(leaving: readonly LeavingEntry[]): string[] {
  return leaving.flatMap((entry) => {
    const one = entry.addresses.length === 1 && !entry.addresses[0]!.includes("-");
    const until = entry.inUse === 0 ? "until that is gone" : `until ${one ? "it is" : "they are"} free`;
    const why = entry.inUse === 0 ? "its Pod template still names it" : `${count(entry.inUse, "address")} in use`;
    const pods = `leaving: ${why}; keeps ${shortList(entry.addresses)} ${until}`;
    const waiting = entry.waiting.length === 0 ? [] : [`waiting for it: ${shortList(entry.waiting)}`];
    return flow(`  ~ ${printable(entry.owner)}`, [pods, ...waiting].map(printable), " ".repeat(6));
  });
}

function usageLine(usage: SubnetUsage): string {
  const { held, resting, reserved, free, total } = usage;
  const largest = formatRangeSet(usage.largestFree)[0];
  const run = largest === undefined ? "" : `   largest free run ${largest}`;
  return printable(
    `  ${usage.subnet}   ${amount(held)} held + ${amount(resting)} resting + ${amount(reserved)} reserved + ${amount(free)} free = ${amount(total)}${run}`,
  );
}
