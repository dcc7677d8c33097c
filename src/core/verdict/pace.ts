import type { KubeObject } from "../spiderpool/objects.js";

interface Strategy {
  readonly type?: string;
  readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string };
}

/** How a workload replaces its Pods: how many more than it wants may be there, and how many fewer. */
export interface Pace {
  readonly surge: number;
  readonly unavailable: number;
}

/**
 * The pace of a rollout: of a Deployment as its strategy says (Kubernetes' defaults 25% and 25%, surge rounded up,
 * unavailable down); anything else stops one Pod and starts its successor.
 * @param replicas how many Pods it wants
 */
export function paceOf(workload: KubeObject, replicas: number): Pace {
  if (workload.kind !== "Deployment") return { surge: 0, unavailable: 1 };
  const { strategy } = (workload.spec ?? {}) as { strategy?: Strategy };
  if (strategy?.type === "Recreate") return { surge: 0, unavailable: replicas };
  const { maxSurge = "25%", maxUnavailable = "25%" } = strategy?.rollingUpdate ?? {};
  const surge = amount(maxSurge, replicas, Math.ceil);
  const unavailable = amount(maxUnavailable, replicas, Math.floor);
  return { surge, unavailable: surge + unavailable === 0 ? 1 : unavailable };
}

function amount(value: number | string, replicas: number, round: (value: number) => number): number {
  const percent = typeof value === "string" ? /^(\d+)%$/.exec(value)?.[1] : undefined;
  const count = percent === undefined ? Number(value) : round((replicas * Number(percent)) / 100);
  return Number.isInteger(count) && count > 0 ? count : 0;
}
