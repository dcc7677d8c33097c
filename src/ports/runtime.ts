/** Wall time and waiting, so that tests and the demo decide how time passes. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after the time, or rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** SHA-256 in hex of a text: plan digests and name suffixes. */
export type Digest = (text: string) => string;
