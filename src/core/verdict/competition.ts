import type { Scene } from "./replay.js";

/** Who else may come for the addresses of a pool: counted by pools, not by Pods (DESIGN 6, strands). */
export class Competition {
  readonly #scene: Scene;
  /** Classes of equal tenants: how many there are, and the pools each may use. */
  readonly #classes: { readonly count: number; readonly pools: ReadonlySet<string> }[] = [];
  readonly #byPool = new Map<string, Set<number>>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Tells of a number of tenants that may use any of these pools. */
  add(count: number, pools: Iterable<string>): void {
    const set = new Set(pools);
    const index = this.#classes.push({ count, pools: set }) - 1;
    for (const pool of set) {
      const there = this.#byPool.get(pool);
      if (there === undefined) this.#byPool.set(pool, new Set([index]));
      else there.add(index);
    }
  }

  /**
   * Whether everybody who may use these pools, restarting in any order, could be more than their addresses.
   * Later ranks are only reached when the earlier ones can run out.
   * @param ranks eligible pools by rank
   * @returns why, in words; undefined if there is always one left
   */
  tooMany(ranks: readonly (readonly string[])[]): string | undefined {
    const reached: string[] = [];
    let told: string | undefined;
    for (const rank of ranks) {
      reached.push(...rank);
      const rivals = this.#rivals(reached);
      const addresses = this.#addresses(reached);
      if (rivals <= addresses) return undefined;
      told = `${rivals} Pods may come for the ${addresses} usable addresses of ${reached.join(", ")}`;
    }
    return told;
  }

  /** The pools that can be reached: ranks up to the one that always has an address left. */
  reachable(ranks: readonly (readonly string[])[]): string[] {
    const reached: string[] = [];
    for (const rank of ranks) {
      reached.push(...rank);
      if (this.#rivals(reached) <= this.#addresses(reached)) break;
    }
    return reached;
  }

  #addresses(pools: readonly string[]): number {
    return pools.reduce((sum, name) => sum + this.#capacity(name), 0);
  }

  #rivals(pools: readonly string[]): number {
    const classes = new Set(pools.flatMap((pool) => [...(this.#byPool.get(pool) ?? [])]));
    return [...classes].reduce((sum, index) => sum + this.#classes[index]!.count, 0);
  }

  #capacity(name: string): number {
    const pool = this.#scene.snapshot.pools.get(name);
    return pool === undefined ? 0 : this.#scene.capacity(pool);
  }
}
