import { join } from "node:path";
import { readLockFolder, staleLockFiles, writeLockFolder } from "../adapters/plan-files/lock-files.js";
import { lockRun } from "../app/lock-run.js";
import { planNeeds } from "../app/observe.js";
import { count } from "../app/report/count.js";
import { diagnosticOutput } from "../app/report/diagnostics-json.js";
import { lockChange } from "../app/report/lock-change.js";
import { lockText } from "../app/report/lock-text.js";
import type { Lock } from "../core/allocate/allocation.js";
import { withAutoPoolsOf } from "../core/allocate/auto-pools-seen.js";
import { hasErrors, type LocatedDiagnostic } from "../core/diagnostics.js";
import { planCluster } from "../core/plan/merge.js";
import { printable } from "../core/printable.js";
import { writeFindings } from "./findings.js";
import type { Io } from "./io.js";
import { observeIfTold } from "./observe.js";
import type { ClusterOptions, OutputOptions, PlanOptions } from "./options.js";
import { openPlan, type PlanSource, shownPath } from "./plan-source.js";
import { serialize } from "./serialize.js";

export interface LockOptions extends PlanOptions, ClusterOptions, OutputOptions {
  readonly install: string;
  readonly check: boolean;
}

/**
 * `spiderplan lock`: chooses addresses and writes them down. It looks at a cluster only when told which, so that a
 * check in CI depends on the repository alone; without one it never takes an address away (DESIGN 5).
 * @returns 0; 1 on an error, or with --check when the files would change
 */
export async function lockCommand(io: Io, options: LockOptions): Promise<number> {
  const source = await openPlan(io, options.path);
  const before = await readLockFolder(source.root, planCluster(source.loaded.documents, options.cluster));
  const { snapshot, diagnostics: seen } = await observeIfTold(io, options, planNeeds(source.loaded.documents));
  const { documents, diagnostics: read } = source.loaded;
  const input = { documents, diagnostics: [...read, ...seen], cluster: options.cluster };
  const run = lockRun({ ...input, lock: before, snapshot, install: options.install });
  const found = source.locate(run.diagnostics);
  const changed = run.value === undefined ? [] : await store(source, run.value, before.value, options);
  if (options.output === "text")
    printText(io, source, { before: before.value, after: run.value, found, changed }, options);
  else printJson(io, { before: before.value, after: run.value, found, changed });
  return hasErrors(found) || (options.check && changed.length > 0) ? 1 : 0;
}

interface LockReport {
  readonly before: Lock;
  readonly after: Lock | undefined;
  readonly found: readonly LocatedDiagnostic[];
  /** Files that were written, or would be. */
  readonly changed: readonly string[];
}

/** Owners with an error keep what they hold, so writing the others' addresses is safe. */
function store(source: PlanSource, lock: Lock, before: Lock, options: LockOptions): Promise<string[]> {
  const cluster = planCluster(source.loaded.documents, options.cluster);
  return options.check
    ? staleLockFiles(source.root, cluster, withAutoPoolsOf(before, lock))
    : writeLockFolder(source.root, cluster, lock);
}

function printText(io: Io, source: PlanSource, report: LockReport, options: LockOptions): void {
  writeFindings(io, source, report.found, report.after !== undefined, options.color);
  if (report.after === undefined) return;
  const lines = lockText(lockChange(report.before, report.after));
  if (lines.length > 0) io.stdout.write(`${lines.join("\n")}\n\n`);
  for (const file of report.changed) io.stdout.write(`  ${printable(shownPath(io.cwd, join(source.root, file)))}\n`);
  io.stdout.write(`${summary(report.changed.length, options.check)}\n`);
}

function summary(changed: number, check: boolean): string {
  if (changed === 0) return "The lock is up to date.";
  const files = count(changed, "lock file");
  return check
    ? `${files} would change: run \`spiderplan lock\` and commit the result.`
    : `${files} written: commit with the plan.`;
}

function printJson(io: Io, report: LockReport): void {
  const document = {
    formatVersion: "1.0",
    upToDate: report.after !== undefined && report.changed.length === 0,
    files: report.changed,
    changes: report.after === undefined ? [] : lockChange(report.before, report.after),
    diagnostics: report.found.map(diagnosticOutput),
  };
  io.stdout.write(serialize(document, "json"));
}
