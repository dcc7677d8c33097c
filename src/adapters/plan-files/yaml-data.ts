import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, Scalar, type YAMLMap } from "yaml";
import type { SourceRef } from "../../core/diagnostics.js";
import { strangeBlank } from "../../core/plan/unwritten.js";
import type { Faults } from "./faults.js";
import type { Limits } from "./limits.js";

/** What is counted over a whole file. */
export interface Budget {
  nodes: number;
  aliases: number;
}

interface Reading {
  readonly document: Document;
  readonly at: SourceRef;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly budget: Budget;
  readonly anchors: Map<string, Node>;
  /** Inside a value that an alias stands for: its faults were told where it is written. */
  readonly repeated: boolean;
}

/** Thrown to leave the tree at once when a limit is reached. */
class LimitReached extends Error {}

/**
 * A document's content as plain data, in one pass that also finds duplicate keys and enforces the limits: the
 * library's own conversion and its quadratic duplicate check would each be another.
 * @returns undefined, and notes it, when a limit is reached
 */
export function documentData(
  document: Document,
  at: SourceRef,
  limits: Limits,
  faults: Faults,
  budget: Budget,
): { data: unknown } | undefined {
  const reading: Reading = { document, at, limits, faults, budget, anchors: new Map(), repeated: false };
  try {
    return { data: read(document.contents as Node | null, 0, reading) };
  } catch (error) {
    if (error instanceof LimitReached) return undefined;
    throw error;
  }
}

function read(node: Node | null, depth: number, reading: Reading): unknown {
  if (++reading.budget.nodes > reading.limits.nodes) {
    stop(reading, node, "SP1014", `the file holds more than ${reading.limits.nodes} values`, "split it into several");
  }
  if (depth > reading.limits.depth) {
    stop(reading, node, "SP1013", `values are nested deeper than ${reading.limits.depth}`, undefined);
  }
  if (isScalar(node)) {
    if (node.anchor !== undefined && !reading.repeated) reading.anchors.set(node.anchor, node);
    tellOctal(node, reading);
    return node.value;
  }
  if (isMap(node)) return readMap(node, depth, reading);
  if (isSeq(node)) {
    if (node.anchor !== undefined && !reading.repeated) reading.anchors.set(node.anchor, node);
    return node.items.map((item) => read(item as Node | null, depth + 1, reading));
  }
  return isAlias(node) ? readAlias(node, depth, reading) : null;
}

/** YAML 1.1, which Kubernetes' tools read, takes a leading zero for octal; YAML 1.2 does not. */
function tellOctal(node: Scalar, reading: Reading): void {
  const { source = "", type, value } = node;
  if (typeof value !== "number" || type !== Scalar.PLAIN || reading.repeated || !/^[-+]?0\d+$/.test(source)) return;
  const message = `${source.slice(0, 40)} has a leading zero: one reader takes it for decimal, another for octal`;
  const hint = `write ${value} for a number, "${source.slice(0, 40)}" for a text`;
  reading.faults.add("SP1019", message, span(reading, node), { hint });
}

function readMap(map: YAMLMap, depth: number, reading: Reading): Record<string, unknown> {
  if (map.anchor !== undefined && !reading.repeated) reading.anchors.set(map.anchor, map);
  const data: Record<string, unknown> = {};
  for (const pair of map.items) {
    const key = keyText(pair.key);
    if (key !== undefined && tellStrangeKey(key, pair.key as Node, reading)) continue;
    const value = read(pair.value as Node | null, depth + 1, reading);
    if (key === undefined || key === "__proto__") {
      if (!reading.repeated) {
        const written = key === undefined ? "a key must be plain text" : "__proto__ cannot be a key";
        reading.faults.add("SP1016", written, span(reading, pair.key as Node | null));
      }
    } else if (Object.hasOwn(data, key)) {
      if (!reading.repeated) tellDuplicate(map, key, pair.key as Node, reading);
    } else data[key] = value;
  }
  return data;
}

/** Keys that people take for something else than a name. */
function tellStrangeKey(key: string, node: Node, reading: Reading): boolean {
  // In quotes it is a name like any other.
  const merge = key === "<<" && isScalar(node) && node.type === Scalar.PLAIN;
  const strange = strangeBlank(key);
  if (reading.repeated || (!merge && strange === undefined)) return merge || strange !== undefined;
  if (merge) {
    const message = "only plain YAML 1.2 is read, and << (merge these keys in) is YAML 1.1";
    reading.faults.add("SP1019", message, span(reading, node), { hint: "write the keys out" });
  } else {
    const message = `the key ${JSON.stringify(key.slice(0, 60))} holds ${strange}, which is no blank to YAML`;
    reading.faults.add("SP1016", message, span(reading, node), { hint: "write blanks in its place, or nothing" });
  }
  return true;
}

/** The text of a key as it was written, so that 1.10 stays 1.10; undefined for anything but one scalar. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  const text = typeof key.value === "string" ? key.value : key.source;
  return text === undefined || text === "" ? undefined : text;
}

function tellDuplicate(map: YAMLMap, key: string, again: Node, reading: Reading): void {
  if (reading.faults.full) return;
  const first = map.items.find((pair) => keyText(pair.key) === key)?.key as Node;
  reading.faults.add("SP1011", `key ${key} stands twice in one map`, span(reading, again), {
    hint: "keep one of the two",
    related: [{ note: "first at", source: span(reading, first) }],
  });
}

function readAlias(alias: Alias, depth: number, reading: Reading): unknown {
  if (++reading.budget.aliases > reading.limits.aliases) {
    const text = `anchors are used more than ${reading.limits.aliases} times in one file`;
    stop(reading, alias, "SP1014", text, "write the values out");
  }
  const target = reading.anchors.get(alias.source);
  if (target === undefined) {
    reading.faults.add("SP1015", `*${alias.source.slice(0, 60)} refers to no anchor before it`, span(reading, alias));
    return null;
  }
  if (inside(alias, target)) {
    reading.faults.add("SP1015", `*${alias.source.slice(0, 60)} refers to a value it lies in`, span(reading, alias));
    return null;
  }
  return read(target, depth, { ...reading, repeated: true });
}

function inside(node: Node, outer: Node): boolean {
  const [start, end] = [outer.range?.[0] ?? 0, outer.range?.[1] ?? 0];
  const offset = node.range?.[0] ?? 0;
  return offset > start && offset < end;
}

function span(reading: Reading, node: Node | null): SourceRef {
  const start = node?.range?.[0] ?? 0;
  return { ...reading.at, span: { start, end: Math.max(start, node?.range?.[1] ?? start) } };
}

function stop(reading: Reading, node: Node | null, code: string, message: string, hint: string | undefined): never {
  reading.faults.add(code, message, span(reading, node), { hint });
  throw new LimitReached();
}
