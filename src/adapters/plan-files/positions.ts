import { type Document, isAlias, isMap, isSeq, type Node, type Pair } from "yaml";
import type { SourceRef } from "../../core/diagnostics.js";
import type { Limits } from "./limits.js";
import { keyText } from "./yaml-data.js";
import { composeDocuments } from "./yaml-documents.js";

/** A place as people count: from 1; `endColumn` is behind the last character on the same line. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

/** A file's text with its trees, made only when the first place in it is asked for. */
export interface IndexedText {
  readonly text: string;
  readonly documents: readonly Document[];
}

/** Parses a text again for its positions; plans are read without keeping them. */
export function indexText(text: string, limits: Limits): IndexedText {
  const documents: Document[] = [];
  try {
    for (const document of composeDocuments(text, limits)) {
      if (documents.push(document) > limits.documents) break;
    }
  } catch {
    // The fault itself carries its offset; places before it are found in what was read.
  }
  return { text, documents };
}

/** Where a reference points; the nearest thing around it if it is not in the text. */
export function placeOf(source: SourceRef, { text, documents }: IndexedText): Place {
  if (source.span !== undefined) return placeAt(text, source.span.start, source.span.end);
  const document = documents[source.document];
  const node = document === undefined ? undefined : find(document, source);
  const [start, end] = node?.range ?? [document?.contents?.range?.[0] ?? 0, 0];
  return placeAt(text, start, end);
}

function find(document: Document, source: SourceRef): Node | undefined {
  let node = document.contents as Node | null;
  let key: Node | undefined;
  const parts = source.pointer.split("/").slice(1);
  for (const part of parts.map((text) => text.replaceAll("~1", "/").replaceAll("~0", "~"))) {
    if (isAlias(node)) node = (node.resolve(document) as Node | undefined) ?? null;
    const next = step(node, part);
    if (next === undefined) return key ?? node ?? undefined;
    [key, node] = next;
  }
  // An empty value, or a map or list: what people look for is its name.
  const nameless = node === null || node.range?.[0] === node.range?.[1] || isMap(node) || (isSeq(node) && !node.flow);
  return key !== undefined && (source.target === "key" || nameless) ? key : (node ?? key);
}

function step(node: Node | null, part: string): [Node | undefined, Node | null] | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => keyText(item.key) === part) as Pair<Node, Node | null> | undefined;
    return pair === undefined ? undefined : [pair.key, pair.value];
  }
  if (isSeq(node)) {
    const item = node.items[Number(part)] as Node | null | undefined;
    return item === undefined ? undefined : [undefined, item];
  }
  return undefined;
}

function placeAt(text: string, start: number, end: number): Place {
  const from = Math.min(start, text.length);
  const lineStart = text.lastIndexOf("\n", from - 1) + 1;
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < lineStart; at = text.indexOf("\n", at + 1)) line++;
  const newline = text.indexOf("\n", from);
  const lineEnd = newline < 0 ? text.length : newline;
  const column = from - lineStart + 1;
  return { line, column, endColumn: Math.max(column + 1, Math.min(end, lineEnd) - lineStart + 1) };
}
