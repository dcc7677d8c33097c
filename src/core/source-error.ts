/** Why a Git source cannot be read; the reasons of `SourceRepository`. */
export type SourceErrorReason =
  /** The server does not let us in, or is not the one it should be. */
  | "AuthenticationFailed"
  /** The server cannot be reached, ends the connection, or answers too late. */
  | "GitOperationFailed"
  /** There is no such repository, branch, tag, commit or folder. */
  | "NotFound"
  /** URL, reference or content that is never accepted, whoever asks. */
  | "Refused"
  /** Signature missing, wrong, or by a key that is not trusted. */
  | "VerificationFailed"
  /** Larger than what is read. */
  | "TooLarge"
  /** A bug of ours in reading it. */
  | "InternalError";

/** A failed operation on a Git source, translated once at the edge. Its message is for people and holds no secret. */
export class SourceError extends Error {
  override readonly name = "SourceError";

  constructor(
    readonly reason: SourceErrorReason,
    message: string,
    /** Whether the same call may succeed later without anybody changing anything. */
    readonly transient: boolean,
    /** Seconds the server asked to wait (Retry-After). */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}
