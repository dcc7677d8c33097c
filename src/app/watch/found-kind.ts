import { isClusterError } from "../../core/cluster-error.js";
import type { Kind } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import { findKind } from "../observation.js";
import { spread, type WatchTimes, waitAfter } from "./backoff.js";
import type { Reflector } from "./reflector.js";

/** A kind of somebody else's, known by name only: looked for until the server serves it, then followed. */
export class FoundKind {
  #reflector: Reflector | undefined;
  #settle = () => {};
  readonly #looked: Promise<void>;

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly options: {
      /** `Kind.group`. */
      readonly name: string;
      readonly times: WatchTimes;
      readonly reflect: (kind: Kind) => Reflector;
    },
  ) {
    this.#looked = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Undefined while the server does not serve the kind. */
  get reflector(): Reflector | undefined {
    return this.#reflector;
  }

  /** Resolves when the kind was listed once, or is known not to be served. */
  async settled(): Promise<void> {
    await this.#looked;
    await this.#reflector?.settled();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { name, times } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      let wait = spread(times.missing);
      try {
        const kind = await findKind(this.cluster, name);
        if (kind !== undefined) this.#reflector = this.options.reflect(kind);
        this.#settle();
        if (this.#reflector !== undefined) return await this.#reflector.run(signal);
      } catch (error) {
        if (!isClusterError(error)) throw error;
        wait = waitAfter(error, failures++, times);
      }
      await this.clock.sleep(wait, signal).catch(() => {});
    }
  }
}
