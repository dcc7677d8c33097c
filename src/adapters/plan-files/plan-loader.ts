import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { LOCK_FOLDER } from "../../core/allocate/check-lock.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import type { PlanDocument } from "../../core/plan/collect.js";
import { inOrder } from "../../core/plan/scope.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";
import { fault, findPlanFiles, type PlanFile } from "./plan-folder.js";
import { type ParsedFile, parsePlanFile } from "./plan-parse.js";
import { type Places, placesIn } from "./plan-places.js";
import { readBytes } from "./plan-text.js";

export type { Limits } from "./limits.js";

/** The documents of a plan folder and what is wrong with its files. */
export interface LoadedPlan extends Places {
  /** Documents without a fault; with an error among the diagnostics some are missing. */
  readonly documents: readonly PlanDocument[];
  readonly diagnostics: readonly Diagnostic[];
  readonly fileCount: number;
}

/** Where the files of a plan come from. */
export interface FileSource<F extends PlanFile> {
  /** One file, read; undefined, and noted, if it cannot be or may not be. */
  parse(file: F, found: Diagnostic[]): Promise<ParsedFile | undefined>;
  /** The text of a file that was not read as part of the plan; undefined if it may not be shown. */
  textOf(path: string): string | undefined;
}

/**
 * Reads every plan file under a folder. No file, however broken or large, throws or hangs: each fault is a diagnostic.
 * Paths in diagnostics are relative to the folder.
 */
export async function loadPlanFolder(root: string, limits: Partial<Limits> = {}): Promise<LoadedPlan> {
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  const found: Diagnostic[] = [];
  const files = await findPlanFiles(root, bounds, found);
  const opened = new Set(files.map(({ path }) => path));
  const source: FileSource<PlanFile> = {
    parse: async (file, noted) => {
      const bytes = await readBytes(root, file, bounds, noted);
      return bytes === undefined ? undefined : parsePlanFile(file.path, bytes, bounds);
    },
    textOf: (path) => readLater(root, path, opened, bounds),
  };
  return loadPlanFiles(files, found, source, bounds);
}

/**
 * Reads plan files wherever they come from.
 * @param found what was found on the way to them
 */
export async function loadPlanFiles<F extends PlanFile>(
  files: readonly F[],
  found: readonly Diagnostic[],
  source: FileSource<F>,
  limits: Limits,
): Promise<LoadedPlan> {
  const diagnostics = [...found];
  const texts = new Map<string, string>();
  const documents: PlanDocument[] = [];
  let total = 0;
  for (const file of files) {
    total += file.bytes > limits.fileBytes ? 0 : file.bytes;
    if (total > limits.totalBytes) {
      diagnostics.push(fault("SP1006", `the plan has more than ${limits.totalBytes} bytes`, file.path));
      break;
    }
    const parsed = await source.parse(file, diagnostics);
    if (parsed === undefined) continue;
    texts.set(file.path, parsed.text);
    for (const document of parsed.documents) documents.push(document);
    for (const fault of parsed.faults) diagnostics.push(fault);
  }
  if (files.length > 0 && documents.length === 0 && diagnostics.length === 0) {
    diagnostics.push(fault("SP1002", "the plan files hold no NetworkPlan document"));
  }
  const places = placesIn((path) => texts.get(path) ?? source.textOf(path), limits);
  return { documents, diagnostics: inOrder(diagnostics), fileCount: files.length, ...places };
}

/**
 * A lock file's findings are located like the plan's, though the plan did not read it; and those of files whose text
 * was refused. Nothing else is opened: a link that leads out of the folder must not show its first line in a report.
 */
function readLater(root: string, file: string, opened: ReadonlySet<string>, limits: Limits): string | undefined {
  if (!opened.has(file) && !file.startsWith(`${LOCK_FOLDER}/`)) return undefined;
  try {
    const path = realpathSync(join(root, file));
    if (!path.startsWith(realpathSync(root) + sep)) return undefined;
    const facts = statSync(path);
    return facts.isFile() && facts.size <= limits.fileBytes ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
