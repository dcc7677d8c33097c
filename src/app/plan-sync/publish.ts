import { mergePatchBetween } from "../../core/change/merge-patch.js";
import { isClusterError } from "../../core/cluster-error.js";
import type { Findings } from "../../core/plan-sync/findings.js";
import type { PlanSyncStatus } from "../../core/plan-sync/plan-sync.generated.js";
import { statusOf } from "../../core/plan-sync/status.js";
import { printableTexts } from "../../core/printable.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import type { WatchableCluster } from "../../ports/cluster.js";
import type { Logger } from "../../ports/telemetry.js";
import type { EventReason, EventRecorder } from "./events.js";
import type { Memory } from "./memory.js";

interface Context {
  readonly cluster: WatchableCluster;
  readonly logger: Logger;
  readonly events: EventRecorder;
}

/** The status as we wrote it last, where the watch has not told it yet. */
export function latestStatus(object: KubeObject, memory: Pick<Memory, "written"> | undefined): PlanSyncStatus {
  const written = memory?.written;
  const own = Number(written?.metadata.resourceVersion) > Number(object.metadata.resourceVersion);
  const newest = own && written?.metadata.uid === object.metadata.uid ? written : object;
  return (newest?.status ?? {}) as PlanSyncStatus;
}

/**
 * Writes what a reconcile found into the PlanSync's status, if it says anything new, and tells of it by events.
 * Numbers that change with every Pod are no news by themselves.
 * @param causes of the troubles told so far, by type of condition
 * @returns the PlanSync as the write left it, if there was one
 */
export async function publish(
  object: KubeObject,
  findings: Findings,
  causes: Map<string, string>,
  context: Context,
): Promise<KubeObject | undefined> {
  // Names, messages of servers and commits of people stand in it, and kubectl shows them on a terminal.
  const next = printableTexts(statusOf(findings));
  const { previous } = findings;
  let written: KubeObject | undefined;
  if (JSON.stringify(withoutCounts(next)) !== JSON.stringify(withoutCounts(previous))) {
    const { namespace, name } = object.metadata;
    const patch = mergePatchBetween(previous, next);
    try {
      written = await context.cluster.patchStatus({ kind: KINDS.PlanSync, namespace, name }, { status: patch });
    } catch (error) {
      if (!isClusterError(error, "NotFound")) throw error;
    }
    for (const condition of next.conditions ?? []) {
      const { type, status, reason, message } = condition;
      const before = previous.conditions?.find((one) => one.type === type);
      if (before?.status !== status || before.reason !== reason) {
        context.logger.info({ condition: type, status, reason, detail: message }, "condition changed");
      }
    }
  }
  await tellTroubles(object, next, findings, causes, context.events);
  return written;
}

const TROUBLES: readonly { type: string; bad: string; reason: EventReason }[] = [
  { type: "SourceReady", bad: "False", reason: "SourceFailed" },
  { type: "PlanReady", bad: "False", reason: "BuildFailed" },
  { type: "Blocked", bad: "True", reason: "Blocked" },
  { type: "Drifted", bad: "True", reason: "DriftDetected" },
];

/** Reasons that are told as events of their own name, whatever the condition. */
const OWN_EVENTS: ReadonlySet<string> = new Set<EventReason>(["Fighting", "InternalError"]);

/**
 * An event when a trouble begins or becomes another one. Messages name Pods, and a Deployment has new ones all the time: it
 * is the cause that makes a trouble another one.
 */
async function tellTroubles(
  object: KubeObject,
  next: PlanSyncStatus,
  findings: Findings,
  causes: Map<string, string>,
  events: EventRecorder,
): Promise<void> {
  const { previous } = findings;
  for (const { type, bad, reason } of TROUBLES) {
    const now = next.conditions?.find((one) => one.type === type);
    if (now?.status !== bad) {
      causes.delete(type);
      continue;
    }
    const cause = causeOf(type, findings) ?? now.message;
    const before = previous.conditions?.find((one) => one.type === type);
    const same = before?.status === bad && before.message === now.message;
    const told = causes.get(type) ?? (same ? cause : undefined);
    causes.set(type, cause);
    if (told === cause) continue;
    await events.tell(object, OWN_EVENTS.has(now.reason) ? (now.reason as EventReason) : reason, now.message, cause);
  }
  const ready = next.conditions?.find(({ type }) => type === "Ready");
  const wasReady = previous.conditions?.find(({ type }) => type === "Ready");
  if (ready?.reason === "InternalError" && ready.message !== wasReady?.message)
    await events.tell(object, "InternalError", ready.message);
}

function causeOf(type: string, { plan, planErrors }: Findings): string | undefined {
  if (type === "Blocked") return plan?.blockedCause;
  return type === "PlanReady" && planErrors.length === 0 ? plan?.ownerErrorsCause : undefined;
}

/** Everything but the numbers that move with every Pod. */
function withoutCounts(status: PlanSyncStatus): unknown {
  const { verdict, plan, ...rest } = status;
  const { stays: _, ...stakes } = verdict ?? {};
  const { unchanged: __, ...steps } = plan ?? {};
  return sorted({ ...rest, verdict: stakes, plan: steps });
}

/** The API server returns keys in its own order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
