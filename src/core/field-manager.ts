import { type ManagedFields, type ObjectMeta, OWN } from "./spiderpool/objects.js";

/** Who wrote an object last, as its managedFields tell. */
export interface Writer {
  /** `kubectl-edit`, `spiderplan`, `helm`. */
  readonly manager: string;
  readonly operation: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
}

/**
 * The field manager of the newest write to anything but a subresource; undefined where managedFields were left out.
 * Times have whole seconds: of two in the same second the one the API server lists last
 * counts, but for ourselves: what we wrote is known without asking.
 */
export function lastWriter({ managedFields = [] }: Pick<ObjectMeta, "managedFields">): Writer | undefined {
  let last: Writer | undefined;
  for (const entry of managedFields) {
    const { manager, operation = "Update", time } = entry;
    if (manager === undefined || time === undefined || isOfSubresource(entry)) continue;
    const later = last === undefined || time > last.time || (time === last.time && manager !== OWN.fieldManager);
    if (later) last = { manager, operation, time };
  }
  return last;
}

/** API servers before 1.22 do not name the subresource: who owns nothing but the status wrote only that. */
function isOfSubresource({ subresource, fieldsV1 }: ManagedFields): boolean {
  if (subresource) return true;
  const owned = Object.keys(fieldsV1 ?? {});
  return owned.length === 1 && owned[0] === "f:status";
}
