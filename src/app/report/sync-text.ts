import { stepKey } from "../../core/change/step.js";
import { printable } from "../../core/printable.js";
import type { ApplyEvent, ApplyReport } from "../apply/apply-report.js";
import { count } from "./count.js";
import type { Palette } from "./palette.js";

/** What a sync says at its end. */
export interface SyncSummary {
  readonly revision: string | undefined;
  readonly seconds: number;
}

/**
 * One line of a sync as it goes; undefined for what is not worth one.
 * @param steps whether every step gets its line: on a terminal; else only what somebody has to know
 */
export function progressLine(event: ApplyEvent, steps: boolean, paint: Palette): string | undefined {
  switch (event.type) {
    case "wait":
      return printable(`waiting: ${event.message}`);
    case "retry":
      return printable(`retry in ${Math.round(event.seconds)} s: ${stepKey(event.step)}: ${event.message}`);
    case "step":
      return stepLine(event, steps, paint);
    default:
      return undefined;
  }
}

function stepLine(event: Extract<ApplyEvent, { type: "step" }>, steps: boolean, paint: Palette): string | undefined {
  const { step, result, progress, message } = event;
  const bad = result === "failed" || result === "withheld";
  if (!steps && !bad) return undefined;
  const total = String(progress.total);
  const counter = `[${String(progress.done).padStart(total.length)}/${total}]`;
  const left = progress.secondsLeft === undefined ? "" : `, about ${Math.ceil(progress.secondsLeft)} s left`;
  const rate = progress.perSecond > 0 ? `${progress.perSecond.toFixed(1)}/s${left}` : "";
  const tail = bad ? printable(message ?? "") : rate;
  const line = `${counter} wave ${step.wave}  ${cut(printable(stepKey(step)), 52).padEnd(52)}  ${result.padEnd(8)}  ${tail}`;
  return bad ? paint.red(line.trimEnd()) : line.trimEnd();
}

/** The lines after the last write: what went wrong, then one stable line. */
export function syncText(report: ApplyReport, summary: SyncSummary, paint: Palette): string {
  const lines = [
    ...report.failed.map((one) => paint.red(`  ! ${printable(`${stepKey(one.step)}  failed: ${one.message}`)}`)),
    ...report.withheld.map((one) =>
      paint.yellow(`  ! ${printable(`${stepKey(one.step)}  held back: ${one.message}`)}`),
    ),
    ...(report.stopped === undefined ? [] : [paint.red(`  ! stopped: ${printable(report.stopped)}`)]),
    ...(report.check?.overlaps ?? []).map((text) => paint.red(`  ! ${printable(text)}`)),
    ...(report.check?.displaced ?? []).map((text) => paint.red(`  ! ${printable(text)}`)),
  ];
  return `${[...lines, summaryLine(report, summary)].join("\n")}\n`;
}

function summaryLine(report: ApplyReport, { revision, seconds }: SyncSummary): string {
  const { created, updated, deleted, adopted, failed, withheld, notStarted } = report;
  const counts = [
    `${created} created`,
    `${updated} updated`,
    ...(adopted > 0 ? [`${adopted} adopted`] : []),
    `${deleted} deleted`,
    `${failed.length} failed`,
    ...(withheld.length > 0 ? [`${withheld.length} held back`] : []),
    ...(notStarted.length > 0 ? [`${count(notStarted.length, "step")} not started`] : []),
  ];
  const what = revision === undefined ? "Synced" : `Synced ${revision}`;
  const verb = failed.length + notStarted.length > 0 ? what.replace("Synced", "Synced in part") : what;
  return `${verb} in ${seconds.toFixed(1)} s: ${counts.join(", ")}. ${addressesLine(report)}`;
}

function addressesLine(report: ApplyReport): string {
  if (report.check === undefined) return "Workloads that left their addresses: not checked after the last write.";
  return `Workloads that left their addresses: ${report.check.displaced.length} (checked again after the last write).`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`;
}

/** What `sync -o json|yaml` says about the writes. */
export function syncResult(report: ApplyReport): object {
  const told = (one: { step: Parameters<typeof stepKey>[0]; message: string }) => ({
    object: stepKey(one.step),
    message: one.message,
  });
  return {
    created: report.created,
    updated: report.updated,
    adopted: report.adopted,
    deleted: report.deleted,
    failed: report.failed.map((one) => ({ ...told(one), reason: one.reason })),
    withheld: report.withheld.map(told),
    notStarted: report.notStarted.map(stepKey),
    check: report.check ?? null,
    aborted: report.aborted,
    stopped: report.stopped ?? null,
  };
}
