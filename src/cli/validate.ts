import { readLockFolder } from "../adapters/plan-files/lock-files.js";
import { count } from "../app/report/count.js";
import { diagnosticsDocument } from "../app/report/diagnostics-json.js";
import { junit } from "../app/report/diagnostics-junit.js";
import { sarif } from "../app/report/diagnostics-sarif.js";
import { diagnosticCounts, diagnosticsText } from "../app/report/diagnostics-text.js";
import { palette } from "../app/report/palette.js";
import { checkLock } from "../core/allocate/check-lock.js";
import { checkStrayNames } from "../core/allocate/check-names.js";
import { checkOrdinals } from "../core/allocate/check-ordinals.js";
import { type Diagnostic, hasErrors, type LocatedDiagnostic } from "../core/diagnostics.js";
import { checkAllClusters, clustersOf, mergePlan, planCluster } from "../core/plan/merge.js";
import { unnamedPools } from "../core/plan/unnamed-pools.js";
import { EMPTY_SNAPSHOT } from "../core/snapshot.js";
import type { Io } from "./io.js";
import { type OutputOptions, type PlanOptions, wantsColor } from "./options.js";
import { openPlan, type PlanSource } from "./plan-source.js";
import { serialize } from "./serialize.js";
import { version } from "./version.js";

export interface ValidateOptions extends PlanOptions, OutputOptions {
  readonly allClusters: boolean;
}

/**
 * `spiderplan validate`: reads the plan and checks all that can be checked without a cluster.
 * @returns 0, or 1 when there is an error
 */
export async function validateCommand(io: Io, options: ValidateOptions): Promise<number> {
  const source = await openPlan(io, options.path);
  const found = source.locate(await check(source, options));
  io.stdout.write(await render(io, source, found, options));
  return hasErrors(found) ? 1 : 0;
}

/** Lock files are checked beside the plan: who edits one by hand learns of a mistake here. */
async function check(source: PlanSource, options: ValidateOptions): Promise<readonly Diagnostic[]> {
  const { documents, diagnostics } = source.loaded;
  if (hasErrors(diagnostics)) return diagnostics;
  const named = clustersOf(documents);
  const wanted = options.allClusters && named.length > 0 ? named : [options.cluster];
  const each = await Promise.all(wanted.map((cluster) => checkCluster(source, cluster)));
  return unique([...diagnostics, ...each.flat(), ...(options.allClusters ? checkAllClusters(documents) : [])]);
}

async function checkCluster(source: PlanSource, cluster: string | undefined): Promise<readonly Diagnostic[]> {
  const { documents } = source.loaded;
  const merged = mergePlan(documents, cluster);
  const lock = await readLockFolder(source.root, planCluster(documents, cluster));
  const plan = merged.value;
  const against =
    plan === undefined
      ? []
      : [
          ...unnamedPools(plan, EMPTY_SNAPSHOT),
          ...checkLock(lock.value, plan),
          ...checkStrayNames(plan),
          ...checkOrdinals(plan),
        ];
  return [...merged.diagnostics, ...lock.diagnostics, ...against];
}

/** A document that several clusters share is wrong only once. */
function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((one) => [JSON.stringify(one), one])).values()];
}

async function render(
  io: Io,
  source: PlanSource,
  found: readonly LocatedDiagnostic[],
  options: ValidateOptions,
): Promise<string> {
  switch (options.output) {
    case "sarif":
      return serialize(sarif(found, await version(), source.showFile), "json");
    case "junit":
      return junit(found);
    case "text": {
      const paint = palette(wantsColor(options.color, io));
      const text = diagnosticsText(found, source.excerpt, source.showFile, paint);
      return `${text}${text === "" ? "" : "\n"}${summary(source, found, options)}\n`;
    }
    default:
      return serialize(diagnosticsDocument(found, source.loaded.fileCount), options.output);
  }
}

function summary(source: PlanSource, found: readonly LocatedDiagnostic[], options: ValidateOptions): string {
  const files = `${diagnosticCounts(found)} in ${count(source.loaded.fileCount, "file")}`;
  const clusters = clustersOf(source.loaded.documents);
  const scope = options.allClusters && clusters.length > 0 ? `, ${count(clusters.length, "cluster")}` : "";
  return `${files}${scope}. ${hasErrors(found) ? "The plan is not valid." : "The plan is valid."}`;
}
