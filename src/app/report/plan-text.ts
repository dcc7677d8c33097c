import type { SubnetUsage } from "../../core/allocate/allocation.js";
import { workloadOf } from "../../core/allocate/owner.js";
import type { Action } from "../../core/change/step.js";
import type { LocatedDiagnostic, SourceRef } from "../../core/diagnostics.js";
import { amount } from "../../core/ip/amount.js";
import { formatRangeSet } from "../../core/ip/range-set.js";
import type { LeavingEntry, Outcome, Summary, Verdict, VerdictEntry } from "../../core/outcome.js";
import { printable } from "../../core/printable.js";
import { dueSteps, isBlocked } from "../exit-code.js";
import type { PlanRun } from "../plan-run.js";
import { flow, shortList } from "./columns.js";
import { count } from "./count.js";
import { briefText, diagnosticCounts, diagnosticsText, type Excerpt, type ShowFile } from "./diagnostics-text.js";
import { type FateGroup, fatesShown } from "./fates.js";
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
    errorsText(errors, context),
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

/** The first errors with their pictures, and how many more there are. */
function errorsText(errors: readonly LocatedDiagnostic[], { excerpt, showFile, paint }: PlanTextContext): string {
  const text = diagnosticsText(errors.slice(0, MOST_ERRORS), excerpt, showFile, paint).trimEnd();
  const more = errors.length - MOST_ERRORS;
  return more > 0 ? `${text}\n\nand ${count(more, "more error")}: see -o json` : text;
}

const MOST_ERRORS = 50;

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
  const { groups, more } = fatesShown(verdict);
  const lines = groups.flatMap((group) => {
    const heads = fateHeads(group);
    const reasons = group.sameReasons ? [] : group.reasons;
    return [
      ...heads.flatMap(([head = "", ...rest]) => [`  ${paint.bold(paint.red("!"))} ${head.slice(4)}`, ...rest]),
      ...reasons.flatMap((reason) => flow("", [printable(reason)], " ".repeat(6))),
    ];
  });
  return more.pods === 0
    ? lines
    : [...lines, `  and ${count(more.pods, "more Pod")} of ${count(more.workloads, "workload")}: see -o json`];
}

/** The lines of a few Pods by name; of many those of the workload, with how many they are, and some of them. */
function fateHeads({ fate, workload, interface: nic, pods, sameReasons }: FateGroup): string[][] {
  const same = sameReasons ? "for the same reason" : "";
  const lines = (head: string, ...parts: string[]) =>
    flow(`  ! ${head}`, [...parts, same], " ".repeat(6)).map(printable);
  if (pods.length <= MOST_PODS) {
    return pods.map(({ name, addresses }) => lines(`${name}  ${nic}  ${addresses.join(", ")}   ${fate}`));
  }
  const some = shortList(
    pods.map(({ name, addresses }) => [name, ...addresses].join(" ")),
    MOST_PODS,
  );
  return [lines(`${workload}  ${nic}   ${count(pods.length, "Pod")} ${fate}`, some)];
}

const MOST_PODS = 3;

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
