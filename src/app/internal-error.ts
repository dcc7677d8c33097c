import { type ClusterError, isClusterError } from "../core/cluster-error.js";
import type { Logger, Metrics } from "../ports/telemetry.js";
import { LeaseTaken } from "./lease-waiting.js";

/** Where an exception was caught; a label of `internal_errors_total`. */
export type Stage = "source" | "reconcile" | "apply" | "watch" | "ledger";

/** An exception that no port may throw, caught and counted: a bug, told as such and kept from everything else. */
export class InternalError extends Error {
  override readonly name = "InternalError";
}

/** Whether an error is one that a cluster or another writer may cause at any time. */
export function isExpected(error: unknown): error is ClusterError | LeaseTaken {
  return isClusterError(error) || error instanceof LeaseTaken;
}

/**
 * Counts and logs an exception, stack trace and all.
 * @returns what people are told of it: what the exception says may come from a tenant or hold a secret, so it stays in the log
 */
export function caught(
  error: unknown,
  stage: Stage,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): InternalError {
  metrics.count("internal_errors_total", { stage });
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  logger.error({ stage, error: stack }, "internal error");
  const type = error instanceof Error ? error.constructor.name : typeof error;
  return new InternalError(
    `internal error: ${type} (stage ${stage}); a bug in spiderplan, please report the lines of level error in the operator's log`,
  );
}
