import { templatesFor } from "../cluster/successor.js";
import { workloadOfPod } from "../cluster/workload-of.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import { hasSubnetAnnotation, type Names, ownChoice, ownChoiceText } from "../spiderpool/ipam/annotations.js";
import { isPattern, namesHit } from "../spiderpool/ipam/glob.js";
import { KINDS, type KubeObject } from "../spiderpool/objects.js";
import type { Holder } from "../usage.js";
import type { Touched } from "./touched.js";

/** Whom a change can concern at all. Says yes too often rather than too rarely: the verdict proper looks closer. */
export interface Reach {
  readonly holder: (holder: Holder) => boolean;
  readonly template: (workload: KubeObject) => boolean;
}

/**
 * Tells by names alone who may depend on some pools or on a source the steps edit, so that a small change on a big
 * cluster costs a look at each Pod and not a replay of each.
 * @param pools names of the pools in question
 */
export function reachOf(snapshot: Snapshot, touched: Touched, pools: Iterable<string>): Reach {
  const names = new Set(pools);
  const asksFor = asking(names);
  const namespaces = new Set([...touched.namespaces.keys(), ...[...touched.workloads.keys()].map(namespaceOf)]);
  const everybody = touched.networks.size > 0;
  const holder = ({ pod, pool }: Holder): boolean => {
    if (everybody || names.has(pool)) return true;
    if (namespaces.size > 0 && namespaces.has(namespaceOf(pod))) return true;
    const live = snapshot.pods.get(pod);
    if (live !== undefined) return templatesFor(live, snapshot).some(asksFor);
    // An ordinal between two lives, and any Pod where none were read, asks as its template does; else its pool counts.
    const workload = workloadOfPod(snapshot, pod);
    if (workload?.startsWith(`${namespaceOf(pod)}/StatefulSet/`)) return names.size > 0;
    const maker = snapshot.complete.has(KINDS.Pod.kind) ? undefined : snapshot.workloads.get(workload ?? "");
    return maker !== undefined && asksFor(podTemplate(maker)?.metadata?.annotations);
  };
  const template = (workload: KubeObject): boolean =>
    everybody ||
    namespaces.has(workload.metadata.namespace ?? "") ||
    asksFor(podTemplate(workload)?.metadata?.annotations);
  return { holder, template };
}

/** Whether annotations may make one of the pools a candidate (A1): defaults and auto pools count as if they did. */
function asking(pools: ReadonlySet<string>): (annotations: Readonly<Record<string, string>> | undefined) => boolean {
  if (pools.size === 0) return () => false;
  const sorted = [...pools].sort();
  const known = new Map<string, boolean>();
  const hits = ({ v4, v6 }: Names) => [...v4, ...v6].some((name) => pools.has(name) || patternHits(name, sorted));
  return (annotations = {}) => {
    const text = ownChoiceText(annotations);
    if (text === undefined || hasSubnetAnnotation(annotations)) return true;
    let answer = known.get(text);
    if (answer === undefined) {
      // Whose NIC an unnamed item of the annotation means is nothing to the names in it.
      const chosen = ownChoice({ namespace: "", annotations })?.read ?? [];
      answer = typeof chosen !== "string" && [chosen].flat().some(hits);
      known.set(text, answer);
    }
    return answer;
  };
}

function patternHits(pattern: string, sorted: readonly string[]): boolean {
  return isPattern(pattern) && namesHit(sorted, pattern).length > 0;
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}
