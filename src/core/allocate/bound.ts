import type { KubeObject } from "../spiderpool/objects.js";

/** `auto` = the surge of a Deployment's rollout, which needs addresses beside the old Pods'; at least one. */
export function autoElastic(kind: string, bound: number, live: KubeObject | undefined): number {
  if (kind !== "Deployment") return 1;
  const spec = live?.spec as
    | { strategy?: { type?: string; rollingUpdate?: { maxSurge?: number | string } } }
    | undefined;
  if (spec?.strategy?.type === "Recreate") return 1;
  const surge = spec?.strategy?.rollingUpdate?.maxSurge ?? "25%"; // Kubernetes' own default
  const percent = typeof surge === "string" ? /^(\d+)%$/.exec(surge)?.[1] : undefined;
  const count = percent === undefined ? Number(surge) : Math.ceil((bound * Number(percent)) / 100);
  return Number.isInteger(count) ? Math.max(1, count) : 1;
}

/** How many Pods a live workload asks for; undefined for kinds that do not say. */
export function liveBound(object: KubeObject): number | undefined {
  const spec = (object.spec ?? {}) as {
    replicas?: number;
    parallelism?: number;
    jobTemplate?: { spec?: { parallelism?: number } };
  };
  switch (object.kind) {
    case "Deployment":
    case "StatefulSet":
    case "ReplicaSet":
      return spec.replicas ?? 1;
    case "DaemonSet":
      return (object.status as { desiredNumberScheduled?: number } | undefined)?.desiredNumberScheduled;
    case "Job":
      return spec.parallelism ?? 1;
    case "CronJob":
      return spec.jobTemplate?.spec?.parallelism ?? 1;
    case "VirtualMachine":
      return 1;
    default:
      return spec.replicas;
  }
}
