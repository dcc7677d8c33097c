import { podTemplate } from "../core/snapshot.js";
import { type KubeObject, objectKey } from "../core/spiderpool/objects.js";
import { shapeFaults } from "../core/spiderpool/shape.js";
import { CliError } from "./io.js";

/** One object of a snapshot and where it stands, for words about it. */
export interface SnapshotItem {
  readonly object: KubeObject;
  /** `s.json: items[2]`. */
  readonly place: string;
}

const MOST = 20;

/**
 * The items of one file as objects every field of which can be read.
 * @param read values as they stand in the file
 * @throws CliError with a line for each thing that is wrong
 */
export function checkedItems(read: readonly { readonly value: unknown; readonly place: string }[]): SnapshotItem[] {
  const items: SnapshotItem[] = [];
  const wrong: string[] = [];
  for (const { value, place } of read) {
    const nameless = unnamed(value);
    if (nameless !== undefined) wrong.push(`${place}: ${nameless}`);
    else {
      const object = value as KubeObject;
      for (const fault of shapeFaults(object)) wrong.push(`${place} ${keyOf(object)}: ${fault}`);
      for (const metadata of [object.metadata, podTemplate(object)?.metadata]) dropNulls(metadata ?? {});
      items.push({ object, place });
    }
  }
  if (wrong.length > MOST) wrong.splice(MOST, wrong.length, `and ${wrong.length - MOST} more`);
  if (wrong.length > 0) throw new CliError(wrong[0]!, wrong.slice(1));
  return items;
}

/**
 * Every object once: of one that is there twice the one the API server stored last, so that the order of files says nothing.
 * @throws CliError naming both places when nobody can tell which is the later one
 */
export function withoutDuplicates(items: readonly SnapshotItem[]): KubeObject[] {
  const kept = new Map<string, SnapshotItem>();
  for (const item of items) {
    const key = `${item.object.apiVersion} ${keyOf(item.object)}`;
    const before = kept.get(key);
    kept.set(key, before === undefined ? item : later(before, item));
  }
  return [...kept.values()].map(({ object }) => object);
}

function later(one: SnapshotItem, other: SnapshotItem): SnapshotItem {
  const [a, b] = [one, other].map(({ object }) => object.metadata.resourceVersion ?? "") as [string, string];
  if (/^\d+$/.test(a) && /^\d+$/.test(b) && BigInt(a) !== BigInt(b)) return BigInt(a) > BigInt(b) ? one : other;
  if (content(one.object) !== content(other.object)) {
    throw new CliError(
      `${keyOf(one.object)} is in the snapshot twice, and differs: ${[one.place, other.place].sort().join(" and ")}; leave one out, or take both from one cluster so that metadata.resourceVersion says which is newer`,
    );
  }
  // The same but for who managed its fields: the one that tells.
  return (other.object.metadata.managedFields?.length ?? 0) > (one.object.metadata.managedFields?.length ?? 0)
    ? other
    : one;
}

/** Text that is equal for equal objects, in whatever order their keys are. */
function content({ metadata, ...rest }: KubeObject): string {
  const { managedFields: _, ...told } = metadata;
  return JSON.stringify({ ...rest, metadata: told }, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

/** In Kubernetes null is a field that is not there. */
function dropNulls(map: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(map)) if (value === null) delete map[key];
}

/** What keeps a value from being an object with a name. */
function unnamed(value: unknown): string | undefined {
  if (!isRecord(value)) return "is no Kubernetes object";
  for (const key of ["apiVersion", "kind"]) {
    if (value[key] === undefined) return `${key} is missing`;
    if (typeof value[key] !== "string") return `${key} must be a string`;
  }
  if (value.metadata === undefined) return `${value.kind}: metadata is missing`;
  if (!isRecord(value.metadata)) return `${value.kind}: metadata must be a map`;
  const { name } = value.metadata;
  if (name === undefined || name === "") return `${value.kind}: metadata.name is missing`;
  return typeof name === "string" ? undefined : `${value.kind}: metadata.name must be a string`;
}

function keyOf({ kind, metadata }: KubeObject): string {
  const { namespace } = metadata;
  return objectKey(kind, typeof namespace === "string" ? namespace : undefined, metadata.name);
}

/** Whether a value is a map. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
