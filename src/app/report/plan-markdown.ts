import type { Allocation, SubnetUsage } from "../../core/allocate/allocation.js";
import { offered } from "../../core/change/diff.js";
import type { Step } from "../../core/change/step.js";
import type { LocatedDiagnostic } from "../../core/diagnostics.js";
import { amount as amountText } from "../../core/ip/amount.js";
import { EMPTY, formatRangeSet, type RangeSet, size } from "../../core/ip/range-set.js";
import type { Outcome } from "../../core/outcome.js";
import { isBlocked } from "../exit-code.js";
import type { PlanRun } from "../plan-run.js";
import { shortList } from "./columns.js";
import { count } from "./count.js";
import { diagnosticCounts } from "./diagnostics-text.js";
import { fatesShown } from "./fates.js";
import { markdownCode, markdownComment, markdownFenced, markdownText } from "./media.js";
import type { PlanHeading } from "./plan-heading.js";
import { isUrgent, leavers } from "./plan-text.js";
import { fullName } from "./step-text.js";
import { touchedUsage, usageLines } from "./usage.js";

/** GitHub takes 65,536 characters; the rest is room for what a forge adds (ANCHORS 3.4). */
const MOST_CHARACTERS = 60_000;
const MOST_ROWS = 300;
/** At either end of a block that is cut: enough for what opens and closes it. */
const KEPT_LINES = 6;

export interface MarkdownContext {
  readonly heading: PlanHeading;
  readonly diagnostics: readonly LocatedDiagnostic[];
  readonly digest: string;
  readonly version: string;
}

/** The comment on a pull request (UX.md): verdict, who gains and gives up which addresses, usage, details folded. */
export function planMarkdown(run: PlanRun, context: MarkdownContext): string {
  const outcome = run.decided?.outcome;
  const blocks = [
    marker(context.heading),
    verdictLine(outcome, context),
    findings(context.diagnostics.filter(isUrgent)),
    outcome === undefined ? "" : fates(outcome),
    findings(context.diagnostics.filter((one) => !isUrgent(one))),
    outcome === undefined ? "" : ownerTable(outcome),
    run.decided === undefined ? "" : usageLines(touchedUsage(run.decided), usageLine).join("\n"),
    outcome === undefined ? "" : details(outcome.steps),
    `plan ${context.digest.slice(0, "sha256:".length + 12)} · judged against ${markdownText(context.heading.against)} · spiderplan ${context.version}`,
  ];
  return fitted(blocks.filter((block) => block !== ""));
}

/** By this a later run finds the comment it has to replace. */
function marker(heading: PlanHeading): string {
  return `<!-- spiderplan:plan:${markdownComment(`${heading.cluster ?? ""}:${heading.path}`)} -->`;
}

function verdictLine(outcome: Outcome | undefined, context: MarkdownContext): string {
  const { heading } = context;
  const place = [heading.cluster && `cluster ${markdownText(heading.cluster)}`, markdownText(heading.revision ?? "")]
    .filter(Boolean)
    .join(" · ");
  const tail = place === "" ? "" : ` · ${place}`;
  if (outcome === undefined) return `❌ **${diagnosticCounts(context.diagnostics)}. Nothing was planned.**${tail}`;
  const { create, update, adopt, delete: gone, blocked } = outcome.summary;
  const counts = [
    `${create} create`,
    `${update} update`,
    `${gone} delete`,
    ...(adopt > 0 ? [`${adopt} adopt`] : []),
    ...(blocked > 0 ? [`${blocked} held back`] : []),
  ];
  return `${verdictWords(outcome, context.diagnostics)} ${counts.join(" · ")}${tail}`;
}

function verdictWords(outcome: Outcome, diagnostics: readonly LocatedDiagnostic[]): string {
  const errors = diagnostics.filter((one) => one.severity === "error");
  const also = errors.length === 0 ? "" : ` **${diagnosticCounts(errors)}.**`;
  if (isBlocked(outcome)) return `⛔ **Blocked.**${also}`;
  if (also !== "") return `❌${also}`;
  if (outcome.verdict.stable && diagnostics.some(isUrgent)) {
    return "⚠️ **Networks in use change; no workload's address does.**";
  }
  if (outcome.verdict.stable === null) return "⚠️ **Workloads leaving their addresses: not judged yet.**";
  if (outcome.verdict.stable && outcome.verdict.moves.length > 0)
    return `✅ **Workloads leaving their addresses by a migration: ${leavers(outcome.verdict)}.**`;
  return outcome.verdict.stable
    ? "✅ **No workload's address changes.**"
    : `⛔ **Workloads leaving their addresses: ${leavers(outcome.verdict)}.**`;
}

