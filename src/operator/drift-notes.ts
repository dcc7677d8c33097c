import type { Memory } from "../app/plan-sync/memory.js";
import type { OwnWrites } from "../app/plan-sync/own-writes.js";
import type { ObjectChange } from "../app/watch/reflector.js";
import { ownershipOf } from "../core/change/ownership.js";
import { annotationsOf, appliedKeys } from "../core/change/shared-annotations.js";
import { editsBetween } from "../core/plan-sync/fights.js";
import { type KubeObject, OWN, objectKey } from "../core/spiderpool/objects.js";
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
  const { namespace, name } = object.metadata;
  const by = ownWrites.writerOf(kind, key, after);
  for (const [planSync, { memory }] of planSyncs) {
    if (by === planSync || !concerns(planSync, before, after)) continue;
    const named = objectKey(kind.kind, namespace, name);
    const known = writer !== undefined && writer.manager !== OWN.fieldManager;
    // Our own write may be told here before its answer has come: then the plan will have no step for it.
    if (!known && by === undefined && after !== undefined && memory.drift.has(named)) continue;
    const who = by === undefined ? "somebody" : `PlanSync ${by}`;
    memory.changed(named, editsBetween(before, after, known ? writer.manager : who));
  }
}

/** Whether a change is one of an object the PlanSync keeps, or of annotations it wrote on somebody else's. */
function concerns(planSync: string, before: KubeObject, after: KubeObject | undefined): boolean {
  if (ownershipOf(before, planSync).type === "ours") return true;
  return (["object", "template"] as const).some((on) => {
    const had = annotationsOf(on, before);
    if (had[OWN.applied] === undefined) return false;
    const has = after === undefined ? {} : annotationsOf(on, after);
    return appliedKeys(had, planSync).some((key) => had[key] !== has[key]);
  });
}
