import { mayComeTo, placementOf } from "../cluster/scheduling.js";
import type { Snapshot } from "../snapshot.js";
import type { KubeObject } from "../spiderpool/objects.js";

/**
 * How many nodes a DaemonSet may run on: those its template allows, cordoned and dead ones too, since its Pods come there
 * with them; at least as many as it says it needs. Undefined where neither nodes nor its status are known.
 */
export function daemonNodes(daemonSet: KubeObject, snapshot: Snapshot): number | undefined {
  const wanted = (daemonSet.status as { desiredNumberScheduled?: number } | undefined)?.desiredNumberScheduled;
  if (!snapshot.complete.has("Node") || snapshot.nodes.size === 0) return wanted;
  const placement = placementOf(daemonSet);
  const nodes = [...snapshot.nodes.values()].filter((node) => mayComeTo(placement, node));
  return Math.max(wanted ?? 0, nodes.length);
}
