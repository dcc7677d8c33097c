import type { SubnetLock } from "../../core/allocate/allocation.js";
import { cutLock, dividePart, type LockPart } from "../../core/allocate/lock-parts.js";
import { isClusterError } from "../../core/cluster-error.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import { fitsConfigMap } from "./configmap-size.js";
import { type ChainPart, isPart, type LockChain } from "./lock-chain.js";
import {
  contentOf,
  contentPatch,
  hasContent,
  isOthersLock,
  type LockContent,
  type LockedPlanSync,
  lockNames,
  lockObject,
  type NextPart,
  partName,
  textOf,
} from "./lock-objects.js";

/**
 * Writes the ConfigMaps of a subnet's lock. One that grew too large is split: the new parts are created first and count for
 * nothing until the old one, in the same write that takes their addresses out of it, names them. So a split is done or not
 * done at every moment, and of two who split, or split and change, compare-and-swap lets one through (FIXED-2). Parts are
 * never joined again: a lock that was large grows again.
 */
export class LockWriter {
  constructor(
    private readonly cluster: Cluster,
    private readonly planSync: LockedPlanSync,
    private readonly format: (lock: SubnetLock) => string,
  ) {}

  /** @throws ClusterError `Conflict` and the like when somebody else wrote meanwhile */
  async write(subnet: string, chain: LockChain, lock: SubnetLock): Promise<{ chain: LockChain; written: number }> {
    const loose = new Map(chain.loose);
    const state: Writing = {
      subnet,
      loose,
      taken: new Set(chain.parts.map(({ object }) => object.metadata.name)),
      written: 0,
    };
    const cut = cutLock(
      lock,
      chain.parts.map(({ first }) => first),
    );
    const parts: ChainPart[] = [];
    for (const [index, part] of cut.entries()) {
      for (const written of await this.#writePart(part, chain.parts[index], state)) parts.push(written);
    }
    return { chain: { parts, loose }, written: state.written };
  }

  /** One part, and what it is split into. */
  async #writePart(part: LockPart, live: ChainPart | undefined, state: Writing): Promise<ChainPart[]> {
    const [lowest, ...others] = dividePart(part, (lock) => fitsConfigMap(this.format(lock)));
    const created: ChainPart[] = [];
    let next = live?.next;
    for (const { first, lock } of others.reverse()) {
      const object = await this.#newPart(contentOf(this.format(lock), true, next), state);
      created.unshift({ first, next, object });
      next = { first: first!, name: object.metadata.name };
    }
    const object = await this.#writeLowest(lowest!, live, next, state);
    return [{ first: part.first, next, object }, ...created];
  }

  async #writeLowest(
    { first, lock }: LockPart,
    live: ChainPart | undefined,
    next: NextPart | undefined,
    state: Writing,
  ): Promise<KubeObject> {
    const text = this.format(lock);
    const partial = isPart({ first, next });
    if (live !== undefined && live.next?.name === next?.name && textOf(live.object, partial) === text)
      return live.object;
    state.written++;
    const content = contentOf(text, partial, next);
    return live === undefined ? this.#createFirst(content, state.subnet) : this.#swap(live.object, content);
  }

  async #createFirst(content: LockContent, subnet: string): Promise<KubeObject> {
    const [usual, other] = lockNames(this.planSync, subnet);
    try {
      return await this.#create(usual, content, subnet);
    } catch (error) {
      if (!isClusterError(error, "AlreadyExists")) throw error;
      const { namespace } = this.planSync;
      const there = await this.cluster.get({ kind: KINDS.ConfigMap, namespace, name: usual });
      if (!isOthersLock(there, this.planSync, subnet)) throw error;
      return this.#create(other, content, subnet);
    }
  }

  /** A part that an earlier, cut-off split left is taken as it is; none is ever overwritten. */
  async #newPart(content: LockContent, state: Writing): Promise<KubeObject> {
    const { subnet, loose, taken } = state;
    for (let salt = 0; ; salt++) {
      const name = partName(this.planSync, subnet, content, salt);
      const left = loose.get(name);
      if (left !== undefined && hasContent(left, content)) {
        loose.delete(name);
        return left;
      }
      if (left !== undefined || taken.has(name)) continue;
      state.written++;
      return this.#create(name, content, subnet);
    }
  }

  #create(name: string, content: LockContent, subnet: string): Promise<KubeObject> {
    return this.cluster.create(lockObject(this.planSync, subnet, name, content), KINDS.ConfigMap);
  }

  #swap(live: KubeObject, content: LockContent): Promise<KubeObject> {
    const { namespace, name } = live.metadata;
    return this.cluster.patch({ kind: KINDS.ConfigMap, namespace, name }, contentPatch(live, content));
  }
}

/** One write of a subnet's lock. */
interface Writing {
  readonly subnet: string;
  readonly loose: Map<string, KubeObject>;
  /** Names of the parts there are. */
  readonly taken: ReadonlySet<string>;
  written: number;
}
