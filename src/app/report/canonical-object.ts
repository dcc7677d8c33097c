import type { KubeObject, ObjectMeta } from "../../core/spiderpool/objects.js";

const SERVER_FILLED: readonly (keyof ObjectMeta)[] = [
  "managedFields",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
];
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** A value with the keys of all its objects in code-unit order, so that the same data is the same text. */
export function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sortedKeys(part)]));
}

/**
 * An object without what the server fills in: neither status nor versions, so that Pods restarting change nothing
 * of it (DESIGN 8, digest).
 */
export function withoutServerFields(object: KubeObject): KubeObject {
  const { status: _, ...rest } = object;
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of SERVER_FILLED) delete metadata[field];
  if (object.metadata.annotations?.[LAST_APPLIED] !== undefined) {
    const { [LAST_APPLIED]: __, ...annotations } = object.metadata.annotations;
    metadata.annotations = annotations;
  }
  return sortedKeys({ ...rest, metadata }) as KubeObject;
}
