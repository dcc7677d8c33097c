import type { Wish, WishedSource } from "../../core/plan-sync/wish.js";
import { SourceError } from "../../core/source-error.js";
import type { Cluster } from "../../ports/cluster.js";
import type { PlanReader, ReadPlan } from "../../ports/plan-reader.js";
import type { Clock } from "../../ports/runtime.js";
import type { ResolvedRevision, SourceRepository, SourceSpec, SourceTree } from "../../ports/source-repository.js";
import type { Logger, Metrics } from "../../ports/telemetry.js";
import { caught } from "../internal-error.js";
import { CutOff, type Deadlines } from "./deadlines.js";
import { sourceSpec } from "./source-spec.js";

/** One revision of the plan, read. */
export interface Revision {
  readonly tree: SourceTree;
  readonly plan: ReadPlan;
}

/** Why the source cannot be read. */
export interface SourceFailure {
  readonly error: SourceError;
  /** When it failed first, in milliseconds since 1970. */
  readonly since: number;
  /** Whether it is worth telling: waiting does not help, or it lasts. */
  readonly told: boolean;
}

/** What is known of a source. */
export interface SourceState {
  /** The newest revision that could be read. */
  readonly newest?: Revision;
  /** Commit that was looked at last. */
  readonly attempted?: string;
  readonly failure?: SourceFailure;
}

export interface FollowerContext {
  readonly cluster: Cluster;
  readonly repository: SourceRepository;
  readonly read: PlanReader;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Something about the source is new. */
  readonly onChange: () => void;
}

/** How long an outage is nobody's business, in milliseconds: the last good revision is in force meanwhile. */
export const SOURCE_GRACE = 900_000;
/** The longest wait between two looks while a repository cannot be read, in milliseconds. */
const LONGEST_WAIT = 300_000;
/** No server is left alone for longer at its own word (Retry-After), in milliseconds. */
const LONGEST_RETRY_AFTER = 3_600_000;

/**
 * Follows the source of one PlanSync beside the reconciles, so that a slow repository never keeps drift from being healed.
 * What was read once stays until something newer can be read.
 */
export class SourceFollower {
  #state: SourceState = {};
  #wanted: Wanted | undefined;
  #lookedFor: Wanted | undefined;
  #waking = new AbortController();
  #failures = 0;
  /** The server asked to be left alone until then, in milliseconds since 1970. */
  #notBefore = 0;
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;

  constructor(private readonly context: FollowerContext) {
    this.#running = this.#run();
  }

  get state(): SourceState {
    return this.#state;
  }

