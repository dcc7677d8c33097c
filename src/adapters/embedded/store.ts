import type { KubeObject } from "../../core/spiderpool/objects.js";

/** One write, as watches replay it. */
export interface Change {
  readonly version: number;
  readonly kind: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  /** The object before the write: selectors of a watch must know who left their selection. */
  readonly before: KubeObject | undefined;
}

/** How many writes a watch may be behind before it is told 410 Gone. */
const HISTORY = 20_000;

/** `namespace/name`, or `name` of a cluster-scoped object: the key of every map of objects. */
export function keyOf(metadata: { namespace?: string; name: string }): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

/** Versioned objects of all kinds with a bounded history: what etcd is to an API server. */
export class Store {
  #version = 1;
  #oldest = 1;
  #history: Change[] = [];
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #byUid = new Map<string, KubeObject>();

  constructor(readonly historyLimit: number = HISTORY) {}

  get version(): number {
    return this.#version;
  }

  /** The live map of a kind, keyed by `keyOf`; never changed but by `put` and `remove`. */
  all(kind: string): ReadonlyMap<string, KubeObject> {
    return this.#collection(kind);
  }

  byUid(uid: string): KubeObject | undefined {
    return this.#byUid.get(uid);
  }

  /** Every object of every kind. */
  *everything(): Generator<KubeObject> {
    for (const collection of this.#collections.values()) yield* collection.values();
  }

  /** Stores the object under a new resourceVersion and returns it, frozen. */
  put(kind: string, object: KubeObject): KubeObject {
    const collection = this.#collection(kind);
    const key = keyOf(object.metadata);
    const before = collection.get(key);
    const stored = this.#stamp(object);
    collection.set(key, stored);
    if (stored.metadata.uid) this.#byUid.set(stored.metadata.uid, stored);
    this.#record({ version: this.#version, kind, type: before ? "MODIFIED" : "ADDED", object: stored, before });
    return stored;
  }

  /** Forgets the object; its last state, under a new resourceVersion, is what watches see. */
  remove(kind: string, object: KubeObject): KubeObject {
    const before = this.#collection(kind).get(keyOf(object.metadata));
    const last = this.#stamp(object);
    this.#collection(kind).delete(keyOf(object.metadata));
    if (last.metadata.uid) this.#byUid.delete(last.metadata.uid);
    this.#record({ version: this.#version, kind, type: "DELETED", object: last, before });
    return last;
  }

  /** Writes after the given version, or `undefined` when the history no longer reaches back that far. */
  since(version: number): readonly Change[] | undefined {
    if (version + 1 < this.#oldest) return undefined;
    let start = this.#history.length;
    while (start > 0 && this.#history[start - 1]!.version > version) start--;
    return this.#history.slice(start);
  }

  /** Calls back at every write until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #stamp(object: KubeObject): KubeObject {
    this.#version++;
    return freeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } });
  }

  #record(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > this.historyLimit * 2) this.#history = this.#history.slice(-this.historyLimit);
    this.#oldest = this.#history[0]?.version ?? this.#version;
    for (const listener of [...this.#listeners]) listener(change);
  }

  #collection(kind: string): Map<string, KubeObject> {
    let collection = this.#collections.get(kind);
    if (collection === undefined) {
      collection = new Map();
      this.#collections.set(kind, collection);
    }
    return collection;
  }
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}
