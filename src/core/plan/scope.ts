import { child, type Diagnostic, keyOf, type Related, type Severity, type SourceRef } from "../diagnostics.js";

/** Where a reader stands in the plan, whom its findings concern, and where they go. */
export interface Scope {
  readonly at: SourceRef;
  /** `ns/Kind/name`, `pool:x` or `subnet:x`: the part of the plan an error stops. */
  readonly about?: string;
  readonly found: Diagnostic[];
}

interface More {
  readonly hint?: string;
  readonly related?: readonly Related[];
}

/** The scope one or more steps further down. */
export function into(scope: Scope, ...path: readonly (string | number)[]): Scope {
  return { ...scope, at: child(scope.at, ...path) };
}

/** The same scope, its findings pointing at the name of the entry. */
export function named(scope: Scope): Scope {
  return { ...scope, at: keyOf(scope.at) };
}

/** Notes an error: it stops the part of the plan the scope is about. */
export function fail(scope: Scope, code: string, message: string, more: More = {}): void {
  note(scope, code, "error", message, more);
}

/** Notes a warning: it stops nothing. */
export function warn(scope: Scope, code: string, message: string, more: More = {}): void {
  note(scope, code, "warning", message, more);
}

function note(scope: Scope, code: string, severity: Severity, message: string, more: More): void {
  scope.found.push({
    code,
    severity,
    message,
    ...(more.hint === undefined ? {} : { hint: more.hint }),
    source: scope.at,
    ...(more.related === undefined ? {} : { related: more.related }),
    ...(scope.about === undefined ? {} : { about: scope.about }),
  });
}

/** Findings in the one order every report uses: file, document, place, code, text. */
export function inOrder(found: readonly Diagnostic[]): Diagnostic[] {
  return [...found].sort(
    (a, b) =>
      compareText(a.source?.file ?? "", b.source?.file ?? "") ||
      (a.source?.document ?? 0) - (b.source?.document ?? 0) ||
      (a.source?.span?.start ?? 0) - (b.source?.span?.start ?? 0) ||
      compareText(a.source?.pointer ?? "", b.source?.pointer ?? "") ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

/** Order by code units, the same everywhere. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
