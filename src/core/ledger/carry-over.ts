import type { Address } from "../ip/address.js";
import type { Snapshot } from "../snapshot.js";
import type { Holder } from "../usage.js";

/**
 * The later look, in which a pool whose record of its users cannot be read keeps those it had: a record that became
 * unreadable releases nobody.
 */
export function carryOver(before: Snapshot, after: Snapshot): Snapshot {
  const kept = [...after.use.unreadable.keys()].flatMap((pool) =>
    (before.use.byPool.get(pool) ?? []).filter((holder) => !holds(after.use.byAddress.get(holder.address), holder)),
  );
  if (kept.length === 0) return after;
  const byAddress = new Map<Address, readonly Holder[]>(after.use.byAddress);
  const byPool = new Map<string, readonly Holder[]>(after.use.byPool);
  for (const holder of kept) {
    byAddress.set(holder.address, [...(byAddress.get(holder.address) ?? []), holder]);
    byPool.set(holder.pool, [...(byPool.get(holder.pool) ?? []), holder]);
  }
  return { ...after, use: { ...after.use, byAddress, byPool } };
}

function holds(holders: readonly Holder[] | undefined, { pool, pod, uid }: Holder): boolean {
  return holders?.some((other) => other.pool === pool && other.pod === pod && other.uid === uid) ?? false;
}
