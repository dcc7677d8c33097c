import { randomUUID } from "node:crypto";
import { guardWrites } from "../app/guard-writes.js";
import { caught, isExpected } from "../app/internal-error.js";
import { SPIDERPOOL_KINDS } from "../app/observation.js";
import { ApprovedPlans } from "../app/plan-sync/approved-plans.js";
import { ClusterLock } from "../app/plan-sync/cluster-lock.js";
import { type Deadlines, NO_DEADLINES } from "../app/plan-sync/deadlines.js";
import { EventRecorder } from "../app/plan-sync/events.js";
import { giveUp, keepFinalizer } from "../app/plan-sync/give-up.js";
import { forgetMeasures } from "../app/plan-sync/measure.js";
import { Memory, NEVER_PLANNED } from "../app/plan-sync/memory.js";
import { OwnWrites } from "../app/plan-sync/own-writes.js";
import type { PlanSyncParts, ReconcileContext, WatchedCluster } from "../app/plan-sync/parts.js";
import { reconcile } from "../app/plan-sync/reconcile.js";
import { reportInternalError } from "../app/plan-sync/report-internal-error.js";
import { SourceFollower } from "../app/plan-sync/source-follower.js";
import { WATCH_TIMES } from "../app/watch/backoff.js";
import { type CacheChange, ClusterCache } from "../app/watch/cluster-cache.js";
import { type ObjectChange, Reflector } from "../app/watch/reflector.js";
import { isClusterError } from "../core/cluster-error.js";
import { readWish } from "../core/plan-sync/wish.js";
import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import type { WatchableCluster } from "../ports/cluster.js";
import type { Logger } from "../ports/telemetry.js";
import { delayOf, steering } from "./changes.js";
import type { ControllerOptions } from "./controller-options.js";
import { noteDrift } from "./drift-notes.js";
import { isAbout } from "./hints.js";
import { LedgerWatch } from "./ledger-watch.js";
import type { WebhookHint } from "./webhooks/webhook.js";
import { type Worked, WorkQueue } from "./work-queue.js";

/** Kinds without which nothing can be done. */
const NEEDED: ReadonlySet<string> = new Set([KINDS.PlanSync, ...SPIDERPOOL_KINDS].map(({ kind }) => kind));

/** Follows every PlanSync of a cluster while this process leads. */
export class Controller {
  readonly #entries = new Map<string, PlanSyncParts & { readonly log: Logger }>();
  readonly #deadlines: Deadlines;
  readonly #own: OwnWrites;
  readonly #queue: WorkQueue;
  readonly #cache: ClusterCache;
  readonly #planSyncs: Reflector;
  /** Everything this process writes goes through here. */
  readonly #cluster: WatchableCluster;
  readonly #watched: WatchedCluster;
  readonly #ledger: LedgerWatch;
  readonly #events: EventRecorder;
  #ending = new AbortController().signal;

