import { caught } from "../app/internal-error.js";
import { openLedgerKeeper } from "../app/ledger-keeper.js";
import type { ClusterCache } from "../app/watch/cluster-cache.js";
import { isClusterError } from "../core/cluster-error.js";
import { strangersIn } from "../core/query/strangers.js";
import { KINDS } from "../core/spiderpool/objects.js";
import type { Ledger } from "../ports/ledger.js";
import type { Clock } from "../ports/runtime.js";
import type { Logger, Metrics } from "../ports/telemetry.js";

/** How long changes are gathered before they are written down, and how often a quiet ledger is looked at, in milliseconds. */
const LOOK = { gather: 1_000, quiet: 60_000 };

export interface LedgerWatchOptions {
  readonly ledger: Ledger;
  readonly cache: ClusterCache;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Who writes, and which revision is in force. */
  readonly install: string;
  readonly revision: () => string | undefined;
}

/** Writes down who has which address while this process leads, and tells when one of a fixed owner is held by somebody else. */
export class LedgerWatch {
  #waking = new AbortController();
  #told = new Set<string>();

  constructor(private readonly options: LedgerWatchOptions) {}

  /** Something in the cluster changed. */
  noticed(): void {
    this.#waking.abort();
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { ledger, cache, clock, install, revision, logger } = this.options;
    const keeper = openLedgerKeeper(ledger, clock, install);
    let lists = listsOf(cache);
    const end = () => this.#waking.abort();
    signal.addEventListener("abort", end);
    while (!signal.aborted) {
      this.#waking = new AbortController();
      try {
        const { snapshot } = cache.observation();
        const now = listsOf(cache);
        await keeper.look(snapshot, revision(), now !== lists);
        lists = now;
        this.#tellStrangers(strangersIn(snapshot));
      } catch (error) {
        if (isClusterError(error)) logger.debug({ error: error.message }, "the ledger cannot look");
        // Who had an address is told again at the next look; what holds addresses must not end for it.
        else caught(error, "ledger", this.options);
      }
      await clock.sleep(LOOK.quiet, this.#waking.signal).catch(() => {});
      await clock.sleep(LOOK.gather, signal).catch(() => {});
    }
    signal.removeEventListener("abort", end);
  }

  #tellStrangers(strangers: ReturnType<typeof strangersIn>): void {
    const { logger, metrics } = this.options;
    const now = new Set<string>();
    for (const { address, pool, owner, pod } of strangers) {
      const key = `${address} ${owner} ${pod}`;
      now.add(key);
      if (this.#told.has(key)) continue;
      metrics.count("ip_owner_changes_total");
      logger.error({ address, pool, owner, pod }, "an address of a fixed owner is held by somebody else");
    }
    this.#told = now;
  }
}

/** How often the kinds that tell of use were listed: between two lists changes go unseen. */
function listsOf(cache: ClusterCache): number {
  return cache.lists(KINDS.SpiderIPPool) + cache.lists(KINDS.SpiderEndpoint);
}
