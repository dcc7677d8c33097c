import type { Cluster } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";
import { Lease } from "./lease.js";
import type { LeaseName, LeaseOptions, LeaseTimes } from "./lease-record.js";

export interface LeadOptions extends LeaseName {
  /** Who we are: unique to this process. */
  readonly identity: string;
  /** Ends the work and hands over. */
  readonly signal: AbortSignal;
  /**
   * Leads. When it has ended by itself the Lease is kept until it is lost or the signal aborts.
   * @param lost aborts when the Lease is lost or `signal` aborts: end soon, the next leader waits for nobody
   * @param isHeld asked before each write (see `guardWrites`); right also where no timer has run since a pause
   */
  readonly onStarted: (lost: AbortSignal, isHeld: () => boolean) => Promise<void> | void;
  /** Told after the work has ended, before the Lease is given back. */
  readonly onStopped?: () => Promise<void> | void;
  /** Told who leads, each time that changes while we wait. */
  readonly onWait?: (leader: string) => void;
  /** Told why the Lease cannot be read or written while we wait. */
  readonly onError?: (error: Error) => void;
  /** As of any Lease. */
  readonly onHeld?: LeaseOptions["onHeld"];
  /** client-go's times by default. */
  readonly times?: LeaseTimes;
}

/**
 * Waits to lead, leads, and waits again after losing, until the signal aborts; then gives the Lease back, so that the
 * next one leads within seconds.
 * @throws what `onStarted` throws, after the Lease was given back
 */
export async function lead(cluster: Cluster, clock: Clock, options: LeadOptions): Promise<void> {
  const { signal, onStarted, onStopped, onWait, ...named } = options;
  const onError = options.onError ?? (() => {});
  while (!signal.aborted) {
    const lease = await Lease.acquire(cluster, clock, { ...named, timeout: Infinity, onWait, onError, signal }).catch(
      (error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      },
    );
    if (lease === undefined) return;
    const over = AbortSignal.any([lease.lost, signal]);
    try {
      await onStarted(over, () => lease.isHeld());
      await aborted(over);
    } finally {
      await onStopped?.();
      await lease.release();
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
