import { diagnosticsText } from "../app/report/diagnostics-text.js";
import { palette } from "../app/report/palette.js";
import { nothingPlanned } from "../app/report/plan-text.js";
import type { Decision } from "./decision.js";
import type { Io } from "./io.js";
import { type ColorChoice, wantsColor } from "./options.js";

/** Writes a decision's findings to stderr, for commands whose stdout is for machines or another tool. */
export function writeFindings(io: Io, decision: Decision, color: ColorChoice): void {
  const { diagnostics, source, run } = decision;
  const shown = diagnostics.filter((one) => one.severity !== "info");
  const text = diagnosticsText(shown, source.excerpt, source.showFile, palette(wantsColor(color, io)));
  if (text !== "") io.stderr.write(text);
  if (run.decided === undefined) {
    io.stderr.write(`\n${nothingPlanned({ diagnostics, fileCount: source.loaded.fileCount })}\n`);
  }
}
