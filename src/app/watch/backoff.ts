import type { ClusterError } from "../../core/cluster-error.js";

/** How a kind is followed, in milliseconds. */
export interface WatchTimes {
  /** A watch that is silent so long, bookmarks included, is taken up again: the connection may be dead. */
  readonly silence: number;
  /** Most of the first wait after a failure; it doubles with each further one. */
  readonly backoff: number;
  readonly mostBackoff: number;
  /** Between looks for a kind that is not served or forbidden, and for Spiderpool's configuration. */
  readonly missing: number;
}

/** The API server sends bookmarks about once a minute. */
export const WATCH_TIMES: WatchTimes = { silence: 90_000, backoff: 1_000, mostBackoff: 30_000, missing: 60_000 };

/** A wait between nothing and `milliseconds`, so that many clients do not come back together (full jitter). */
function fullJitter(milliseconds: number, most: number): number {
  return Math.random() * Math.min(milliseconds, most);
}

/** How long to wait after so many failures before this one, in milliseconds: never less than the server asked for. */
export function waitAfter(error: ClusterError, failures: number, { backoff, mostBackoff }: WatchTimes): number {
  return Math.max(fullJitter(backoff * 2 ** failures, mostBackoff), (error.retryAfterSeconds ?? 0) * 1000);
}

/** Between half and the whole of a time. */
export function spread(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random() / 2);
}
