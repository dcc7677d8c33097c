import { type Snapshot, workloadKey } from "../snapshot.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { daemonNodes } from "./daemon-nodes.js";

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

/** How many Pods a live workload may have: what it asks for, or what its autoscaler may make of it (DESIGN 5). */
export function liveBound(object: KubeObject, snapshot: Snapshot): number | undefined {
  const own = object.kind === "DaemonSet" ? daemonNodes(object, snapshot) : ownBound(object);
  const scaled = snapshot.autoscaled?.get(workloadKey(object));
  return scaled === undefined ? own : Math.max(own ?? 0, scaled);
}

/** What the object itself asks for; undefined for kinds that do not say. */
function ownBound(object: KubeObject): number | undefined {
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
