import type { Diagnostic, LocatedDiagnostic, SourceRef } from "../../core/diagnostics.js";
import type { Limits } from "./limits.js";
import { type IndexedText, indexText, lineOf, type Place, placeOf } from "./positions.js";

/** Tells places in files. */
export interface Places {
  /**
   * Looks up the place of a finding, the places it refers to going into its hint.
   * @param showFile how those are named in the hint; as from the plan's root unless given
   */
  locate(diagnostic: Diagnostic, showFile?: (file: string) => string): LocatedDiagnostic;
  /** One line of a file, without its end; undefined if there is none. */
  excerpt(file: string, line: number): string | undefined;
}

/** @param textOf the text of a file; undefined if it may not be shown */
export function placesIn(textOf: (file: string) => string | undefined, limits: Limits): Places {
  const indexed = new Map<string, IndexedText>();
  const index = (file: string): IndexedText | undefined => {
    const known = indexed.get(file);
    if (known !== undefined) return known;
    const text = textOf(file);
    if (text === undefined) return undefined;
    const fresh = indexText(text, limits);
    indexed.set(file, fresh);
    return fresh;
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
