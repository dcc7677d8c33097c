import { Composer, type CST, type Document, Lexer, Parser, type YAMLError } from "yaml";
import type { SourceRef } from "../../core/diagnostics.js";
import { strangeBlank } from "../../core/plan/unwritten.js";
import type { Faults } from "./faults.js";
import { foreignText } from "./foreign-text.js";
import type { Limits } from "./limits.js";
import { type Budget, documentData } from "./yaml-data.js";

/** One document of a file as plain data; `data` is null for an empty one. */
export interface YamlDocument {
  readonly index: number;
  readonly data: unknown;
}

/** A limit that a text reached while it was still being taken apart. */
class TextLimit extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/**
 * The documents of a YAML text as trees with positions, one at a time.
 * @throws TextLimit before the library is handed what would exhaust it: it descends by recursion and aborts the whole
 * process on text that nests without end, and some faults cost it a second per ten thousand.
 */
export function* composeDocuments(text: string, limits: Pick<Limits, "depth" | "tokens">): Generator<Document> {
  const composer = new Composer({ uniqueKeys: false, version: "1.2", logLevel: "silent", prettyErrors: false });
  yield* composer.compose(guardedTokens(text, limits));
}

function* guardedTokens(text: string, limits: Pick<Limits, "depth" | "tokens">): Generator<CST.Token> {
  const parser = new Parser();
  let tokens = 0;
  let faults = 0;
  // The document itself and the scalar being read stand on the stack too.
  const deepest = limits.depth + 2;
  for (const lexeme of new Lexer().lex(text)) {
    faults += badEscapes(lexeme);
    for (const token of parser.next(lexeme)) {
      if (token.type === "error" || token.type === "directive") faults++;
      if (faults <= MOST_FAULTS) yield token;
    }
    if (faults > MOST_FAULTS) {
      throw new TextLimit("SP1010", "not valid YAML: too many faults to go on", parser.offset);
    }
    if (parser.stack.length > deepest) {
      throw new TextLimit("SP1013", `values are nested deeper than ${limits.depth}`, parser.offset);
    }
    if (++tokens > limits.tokens) {
      throw new TextLimit("SP1014", `the file holds more than ${limits.tokens} YAML tokens`, parser.offset);
    }
  }
  yield* parser.end();
}

/** Each fault costs the library an Error with its stack. */
const MOST_FAULTS = 100;

/** Escapes of a double-quoted text that mean nothing; a lexeme of no other kind begins with the quote. */
function badEscapes(lexeme: string): number {
  if (!lexeme.startsWith('"') || !lexeme.includes("\\")) return 0;
  const escapes = lexeme.matchAll(/\\(?:[0abt\tnvfre "/\\N_LP\r\n]|x[\da-f]{2}|u[\da-f]{4}|U[\da-f]{8})?/gi);
  let bad = 0;
  for (const [written] of escapes) if (written.length === 1 && ++bad > MOST_FAULTS) break;
  return bad;
}

/** Reads all documents of a file; a document with a fault is left out, its faults noted. */
export function readDocuments(file: string, text: string, limits: Limits, faults: Faults): YamlDocument[] {
  const documents: YamlDocument[] = [];
  const budget: Budget = { nodes: 0, aliases: 0 };
  let index = 0;
  const foreign = foreignText(file, text, limits);
  if (foreign !== undefined) {
    const { code, message, hint, start, end } = foreign;
    faults.add(code, message, { file, document: 0, pointer: "", span: { start, end } }, { hint });
    return [];
  }
  try {
    for (const document of composeDocuments(text, limits)) {
      const at: SourceRef = { file, document: index, pointer: "" };
      if (index >= limits.documents) {
        const message = `the file holds more than ${limits.documents} documents`;
        faults.add("SP1012", message, { ...at, span: spanOf(document.range) }, { hint: "split it into several files" });
        break;
      }
      if (!tellSyntax(document, text, at, faults)) {
        const before = faults.found.length;
        const read = documentData(document, at, limits, faults, budget);
        if (read === undefined) break;
        if (faults.found.length === before && !faults.full) documents.push({ index, data: read.data });
      }
      index++;
    }
  } catch (error) {
    if (!(error instanceof TextLimit)) throw error;
    const span = { start: error.offset, end: error.offset };
    faults.add(error.code, error.message, { file, document: index, pointer: "", span });
  }
  return documents;
}

/** Notes what the YAML library found; whether there was anything. */
function tellSyntax(document: Document, text: string, at: SourceRef, faults: Faults): boolean {
  // What follows the first error is mostly its echo.
  for (const error of document.errors.slice(0, 1)) {
    const source = { ...at, span: spanOf(error.pos) };
    const strange = strangeBlank(syntaxAt(text, error.pos[0]));
    if (strange === undefined) faults.add("SP1010", `not valid YAML: ${words(error)}`, source, { hint: hint(error) });
    else {
      const message = `not valid YAML: the line holds ${strange}, which is no blank to YAML`;
      faults.add("SP1010", message, source, { hint: "write a blank in its place, or put it in quotes" });
    }
  }
  for (const warning of document.warnings) {
    const message = `only plain YAML 1.2 is read: ${words(warning)}`;
    faults.add("SP1019", message, { ...at, span: spanOf(warning.pos) }, { hint: "write the value without a tag" });
  }
  const old = otherVersion(document);
  if (old !== undefined) {
    const message = `only plain YAML 1.2 is read: %YAML ${old} gives other meanings to words such as yes`;
    faults.add("SP1019", message, { ...at, span: spanOf(document.range) }, { hint: "remove the %YAML line" });
  }
  return document.errors.length > 0 || document.warnings.length > 0 || old !== undefined;
}

/** The line around an offset without what is quoted and what is a comment: there any character is welcome. */
function syntaxAt(text: string, offset: number): string {
  const end = text.indexOf("\n", offset);
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, end < 0 ? text.length : end);
  return line.replace(/"[^"]*"|'[^']*'/g, "").replace(/(^|[ \t])#.*/, "");
}

function otherVersion(document: Document): string | undefined {
  const { version, explicit } = document.directives?.yaml ?? {};
  return explicit === true && version !== "1.2" ? version : undefined;
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
