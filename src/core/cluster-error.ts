/** Why the API server did not do what was asked (the `reason` of a Kubernetes Status, or what the transport saw). */
export type ClusterErrorReason =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  /** An admission webhook said no. */
  | "Denied"
  | "Invalid"
  | "Forbidden"
  | "Unauthorized"
  /** Never sent: the right to write was lost before. */
  | "Fenced"
  | "TooManyRequests"
  /** A watch or a paged list is too old to go on. */
  | "Gone"
  | "Unavailable"
  | "Unreachable"
  | "Timeout"
  | "BadResponse";

/** A failed call to the cluster, translated once at the edge so that nothing above knows an HTTP client. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";

  constructor(
    readonly reason: ClusterErrorReason,
    message: string,
    /** Whether the same call may succeed later without anybody changing anything. */
    readonly transient: boolean,
    readonly status?: number,
    /** Seconds the server asked to wait (Retry-After). */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

/** Narrows an unknown error to a failed call of one of the given reasons (of any, if none is given). */
export function isClusterError(error: unknown, ...reasons: readonly ClusterErrorReason[]): error is ClusterError {
  return error instanceof ClusterError && (reasons.length === 0 || reasons.includes(error.reason));
}
