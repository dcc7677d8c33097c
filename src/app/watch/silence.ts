import type { Clock } from "../../ports/runtime.js";

/** Notices that nothing was heard for some time, as on a connection whose packets are dropped. */
export class Silence {
  readonly #controller = new AbortController();
  #heardAt: number;

  /**
   * @param milliseconds how long is too long
   * @param over nobody listens any more
   */
  constructor(
    private readonly clock: Clock,
    milliseconds: number,
    over: AbortSignal,
  ) {
    this.#heardAt = clock.monotonic();
    void this.#watch(milliseconds, over);
  }

  /** Aborts when it was silent for too long. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    this.#heardAt = this.clock.monotonic();
  }

  async #watch(milliseconds: number, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const left = this.#heardAt + milliseconds - this.clock.monotonic();
      if (left <= 0) return this.#controller.abort();
      await this.clock.sleep(left, over).catch(() => {});
    }
  }
}
