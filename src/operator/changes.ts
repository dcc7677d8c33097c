import type { LastPlanning } from "../app/plan-sync/memory.js";
import type { CacheChange } from "../app/watch/cluster-cache.js";
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
function isUsage({ kind, before, after }: ObjectChange): boolean {
  if (USAGE_KINDS.has(kind.kind)) return true;
  return (
    kind === KINDS.SpiderIPPool && before !== undefined && after !== undefined && content(before) === content(after)
  );
}

/** How long changes are gathered before they are judged, in milliseconds. */
const PROMPT = 100;
/** Of what Pods bring about, at least; and the longest of all. */
const USAGE = { least: 2_000, longest: 60_000 };

/** One part of so many is what planning for the sake of tenants may take of all time. */
const TURNS = { of: 5, longest: 10_000 };

/**
 * In how many milliseconds a change of the cluster is judged. Planning a large cluster takes a while: it must not be all this
 * process does. A tenant can write in its namespace without end, so what is namespaced has its turn: the first change is
 * judged at once, those that follow when planning has rested. What administrators alone can write never waits.
 */
export function delayOf(change: CacheChange, { startedAt, milliseconds }: LastPlanning, now: number): number {
  if (change.type !== "object") return PROMPT;
  if (isUsage(change)) return Math.min(USAGE.longest, Math.max(USAGE.least, milliseconds * 20));
  if (!change.kind.namespaced) return PROMPT;
  return Math.min(TURNS.longest, Math.max(PROMPT, startedAt + milliseconds * TURNS.of - now));
}
