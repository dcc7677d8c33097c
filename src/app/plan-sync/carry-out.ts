import { stepKey } from "../../core/change/step.js";
import type { SyncRecord } from "../../core/plan-sync/plan-sync.generated.js";
import { resolveFacts } from "../../core/spiderpool/facts.js";
import type { Cluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { Logger, Metrics } from "../../ports/telemetry.js";
import { type AcquireLease, apply } from "../apply/apply.js";
import type { ApplyEvent, ApplyReport } from "../apply/apply-report.js";
import { judgingAgain } from "../apply/judging-again.js";
import { caught, InternalError, isExpected } from "../internal-error.js";
import type { ObserveOptions } from "../observe.js";
import { count } from "../report/count.js";
import { timeText } from "../time-text.js";
import type { Deadlines } from "./deadlines.js";
import { lookAgain } from "./look-again.js";
import type { WatchedCluster } from "./parts.js";
import { type Planning, planningWork } from "./planning.js";

/** What carrying out a plan needs. */
export interface CarryOutContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly identity: string;
  readonly acquireLease?: AcquireLease;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly watched: Pick<WatchedCluster, "observation" | "caughtUp" | "isWatched">;
  /** What else than the usual to look at when a step is judged again. */
  readonly needs: ObserveOptions;
  /** Told all that happens, beside the log. */
  readonly onEvent: (event: ApplyEvent) => void;
  /** Ends the run: running writes finish, no other starts. */
  readonly signal: AbortSignal;
}

/** A sync and what came of it. */
export interface CarriedOut {
  readonly record: SyncRecord;
  /** Why it failed, as a reason of conditions; absent when all was written. */
  readonly reason?: string;
  /** Whether trying again may help. */
  readonly retry: boolean;
  /** Objects that were written, by `objectKey`. */
  readonly written: readonly string[];
}

/** How long to wait for another writer before trying again later, in milliseconds. */
const LEASE_TIMEOUT = 20_000;

/** Writes a plan under the writer Lease and tells what became of it. */
export async function carryOut(planning: Planning, install: string, context: CarryOutContext): Promise<CarriedOut> {
  const { clock, cluster, watched } = context;
  const { plan, outcome } = planning.run.decided;
  const { snapshot } = planning.run;
  const startedAt = clock.now();
  const written = new Set<string>();
  const result = await apply(outcome, {
    cluster,
    clock,
    identity: context.identity,
    install,
    facts: resolveFacts(snapshot.facts, plan.settings.spiderpool),
    leaseTimeout: LEASE_TIMEOUT,
    watchedUse: async () => {
      await watched.caughtUp();
      return watched.observation().snapshot;
    },
    signal: context.signal,
    acquireLease: context.acquireLease,
    rejudge: judgingAgain(
      plan,
      snapshot,
      (remaining) => lookAgain(remaining, context),
      (judge) => context.deadlines.run(planningWork(install, planning.revision), judge),
    ),
    onProgress: (event) => {
      tell(event, written, context);
      context.onEvent(event);
    },
  }).catch((error: unknown) => (isExpected(error) ? error : caught(error, "apply", context)));
  const finishedAt = clock.now();
  context.metrics.count("reconcile_writes_total", {}, written.size);
  context.metrics.observe("apply_duration_seconds", (finishedAt - startedAt) / 1000);
  const base = {
    revision: planning.revision.tree.commit,
    digest: planning.print.digest,
    startedAt: timeText(startedAt),
    finishedAt: timeText(finishedAt),
  };
  if (result instanceof Error) {
    const record: SyncRecord = { ...base, result: "failed", message: result.message };
    const failed = { record, retry: true, written: [...written] };
    if (result instanceof InternalError) return { ...failed, reason: "InternalError" };
    return { ...failed, reason: "ReconciliationFailed" };
  }
  return { ...summedUp(result, base), written: [...written] };
}

function summedUp(report: ApplyReport, base: Pick<SyncRecord, "revision" | "digest" | "startedAt" | "finishedAt">) {
  const { created, updated, adopted, deleted, failed, withheld, notStarted, stopped, check, aborted } = report;
  const counts = { created, updated: updated + adopted, deleted };
  const wrong = [...(check?.overlaps ?? []), ...(check?.displaced ?? [])];
  const wrote = created + updated + adopted + deleted > 0;
  const troubles = [
    ...wrong,
    ...failed.map(({ step, message }) => `${stepKey(step)}: ${message}`),
    ...withheld.map(({ step, message }) => `${stepKey(step)} is held back: ${message}`),
    ...(stopped === undefined ? [] : [`stopped: ${stopped}`]),
    ...(notStarted.length > 0 && stopped === undefined ? [`${count(notStarted.length, "step")} not begun`] : []),
  ];
  if (troubles.length === 0) return { record: { ...base, ...counts, result: "applied" as const }, retry: false };
  const more = troubles.length > 1 ? `; and ${troubles.length - 1} more` : "";
  const message = `${troubles[0]}${more}`.slice(0, 1024);
  const result = wrote ? ("partial" as const) : ("failed" as const);
  return { record: { ...base, ...counts, result, message }, reason: reasonOf(report, wrong), retry: !aborted };
}

function reasonOf({ failed }: ApplyReport, wrong: readonly string[]): string {
  if (wrong.length > 0) return "OverlapDetected";
  if (failed.some(({ reason }) => reason === "Denied")) return "AdmissionDenied";
  if (failed.some(({ message }) => isAdmissionDown(message))) return "AdmissionUnavailable";
  if (failed.length > 0 && failed.every(({ step }) => step.action === "delete")) return "PruneFailed";
  return "ReconciliationFailed";
}

/** Whether a write failed since a webhook that must be asked does not answer (F5, F7). */
export function isAdmissionDown(message: string): boolean {
  return message.includes("admission webhook");
}

function tell(event: ApplyEvent, written: Set<string>, { logger, metrics }: CarryOutContext): void {
  switch (event.type) {
    case "step": {
      const { step, result, message } = event;
      metrics.count("apply_operations_total", { kind: step.kind.kind, verb: step.action, result: resultLabel(result) });
      if (result !== "failed" && result !== "withheld") written.add(stepKey(step));
      const fields = { object: stepKey(step), wave: step.wave, result, ...(message && { detail: message }) };
      if (result === "failed" || result === "withheld") logger.warn(fields, "step not carried out");
      else logger.info(fields, "step carried out");
      return;
    }
    case "retry":
      logger.warn(
        { object: stepKey(event.step), seconds: event.seconds, detail: event.message },
        "step is tried again",
      );
      return;
    case "wait":
      logger.info({ detail: event.message }, "waiting");
      return;
    default:
  }
}

function resultLabel(result: Extract<ApplyEvent, { type: "step" }>["result"]): string {
  return result === "failed" || result === "withheld" ? result : "done";
}
