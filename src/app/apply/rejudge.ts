import { applyMergePatch } from "../../core/change/merge-patch.js";
import { sortedJson } from "../../core/change/ownership.js";
import { type KubeObject, OWN } from "../../core/spiderpool/objects.js";

/** Whether an object is already as a merge patch would make it. */
export function satisfied(live: KubeObject, patch: object): boolean {
  return sortedJson(applyMergePatch(live, patch)) === sortedJson(live);
}

/**
 * Judges a step again after the object it was decided on changed under it (409).
 * Only what the patch touches matters: Spiderpool writes status, finalizers and owner references at any time.
 * @param base the object the decision was made on
 * @returns the paths somebody else changed, or nothing when the decision still holds
 */
export function changedUnder(base: KubeObject, live: KubeObject, patch: object): string[] {
  if (base.metadata.uid !== undefined && base.metadata.uid !== live.metadata.uid) return ["metadata.uid"];
  const found: string[] = [];
  compare(base, live, patch, "", found);
  return found;
}

/** Whether an object that is to be deleted became somebody else's since the decision. */
export function changedHands(base: KubeObject, live: KubeObject): boolean {
  if (base.metadata.uid !== undefined && base.metadata.uid !== live.metadata.uid) return true;
  return base.metadata.annotations?.[OWN.trackingId] !== live.metadata.annotations?.[OWN.trackingId];
}

function compare(base: unknown, live: unknown, patch: object, path: string, found: string[]): void {
  for (const [key, value] of Object.entries(patch)) {
    const [before, now] = [at(base, key), at(live, key)];
    const here = path === "" ? key : `${path}.${key}`;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) compare(before, now, value, here, found);
    else if (text(before) !== text(now) && text(now) !== text(value)) found.push(here);
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** Absent, null and empty lists are one (G9). */
function text(value: unknown): string {
  const empty = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
  return empty ? "" : sortedJson(value);
}
