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
  /** Where each line begins, ascending. */
  readonly lineStarts: readonly number[];
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
  return { text, documents, lineStarts: lineStarts(text) };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** One line without its end; undefined if there is none. */
export function lineOf({ text, lineStarts }: IndexedText, line: number): string | undefined {
  const start = lineStarts[line - 1];
  return start === undefined ? undefined : text.slice(start, lineStarts[line] ?? text.length).replace(/\r?\n?$/, "");
}

/** Where a reference points; the nearest thing around it if it is not in the text. */
export function placeOf(source: SourceRef, indexed: IndexedText): Place {
  if (source.span !== undefined) return placeAt(indexed, source.span.start, source.span.end);
  const document = indexed.documents[source.document];
  const node = document === undefined ? undefined : find(document, source);
  const [start, end] = node?.range ?? [document?.contents?.range?.[0] ?? 0, 0];
  return placeAt(indexed, start, end);
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

function placeAt({ text, lineStarts }: IndexedText, start: number, end: number): Place {
  const from = Math.min(start, text.length);
  const line = lastAtOrBefore(lineStarts, from);
  const lineStart = lineStarts[line]!;
  const lineEnd = (lineStarts[line + 1] ?? text.length + 1) - 1;
  const column = from - lineStart + 1;
  return { line: line + 1, column, endColumn: Math.max(column + 1, Math.min(end, lineEnd) - lineStart + 1) };
}

/** Index of the last number that is not above the given one; the first is 0. */
function lastAtOrBefore(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (sorted[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