  /** What to follow from now on; a change is looked at once. */
  follow(wish: Wish): void {
    const { pinnedRevision: pinned, requestedAt, hintedAt } = wish.switches;
    const wanted: Wanted = {
      key: wish.key,
      namespace: wish.namespace,
      source: wish.source,
      pinned,
      asked: [requestedAt, hintedAt],
    };
    if (JSON.stringify(wanted) === JSON.stringify(this.#wanted)) return;
    if (this.#wanted !== undefined && !sameRepository(this.#wanted.source, wish.source)) this.#state = {};
    if (this.#wanted?.source.repoURL !== wish.source.repoURL) this.#notBefore = 0;
    this.#wanted = wanted;
    this.hint();
  }

  /** Whether the source was looked at since what is wanted, or somebody's asking for a look, last changed. */
  get upToDate(): boolean {
    return this.#wanted !== undefined && this.#lookedFor === this.#wanted;
  }

  /** Somebody says there may be something new; a server that asked to be left alone is not asked sooner. */
  hint(): void {
    if (this.context.clock.now() >= this.#notBefore) this.#waking.abort();
  }

  /**
   * Reads one commit that was in force before, when the newest is of no use.
   * @returns undefined when it cannot be read any more
   */
  async recall(commit: string): Promise<Revision | undefined> {
    if (this.#wanted === undefined) return undefined;
    try {
      return await this.#read(await this.#spec(this.#wanted), { commit });
    } catch (error) {
      if (error instanceof SourceError) return undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    this.#waking.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#waking = new AbortController();
      if (this.#wanted !== undefined) await this.#look(this.#wanted);
      if (this.#ended.signal.aborted) return;
      // What was hinted at meanwhile waits as long as the server asks.
      if (this.context.clock.now() < this.#notBefore) this.#waking = new AbortController();
      await this.context.clock.sleep(this.#wait(), this.#waking.signal).catch(() => {});
    }
  }

  async #look(wanted: Wanted): Promise<void> {
    const { clock, metrics, repository, logger } = this.context;
    const started = clock.now();
    const before = this.#state;
    try {
      const spec = await this.#spec(wanted);
      const { signal } = this.#ended;
      const found = wanted.pinned === undefined ? await repository.resolve(spec, signal) : { commit: wanted.pinned };
      const known = before.newest?.tree;
      const same = known?.commit === found.commit && known.refName === found.refName;
      const newest = same ? before.newest! : await this.#read(spec, found, before.newest);
      if (this.#wanted !== wanted) return;
      this.#failures = 0;
      this.#state = { newest, attempted: found.commit };
      metrics.set("source_last_success_timestamp_seconds", clock.now() / 1000, { plan: wanted.key });
      if (!same) logger.info({ revision: found.commit, files: newest.tree.files.length }, "read a new revision");
    } catch (thrown) {
      if (thrown instanceof SourceError && this.#wanted?.source.repoURL === wanted.source.repoURL) {
        this.#leaveAlone(thrown);
      }
      if (this.#ended.signal.aborted || this.#wanted !== wanted) return;
      this.#failures++;
      // An exception here must not end the process that follows everybody's repositories.
      const error =
        thrown instanceof SourceError
          ? thrown
          : new SourceError("InternalError", caught(thrown, "source", { logger, metrics }).message, false);
      const since = before.failure?.since ?? started;
      const told = !error.transient || clock.now() - since >= SOURCE_GRACE;
      this.#state = { ...before, failure: { error, since, told } };
      logger.warn({ reason: error.reason, error: error.message }, "the repository cannot be read");
    }
    metrics.observe("source_fetch_duration_seconds", (clock.now() - started) / 1000);
    const first = this.#lookedFor !== wanted;
    this.#lookedFor = wanted;
    if (first || noteworthy(before, this.#state)) this.context.onChange();
  }

  #leaveAlone({ retryAfterSeconds = 0 }: SourceError): void {
    this.#notBefore = this.context.clock.now() + Math.min(LONGEST_RETRY_AFTER, retryAfterSeconds * 1000);
  }

  /** @param before what was read last: a commit that touches other folders only is the same plan */
  async #read(spec: SourceSpec, revision: ResolvedRevision, before?: Revision): Promise<Revision> {
    const { repository, read } = this.context;
    const { signal } = this.#ended;
    const tree = await repository.read(spec, revision, signal);
    if (before !== undefined && before.tree.tree === tree.tree) return { tree, plan: before.plan };
    const work = { planSync: this.#wanted?.key ?? "", what: "reading", on: tree.tree } as const;
    const parse = () => read(tree, (files) => repository.contents(spec, files, signal));
    const plan = await this.context.deadlines.runAsync(work, parse).catch((error: unknown) => {
      throw error instanceof CutOff ? new SourceError("TooLarge", error.message, false) : error;
    });
    return { tree, plan };
  }

  #spec({ namespace, source }: Wanted): Promise<SourceSpec> {
    return sourceSpec(this.context.cluster, namespace, source);
  }

  /** Spread by a tenth, so that many do not ask together; longer while it fails. */
  #wait(): number {
    const interval = this.#wanted?.source.interval ?? LONGEST_WAIT;
    const failing = this.#failures === 0 ? interval : Math.min(LONGEST_WAIT, interval * 2 ** (this.#failures - 1));
    const left = this.#notBefore - this.context.clock.now();
    return Math.max(left, Math.max(interval, failing) * (0.9 + Math.random() / 5));
  }
}

interface Wanted {
  readonly key: string;
  readonly namespace: string;
  readonly source: WishedSource;
  readonly pinned: string | undefined;
  /** Marks of people and webhooks that ask for a look now. */
  readonly asked: readonly (string | undefined)[];
}

/** A revision of another repository or folder is no older revision of this one. */
function sameRepository(a: WishedSource, b: WishedSource): boolean {
  return a.repoURL === b.repoURL && a.path === b.path;
}

function noteworthy(before: SourceState, after: SourceState): boolean {
  const { failure: old } = before;
  const { failure } = after;
  if (before.newest !== after.newest || before.attempted !== after.attempted) return true;
  return (
    old?.told !== failure?.told ||
    (old === undefined) !== (failure === undefined) ||
    old?.error.reason !== failure?.error.reason ||
    // An outage has other words each time; what waiting does not cure has others when it is something else.
    (failure?.error.transient === false && old?.error.message !== failure.error.message)
  );
}
