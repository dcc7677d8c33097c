import type { Lock, SubnetLock } from "../../core/allocate/allocation.js";
import { EMPTY, formatRangeSet, type RangeSet, subtract } from "../../core/ip/range-set.js";

/** What one owner gains or gives up in one subnet's lock. */
export interface LockEntryChange {
  readonly subnet: string;
  readonly part: "held" | "released";
  readonly owner: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The difference between two locks, in subnet, part and owner order. */
export function lockChange(before: Lock, after: Lock): LockEntryChange[] {
  const subnets = [...new Set([...before.subnets.keys(), ...after.subnets.keys()])].sort();
  return subnets.flatMap((subnet) => {
    const old = before.subnets.get(subnet);
    const now = after.subnets.get(subnet);
    return [...partChange(subnet, "held", old, now), ...partChange(subnet, "released", old, now)];
  });
}

function partChange(
  subnet: string,
  part: "held" | "released",
  old: SubnetLock | undefined,
  now: SubnetLock | undefined,
): LockEntryChange[] {
  const empty: ReadonlyMap<string, RangeSet> = new Map();
  const a = old?.[part] ?? empty;
  const b = now?.[part] ?? empty;
  return [...new Set([...a.keys(), ...b.keys()])].sort().flatMap((owner) => {
    const added = formatRangeSet(subtract(b.get(owner) ?? EMPTY, a.get(owner) ?? EMPTY));
    const removed = formatRangeSet(subtract(a.get(owner) ?? EMPTY, b.get(owner) ?? EMPTY));
    return added.length + removed.length === 0 ? [] : [{ subnet, part, owner, added, removed }];
  });
}
