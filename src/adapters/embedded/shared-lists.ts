import { isClusterError } from "../../core/cluster-error.js";
import type { Kind, KubeObject } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import { keyOf } from "./store.js";

type Stored = ReadonlyMap<string, KubeObject>;

/**
 * Lists of a cluster, uncached, as Spiderpool's own overlap checks read (P6): each is begun after it was asked for.
 * Whoever asks while one is under way waits for the next, and all who wait share that one.
 */
export class SharedLists {
  readonly #running = new Map<Kind, Promise<Stored>>();
  readonly #waiting = new Map<Kind, Promise<Stored>>();

  constructor(private readonly cluster: Cluster) {}

  /** Every stored object of a kind by its key; none where the kind is not served. */
  read(kind: Kind): Promise<Stored> {
    const running = this.#running.get(kind);
    if (running === undefined) return this.#start(kind);
    let next = this.#waiting.get(kind);
    if (next === undefined) {
      const start = () => {
        this.#waiting.delete(kind);
        return this.#start(kind);
      };
      next = running.then(start, start);
      this.#waiting.set(kind, next);
    }
    return next;
  }

  #start(kind: Kind): Promise<Stored> {
    const list = this.#list(kind).finally(() => this.#running.delete(kind));
    this.#running.set(kind, list);
    return list;
  }

  async #list(kind: Kind): Promise<Stored> {
    try {
      const { items } = await this.cluster.list(kind);
      return new Map(items.map((item) => [keyOf(item.metadata), item]));
    } catch (error) {
      if (isClusterError(error, "NotFound")) return new Map();
      throw error;
    }
  }
}
