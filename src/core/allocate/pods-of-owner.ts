import type { DeclaredPool, Plan, Workload } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { KEYS, type LabelSelector } from "../spiderpool/objects.js";
import { type Owner, parseNicOwner, workloadOf } from "./owner.js";

/** Which Pods an owner's pool is for: one ordinal (D5), or all of the workload; a slice's, inside its declared pool's. */
export function podSelectorOf(owner: Owner, plan: Plan, snapshot: Snapshot): LabelSelector | undefined {
  const workload = plan.workloads.get(workloadOf(owner));
  if (workload === undefined) return undefined;
  const { ordinal, slice } = parseNicOwner(owner) ?? {};
  const pods =
    ordinal === undefined
      ? (workload.pods ?? liveSelector(snapshot, workload))
      : { matchLabels: { [KEYS.podName]: `${workload.workload}-${ordinal}` } };
  const from = plan.pools.get(slice ?? "");
  return pods === undefined || from === undefined ? pods : sliceSelector(from, pods);
}

/** The live object's own selector: what `pods` may be left out for (DESIGN 3). */
function liveSelector(snapshot: Snapshot, workload: Workload): LabelSelector | undefined {
  const spec = snapshot.workloads.get(workload.name)?.spec as { selector?: LabelSelector } | undefined;
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
 * Whether a Pod is one of a workload's, by what its endpoint records.
 * @param workload `namespace/Kind/name`
 * @param pod `namespace/name`
 */
export function isPodOf(workload: string, pod: string, snapshot: Snapshot): boolean {
  const status = snapshot.endpoints.get(pod)?.status;
  const [namespace, kind = "", name] = workload.split("/");
  // A21: the Pods of a VM are recorded under its instance, which has its name.
  const recorded = kind === "VirtualMachine.kubevirt.io" ? "VirtualMachineInstance" : kind.split(".")[0];
  return (
    pod.startsWith(`${namespace}/`) && status?.ownerControllerName === name && status?.ownerControllerType === recorded
  );
}
