import { Composer, type Document, Parser, type YAMLError } from "yaml";
import type { SourceRef } from "../../core/diagnostics.js";
import type { Faults } from "./faults.js";
import type { Limits } from "./limits.js";
import { type Budget, documentData } from "./yaml-data.js";

/** One document of a file as plain data; `data` is null for an empty one. */
export interface YamlDocument {
  readonly index: number;
  readonly data: unknown;
}

/** The documents of a YAML text as trees with positions, one at a time. */
export function* composeDocuments(text: string): Generator<Document> {
  const composer = new Composer({ uniqueKeys: false, version: "1.2", logLevel: "silent", prettyErrors: false });
  yield* composer.compose(new Parser().parse(text));
}

/** Reads all documents of a file; a document with a fault is left out, its faults noted. */
export function readDocuments(file: string, text: string, limits: Limits, faults: Faults): YamlDocument[] {
  const documents: YamlDocument[] = [];
  const budget: Budget = { nodes: 0, aliases: 0 };
  let index = 0;
  try {
    for (const document of composeDocuments(text)) {
      const at: SourceRef = { file, document: index, pointer: "" };
      if (index >= limits.documents) {
        const message = `the file holds more than ${limits.documents} documents`;
        faults.add("SP1012", message, { ...at, span: spanOf(document.range) }, { hint: "split it into several files" });
        break;
      }
      if (!tellSyntax(document, at, faults)) {
        const before = faults.found.length;
        const read = documentData(document, at, limits, faults, budget);
        if (read === undefined) break;
        if (faults.found.length === before && !faults.full) documents.push({ index, data: read.data });
      }
      index++;
    }
  } catch (error) {
    // The library descends by recursion; text made to nest without end overflows the stack.
    if (!(error instanceof RangeError)) throw error;
    faults.add("SP1013", "values are nested too deep to read", { file, document: index, pointer: "" });
  }
  return documents;
}

/** Notes what the YAML library found; whether there was anything. */
function tellSyntax(document: Document, at: SourceRef, faults: Faults): boolean {
  for (const error of document.errors) {
    const deep = error.code === "RESOURCE_EXHAUSTION";
    const message = deep ? "values are nested too deep to read" : `not valid YAML: ${words(error)}`;
    faults.add(deep ? "SP1013" : "SP1010", message, { ...at, span: spanOf(error.pos) }, { hint: hint(error) });
  }
  for (const warning of document.warnings) {
    const message = `only plain YAML 1.2 is read: ${words(warning)}`;
    faults.add("SP1019", message, { ...at, span: spanOf(warning.pos) }, { hint: "write the value without a tag" });
  }
  const version = document.directives?.yaml;
  if (version?.explicit && version.version !== "1.2") {
    const message = `only plain YAML 1.2 is read: %YAML ${version.version} gives other meanings to words such as yes`;
    faults.add("SP1019", message, { ...at, span: spanOf(document.range) }, { hint: "remove the %YAML line" });
  }
  return (
    document.errors.length > 0 ||
    document.warnings.length > 0 ||
    (version?.explicit && version.version !== "1.2") === true
  );
}

function words(error: YAMLError): string {
  const first = (error.message.split("\n")[0] ?? "").slice(0, 200);
  return first.replace(/[.:]$/, "").replace(/^./, (letter) => letter.toLowerCase());
}

function hint(error: YAMLError): string | undefined {
  if (error.code === "TAB_AS_INDENT") return "indent with blanks";
  if (error.code === "BAD_INDENT" || error.code === "MISSING_CHAR")
    return "look at the indentation and at brackets above";
  return undefined;
}

function spanOf(range: readonly [number, number, ...unknown[]] | undefined | null): { start: number; end: number } {
  return { start: range?.[0] ?? 0, end: range?.[1] ?? 0 };
}
