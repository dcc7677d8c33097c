import type { LocatedDiagnostic } from "../../core/diagnostics.js";

/** One finding as DESIGN 8 prints it; every key is always there, `null` where there is nothing to say. */
export interface DiagnosticOutput {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly hint: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** The machine form of a finding. */
export function diagnosticOutput(diagnostic: LocatedDiagnostic): DiagnosticOutput {
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    message: diagnostic.message,
    hint: diagnostic.hint ?? null,
    file: diagnostic.file ?? null,
    line: diagnostic.line ?? null,
    column: diagnostic.column ?? null,
  };
}

/** What `validate -o json|yaml` prints. */
export function diagnosticsDocument(diagnostics: readonly LocatedDiagnostic[], files: number): object {
  return {
    formatVersion: "1.0",
    valid: !diagnostics.some((one) => one.severity === "error"),
    files,
    diagnostics: diagnostics.map(diagnosticOutput),
  };
}

/** Findings in one order whatever the order they were made in: by place, then code, then message. */
export function sortDiagnostics(diagnostics: readonly LocatedDiagnostic[]): LocatedDiagnostic[] {
  const rank = { error: 0, warning: 1, info: 2 } as const;
  const keys = (one: LocatedDiagnostic): (string | number)[] => [
    one.file ?? "",
    one.line ?? 0,
    one.column ?? 0,
    rank[one.severity],
    one.code,
    one.message,
  ];
  return [...diagnostics].sort((a, b) => {
    const left = keys(a);
    const right = keys(b);
    const at = left.findIndex((key, i) => key !== right[i]);
    return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1;
  });
}
