import { type ClusterError, isClusterError } from "../core/cluster-error.js";
import { KINDS, type KubeObject, OWN } from "../core/spiderpool/objects.js";
import type { Cluster, ObjectRef } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";

/** The times of client-go's leader election, in milliseconds. */
const LEASE_DURATION = 15_000;
const RENEW_DEADLINE = 10_000;
const RETRY_PERIOD = 2_000;

export interface LeaseOptions {
  /** Where the Lease lives: Spiderpool's namespace. */
  readonly namespace: string;
  /** Who we are: unique to this process. */
  readonly identity: string;
  /** How long to wait for another writer, in milliseconds. */
  readonly timeout: number;
  /** Told who holds it, each time that changes while we wait. */
  readonly onWait?: (holder: string) => void;
  readonly signal?: AbortSignal;
}

/** The Lease is held by somebody else who keeps renewing it. */
export class LeaseTaken extends Error {
  override readonly name = "LeaseTaken";
  constructor(readonly holder: string) {
    super(`another spiderplan (${holder}) is writing to this cluster`);
  }
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/**
 * The cluster-wide right to write (DESIGN 7), with the semantics of client-go: another holder's Lease is over when its
 * record has not changed for its duration by *our* clock; holders' clocks are never compared.
 */
export class WriterLease {
  #live: KubeObject;
  #renewedAt: number;
  #lost = false;
  readonly #ended = new AbortController();
  readonly #renewing: Promise<void>;

  private constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly options: LeaseOptions,
    live: KubeObject,
  ) {
    this.#live = live;
    this.#renewedAt = clock.now();
    this.#renewing = this.#renew();
  }

  /**
   * Waits for the right to write, takes it, and renews it in the background.
   * @throws LeaseTaken when another writer holds it longer than `timeout`; ClusterError; the signal's reason.
   */
  static async acquire(cluster: Cluster, clock: Clock, options: LeaseOptions): Promise<WriterLease> {
    const live = await new Waiting(cluster, clock, options).take();
    return new WriterLease(cluster, clock, options, live);
  }

  /** Whether a write may go out now; asked right before each one. */
  isHeld(): boolean {
    return !this.#lost && !this.#ended.signal.aborted && this.clock.now() - this.#renewedAt < RENEW_DEADLINE;
  }

  /** Gives the Lease back, so that the next writer need not wait. */
  async release(): Promise<void> {
    const held = this.isHeld();
    this.#ended.abort();
    await this.#renewing;
    if (!held || this.#lost) return;
    const spec = { holderIdentity: null, leaseDurationSeconds: 1, renewTime: microTime(this.clock.now()) };
    // Whoever comes next finds out by the duration, if this fails.
    await write(this.cluster, this.#live, spec).catch(() => {});
  }

  async #renew(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const slept = await this.clock.sleep(jittered(RETRY_PERIOD), this.#ended.signal).then(
        () => true,
        () => false,
      );
      if (!slept) return;
      try {
        this.#live = await write(this.cluster, this.#live, { renewTime: microTime(this.clock.now()) });
        this.#renewedAt = this.clock.now();
      } catch (error) {
        if (!isClusterError(error, "Conflict", "NotFound")) continue; // Until the deadline, isHeld decides.
        if (await this.#stillOurs(error)) continue;
        this.#lost = true;
        return;
      }
    }
  }

  /** A 409 may be the echo of our own write whose answer was lost. */
  async #stillOurs(_conflict: ClusterError): Promise<boolean> {
    const live = await this.cluster.get(leaseRef(this.options.namespace)).catch(() => undefined);
    if (live === undefined || specOf(live).holderIdentity !== this.options.identity) return false;
    this.#live = live;
    return true;
  }
}

/** The way to the Lease. */
class Waiting {
  #record = "";
  #seenAt = 0;
  #told = "";

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly options: LeaseOptions,
  ) {}

  async take(): Promise<KubeObject> {
    const deadline = this.clock.now() + this.options.timeout;
    for (;;) {
      const taken = await this.#try().catch((error: unknown) => {
        // Somebody was quicker: look again.
        if (isClusterError(error, "Conflict", "AlreadyExists")) return "somebody";
        throw error;
      });
      if (typeof taken !== "string") return taken;
      if (this.clock.now() >= deadline) throw new LeaseTaken(taken);
      if (taken !== this.#told) this.options.onWait?.(taken);
      this.#told = taken;
      await this.clock.sleep(jittered(RETRY_PERIOD), this.options.signal);
    }
  }

  /** The Lease if we have it now, else the name of who has. */
  async #try(): Promise<KubeObject | string> {
    const { namespace, identity } = this.options;
    const live = await this.cluster.get(leaseRef(namespace)).catch((error: unknown) => {
      if (isClusterError(error, "NotFound")) return undefined;
      throw error;
    });
    const now = microTime(this.clock.now());
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_DURATION / 1000,
      acquireTime: now,
      renewTime: now,
    };
    if (live === undefined)
      return this.cluster.create(newLease(namespace, { ...spec, leaseTransitions: 0 }), KINDS.Lease);
    const held = specOf(live);
    if (held.holderIdentity && held.holderIdentity !== identity && !this.#over(live, held)) return held.holderIdentity;
    return write(this.cluster, live, { ...spec, leaseTransitions: (held.leaseTransitions ?? 0) + 1 });
  }

  #over(live: KubeObject, held: LeaseSpec): boolean {
    const record = `${held.holderIdentity} ${held.renewTime} ${live.metadata.resourceVersion}`;
    const now = this.clock.now();
    if (record !== this.#record) {
      this.#record = record;
      this.#seenAt = now;
    }
    return now - this.#seenAt > (held.leaseDurationSeconds ?? LEASE_DURATION / 1000) * 1000;
  }
}

function leaseRef(namespace: string): ObjectRef {
  return { kind: KINDS.Lease, namespace, name: OWN.writerLease };
}

function newLease(namespace: string, spec: LeaseSpec): KubeObject {
  const { apiVersion, kind } = KINDS.Lease;
  const labels = { [OWN.managedByLabel]: OWN.managedBy };
  return { apiVersion, kind, metadata: { name: OWN.writerLease, namespace, labels }, spec };
}

function specOf(lease: KubeObject): LeaseSpec {
  return (lease.spec ?? {}) as LeaseSpec;
}

function write(cluster: Cluster, live: KubeObject, spec: LeaseSpec): Promise<KubeObject> {
  const { namespace, uid, resourceVersion } = live.metadata;
  return cluster.patch(leaseRef(namespace!), { metadata: { uid, resourceVersion }, spec });
}

function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}

/** client-go spreads retries by up to a fifth, so that waiting writers do not meet. */
function jittered(milliseconds: number): number {
  return milliseconds * (1 + Math.random() * 0.2);
}
