import type { Address } from "../ip/address.js";
import type { RangeSet } from "../ip/range-set.js";
import { overlaps, size } from "../ip/range-set.js";

/** Who offers which addresses, kept up to date while pools come, go and change. */
export interface AddressBook {
  /** Puts a pool's addresses on record in place of what it had. */
  set(pool: string, addresses: RangeSet): void;
  remove(pool: string): void;
  /** Pools that offer one of these addresses. */
  offering(addresses: RangeSet): string[];
}

/** Sets larger than this many buckets are compared one by one; there are few of them. */
const MANY_BUCKETS = 1024;

/** An empty book. Addresses are found by buckets of 64, so a look-up costs what the asked set spans, not what is stored. */
export function createAddressBook(): AddressBook {
  const sets = new Map<string, RangeSet>();
  const buckets = new Map<Address, Set<string>>();
  const wide = new Set<string>();
  const keys = (set: RangeSet): Address[] | undefined => {
    if (size(set) > MANY_BUCKETS * 64) return undefined;
    return set.flatMap(({ first, last }) => {
      const run: Address[] = [];
      if (typeof first === "number") {
        for (let at = Math.floor(first / 64); at <= Math.floor((last as number) / 64); at++) run.push(at);
      } else {
        for (let at = first >> 6n; at <= (last as bigint) >> 6n; at++) run.push(at);
      }
      return run;
    });
  };
  const remove = (pool: string): void => {
    const old = sets.get(pool);
    if (old === undefined) return;
    sets.delete(pool);
    wide.delete(pool);
    for (const key of keys(old) ?? []) buckets.get(key)?.delete(pool);
  };
  const sharing = (pool: string, asked: RangeSet): boolean => {
    const set = sets.get(pool);
    return set !== undefined && sameFamily(set, asked) && overlaps(set, asked);
  };
  return {
    remove,
    set(pool, addresses) {
      remove(pool);
      sets.set(pool, addresses);
      const found = keys(addresses);
      if (found === undefined) wide.add(pool);
      for (const key of found ?? []) {
        const there = buckets.get(key);
        if (there === undefined) buckets.set(key, new Set([pool]));
        else there.add(pool);
      }
    },
    offering(addresses) {
      const near = keys(addresses);
      const candidates =
        near === undefined ? sets.keys() : [...wide, ...near.flatMap((key) => [...(buckets.get(key) ?? [])])];
      return [...new Set(candidates)].filter((pool) => sharing(pool, addresses)).sort();
    },
  };
}

function sameFamily(a: RangeSet, b: RangeSet): boolean {
  return a.length > 0 && b.length > 0 && typeof a[0]!.first === typeof b[0]!.first;
}
