import { ByteCache } from "./byte-cache.js";
import type { ParsedLock } from "./lock-files.js";
import type { ParsedFile } from "./plan-parse.js";

/** Files that were parsed once, by the id of their content. One cache serves any number of repositories. */
export interface ParseCache {
  readonly plans: ByteCache<ParsedAt<ParsedFile>>;
  readonly locks: ByteCache<ParsedAt<ParsedLock>>;
}

/** What was parsed, and the path that its places tell of. */
export interface ParsedAt<T> {
  readonly path: string;
  readonly parsed: T;
}

/** Memory of a parsed file: its text, values and document take about ten times its length (10,000 files measured). */
function memoryOf(text: string): number {
  return text.length * 10 + 500;
}

/** @param megabytes of memory that parsed files may take, roughly */
export function parseCache(megabytes = 512): ParseCache {
  const bytes = megabytes * 1024 * 1024;
  return { plans: new ByteCache((bytes * 3) / 4), locks: new ByteCache(bytes / 4) };
}

/** A parsed plan file as seen at a path; undefined if it must be parsed there. */
export function cachedPlan({ plans }: ParseCache, blob: string, path: string): ParsedFile | undefined {
  const entry = plans.get(blob);
  if (entry === undefined || entry.path === path) return entry?.parsed;
  // Faults name their file in their words too.
  if (entry.parsed.faults.length > 0) return undefined;
  const { text, documents } = entry.parsed;
  return { text, documents: documents.map((document) => ({ ...document, file: path })), faults: [] };
}

export function keepPlan({ plans }: ParseCache, blob: string, path: string, parsed: ParsedFile): void {
  plans.set(blob, { path, parsed }, memoryOf(parsed.text));
}

/** A parsed lock file, whose content and path are the same. */
export function cachedLock({ locks }: ParseCache, blob: string, path: string): ParsedLock | undefined {
  const entry = locks.get(blob);
  return entry?.path === path ? entry.parsed : undefined;
}

export function keepLock({ locks }: ParseCache, blob: string, path: string, parsed: ParsedLock): void {
  locks.set(blob, { path, parsed }, memoryOf(parsed.text));
}
