import type { ObjectChange } from "../app/watch/reflector.js";
import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";

/** What of a PlanSync is the user's: spec, annotations, its end. */
export function steering({ spec, metadata: { annotations, deletionTimestamp, finalizers } }: KubeObject): string {
  return JSON.stringify([spec, annotations, deletionTimestamp, finalizers]);
}

/** All that a plan may say of an object. */
export function content({ spec, metadata: { labels, annotations } }: KubeObject): string {
  return JSON.stringify([spec, labels, annotations]);
}

const USAGE_KINDS: ReadonlySet<string> = new Set(["Pod", "SpiderEndpoint", "ReplicaSet", "Node"]);

/** Changes that Pods bring about: they come in crowds, and nobody waits for an answer. */
export function isUsage({ kind, before, after }: ObjectChange): boolean {
  if (USAGE_KINDS.has(kind.kind)) return true;
  return (
    kind === KINDS.SpiderIPPool && before !== undefined && after !== undefined && content(before) === content(after)
  );
}
