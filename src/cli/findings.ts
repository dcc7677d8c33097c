import { diagnosticsText } from "../app/report/diagnostics-text.js";
import { palette } from "../app/report/palette.js";
import { nothingPlanned } from "../app/report/plan-text.js";
import type { LocatedDiagnostic } from "../core/diagnostics.js";
import type { Io } from "./io.js";
import { type ColorChoice, wantsColor } from "./options.js";
import type { PlanSource } from "./plan-source.js";

/**
 * Writes findings to stderr, for commands whose stdout is for machines or another tool.
 * @param planned whether the plan could be used nevertheless
 */
export function writeFindings(
  io: Io,
  source: PlanSource,
  diagnostics: readonly LocatedDiagnostic[],
  planned: boolean,
  color: ColorChoice,
): void {
  const shown = diagnostics.filter((one) => one.severity !== "info");
  const text = diagnosticsText(shown, source.excerpt, source.showFile, palette(wantsColor(color, io)));
  if (text !== "") io.stderr.write(text);
  if (!planned) io.stderr.write(`\n${nothingPlanned({ diagnostics, fileCount: source.loaded.fileCount })}\n`);
}
