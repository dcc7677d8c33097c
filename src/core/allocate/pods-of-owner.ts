import { workloadsAbove } from "../cluster/workload-of.js";
import type { DeclaredPool, Plan, Workload } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { KEYS, type LabelSelector } from "../spiderpool/objects.js";
import { liveWorkload } from "./moved.js";
import { type Owner, parseNicOwner, workloadOf } from "./owner.js";

/** Which Pods an owner's pool is for: one ordinal (D5), or all of the workload; a slice's, inside its declared pool's. */
export function podSelectorOf(owner: Owner, plan: Plan, snapshot: Snapshot): LabelSelector | undefined {
  const workload = plan.workloads.get(workloadOf(owner));
  if (workload === undefined) return undefined;
  const { ordinal, slice } = parseNicOwner(owner) ?? {};
  const pods =
    ordinal === undefined
      ? (workload.pods ?? liveSelector(plan, snapshot, workload))
      : { matchLabels: { [KEYS.podName]: `${workload.workload}-${ordinal}` } };
  const from = plan.pools.get(slice ?? "");
  return pods === undefined || from === undefined ? pods : sliceSelector(from, pods);
}

/** The live object's own selector: what `pods` may be left out for (DESIGN 3). */
function liveSelector(plan: Plan, snapshot: Snapshot, workload: Workload): LabelSelector | undefined {
  const spec = liveWorkload(plan, workload.name, snapshot)?.spec as { selector?: LabelSelector } | undefined;
  return spec?.selector;
}

/** The Pods of a slice: the workload's, inside what the declared pool is for. */
function sliceSelector(pool: DeclaredPool, pods: LabelSelector): LabelSelector {
  if (pool.pods === undefined) return pods;
  const matchExpressions = [...(pool.pods.matchExpressions ?? []), ...(pods.matchExpressions ?? [])];
  return {
    matchLabels: { ...pool.pods.matchLabels, ...pods.matchLabels },
    ...(matchExpressions.length > 0 && { matchExpressions }),
  };
}

/**
 * Whether a Pod is one of a workload's, or of what stands between them.
 * @param workload `namespace/Kind/name`
 * @param pod `namespace/name`
 */
export function isPodOf(workload: string, pod: string, snapshot: Snapshot): boolean {
  return workloadsAbove(snapshot, pod).includes(workload);
}
