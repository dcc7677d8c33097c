/** Time and waiting, so that tests and the demo decide how time passes. */
export interface Clock {
  /** Wall time, in milliseconds since 1970: for what people and other machines read. It may be set back or ahead at any moment. */
  now(): number;
  /** Milliseconds since some moment, never set back or ahead: for how long something took, and for every deadline. */
  monotonic(): number;
  /** Resolves after the time, or rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** SHA-256 in hex of a text: plan digests and name suffixes. */
export type Digest = (text: string) => string;
