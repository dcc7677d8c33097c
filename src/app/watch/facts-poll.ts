import { isDeepStrictEqual } from "node:util";
import { isClusterError } from "../../core/cluster-error.js";
import type { Cluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import { type FactsRead, readFacts } from "../observation.js";
import { spread, type WatchTimes, waitAfter } from "./backoff.js";
import { project } from "./projection.js";

/** How Spiderpool is configured: one ConfigMap, asked for now and then, as the operator may get it and not watch it. */
export class FactsPoll {
  #read: FactsRead | undefined;
  #settle = () => {};
  readonly #settled: Promise<void>;

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly options: {
      readonly namespace: string;
      readonly times: WatchTimes;
      readonly onChange: () => void;
    },
  ) {
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** What was read last; undefined before the first answer. */
  get read(): FactsRead | undefined {
    return this.#read;
  }

  settled(): Promise<void> {
    return this.#settled;
  }

  /** Asks until the signal aborts; a cluster that does not answer leaves what was read. */
  async run(signal: AbortSignal): Promise<void> {
    const { namespace, times } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      let wait = spread(times.missing);
      try {
        this.#take(await readFacts(this.cluster, namespace));
        failures = 0;
      } catch (error) {
        if (!isClusterError(error)) throw error;
        wait = waitAfter(error, failures++, times);
      }
      await this.clock.sleep(wait, signal).catch(() => {});
    }
  }

  #take(read: FactsRead): void {
    const now: FactsRead = { ...read, ...(read.object && { object: project(read.object) }) };
    const before = this.#read;
    const same = before !== undefined && isDeepStrictEqual(tellOf(before), tellOf(now));
    this.#settle();
    if (same) return;
    this.#read = now;
    if (before !== undefined) this.options.onChange();
  }
}

function tellOf({ facts, diagnostics, object }: FactsRead): unknown {
  return { facts, diagnostics, data: object?.data };
}
