import { isClusterError } from "../core/cluster-error.js";
import type { Kind, KubeObject } from "../core/spiderpool/objects.js";
import type { ClusterActor } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";

export type OnChange = (object: KubeObject, before: KubeObject | undefined) => void;

const RETRY_MILLISECONDS = 200;

/** `namespace/name`, or `name` of a cluster-scoped object. */
export function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

/** A local copy of every object of one kind, kept true by list and watch; it lists again when the watch is too old. */
export class Mirror {
  readonly #objects = new Map<string, KubeObject>();
  /** Objects by the uid of their controller. */
  readonly #controlled = new Map<string, Map<string, KubeObject>>();
  /** Versions of objects that are gone, so that a late event does not bring them back. */
  readonly #gone = new Map<string, number>();

  constructor(
    readonly actor: ClusterActor,
    readonly clock: Clock,
    readonly kind: Kind,
    readonly onChange: OnChange,
  ) {}

  /** The live map, keyed by `keyOf`. */
  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#objects;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  /** In key order, so that what the players do depends on no map's history. */
  all(): KubeObject[] {
    return [...this.#objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  values(): IterableIterator<KubeObject> {
    return this.#objects.values();
  }

  /** Objects whose controller has the uid, in key order. */
  controlledBy(uid: string): KubeObject[] {
    const found = [...(this.#controlled.get(uid) ?? [])];
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Takes over an object as a write answered it, unless something newer is known. */
  learn(object: KubeObject): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (versionOf(object) <= Math.max(versionOf(before), this.#gone.get(key) ?? 0)) return;
    this.#objects.set(key, object);
    this.#index(before, object);
    this.onChange(object, before);
  }

  /** Whether the copy equals what the server has now. */
  async caughtUp(): Promise<boolean> {
    const { items } = await this.actor.list(this.kind);
    return (
      items.length === this.#objects.size &&
      items.every((item) => versionOf(this.#objects.get(keyOf(item))) === versionOf(item))
    );
  }

  /** Lists once; afterwards `follow` keeps the copy true. @returns the version to follow from */
  async load(): Promise<string> {
    const { items, resourceVersion } = await this.actor.list(this.kind);
    const listed = new Set(items.map(keyOf));
    for (const item of items) this.learn(item);
    for (const [key, object] of [...this.#objects]) {
      if (!listed.has(key) && versionOf(object) <= Number(resourceVersion))
        this.#forget(object, Number(resourceVersion));
    }
    return resourceVersion;
  }

  /** Watches until the signal aborts. */
  async follow(from: string, ending: AbortSignal): Promise<void> {
    // A signal of its own: the player's would gather listeners of every kind's watch.
    const signal = AbortSignal.any([ending]);
    let version: string | undefined = from;
    while (!signal.aborted) {
      try {
        version ??= await this.load();
        for await (const event of this.actor.watch(this.kind, version, signal)) {
          if (event.type === "BOOKMARK") version = event.resourceVersion;
          else {
            version = event.object.metadata.resourceVersion ?? version;
            if (event.type === "DELETED") this.#forget(event.object, versionOf(event.object));
            else this.learn(event.object);
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        version = undefined;
        if (!isClusterError(error, "Gone")) await this.clock.sleep(RETRY_MILLISECONDS, signal).catch(() => undefined);
      }
    }
  }

  #forget(object: KubeObject, version: number): void {
    const key = keyOf(object);
    const known = this.#objects.get(key);
    if (version < versionOf(known)) return;
    this.#gone.set(key, version);
    if (known === undefined) return;
    this.#objects.delete(key);
    this.#index(known, undefined);
    this.onChange(object, known);
  }

  #index(before: KubeObject | undefined, now: KubeObject | undefined): void {
    const from = before && controllerUid(before);
    if (from !== undefined) this.#controlled.get(from)?.delete(keyOf(before!));
    const to = now && controllerUid(now);
    if (to === undefined) return;
    const siblings = this.#controlled.get(to) ?? new Map<string, KubeObject>();
    siblings.set(keyOf(now!), now!);
    this.#controlled.set(to, siblings);
  }
}

function controllerUid(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller)?.uid;
}

function versionOf(object: KubeObject | undefined): number {
  return Number(object?.metadata.resourceVersion ?? "0");
}
