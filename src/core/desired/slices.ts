import type { Lock } from "../allocate/allocation.js";
import { type Owner, parseNicOwner } from "../allocate/owner.js";
import { intersect, type RangeSet, subtract, unionAll } from "../ip/range-set.js";
import { type Snapshot, usedInPool } from "../snapshot.js";

/** What slices hold of each declared pool, by pool name. */
export function slicedAddresses(lock: Lock): ReadonlyMap<string, RangeSet> {
  const sets = new Map<string, RangeSet[]>();
  for (const { held } of lock.subnets.values()) {
    for (const [owner, set] of held) {
      const pool = slicedPool(owner);
      if (pool !== undefined) sets.set(pool, [...(sets.get(pool) ?? []), set]);
    }
  }
  return new Map([...sets].map(([pool, held]) => [pool, unionAll(held)]));
}

/** The declared pool an owner's slice is cut from. */
export function slicedPool(owner: Owner): string | undefined {
  return parseNicOwner(owner)?.slice;
}

/**
 * What stays in a declared pool: all that no slice holds, and what its own users still have, since an address in use
 * cannot change pools (P9, P16).
 */
export function unsliced(
  addresses: RangeSet,
  pool: string,
  sliced: ReadonlyMap<string, RangeSet>,
  snapshot: Snapshot,
): RangeSet {
  const held = sliced.get(pool);
  if (held === undefined || held.length === 0 || addresses.length === 0) return addresses;
  const family = typeof addresses[0]!.first;
  const used = usedInPool(snapshot, pool).filter(({ first }) => typeof first === family);
  return subtract(addresses, subtract(held, intersect(held, used)));
}
