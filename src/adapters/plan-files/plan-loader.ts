import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { LOCK_FOLDER } from "../../core/allocate/check-lock.js";
import type { Diagnostic, LocatedDiagnostic, SourceRef } from "../../core/diagnostics.js";
import type { PlanDocument } from "../../core/plan/collect.js";
import type { NetworkPlan } from "../../core/plan/plan.generated.js";
import { inOrder } from "../../core/plan/scope.js";
import { Faults } from "./faults.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";
import { fault, findPlanFiles, type PlanFile } from "./plan-folder.js";
import { readText } from "./plan-text.js";
import { type IndexedText, indexText, lineOf, type Place, placeOf } from "./positions.js";
import { checkDocument } from "./schema-faults.js";
import { readDocuments } from "./yaml-documents.js";

export type { Limits } from "./limits.js";

/** The documents of a plan folder and what is wrong with its files. */
export interface LoadedPlan {
  /** Documents without a fault; with an error among the diagnostics some are missing. */
  readonly documents: readonly PlanDocument[];
  readonly diagnostics: readonly Diagnostic[];
  readonly fileCount: number;
  /**
   * Looks up the place of a finding, the places it refers to going into its hint.
   * @param showFile how those are named in the hint; as from the plan's root unless given
   */
  locate(diagnostic: Diagnostic, showFile?: (file: string) => string): LocatedDiagnostic;
  /** One line of a file, without its end; undefined if there is none. */
  excerpt(file: string, line: number): string | undefined;
}

/**
 * Reads every plan file under a folder. No file, however broken or large, throws or hangs: each fault is a diagnostic.
 * Paths in diagnostics are relative to the folder.
 */
export async function loadPlanFolder(root: string, limits: Partial<Limits> = {}): Promise<LoadedPlan> {
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  const found: Diagnostic[] = [];
  const files = await findPlanFiles(root, bounds, found);
  const texts = new Map<string, string>();
  const documents: PlanDocument[] = [];
  let total = 0;
  for (const file of files) {
    total += file.bytes > bounds.fileBytes ? 0 : file.bytes;
    if (total > bounds.totalBytes) {
      found.push(fault("SP1006", `the plan has more than ${bounds.totalBytes} bytes`, file.path));
      break;
    }
    const text = await readText(root, file, bounds, found);
    if (text === undefined) continue;
    texts.set(file.path, text);
    documents.push(...readPlanText(file, text, bounds, found));
  }
  if (files.length > 0 && documents.length === 0 && found.length === 0) {
    found.push(fault("SP1002", "the plan files hold no NetworkPlan document"));
  }
  const opened = new Set(files.map(({ path }) => path));
  return { documents, diagnostics: inOrder(found), fileCount: files.length, ...places(root, opened, texts, bounds) };
}

function readPlanText(file: PlanFile, text: string, limits: Limits, found: Diagnostic[]): PlanDocument[] {
  const faults = new Faults(limits.faults);
  const documents: PlanDocument[] = [];
  for (const { index, data } of readDocuments(file.path, text, limits, faults)) {
    if (data === null || data === undefined) continue; // nothing but comments
    const valid = checkDocument("NetworkPlan", data, { file: file.path, document: index, pointer: "" }, faults);
    if (valid) documents.push({ file: file.path, index, spec: (data as NetworkPlan).spec });
  }
  found.push(...faults.all());
  return documents;
}

function places(
  root: string,
  opened: ReadonlySet<string>,
  texts: ReadonlyMap<string, string>,
  limits: Limits,
): Pick<LoadedPlan, "locate" | "excerpt"> {
  const indexed = new Map<string, IndexedText | undefined>();
  const index = (file: string): IndexedText | undefined => {
    if (!indexed.has(file)) {
      const text = texts.get(file) ?? readLater(root, file, opened, limits);
      indexed.set(file, text === undefined ? undefined : indexText(text, limits));
    }
    return indexed.get(file);
  };
  const place = (source: SourceRef): Place | undefined => {
    const text = index(source.file);
    return text === undefined ? undefined : placeOf(source, text);
  };
  return {
    locate: (diagnostic, showFile = (file) => file) => located(diagnostic, place, showFile),
    excerpt: (file, line) => {
      const text = index(file);
      return text === undefined ? undefined : lineOf(text, line);
    },
  };
}

function located(
  diagnostic: Diagnostic,
  place: (source: SourceRef) => Place | undefined,
  showFile: (file: string) => string,
): LocatedDiagnostic {
  const { source, related = [] } = diagnostic;
  if (source === undefined) return diagnostic;
  const also = related.map((other) => {
    const at = place(other.source);
    return `${other.note} ${showFile(other.source.file)}${at === undefined ? "" : `:${at.line}:${at.column}`}`;
  });
  const hint = [diagnostic.hint, ...also].filter((text) => text !== undefined).join("; ");
  return { ...diagnostic, ...(hint === "" ? {} : { hint }), file: source.file, ...place(source) };
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