  constructor(
    private readonly options: ControllerOptions,
    isHeld: () => boolean,
  ) {
    const { cluster, clock, metrics, namespace, logger } = options;
    const times = { ...WATCH_TIMES, ...options.watchTimes };
    this.#deadlines = options.deadlines ?? NO_DEADLINES;
    this.#own = new OwnWrites((kind) => this.#cache.states().has(kind.kind));
    this.#cluster = guardWrites(cluster, isHeld);
    this.#events = new EventRecorder(this.#cluster, clock, logger, options.identity);
    this.#queue = new WorkQueue({
      clock,
      work: (key) => this.#work(key),
      onError: (plansync, error) => {
        metrics.count("reconcile_total", { result: "error" });
        caught(error, "reconcile", { metrics, logger: logger.with({ plansync }) });
      },
      onStart: (_key, waited) => metrics.observe("queue_wait_seconds", waited / 1000),
    });
    const onException = (error: unknown) => void caught(error, "watch", options);
    this.#cache = new ClusterCache(cluster, { namespace, clock, metrics, times, onException });
    this.#ledger = new LedgerWatch({
      ...options,
      cache: this.#cache,
      install: options.identity,
      revision: () => this.#revision(),
    });
    this.#cache.onChange((change) => this.#noticed(change));
    const cache = this.#cache;
    this.#watched = {
      get version() {
        return cache.version;
      },
      observation: () => cache.observation(),
      follow: (kinds) => cache.follow(kinds),
      isWatched: (kind) => cache.states().get(kind.kind)?.type === "watching",
      caughtUp: () => this.#own.caughtUp((kind, key) => cache.find(kind, key), clock, this.#ending),
    };
    this.#planSyncs = new Reflector(cluster, {
      kind: KINDS.PlanSync,
      clock,
      metrics,
      times,
      project: (object) => object,
      onChange: (change) => this.#planSyncChanged(change),
      onState: (state) => {
        if (state.type === "missing") logger.warn({ reason: state.error.message }, "PlanSyncs cannot be read");
        if (state.type === "watching") for (const key of this.#planSyncs.keys()) this.#queue.add(key);
      },
    });
  }

  /** Works until the signal aborts; then lets writes under way finish. */
  async run(signal: AbortSignal): Promise<void> {
    this.#ending = signal;
    const watching = [this.#cache.run(signal), this.#planSyncs.run(signal)];
    try {
      await untilAborted(Promise.all([this.#cache.synced(), this.#planSyncs.settled()]), signal);
      if (!signal.aborted) this.options.logger.info({ plansyncs: this.#planSyncs.keys().length }, "leading");
      await Promise.all([this.#queue.run(signal), this.#ledger.run(signal)]);
    } finally {
      await Promise.all([...this.#entries.values()].map(({ follower }) => follower.stop()));
      await Promise.all(watching);
    }
  }

  /** A forge says that a repository has something new. @returns how many PlanSyncs follow it */
  hint(hint: WebhookHint): number {
    const urlOf = (key: string) => readWish(this.#planSyncs.get(key)!).source.repoURL;
    const found = this.#planSyncs.keys().filter((key) => isAbout(hint, urlOf(key)));
    for (const key of found) this.#entries.get(key)?.follower.hint();
    return found.length;
  }

  /** The revision in force, where one PlanSync keeps the cluster. */
  #revision(): string | undefined {
    const [only, ...others] = [...this.#entries.values()];
    return others.length === 0 ? only?.memory.inForce?.tree.commit : undefined;
  }

  /** What keeps the watches from knowing what there is, one line each. */
  troubles(): string[] {
    const states = [["PlanSync", this.#planSyncs.state] as const, ...this.#cache.states()];
    return states.flatMap(([kind, state]) => {
      if (state.type === "listing") return [`${kind} was not listed yet`];
      const refused = state.type === "missing" && state.reason === "forbidden" && NEEDED.has(kind);
      return refused ? [`${kind} may not be read: ${state.error.message}`] : [];
    });
  }

  async #work(key: string): Promise<Worked> {
    const { clock, metrics, logger } = this.options;
    const object = this.#planSyncs.get(key);
    if (object === undefined) {
      await this.#forget(key);
      return { type: "done" };
    }
    metrics.set("queue_depth", this.#queue.depth);
    const log = logger.with({ plansync: key, reconcileID: randomUUID() });
    const started = clock.monotonic();
    const result = await this.#reconcile(object, key, log);
    const seconds = (clock.monotonic() - started) / 1000;
    metrics.observe("reconcile_duration_seconds", seconds);
    metrics.count("reconcile_total", { result: result.type === "retry" ? "error" : "success" });
    log.debug({ seconds }, "reconciled");
    return result;
  }

  async #reconcile(object: KubeObject, key: string, logger: Logger): Promise<Worked> {
    const context: ReconcileContext = {
      ...this.options,
      deadlines: this.#deadlines,
      cluster: this.#own.through(this.#cluster, key),
      logger,
      watched: this.#watched,
      events: this.#events,
      signal: this.#ending,
    };
    try {
      const wish = readWish(object);
      if (object.metadata.deletionTimestamp !== undefined) {
        await giveUp(object, wish, context);
        return { type: "done" };
      }
      await keepFinalizer(object, wish, context);
      return { type: "at", time: await reconcile(object, this.#partsOf(key, object), context) };
    } catch (error) {
      if (!isExpected(error)) {
        await reportInternalError(object, error, this.#entries.get(key), context);
        return { type: "retry" };
      }
      const { reason = error.name, retryAfterSeconds = 0 } = isClusterError(error) ? error : {};
      logger.warn({ reason, error: error.message }, "the cluster does not let a reconcile finish");
      return { type: "retry", atLeast: retryAfterSeconds * 1000 };
    }
  }

  #partsOf(key: string, object: KubeObject): PlanSyncParts {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const { namespace = "", name } = object.metadata;
    const { repository, readPlan, clock, metrics, logger, lockText } = this.options;
    const log = logger.with({ plansync: key });
    const parts = {
      follower: new SourceFollower({
        cluster: this.#cluster,
        repository,
        read: readPlan,
        deadlines: this.#deadlines,
        clock,
        logger: log,
        metrics,
        onChange: () => this.#queue.add(key),
      }),
      memory: new Memory(),
      lock: new ClusterLock(this.#cluster, { namespace, name }, lockText),
      approvals: new ApprovedPlans(this.#cluster, { namespace, name }, this.options.sha256),
      log,
    };
    this.#entries.set(key, parts);
    return parts;
  }

  async #forget(key: string): Promise<void> {
    this.#queue.forget(key);
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    forgetMeasures(key, this.options.metrics);
    await entry?.follower.stop();
  }

  #planSyncChanged({ key, before, after }: ObjectChange): void {
    // Our own status writes are no reason to look again.
    const same = before !== undefined && after !== undefined && steering(before) === steering(after);
    if (!same) this.#queue.add(key);
  }

  #noticed(change: CacheChange): void {
    if (change.type === "object") noteDrift(change, this.#own, this.#entries);
    const now = this.options.clock.monotonic();
    for (const key of this.#planSyncs.keys()) {
      const last = this.#entries.get(key)?.memory.lastPlanning ?? NEVER_PLANNED;
      this.#queue.add(key, delayOf(change, last, now));
    }
    this.#ledger.noticed();
  }
}

/** Resolves when the promise does, or the signal aborts. */
async function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await Promise.race([
    promise,
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    }),
  ]);
}
