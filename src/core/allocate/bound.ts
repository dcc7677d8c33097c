import { workloadKey } from "../cluster/workload-of.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Plan, Workload } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { daemonNodes } from "./daemon-nodes.js";
import { nicOwner } from "./owner.js";

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

/** Number of the first Pod of a StatefulSet. */
export function firstOrdinal(object: KubeObject | undefined): number {
  return (object?.spec as { ordinals?: { start?: number } } | undefined)?.ordinals?.start ?? 0;
}

/** What the object itself asks for; undefined for kinds that do not say. */
export function ownBound(object: KubeObject): number | undefined {
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

/** A plan that gives a live workload fewer replicas than it asks for: its Pods, waiting ones too, come first. */
export function boundBelowLive(workload: Workload, running: number | undefined): Diagnostic[] {
  const fixed = [...workload.interfaces.values()].find(({ ask }) => ask.type === "fixed");
  if (fixed === undefined || workload.bound === undefined || running === undefined || workload.bound >= running)
    return [];
  return [
    {
      code: "SP4219",
      severity: "warning",
      message: `${workload.name} asks for ${running} Pods, the plan for ${workload.bound}; it keeps the addresses for those it has`,
      hint: `scale it to ${workload.bound} first, or raise the plan's replicas`,
      source: workload.source,
      about: nicOwner(workload, fixed.name),
    },
  ];
}

/** Where the lock follows live workloads (`lock: cluster`), a number in the plan wins over theirs: said before Pods wait. */
export function boundOverLive(plan: Plan): Diagnostic[] {
  return [...plan.workloads.values()].flatMap((workload): Diagnostic[] => {
    const fixed = [...workload.interfaces.values()].find(({ ask }) => ask.type === "fixed");
    if (fixed === undefined || workload.bound === undefined) return [];
    return [
      {
        code: "SP3108",
        severity: "info",
        message: `the plan gives ${workload.name} addresses for ${workload.bound} Pods; that wins over what the live one asks for`,
        hint: "leave replicas, maxReplicas or maxNodes out to follow the live workload (lock: cluster)",
        source: workload.source,
        about: nicOwner(workload, fixed.name),
      },
    ];
  });
}

/** An autoscaler that may ask for more Pods than the plan has addresses for; what asks already is told by SP4219. */
export function boundBelowScaler(
  workload: Workload,
  running: number | undefined,
  { autoscaled }: Snapshot,
): Diagnostic[] {
  const most = autoscaled?.get(workload.name);
  const { bound } = workload;
  if (most === undefined || bound === undefined || bound >= most || (running ?? 0) > bound) return [];
  const short = [...workload.interfaces.values()].find(({ ask }) => {
    const sized = ask.type === "fixed" ? [...(ask.perSubnet?.values() ?? [])].reduce((sum, one) => sum + one, 0) : 0;
    return ask.type === "fixed" && sized < most;
  });
  if (short === undefined) return [];
  return [
    {
      code: "SP4228",
      severity: "warning",
      message: `the HorizontalPodAutoscaler of ${workload.name} may make ${most} Pods of it, the plan has addresses for ${bound} replicas`,
      hint: `raise the plan's replicas to ${most} (maxReplicas), or lower the autoscaler's maxReplicas to ${bound}`,
      source: workload.source,
      about: nicOwner(workload, short.name),
    },
  ];
}
