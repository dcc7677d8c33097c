import { ClusterError, isClusterError } from "../../core/cluster-error.js";
import type { Writer } from "../../core/field-manager.js";
import type { Kind, KubeObject } from "../../core/spiderpool/objects.js";
import type { WatchableCluster, WatchEvent } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { Metrics } from "../../ports/telemetry.js";
import { abortable } from "./abortable.js";
import { spread, type WatchTimes, waitAfter } from "./backoff.js";
import { keyOf, ObjectStore, tellsTheSame } from "./object-store.js";
import { Silence } from "./silence.js";

/** One change of an object's projection; `before` is absent for a new one, `after` for one that is gone. */
export interface ObjectChange {
  readonly kind: Kind;
  /** `namespace/name`, or the name alone. */
  readonly key: string;
  readonly before?: KubeObject;
  readonly after?: KubeObject;
  /** Who did it; unknown for deletions and for what happened while nobody watched. */
  readonly writer?: Writer;
}

/** How well a kind is known. Of a kind that is missing nothing is held. */
export type ReflectorState =
  | { readonly type: "listing"; readonly error?: ClusterError }
  | { readonly type: "watching" }
  /** The last known objects stand. */
  | { readonly type: "retrying"; readonly error: ClusterError }
  | { readonly type: "missing"; readonly reason: "not served" | "forbidden"; readonly error: ClusterError };

/** Whether the server does not have the kind at all. */
export function isNotServed(state: ReflectorState): boolean {
  return state.type === "missing" && state.reason === "not served";
}

export interface ReflectorOptions {
  readonly kind: Kind;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly times: WatchTimes;
  /** What to keep of an object. */
  readonly project: (object: KubeObject) => KubeObject;
  /** Told every change after the first list, once. */
  readonly onChange: (change: ObjectChange) => void;
  readonly onState: (state: ReflectorState) => void;
}

/** Refusals in a row before a kind that was there counts as missing: a restarting API server refuses for a moment. */
const REFUSALS = 3;
/** A watch that lasted so long was a good one, events or not, in milliseconds. */
const STEADY = 30_000;

/**
 * Keeps the projections of every object of one kind true by list and watch (FOUNDATIONS 4.2): resumes from the last
 * version after any ending, lists again on 410, ends watches that fall silent, never gives up.
 */
export class Reflector {
  readonly #store = new ObjectStore();
  readonly #settled: Promise<void>;
  #settle = () => {};
  #state: ReflectorState = { type: "listing" };
  #version: string | undefined;
  #listed = false;
  #silent = false;
  #failures = 0;
  #refusals = 0;
  #revision = 0;
  #lists = 0;

