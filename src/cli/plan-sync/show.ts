import { palette } from "../../app/report/palette.js";
import { planSyncCsv, planSyncDocument, planSyncText } from "../../app/report/plan-sync-report.js";
import type { Io } from "../io.js";
import { type OutputOptions, wantsColor } from "../options.js";
import { serialize } from "../serialize.js";
import type { Target } from "./target.js";

/** Prints a PlanSync in the form that was asked for. */
export function showPlanSync(io: Io, target: Target, options: OutputOptions): void {
  io.stdout.write(shown(io, target, options));
}

function shown(io: Io, { wish, status }: Target, { output, color }: OutputOptions): string {
  switch (output) {
    case "text":
    case "wide":
      return planSyncText(wish, status, palette(wantsColor(color, io)));
    case "csv":
      return planSyncCsv(wish, status);
    default:
      return serialize(planSyncDocument(wish, status), output);
  }
}
