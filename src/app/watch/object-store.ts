import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../core/spiderpool/objects.js";

/** `namespace/name`, or the name alone of a cluster-scoped object. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** Whether two states of an object tell the same: another resourceVersion alone is no change. */
export function tellsTheSame(a: KubeObject, b: KubeObject): boolean {
  return isDeepStrictEqual(unversioned(a), unversioned(b));
}

function unversioned(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: "" } };
}

/** Objects of one kind by `keyOf`, and in the order the API server lists them. */
export class ObjectStore {
  readonly #objects = new Map<string, KubeObject>();
  /** Every key in order, once somebody asked for it. */
  #keys: string[] | undefined;
  #sorted: readonly KubeObject[] | undefined;

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  put(key: string, object: KubeObject): void {
    if (!this.#objects.has(key)) this.#keys?.splice(placeOf(key, this.#keys), 0, key);
    this.#objects.set(key, object);
    this.#sorted = undefined;
  }

  remove(key: string): void {
    if (this.#objects.delete(key)) this.#keys?.splice(placeOf(key, this.#keys), 1);
    this.#sorted = undefined;
  }

  clear(): void {
    this.#objects.clear();
    this.#keys = undefined;
    this.#sorted = undefined;
  }

  /** The same array until something is put or removed. */
  sorted(): readonly KubeObject[] {
    this.#keys ??= [...this.#objects.keys()].sort();
    this.#sorted ??= this.#keys.map((key) => this.#objects.get(key)!);
    return this.#sorted;
  }
}

/** Where a key stands, or would stand, among keys in order. */
function placeOf(key: string, keys: readonly string[]): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
