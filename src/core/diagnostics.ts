/** How bad a finding is: an error stops the part of the plan it is about, a warning and an info stop nothing. */
export type Severity = "error" | "warning" | "info";

/** Where in the plan's files a finding points: a file, the n-th document in it and an RFC 6901 JSON pointer. */
export interface SourceRef {
  readonly file: string;
  /** 0 for the first document of the file. */
  readonly document: number;
  /** JSON pointer from the document's root, e.g. `/spec/pools/shared-a/addresses/0`. */
  readonly pointer: string;
  /** `key` when the name of the entry is meant rather than its value. */
  readonly target?: "key" | "value";
  /** Where a fault was found before there was a tree to point into: character offsets in the file; the pointer is then empty. */
  readonly span?: { readonly start: number; readonly end: number };
}

/** Another place a finding speaks of, e.g. where a name was declared first. */
export interface Related {
  /** What is there, to be followed by the place: `first declared at`. */
  readonly note: string;
  readonly source: SourceRef;
}

/**
 * One finding. Codes are stable: `SP1xxx` syntax, `SP2xxx` meaning, `SP3xxx` capacity, `SP4xxx` safety
 * (docs/errors.md lists them).
 */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, in one sentence without a full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Where in the plan; absent when the finding is about the cluster or a whole folder. */
  readonly source?: SourceRef;
  /** Other places it speaks of; a located diagnostic carries them in its hint. */
  readonly related?: readonly Related[];
  /** The owner or object the finding is about, when it stops only that part of the plan. */
  readonly about?: string;
}

/** A diagnostic whose place was looked up in the text; line and column count from 1. */
export interface LocatedDiagnostic extends Diagnostic {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Column behind the last character the finding is about, on the same line. */
  readonly endColumn?: number;
}

/** A value together with everything that was found on the way to it. */
export interface Result<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether any finding is an error. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}

/** The place one step further down: `child(at, "pools", "shared-a")`. */
export function child(at: SourceRef, ...path: readonly (string | number)[]): SourceRef {
  let pointer = at.pointer;
  for (const part of path) pointer += `/${typeof part === "string" ? escaped(part) : part}`;
  return { file: at.file, document: at.document, pointer };
}

/** RFC 6901; most keys need nothing, and every entry of a plan makes some pointers. */
function escaped(part: string): string {
  return part.includes("~") || part.includes("/") ? part.replaceAll("~", "~0").replaceAll("/", "~1") : part;
}

/** The same place, meaning its name. */
export function keyOf(at: SourceRef): SourceRef {
  return { ...at, target: "key" };
}
