import { isHostNetwork, makesPods } from "../cluster/lifecycle.js";
import { namespaceEnd } from "../cluster/namespaces.js";
import { workloadsWithAddress } from "../cluster/tenants.js";
import { referencedKey } from "../cluster/workload-of.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { unreadableReason } from "../spiderpool/limits.js";
import { controllerOf, type KubeObject } from "../spiderpool/objects.js";

/**
 * Live templates none of whose Pods has an address: judged by a Pod that does not exist yet.
 * @param wanted of these templates only
 */
export function idleTemplates(
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  wanted: (workload: KubeObject) => boolean,
): KubeObject[] {
  const makers = makersAbove(snapshot);
  const found = [...snapshot.workloads].filter(
    ([key, object]) =>
      podTemplate(object)?.metadata !== undefined &&
      !makers.has(key) &&
      namespaceEnd(snapshot, object.metadata.namespace) !== "terminating" &&
      mayStart(object) &&
      wanted(object),
  );
  if (found.length === 0) return [];
  const busy = workloadsWithAddress(
    snapshot,
    facts,
    found.map(([, object]) => object.metadata.namespace ?? ""),
  );
  return found
    .filter(([key]) => !busy.has(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => object);
}

/** Workloads whose own template makes no Pod, since another workload that they control does. */
function makersAbove({ workloads }: Snapshot): ReadonlySet<string> {
  const found = new Set<string>();
  for (const workload of workloads.values()) {
    const above = controllerOf(workload);
    if (above !== undefined) found.add(referencedKey(workload.metadata.namespace ?? "", above));
  }
  return found;
}

/**
 * Whether a template may make a Pod that asks for an address: not on the host's network (B1), not of a Job that is done or of
 * a workload that is being deleted, and not of an old ReplicaSet that some controller keeps for its history.
 */
function mayStart(workload: KubeObject): boolean {
  if (isHostNetwork(podTemplate(workload))) return false;
  return unreadableReason(workload) === undefined && makesPods(workload);
}
