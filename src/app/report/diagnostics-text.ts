import type { LocatedDiagnostic, Severity } from "../../core/diagnostics.js";
import { printable } from "../../core/printable.js";
import { flow } from "./columns.js";
import { count } from "./count.js";
import type { Palette } from "./palette.js";

/** Gives a line of a plan file, counted from 1; undefined when the file or line cannot be read. */
export type Excerpt = (file: string, line: number) => string | undefined;

/** How a plan file's name, relative to the plan's root, is shown: so that a click in a terminal opens it. */
export type ShowFile = (file: string) => string;

const MAX_LINE = 110;
const MOST_BRIEF = 30;
const INDENT = " ".repeat(6);

/** One finding with the picture of the place it is about (UX.md, "A bad plan"); several lines, no final newline. */
export function diagnosticText(
  diagnostic: LocatedDiagnostic,
  excerpt: Excerpt,
  showFile: ShowFile,
  paint: Palette,
): string {
  const place = placeOf(diagnostic, showFile);
  const label = `${diagnostic.severity} ${diagnostic.code}`;
  const about = place === undefined && diagnostic.about !== undefined ? `${printable(diagnostic.about)}: ` : "";
  const head = `${place === undefined ? "" : `${place}  `}${severityPaint(diagnostic.severity, paint)(label)}  ${about}${printable(diagnostic.message)}`;
  const hint = diagnostic.hint === undefined ? [] : [`   hint: ${printable(diagnostic.hint)}`];
  return [head, ...picture(diagnostic, excerpt, paint), ...hint].join("\n");
}

/** All findings, one blank line between them; empty text for none. */
export function diagnosticsText(
  diagnostics: readonly LocatedDiagnostic[],
  excerpt: Excerpt,
  showFile: ShowFile,
  paint: Palette,
): string {
  if (diagnostics.length === 0) return "";
  return `${diagnostics.map((one) => diagnosticText(one, excerpt, showFile, paint)).join("\n\n")}\n`;
}

/**
 * Findings that stop nothing, without pictures. The same words about many places are told once, and a hint that
 * several share stands under the last of them.
 */
export function briefText(diagnostics: readonly LocatedDiagnostic[], showFile: ShowFile, paint: Palette): string[] {
  const groups = new Map<string, LocatedDiagnostic[]>();
  for (const one of diagnostics) {
    const key = JSON.stringify([one.severity === "info", one.code, one.message, one.hint]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  const ordered = [...groups.values()].sort(
    ([a], [b]) => Number(a!.severity === "info") - Number(b!.severity === "info"),
  );
  const shown = ordered.slice(0, MOST_BRIEF);
  const rest = ordered.length - shown.length;
  return [
    ...shown.flatMap((group, i) => groupText(group, shown[i + 1]?.[0]?.hint, showFile, paint)),
    ...(rest === 0 ? [] : [`  and ${count(rest, "more finding")}: see -o json`]),
  ];
}

function groupText(
  [one, ...others]: readonly LocatedDiagnostic[],
  nextHint: string | undefined,
  showFile: ShowFile,
  paint: Palette,
): string[] {
  if (one === undefined) return [];
  const label = `${one.severity} ${one.code}`;
  const first = placeOf(one, showFile);
  const more = others.length === 0 ? "" : ` and ${count(others.length, "more place")}`;
  const [head = "", ...rest] = flow(
    `  ${label}`,
    [first === undefined ? "" : first + more, printable(one.message)],
    INDENT,
  );
  const hint = one.hint === undefined || one.hint === nextHint ? [] : [`hint: ${printable(one.hint)}`];
  const painted = `  ${severityPaint(one.severity, paint)(label)}${head.slice(label.length + 2)}`;
  return [painted, ...rest, ...hint.flatMap((text) => flow("", [text], INDENT))];
}

/** `2 errors, 1 warning`, or `no errors`. */
export function diagnosticCounts(diagnostics: readonly { readonly severity: Severity }[]): string {
  const of = (severity: Severity) => diagnostics.filter((one) => one.severity === severity).length;
  const errors = of("error") === 0 ? "no errors" : count(of("error"), "error");
  return of("warning") === 0 ? errors : `${errors}, ${count(of("warning"), "warning")}`;
}

function placeOf(diagnostic: LocatedDiagnostic, showFile: ShowFile): string | undefined {
  if (diagnostic.file === undefined) return undefined;
  const position = [diagnostic.line, diagnostic.column].filter((part) => part !== undefined);
  return printable([showFile(diagnostic.file), ...position].join(":"));
}

function severityPaint(severity: Severity, paint: Palette): (text: string) => string {
  return severity === "error" ? paint.red : severity === "warning" ? paint.yellow : paint.cyan;
}

/** The line before and the line itself, with a caret under what is meant. */
function picture(diagnostic: LocatedDiagnostic, excerpt: Excerpt, paint: Palette): string[] {
  const { file, line, column } = diagnostic;
  if (file === undefined || line === undefined) return [];
  const text = excerpt(file, line);
  if (text === undefined) return [];
  const before = line > 1 ? excerpt(file, line - 1) : undefined;
  const width = Math.max(String(line).length, 4) + 1;
  const row = (label: string, content: string) => `${label.padStart(width)} | ${content}`.trimEnd();
  const rows = before === undefined || before.trim() === "" ? [] : [row(String(line - 1), cut(before))];
  rows.push(row(String(line), cut(text)));
  if (column !== undefined && column <= MAX_LINE) {
    const end = Math.min(diagnostic.endColumn ?? column + 1, text.length + 1, MAX_LINE);
    rows.push(`${" ".repeat(width)} | ${" ".repeat(column - 1)}${paint.red("^".repeat(Math.max(1, end - column)))}`);
  }
  return rows;
}

function cut(line: string): string {
  const flat = printable(line.replaceAll("\t", " "));
  return flat.length > MAX_LINE ? `${flat.slice(0, MAX_LINE - 3)}...` : flat;
}
