import { isClusterError } from "../../core/cluster-error.js";
import type { Findings } from "../../core/plan-sync/findings.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { measure } from "./measure.js";
import type { PlanSyncParts, ReconcileContext } from "./parts.js";
import type { Planning } from "./planning.js";
import { publish } from "./publish.js";
import { writeReadyFalse } from "./report-internal-error.js";

/**
 * Tells what was found: status, events, metrics. A status that the cluster refuses must not leave Ready True at an old commit for
 * all to see: then Ready alone is written, and the metrics say the same.
 * @throws ClusterError when the status cannot be written: nothing else may be
 */
export async function tellStatus(
  object: KubeObject,
  findings: Findings,
  planning: Planning | undefined,
  { memory }: PlanSyncParts,
  context: ReconcileContext,
): Promise<void> {
  try {
    memory.written = (await publish(object, findings, memory.causes, context)) ?? memory.written;
  } catch (error) {
    if (isClusterError(error) && !error.transient && error.reason !== "Fenced") {
      const message = `nothing is written, since the status cannot be: ${error.message}`.slice(0, 4096);
      measure(
        { ...findings, clusterError: { reason: "ReconciliationFailed", message } },
        undefined,
        memory,
        context.metrics,
      );
      await writeReadyFalse(object, "ReconciliationFailed", message, context).catch((again: unknown) => {
        context.logger.error({ error: String(again) }, "no status can be written");
      });
    }
    throw error;
  }
  measure(findings, planning, memory, context.metrics);
}
