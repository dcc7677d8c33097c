import { isClusterError } from "../core/cluster-error.js";
import type { Clock } from "../ports/runtime.js";

const RETRY_MILLISECONDS = 20;
const RETRIES = 8;

/**
 * A queue of keys, each worked on once at a time, one after another. A key whose work fails is tried again a few
 * times; after that it waits for the next event about it, as nothing else could change the answer.
 */
export class Worker {
  readonly #queue = new Set<string>();
  readonly #attempts = new Map<string, number>();
  #started = false;
  #busy = false;
  #sleeping = 0;
  /** How many keys were worked on so far. */
  rounds = 0;
  /** The first error that was no answer of the cluster: a bug, for `settle` to tell. */
  failure: unknown;

  constructor(
    readonly clock: Clock,
    readonly signal: AbortSignal,
    readonly work: (key: string) => Promise<void>,
  ) {}

  /** Keys added before are worked on from now: nobody may act on one kind before all were seen. */
  start(): void {
    this.#started = true;
    if (this.#queue.size > 0) this.#wake();
  }

  add(key: string): void {
    if (this.signal.aborted) return;
    this.#queue.add(key);
    if (this.#started) this.#wake();
  }

  #wake(): void {
    if (this.#busy) return;
    this.#busy = true;
    // Deferred, so that all events of one turn are seen before the first key is worked on.
    queueMicrotask(() => void this.#drain());
  }

  idle(): boolean {
    return this.#started && !this.#busy && this.#sleeping === 0;
  }

  async #drain(): Promise<void> {
    for (let key = this.#next(); key !== undefined && !this.signal.aborted; key = this.#next()) {
      this.rounds++;
      try {
        await this.work(key);
        this.#attempts.delete(key);
      } catch (error) {
        if (isClusterError(error)) this.#retry(key);
        else this.failure ??= error;
      }
    }
    this.#busy = false;
  }

  #next(): string | undefined {
    const key = this.#queue.values().next().value;
    if (key !== undefined) this.#queue.delete(key);
    return key;
  }

  #retry(key: string): void {
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    if (attempt > RETRIES) {
      this.#attempts.delete(key);
      return;
    }
    this.#attempts.set(key, attempt);
    this.#sleeping++;
    void this.clock
      .sleep(RETRY_MILLISECONDS * attempt, this.signal)
      .then(() => this.add(key))
      .catch(() => undefined)
      .finally(() => {
        this.#sleeping--;
      });
  }
}
