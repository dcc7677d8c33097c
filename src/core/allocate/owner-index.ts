import { type Address, compareAddresses } from "../ip/address.js";
import type { Range } from "../ip/range.js";
import { intersect, type RangeSet } from "../ip/range-set.js";
import { compareText } from "./order.js";

/** A run of addresses of one holder. */
export interface Held {
  readonly holder: string;
  readonly range: Range;
}

/** Who holds an address, for many holders, several for one address too: sorted once, asked by binary search. One family. */
export class OwnerIndex {
  readonly #held: readonly Held[];
  /** The highest address of each run and those before it, so that a search finds a wide one in front of small ones. */
  readonly #reaches: readonly Address[];

  constructor(sets: Iterable<readonly [holder: string, set: RangeSet]>) {
    const held: Held[] = [];
    for (const [holder, set] of sets) for (const range of set) held.push({ holder, range });
    this.#held = held.sort((a, b) => compareAddresses(a.range.first, b.range.first) || compareText(a.holder, b.holder));
    let reach: Address | undefined;
    this.#reaches = this.#held.map(({ range: { last } }) => {
      if (reach === undefined || last > reach) reach = last;
      return reach;
    });
  }

  /** Runs in the set, cut to it, with their holders. */
  inside(set: RangeSet): Held[] {
    const found: Held[] = [];
    for (const range of set) {
      for (let i = this.#firstReaching(range.first); i < this.#held.length; i++) {
        const { holder, range: held } = this.#held[i]!;
        if (held.first > range.last) break;
        if (held.last < range.first) continue;
        found.push({ holder, range: intersect([range], [held])[0]! });
      }
    }
    return found;
  }

  /** Neighbours that hold the same address: the lock says one thing twice. */
  doubles(): { holders: readonly [string, string]; range: Range }[] {
    const doubled: { holders: readonly [string, string]; range: Range }[] = [];
    let widest = this.#held[0];
    for (const next of this.#held.slice(1)) {
      if (widest !== undefined && next.range.first <= widest.range.last) {
        const range = intersect([widest.range], [next.range])[0]!;
        doubled.push({ holders: [widest.holder, next.holder], range });
      }
      if (widest === undefined || next.range.last > widest.range.last) widest = next;
    }
    return doubled;
  }

  #firstReaching(address: Address): number {
    let low = 0;
    let high = this.#reaches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#reaches[middle]! < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
