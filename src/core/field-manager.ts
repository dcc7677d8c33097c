import type { ObjectMeta } from "./spiderpool/objects.js";

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
 * Times have whole seconds: of two in the same second the one the API server lists last counts.
 */
export function lastWriter({ managedFields = [] }: Pick<ObjectMeta, "managedFields">): Writer | undefined {
  let last: Writer | undefined;
  for (const { manager, operation = "Update", time, subresource } of managedFields) {
    if (manager === undefined || time === undefined || subresource) continue;
    if (last === undefined || time >= last.time) last = { manager, operation, time };
  }
  return last;
}