  constructor(
    private readonly cluster: WatchableCluster,
    private readonly options: ReflectorOptions,
  ) {
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get kind(): Kind {
    return this.options.kind;
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** Grows with everything stored, other resourceVersions included. */
  get revision(): number {
    return this.#revision;
  }

  /** One projection, by `namespace/name` or its name alone. */
  get(key: string): KubeObject | undefined {
    return this.#store.get(key);
  }

  /** How often the kind was listed: what happened between two lists may have gone unseen. */
  get lists(): number {
    return this.#lists;
  }

  /** Every key, in no order. */
  keys(): string[] {
    return this.#store.keys();
  }

  /** Resolves when the kind was listed once, or is known to be missing. */
  settled(): Promise<void> {
    return this.#settled;
  }

  /** Projections in the order of the API server; the same array until something is stored. */
  objects(): readonly KubeObject[] {
    return this.#store.sorted();
  }

  /** Follows the kind until the signal aborts. Rejects only for bugs. */
  async run(signal: AbortSignal): Promise<void> {
    // A signal of its own: one shared by all kinds would gather listeners of every watch.
    const ending = AbortSignal.any([signal]);
    while (!ending.aborted) {
      try {
        this.#version ??= await this.#list(ending);
        await this.#watch(this.#version, ending);
      } catch (error) {
        if (ending.aborted) return;
        if (!isClusterError(error)) throw error;
        await this.#recover(error, ending);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { kind } = this.options;
    const project = (object: KubeObject) => this.#project(object);
    const { items, resourceVersion } = await abortable(this.cluster.list(kind, { project }), signal);
    const listed = new Set<string>();
    for (const item of items) {
      const key = keyOf(item);
      listed.add(key);
      this.#put(key, item, undefined);
    }
    for (const key of this.#store.keys()) if (!listed.has(key)) this.#remove(key);
    this.#listed = true;
    this.#lists++;
    this.#silent = false;
    this.#refusals = 0;
    this.#count();
    return resourceVersion;
  }

  /** One watch, to its end. */
  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const { clock, kind, times } = this.options;
    const started = clock.monotonic();
    const ended = new AbortController();
    const silence = new Silence(clock, times.silence, AbortSignal.any([signal, ended.signal]));
    // After silence only a word proves that somebody is there; else a failure would tell.
    if (!this.#silent) this.#enter({ type: "watching" });
    try {
      for await (const event of this.cluster.watch(kind, from, AbortSignal.any([signal, silence.signal]))) {
        silence.heard();
        this.#failures = 0;
        this.#refusals = 0;
        this.#silent = false;
        this.#enter({ type: "watching" });
        this.#take(event);
      }
    } finally {
      ended.abort();
      if (clock.monotonic() - started >= STEADY) this.#failures = 0;
    }
    if (signal.aborted) return;
    this.#restarted(silence.signal.aborted ? "silent" : "ended");
    if (silence.signal.aborted) this.#fellSilent();
  }

  #fellSilent(): void {
    const message = `watch ${this.kind.plural}: no word for ${this.options.times.silence / 1000} s`;
    this.#silent = true;
    this.#enter({ type: "retrying", error: new ClusterError("Timeout", message, true) });
  }

  #take(event: WatchEvent): void {
    if (event.type === "BOOKMARK") {
      this.#version = event.resourceVersion || this.#version;
      return;
    }
    const { object, writer } = event;
    this.#version = object.metadata.resourceVersion ?? this.#version;
    if (event.type === "DELETED") this.#remove(keyOf(object));
    else this.#put(keyOf(object), this.#project(object), writer);
    this.#count();
  }

  /** An object that nobody can read is the server's fault, and no reason for the process to end. */
  #project(object: KubeObject): KubeObject {
    try {
      return this.options.project(object);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ClusterError("BadResponse", `${this.kind.kind} ${keyOf(object)} cannot be read: ${why}`, false);
    }
  }

  #put(key: string, after: KubeObject, writer: Writer | undefined): void {
    const before = this.#store.get(key);
    const same = before !== undefined && tellsTheSame(before, after);
    if (same && before.metadata.resourceVersion === after.metadata.resourceVersion) return;
    this.#store.put(key, after);
    this.#revision++;
    if (!same) this.#tell({ kind: this.kind, key, before, after, writer });
  }

  #remove(key: string): void {
    const before = this.#store.get(key);
    if (before === undefined) return;
    this.#store.remove(key);
    this.#revision++;
    this.#tell({ kind: this.kind, key, before });
  }

  /** The first list is no change. */
  #tell(change: ObjectChange): void {
    if (this.#listed) this.options.onChange(change);
  }

  /** After a failure: what is known now, and when to try again. */
  async #recover(error: ClusterError, signal: AbortSignal): Promise<void> {
    const { clock, times } = this.options;
    this.#restarted(error.reason.toLowerCase());
    const absent = this.#absence(error);
    if (absent !== undefined) {
      this.#forget();
      this.#enter({ type: "missing", reason: absent, error });
      await clock.sleep(spread(times.missing), signal).catch(() => {});
      return;
    }
    // What a watch cannot go on from is listed again.
    if (!error.transient) this.#version = undefined;
    if (this.#listed) this.#enter({ type: "retrying", error });
    else if (this.#state.type !== "missing") this.#enter({ type: "listing", error });
    await clock.sleep(waitAfter(error, this.#failures++, times), signal).catch(() => {});
  }

  #absence(error: ClusterError): "not served" | "forbidden" | undefined {
    if (error.reason !== "NotFound" && error.reason !== "Forbidden") return undefined;
    this.#refusals++;
    if (this.#listed && this.#refusals < REFUSALS) return undefined;
    return error.reason === "NotFound" ? "not served" : "forbidden";
  }

  #forget(): void {
    this.#version = undefined;
    this.#listed = false;
    this.#store.clear();
    this.#revision++;
    this.#count();
  }

  #enter(state: ReflectorState): void {
    const before = this.#state;
    this.#state = state;
    if (state.type === "watching" || state.type === "missing") this.#settle();
    const same = before.type === state.type && isNotServed(before) === isNotServed(state);
    if (!same) this.options.onState(state);
  }

  #restarted(reason: string): void {
    this.options.metrics.count("watch_restarts_total", { kind: this.kind.kind, reason });
  }

  #count(): void {
    this.options.metrics.set("watch_objects", this.#store.size, { kind: this.kind.kind });
  }
}
