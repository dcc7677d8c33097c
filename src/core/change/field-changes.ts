import { isFields, parseJson } from "../spiderpool/json.js";

/** One field that has another value. */
export interface FieldChange {
  /** `macvlan.vlanID`, `[0].ipv4`; empty for a value that is no object. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Nothing that people write lies deeper; what does is shown whole. */
const DEEPEST = 12;

/**
 * The fields in which two values differ, in the order of their names. Texts that hold JSON, as annotations and `customCNI`
 * do, are looked into as well.
 */
export function fieldChanges(before: unknown, after: unknown, path = "", depth = 0): FieldChange[] {
  const [a, b] = [opened(before), opened(after)];
  if (depth < DEEPEST && (isFields(a) || isFields(b)) && isBlock(a) && isBlock(b)) {
    const names = [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])].sort();
    return names.flatMap((name) => {
      return fieldChanges(a?.[name], b?.[name], path === "" ? name : `${path}.${name}`, depth + 1);
    });
  }
  if (depth < DEEPEST && isListOfObjects(a) && isListOfObjects(b) && a.length === b.length) {
    return a.flatMap((one, index) => fieldChanges(one, b[index], `${path}[${index}]`, depth + 1));
  }
  return meaning(a) === meaning(b) ? [] : [{ path, before: a, after: b }];
}

/** Somebody may write a list of 10,000 names or an annotation of 200 kB: the whole is in the JSON output. */
const MOST_CHARACTERS = 400;
const MOST_FIELDS = 30;

/** `macvlan.vlanID: 100 -> 101`, one line a field. */
export function changeTexts(name: string, before: unknown, after: unknown): string[] {
  const changes = fieldChanges(before, after, name);
  const rest = changes.length - MOST_FIELDS;
  const texts = changes.slice(0, MOST_FIELDS).map(changeText);
  return rest > 0 ? [...texts, `and ${rest} more fields of ${shortText(name)}`] : texts;
}

/** `macvlan.vlanID: 100 -> 101`. */
export function changeText({ path, before, after }: FieldChange): string {
  return arrow(path, fieldText(before), fieldText(after));
}

/** `gateway: 10.0.0.1 -> none`; texts that are too long are cut. */
export function arrow(name: string, before: string | readonly string[], after: string | readonly string[]): string {
  return `${shortText(name)}: ${shortText(before) || "none"} -> ${shortText(after) || "none"}`;
}

/** A text, or the items of a list, cut where it is too long to be read, and how long it is. */
export function shortText(value: string | readonly string[], separator = ","): string {
  if (typeof value === "string") {
    if (value.length <= MOST_CHARACTERS) return value;
    return `${value.slice(0, MOST_CHARACTERS).replace(/[\ud800-\udbff]$/, "")}... (${value.length} characters)`;
  }
  let kept = 0;
  for (let characters = 0; kept < value.length && characters <= MOST_CHARACTERS; kept++) {
    characters += value[kept]!.length + separator.length;
    if (characters > MOST_CHARACTERS && kept > 0) break;
  }
  const shown = value.slice(0, kept).map((item) => shortText(item));
  return `${shown.join(separator)}${kept < value.length ? ` and ${value.length - kept} more` : ""}`;
}

/** A value in words, of a list each item; absent and empty read alike (G9). */
function fieldText(value: unknown): string | readonly string[] {
  if (isEmpty(value)) return "";
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) return value.map(String);
  return typeof value === "string" ? value : meaning(value);
}

function meaning(value: unknown): string {
  return isEmpty(value) ? "" : JSON.stringify(value, sortedFields);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** An object, or none yet: then each of its fields is new. */
function isBlock(value: unknown): value is Record<string, unknown> | undefined | null {
  return value === undefined || value === null || isFields(value);
}

function sortedFields(_: string, value: unknown): unknown {
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function opened(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  const found = parseJson(value);
  return typeof found === "object" && found !== null ? found : value;
}

function isListOfObjects(value: unknown): value is readonly Record<string, unknown>[] {
  return Array.isArray(value) && value.length > 0 && value.every(isFields);
}