function fates(outcome: Outcome): string {
  const { groups, more } = fatesShown(outcome.verdict);
  const lines = groups.map(({ fate, workload, interface: nic, pods, reasons, sameReasons }) => {
    const some = shortList(
      pods.map(({ name, addresses }) => [name, ...addresses].join(" ")),
      3,
    );
    const who =
      pods.length === 1
        ? `${pods[0]!.name} ${nic} ${pods[0]!.addresses.join(", ")}`
        : `${workload} ${nic}, ${count(pods.length, "Pod")} (${some})`;
    return `- **${fate}** ${markdownText(who)}: ${sameReasons ? "for the same reason" : markdownText(reasons.join("; "))}`;
  });
  const rest = more.pods === 0 ? [] : [`- and ${count(more.pods, "more Pod")} of ${count(more.workloads, "workload")}`];
  const held = outcome.steps
    .filter((step) => step.blocked !== undefined && step.blocked.type !== "waiting")
    .map(
      (step) =>
        `- **held back** ${step.kind.kind} ${markdownText(fullName(step))}: ${markdownText(step.blocked!.message)}`,
    );
  return [...lines, ...rest, ...firstOf(held, "more held back")].join("\n");
}

/** The first lines of many, and how many there are beside them. */
function firstOf(lines: readonly string[], rest: string): string[] {
  if (lines.length <= MOST_LINES) return [...lines];
  return [...lines.slice(0, MOST_LINES), `- and ${amountText(lines.length - MOST_LINES)} ${rest}`];
}

const MOST_LINES = 30;

function findings(diagnostics: readonly LocatedDiagnostic[]): string {
  const place = (one: LocatedDiagnostic) =>
    one.file === undefined
      ? ""
      : ` ${markdownCode([one.file, one.line, one.column].filter((part) => part !== undefined).join(":"))}`;
  const errorsFirst = diagnostics
    .filter((one) => one.severity !== "info")
    .sort((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
  const lines = errorsFirst.map(
    (one) =>
      `- ${one.severity} ${one.code}${place(one)} ${markdownText(one.message)}${one.hint ? ` (${markdownText(one.hint)})` : ""}`,
  );
  return firstOf(lines, "more findings: see plan -o json").join("\n");
}

/** Owners whose addresses change, and pools that come or go without an owner. */
function ownerTable(outcome: Outcome): string {
  const byPool = new Map<string, Allocation>(outcome.allocations.map((allocation) => [allocation.pool, allocation]));
  const rows = outcome.steps
    .filter((step) => step.kind.kind === "SpiderIPPool" && step.added.length + step.removed.length > 0)
    .map((step) => ownerRow(step, byPool.get(step.name)));
  if (rows.length === 0) return "";
  const cut = rows.length > MOST_ROWS ? [`| and ${rows.length - MOST_ROWS} more | | | | |`] : [];
  return [
    "| owner | before | after | gained | released |",
    "|---|---|---|---|---|",
    ...rows.slice(0, MOST_ROWS),
    ...cut,
  ].join("\n");
}

function ownerRow(step: Step, allocation: Allocation | undefined): string {
  const before = step.action === "create" ? EMPTY : offered(step.live);
  const after = step.action === "delete" ? EMPTY : offered(step.object);
  const owner = allocation === undefined ? step.name : allocation.owner.replace(/\/([^/]*)$/, " $1");
  const held = step.blocked === undefined ? "" : " (held back)";
  const amount = (set: RangeSet) => (set.length === 0 ? "" : amountText(size(set)));
  const cells = [
    `${markdownText(owner)}${held}`,
    ranges(before),
    ranges(after),
    amount(step.added),
    amount(step.removed),
  ];
  return `| ${cells.join(" | ")} |`;
}

function ranges(set: RangeSet): string {
  return set.length === 0 ? "–" : shortList(formatRangeSet(set));
}

function usageLine(usage: SubnetUsage): string {
  const { held, resting, reserved, free, total } = usage;
  return `${markdownText(usage.subnet)}: ${held} held + ${resting} resting + ${reserved} reserved + ${free} free = ${total}`;
}

function details(steps: readonly Step[]): string {
  if (steps.length === 0) return "";
  const symbol = { create: "+", update: "!", delete: "-", adopt: "#" } as const;
  const lines = steps.map((step) => {
    const changes = step.action === "update" || step.action === "adopt" ? step.changes : [];
    const words = [step.action, step.kind.kind, fullName(step), ...changes, step.reason].join("  ");
    return markdownFenced(`${symbol[step.action]} ${words}`);
  });
  return `<details><summary>${count(steps.length, "object")}</summary>\n\n\`\`\`diff\n${lines.join("\n")}\n\`\`\`\n\n</details>`;
}

/** Cuts the longest blocks in their middle, keeping their first and last lines, until the comment fits. */
function fitted(blocks: readonly string[]): string {
  const joined = `${blocks.join("\n\n")}\n`;
  const longest = blocks.reduce((most, block, i) => (block.length > blocks[most]!.length ? i : most), 0);
  const lines = blocks[longest]!.split("\n");
  if (joined.length <= MOST_CHARACTERS || lines.length <= 2 * KEPT_LINES + 1) return joined;
  const share = Math.max(0, 1 - (joined.length - MOST_CHARACTERS) / blocks[longest]!.length);
  const keep = Math.max(KEPT_LINES, Math.floor((lines.length * share * 0.9) / 2));
  const note = `... ${lines.length - 2 * keep} lines left out, see plan -o json ...`;
  const shorter = [...lines.slice(0, keep), note, ...lines.slice(-keep)].join("\n");
  return fitted(blocks.map((block, i) => (i === longest ? shorter : block)));
}
