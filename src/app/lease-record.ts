import { KINDS, type KubeObject, OWN } from "../core/spiderpool/objects.js";
import type { Cluster, ObjectRef } from "../ports/cluster.js";

/** Which Lease. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** In milliseconds. */
export interface LeaseTimes {
  /** How long others wait after the last renewal they saw; whole seconds. */
  readonly duration: number;
  /** How long after its last renewal a holder still counts itself as one; shorter than `duration`. */
  readonly renewDeadline: number;
  /** Between attempts to renew or to take it, and up to a fifth more. */
  readonly retryPeriod: number;
}

/** The times of client-go's leader election. */
export const CLIENT_GO: LeaseTimes = { duration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };

/** How to get a Lease. */
export interface LeaseOptions extends LeaseName {
  /** Who we are: unique to this process. */
  readonly identity: string;
  /** How long to wait for another holder, in milliseconds; Infinity = for ever. */
  readonly timeout: number;
  /** client-go's times by default. */
  readonly times?: LeaseTimes;
  /** Told who holds it, each time that changes while we wait. */
  readonly onWait?: (holder: string) => void;
  /** Told why the Lease cannot be read or written just now; without it that ends the waiting. */
  readonly onError?: (error: Error) => void;
  readonly signal?: AbortSignal;
  /**
   * Told until when it is held unless renewed again, by the monotonic clock, each time that changes; 0 = not any more. For a
   * holder that cannot ask.
   */
  readonly onHeld?: (until: number) => void;
}

/** `spec` of a coordination.k8s.io Lease. */
export interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export function specOf(lease: KubeObject): LeaseSpec {
  return (lease.spec ?? {}) as LeaseSpec;
}

export function leaseRef({ namespace, name }: LeaseName): ObjectRef {
  return { kind: KINDS.Lease, namespace, name };
}

/** A Lease nobody had before. */
export function newLease({ namespace, name }: LeaseName, spec: LeaseSpec): KubeObject {
  const { apiVersion, kind } = KINDS.Lease;
  const labels = { [OWN.managedByLabel]: OWN.managedBy };
  return { apiVersion, kind, metadata: { name, namespace, labels }, spec };
}

/**
 * Writes fields of the Lease if nobody else wrote it since it was read.
 * @throws ClusterError `Conflict` when somebody did
 */
export function writeLease(cluster: Cluster, name: LeaseName, live: KubeObject, spec: LeaseSpec): Promise<KubeObject> {
  const { uid, resourceVersion } = live.metadata;
  return cluster.patch(leaseRef(name), { metadata: { uid, resourceVersion }, spec });
}

/** RFC 3339 with microseconds, as a Lease has its times. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}

/** client-go spreads retries by up to a fifth, so that those who wait do not meet. */
export function jittered(milliseconds: number): number {
  return milliseconds * (1 + Math.random() * 0.2);
}
