import type { Memory } from "../app/plan-sync/memory.js";
import type { OwnWrites } from "../app/plan-sync/own-writes.js";
import type { ObjectChange } from "../app/watch/reflector.js";
import { ownershipOf } from "../core/change/ownership.js";
import { editsBetween } from "../core/plan-sync/fights.js";
import { OWN, objectKey } from "../core/spiderpool/objects.js";
import { content } from "./changes.js";

/** Remembers who else changed an object of ours: whether that differs from the plan is seen when it is judged. */
export function noteDrift(
  { kind, key, before, after, writer }: ObjectChange,
  ownWrites: OwnWrites,
  planSyncs: ReadonlyMap<string, { readonly memory: Memory }>,
): void {
  const object = after ?? before;
  if (object === undefined || before === undefined) return;
  if (after !== undefined && content(before) === content(after)) return;
  if (ownWrites.isOwn(kind, key, after)) return;
  const { namespace, name } = object.metadata;
  for (const [planSync, { memory }] of planSyncs) {
    if (ownershipOf(before, planSync).type !== "ours") continue;
    const named = objectKey(kind.kind, namespace, name);
    const known = writer !== undefined && writer.manager !== OWN.fieldManager;
    // Our own write may be told here before its answer has come: then the plan will have no step for it.
    if (!known && after !== undefined && memory.drift.has(named)) continue;
    memory.changed(named, editsBetween(before, after, known ? writer.manager : "somebody"));
  }
}
