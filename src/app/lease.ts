import { isClusterError } from "../core/cluster-error.js";
import type { KubeObject } from "../core/spiderpool/objects.js";
import type { Cluster } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";
import {
  CLIENT_GO,
  jittered,
  type LeaseOptions,
  type LeaseTimes,
  leaseRef,
  microTime,
  specOf,
  writeLease,
} from "./lease-record.js";
import { Waiting } from "./lease-waiting.js";

/**
 * A Lease of our own, with the semantics of client-go: another holder's is over when its record has not changed for its
 * duration by *our* monotonic clock; holders' clocks are never compared, and wall time decides nothing.
 * What is lost once is lost for good.
 */
export class Lease {
  #live: KubeObject;
  /** Monotonic, as `taken.at`. */
  #renewedAt: number;
  readonly #times: LeaseTimes;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  readonly #renewing: Promise<void>;

  private constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly options: LeaseOptions,
    taken: { readonly live: KubeObject; readonly at: number },
  ) {
    this.#times = options.times ?? CLIENT_GO;
    this.#live = taken.live;
    this.#renewedAt = taken.at;
    this.#tellHeld();
    this.#renewing = this.#renew();
    void this.#expire();
  }

  /**
   * Waits for the Lease, takes it, and renews it in the background.
   * @throws LeaseTaken when another holds it longer than `timeout`; ClusterError; the signal's reason
   */
  static async acquire(cluster: Cluster, clock: Clock, options: LeaseOptions): Promise<Lease> {
    const taken = await new Waiting(cluster, clock, options).take();
    return new Lease(cluster, clock, options, taken);
  }

  /** Whether a write may go out now; asked right before each one. Needs no timer to have run. */
  isHeld(): boolean {
    if (this.clock.monotonic() - this.#renewedAt >= this.#times.renewDeadline) this.#lose("not renewed in time");
    return !this.#lost.signal.aborted && !this.#ended.signal.aborted;
  }

  /** Aborts when the Lease is lost: taken by another, or not renewed in time. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Gives the Lease back, so that the next holder need not wait. A cluster that does not answer is not waited for. */
  async release(): Promise<void> {
    const held = this.isHeld();
    this.#ended.abort();
    this.options.onHeld?.(0);
    if (!held) return;
    const enough = new AbortController();
    await Promise.race([this.#giveBack(), this.#slept(this.#times.retryPeriod, enough.signal)]);
    enough.abort();
  }

  async #giveBack(): Promise<void> {
    await this.#renewing;
    if (this.#lost.signal.aborted) return;
    const spec = { holderIdentity: null, leaseDurationSeconds: 1, renewTime: microTime(this.clock.now()) };
    // Whoever comes next finds out by the duration, if this fails.
    await writeLease(this.cluster, this.options, this.#live, spec).catch(() => {});
  }

  async #renew(): Promise<void> {
    const over = AbortSignal.any([this.#ended.signal, this.#lost.signal]);
    while (await this.#slept(jittered(this.#times.retryPeriod), over)) {
      // Others count from when the server stored it, which is later than now and earlier than the answer.
      const at = this.clock.monotonic();
      const renewTime = microTime(this.clock.now());
      try {
        this.#live = await writeLease(this.cluster, this.options, this.#live, { renewTime });
        this.#renewedAt = at;
        if (this.isHeld()) this.#tellHeld();
      } catch (error) {
        if (!isClusterError(error, "Conflict", "NotFound")) continue; // Until the deadline, isHeld decides.
        if (!(await this.#stillOurs())) return this.#lose("taken by somebody else");
      }
    }
  }

  /** Tells of the deadline also when a renewal hangs. */
  async #expire(): Promise<void> {
    const over = AbortSignal.any([this.#ended.signal, this.#lost.signal]);
    const left = () => this.#renewedAt + this.#times.renewDeadline - this.clock.monotonic();
    while (this.isHeld() && (await this.#slept(Math.max(1, left()), over)));
  }

  async #slept(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    return this.clock.sleep(milliseconds, signal).then(
      () => !signal.aborted,
      () => false,
    );
  }

  /** A 409 may be the echo of our own write whose answer was lost. */
  async #stillOurs(): Promise<boolean> {
    const { options } = this;
    const live = await this.cluster.get(leaseRef(options)).catch(() => undefined);
    if (live === undefined || specOf(live).holderIdentity !== options.identity) return false;
    this.#live = live;
    return true;
  }

  #tellHeld(): void {
    this.options.onHeld?.(this.#renewedAt + this.#times.renewDeadline);
  }

  #lose(why: string): void {
    if (this.#ended.signal.aborted || this.#lost.signal.aborted) return;
    this.options.onHeld?.(0);
    this.#lost.abort(new Error(`the Lease ${this.options.namespace}/${this.options.name} was lost: ${why}`));
  }
}
