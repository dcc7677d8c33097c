import { readWish } from "../../core/plan-sync/wish.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import type { Clock } from "../../ports/runtime.js";
import { caught } from "../internal-error.js";
import { timeText } from "../time-text.js";
import { measure } from "./measure.js";
import type { PlanSyncParts, ReconcileContext } from "./parts.js";
import { latestStatus, publish } from "./publish.js";
import { sourceFindings } from "./source-findings.js";

/**
 * Turns Ready False after an exception ended a reconcile. A status that cannot be made like any other is written without what
 * was found: only Ready changes. @throws nothing
 */
export async function reportInternalError(
  object: KubeObject,
  error: unknown,
  parts: PlanSyncParts | undefined,
  context: ReconcileContext,
): Promise<void> {
  const { message } = caught(error, "reconcile", context);
  try {
    const wish = readWish(object);
    const findings = {
      wish,
      previous: latestStatus(object, parts?.memory),
      now: timeText(context.clock.now()),
      source: parts === undefined ? {} : sourceFindings(parts, wish),
      handled: parts?.follower.upToDate ?? false,
      planErrors: [],
      clusterError: { reason: "InternalError" as const, message },
    };
    if (parts !== undefined) measure(findings, undefined, parts.memory, context.metrics);
    const written = await publish(object, findings, parts?.memory.causes ?? new Map(), context);
    if (parts !== undefined && written !== undefined) parts.memory.written = written;
  } catch (again) {
    context.logger.warn({ error: String(again) }, "the status cannot be written as usual");
    await writeReadyFalse(object, "InternalError", message, context).catch((last: unknown) => {
      context.logger.error({ error: String(last) }, "no status can be written");
    });
    await context.events.tell(object, "InternalError", message).catch(() => {});
  }
}

interface Status {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly lastTransitionTime: string;
  }[];
}

/** Writes Ready False and nothing else, for a status that cannot be written whole. */
export async function writeReadyFalse(
  object: KubeObject,
  reason: string,
  message: string,
  { cluster, clock }: { readonly cluster: ReconcileContext["cluster"]; readonly clock: Clock },
): Promise<void> {
  const { namespace, name, generation } = object.metadata;
  const before = (object.status as Status | undefined)?.conditions ?? [];
  const old = before.find(({ type }) => type === "Ready");
  const lastTransitionTime = old?.status === "False" ? old.lastTransitionTime : timeText(clock.now());
  const ready = { type: "Ready", status: "False", reason, message, lastTransitionTime };
  const conditions = [
    { ...ready, ...(generation !== undefined && { observedGeneration: generation }) },
    ...before.filter(({ type }) => type !== "Ready"),
  ];
  await cluster.patchStatus({ kind: KINDS.PlanSync, namespace, name }, { status: { conditions } });
}
