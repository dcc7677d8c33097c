import type { Step } from "../../change/step.js";
import type { Diagnostic } from "../../diagnostics.js";
import type { Snapshot } from "../../snapshot.js";
import { pods } from "./words.js";

/** Says at each pool whose gateway or routes change that its running Pods do not notice (A25). */
export function tellRoutes<T extends Step>(steps: readonly T[], snapshot: Snapshot): readonly T[] {
  return steps.map((step) => {
    const count = keepingRoutes(step, snapshot);
    if (count === 0) return step;
    const who = count === 1 ? "1 running Pod keeps its" : `${count} running Pods keep their`;
    return { ...step, note: `${who} old routes until ${count === 1 ? "it restarts" : "they restart"}` };
  });
}

/** The same as warnings, for steps that will run. */
export function routeWarnings(steps: readonly Step[], snapshot: Snapshot): Diagnostic[] {
  return steps.flatMap((step): Diagnostic[] => {
    const count = keepingRoutes(step, snapshot);
    if (count === 0) return [];
    return [
      {
        code: "SP4213",
        severity: "warning",
        message: `the gateway or routes of ${step.name} change, and ${pods(count)} running on it keep the old ones until they restart`,
        hint: "restart them once the new gateway and routes work; `spiderplan simulate --rollout` shows what they get",
        source: step.source,
        about: `pool:${step.name}`,
      },
    ];
  });
}

/** How many running Pods go on with the routes they started with. */
function keepingRoutes(step: Step, snapshot: Snapshot): number {
  if (step.kind.kind !== "SpiderIPPool" || (step.action !== "update" && step.action !== "adopt")) return 0;
  const { spec = {} } = (step.patch ?? {}) as { spec?: object };
  if (!("gateway" in spec) && !("routes" in spec)) return 0;
  return new Set((snapshot.use.byPool.get(step.name) ?? []).map((holder) => holder.pod)).size;
}
