import { stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { type LoadedPlan, loadPlanFolder } from "../adapters/plan-files/plan-loader.js";
import { sortDiagnostics } from "../app/report/diagnostics-json.js";
import type { Excerpt, ShowFile } from "../app/report/diagnostics-text.js";
import type { Diagnostic, LocatedDiagnostic, SourceRef } from "../core/diagnostics.js";
import { CliError, type Io } from "./io.js";

/** A plan folder as it was read, with what is needed to talk about places in it. */
export interface PlanSource {
  readonly root: string;
  readonly loaded: LoadedPlan;
  readonly excerpt: Excerpt;
  readonly showFile: ShowFile;
  /** Where in the plan something stands, `plan/app.yaml:31:9`. */
  readonly place: (source: SourceRef) => string | undefined;
  /** Looks places up and puts findings in one order. */
  readonly locate: (diagnostics: readonly Diagnostic[]) => LocatedDiagnostic[];
}

/** There is no folder to read a plan from. */
export class NoPlanFolder extends CliError {}

/**
 * Reads the plan of `--path`.
 * @throws CliError when there is no such folder
 */
export async function openPlan(io: Io, path: string): Promise<PlanSource> {
  const root = resolve(io.cwd, path);
  const found = await stat(root).catch(() => undefined);
  if (found === undefined) throw new NoPlanFolder(`there is no folder ${path}; name the plan's folder with --path`);
  if (!found.isDirectory()) throw new NoPlanFolder(`${path} is not a folder; name the plan's folder with --path`);
  const loaded = await loadPlanFolder(root);
  const showFile: ShowFile = (file) => shownPath(io.cwd, isAbsolute(file) ? file : join(root, file));
  return {
    root,
    loaded,
    excerpt: (file, line) => loaded.excerpt(file, line),
    showFile,
    place: (at) => {
      const { file, line, column } = loaded.locate({ code: "", severity: "info", message: "", source: at });
      return file && [showFile(file), line, column].filter((part) => part !== undefined).join(":");
    },
    locate: (diagnostics) => sortDiagnostics(diagnostics.map((one) => loaded.locate(one, showFile))),
  };
}

/** A path as one would type it from the working directory; with forward slashes. */
export function shownPath(cwd: string, path: string): string {
  const near = relative(cwd, path);
  const shown = near === "" ? "." : near.startsWith("..") ? path : near;
  return shown.replaceAll("\\", "/");
}
