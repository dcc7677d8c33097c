import { isHostNetwork, makesPods, makesPodsIn } from "../cluster/lifecycle.js";
import { templateUsers } from "../cluster/template-reference.js";
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
      podTemplate(object)?.metadata !== undefined && !makers.has(key) && mayStart(object, snapshot) && wanted(object),
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

/** Workloads whose own template makes no Pod, since another one does, which they control or which uses it. */
function makersAbove({ workloads }: Snapshot): ReadonlySet<string> {
  const lent = [...templateUsers(workloads).keys()].filter((key) => wantsNone(workloads.get(key)));
  const found = new Set<string>(lent);
  for (const workload of workloads.values()) {
    const above = controllerOf(workload);
    // A Job that is done makes none: the next one is made from the template above it.
    if (above !== undefined && makesPods(workload)) found.add(referencedKey(workload.metadata.namespace ?? "", above));
  }
  return found;
}

/** Whether it is scaled to nothing, as Argo leaves the Deployment whose template a Rollout uses. */
function wantsNone(workload: KubeObject | undefined): boolean {
  return (workload?.spec as { replicas?: number } | undefined)?.replicas === 0;
}

/**
 * Whether a template may make a Pod that asks for an address: not on the host's network (B1), not of a Job that is done, of a
 * workload that is being deleted or whose Namespace is, and not of an old ReplicaSet that some controller keeps for its history.
 */
function mayStart(workload: KubeObject, snapshot: Snapshot): boolean {
  if (isHostNetwork(podTemplate(workload))) return false;
  return unreadableReason(workload) === undefined && makesPodsIn(snapshot, workload);
}
