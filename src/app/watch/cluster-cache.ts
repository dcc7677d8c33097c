import type { Kind, KubeObject } from "../../core/spiderpool/objects.js";
import type { WatchableCluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { Metrics } from "../../ports/telemetry.js";
import { CONTEXT_KINDS, type Observation, SPIDERPOOL_KINDS, thirdPartyNames } from "../observation.js";
import { WATCH_TIMES, type WatchTimes } from "./backoff.js";
import { FactsPoll } from "./facts-poll.js";
import { FoundKind } from "./found-kind.js";
import { Observing } from "./observing.js";
import { project } from "./projection.js";
import { isNotServed, type ObjectChange, Reflector, type ReflectorState } from "./reflector.js";

export interface ClusterCacheOptions {
  /** Where Spiderpool runs: its ConfigMap tells how it is configured. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly times?: Partial<WatchTimes>;
  /** Told of what is thrown over one object, which is kept as it is; without it that ends `run`. */
  readonly onException?: (error: unknown) => void;
}

/** What listeners of a cache are told, each after `version` grew. */
export type CacheChange =
  | ({ readonly type: "object" } & ObjectChange)
  /** A kind became known, or went missing. */
  | { readonly type: "kind"; readonly kind: Kind; readonly state: ReflectorState }
  /** Spiderpool is configured otherwise. */
  | { readonly type: "facts" };

/** All that spiderplan judges by, kept true by watching: what `observe` reads, without reading it again. */
export class ClusterCache {
  readonly #reflectors: readonly Reflector[];
  readonly #facts: FactsPoll;
  readonly #further = new Map<string, FoundKind>();
  readonly #listeners = new Set<(change: CacheChange) => void>();
  readonly #observing: Observing;
  readonly #times: WatchTimes;
  readonly #tasks: Promise<void>[] = [];
  #running: AbortSignal | undefined;
  #fail: (error: unknown) => void = () => {};
  #version = 0;

  constructor(
    private readonly cluster: WatchableCluster,
    private readonly options: ClusterCacheOptions,
  ) {
    const { namespace, clock } = options;
    this.#times = { ...WATCH_TIMES, ...options.times };
    this.#reflectors = [...SPIDERPOOL_KINDS, ...CONTEXT_KINDS].map((kind) => this.#reflector(kind));
    const onChange = () => this.#tell({ type: "facts" });
    this.#facts = new FactsPoll(cluster, clock, { namespace, times: this.#times, onChange });
    this.#observing = new Observing(this.#facts);
  }

  /** Watches until the signal aborts. Rejects only for bugs. */
  async run(signal: AbortSignal): Promise<void> {
    this.#running = signal;
    const failed = new Promise<never>((_resolve, reject) => {
      this.#fail = reject;
    });
    const ended = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    for (const part of [this.#facts, ...this.#reflectors, ...this.#further.values()]) this.#start(part);
    await Promise.race([ended, failed]);
    await Promise.all(this.#tasks);
  }

  /** Resolves when every kind followed now was listed once, or is known to be missing. */
  async synced(): Promise<void> {
    const parts = [this.#facts, ...this.#reflectors, ...this.#further.values()];
    await Promise.all(parts.map((part) => part.settled()));
  }

  /** Follows these kinds of workloads too, as owners spell them: `CloneSet.apps.kruise.io`; others are passed over. */
  follow(names: Iterable<string>): void {
    for (const name of thirdPartyNames(names)) {
      if (this.#further.has(name)) continue;
      const found = new FoundKind(this.cluster, this.options.clock, {
        name,
        times: this.#times,
        reflect: (kind) => this.#reflector(kind),
      });
      this.#further.set(name, found);
      if (this.#running !== undefined) this.#start(found);
    }
  }

  /** Grows whenever something changed that the engine reads. */
  get version(): number {
    return this.#version;
  }

  /**
   * What is known now, in the form of `observe`, objects as `project` keeps them; the same object until something is
   * stored. Ask after `synced`.
   * @throws ClusterError where `observe` would: the cluster lacks Spiderpool, or forbids reading Spiderpool's kinds
   */
  observation(): Observation {
    // A kind of somebody else's that is not served is unknown, not empty.
    const further = this.#found().filter(({ state }) => !isNotServed(state));
    return this.#observing.observation([...this.#reflectors, ...further]);
  }

  /** One object as it is known now, by `namespace/name` or its name alone. */
  find(kind: Kind, key: string): KubeObject | undefined {
    return [...this.#reflectors, ...this.#found()].find((one) => one.kind.kind === kind.kind)?.get(key);
  }

  /** How often a kind was listed; more than once means that changes may have gone unseen. */
  lists(kind: Kind): number {
    return this.#reflectors.find((one) => one.kind.kind === kind.kind)?.lists ?? 0;
  }

  /** How well each kind is known, by kind name. */
  states(): ReadonlyMap<string, ReflectorState> {
    return new Map([...this.#reflectors, ...this.#found()].map(({ kind, state }) => [kind.kind, state]));
  }

  /** @returns how to stop listening */
  onChange(listener: (change: CacheChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #found(): Reflector[] {
    const inOrder = [...this.#further].sort(([a], [b]) => (a < b ? -1 : 1));
    return inOrder.map(([, { reflector }]) => reflector).filter((one) => one !== undefined);
  }

  #reflector(kind: Kind): Reflector {
    const { clock, metrics } = this.options;
    let known = false;
    return new Reflector(this.cluster, {
      kind,
      clock,
      metrics,
      times: this.#times,
      project: (object) => this.#guarded(() => project(object)) ?? object,
      onChange: (change) => this.#tell({ type: "object", ...change }),
      onState: (state) => {
        // Trouble alone changes nothing that is known.
        const now = state.type === "watching" || (state.type === "retrying" && known);
        if (state.type === "missing" || now !== known) this.#tell({ type: "kind", kind, state });
        known = now;
      },
    });
  }

  #start(part: { run(signal: AbortSignal): Promise<void> }): void {
    const task = part.run(this.#running!);
    task.catch((error: unknown) => this.#fail(error));
    this.#tasks.push(task);
  }

  #tell(change: CacheChange): void {
    this.#version++;
    for (const listener of this.#listeners) this.#guarded(() => listener(change));
  }

  /** One object that nobody thought of must not end the watch of all others. */
  #guarded<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (this.options.onException === undefined) throw error;
      this.options.onException(error);
      return undefined;
    }
  }
}
