import { isClusterError } from "../core/cluster-error.js";
import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import type { Cluster } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";
import {
  CLIENT_GO,
  jittered,
  type LeaseOptions,
  type LeaseSpec,
  type LeaseTimes,
  leaseRef,
  microTime,
  newLease,
  specOf,
  writeLease,
} from "./lease-record.js";

/** Four times what spiderplan asks for, in milliseconds. */
const LONGEST_DURATION = 60_000;
/** An int32 of Kubernetes; one more is refused, and the Lease could never be taken again. */
const MOST_TRANSITIONS = 2_147_483_647;
/** The name of a holder is not limited by Kubernetes. */
const LONGEST_NAME = 253;

/** The Lease is held by somebody else who keeps renewing it. */
export class LeaseTaken extends Error {
  override readonly name = "LeaseTaken";
  constructor(readonly holder: string) {
    super(`another spiderplan (${holder}) is writing to this cluster`);
  }
}

/** A Lease that is ours now. */
interface Taken {
  readonly live: KubeObject;
  /** When we asked for it, by our monotonic clock. */
  readonly at: number;
}

/** The way to a Lease: looks until it is free, over or ours. */
export class Waiting {
  #record = "";
  #seenAt = 0;
  #told = "";
  readonly #times: LeaseTimes;

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly options: LeaseOptions,
  ) {
    this.#times = options.times ?? CLIENT_GO;
  }

  /** @throws LeaseTaken, ClusterError, the signal's reason */
  async take(): Promise<Taken> {
    const { signal, timeout } = this.options;
    const deadline = this.clock.monotonic() + timeout;
    for (;;) {
      signal?.throwIfAborted();
      const taken = await this.#attempt();
      if (typeof taken !== "string") return taken;
      if (this.clock.monotonic() >= deadline) throw new LeaseTaken(taken);
      await this.clock.sleep(jittered(this.#times.retryPeriod), signal);
    }
  }

  async #attempt(): Promise<Taken | string> {
    try {
      const taken = await this.#try();
      if (typeof taken === "string" && taken !== this.#told) this.options.onWait?.(taken);
      if (typeof taken === "string") this.#told = taken;
      return taken;
    } catch (error) {
      // Somebody was quicker: look again.
      if (isClusterError(error, "Conflict", "AlreadyExists")) return this.#told || "somebody";
      if (!isClusterError(error) || this.options.onError === undefined) throw error;
      this.options.onError(error);
      return this.#told;
    }
  }

  /** The Lease if we have it now, else the name of who has. */
  async #try(): Promise<Taken | string> {
    const { identity } = this.options;
    const live = await this.cluster.get(leaseRef(this.options)).catch((error: unknown) => {
      if (isClusterError(error, "NotFound")) return undefined;
      throw error;
    });
    const at = this.clock.monotonic();
    const now = microTime(this.clock.now());
    const leaseDurationSeconds = Math.ceil(this.#times.duration / 1000);
    const spec = { holderIdentity: identity, leaseDurationSeconds, acquireTime: now, renewTime: now };
    if (live === undefined) {
      const created = newLease(this.options, { ...spec, leaseTransitions: 0 });
      return { live: await this.cluster.create(created, KINDS.Lease), at };
    }
    const held = specOf(live);
    if (held.holderIdentity && held.holderIdentity !== identity && !this.#over(live, held))
      return held.holderIdentity.slice(0, LONGEST_NAME);
    const before = held.leaseTransitions ?? 0;
    const leaseTransitions = before < MOST_TRANSITIONS ? before + 1 : 0;
    return { live: await writeLease(this.cluster, this.options, live, { ...spec, leaseTransitions }), at };
  }

  #over(live: KubeObject, held: LeaseSpec): boolean {
    const record = `${held.holderIdentity} ${held.renewTime} ${live.metadata.resourceVersion}`;
    const now = this.clock.monotonic();
    if (record !== this.#record) {
      this.#record = record;
      this.#seenAt = now;
    }
    return now - this.#seenAt > this.#durationOf(held);
  }

  /**
   * Whoever may write the Lease writes what it says of its duration. No holder of ours counts on less than we do, so less would
   * make two holders; and what says years would keep everybody from it after one write.
   */
  #durationOf({ leaseDurationSeconds = CLIENT_GO.duration / 1000 }: LeaseSpec): number {
    const { duration } = this.#times;
    return Math.min(Math.max(leaseDurationSeconds * 1000, duration), Math.max(LONGEST_DURATION, duration));
  }
}
