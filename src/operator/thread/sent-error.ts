import { LeaseTaken } from "../../app/lease-waiting.js";
import { ClusterError, isClusterError } from "../../core/cluster-error.js";
import type { SentError } from "./messages.js";

/** An error as a message can carry it: classes do not cross between threads. */
export function sendable(error: unknown): SentError {
  if (error instanceof LeaseTaken) return { type: "taken", holder: error.holder };
  if (isClusterError(error)) {
    const { reason, message, transient, status, retryAfterSeconds } = error;
    return {
      type: "cluster",
      reason,
      message,
      transient,
      ...(status !== undefined && { status }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    };
  }
  return { type: "other", message: error instanceof Error ? error.message : String(error) };
}

/** The error again, of the class it had. */
export function received(sent: SentError): Error {
  if (sent.type === "taken") return new LeaseTaken(sent.holder);
  if (sent.type === "other") return new Error(sent.message);
  return new ClusterError(sent.reason, sent.message, sent.transient, sent.status, sent.retryAfterSeconds);
}
