import { type Address, compareAddresses, familyOf, previousAddress } from "../ip/address.js";
import type { Range } from "../ip/range.js";
import { type RangeSet, unionAll } from "../ip/range-set.js";
import type { SubnetLock } from "./allocation.js";
import { sortedEntries } from "./order.js";
import type { Owner } from "./owner.js";

/** A part of a subnet's lock: what it says of the addresses from one on, up to where the next part begins. */
export interface LockPart {
  /** Absent for the first part, which begins wherever the subnet does. */
  readonly first: Address | undefined;
  readonly lock: SubnetLock;
}

/**
 * Cuts a subnet's lock where its parts begin, so that each address is in exactly one of them (FIXED-2).
 * @param firsts of all parts, ascending; the first one is undefined
 */
export function cutLock(lock: SubnetLock, firsts: readonly (Address | undefined)[]): LockPart[] {
  const parts: LockPart[] = [];
  let rest: LockPart = { first: undefined, lock };
  for (const at of firsts) {
    if (at === undefined) continue;
    const [below, from] = cutAt(rest.lock, at);
    parts.push({ first: rest.first, lock: below });
    rest = { first: at, lock: from };
  }
  return [...parts, rest];
}

/** Halves a part until each piece fits. What one address alone makes too large stays as it is. */
export function dividePart(part: LockPart, fits: (lock: SubnetLock) => boolean): LockPart[] {
  if (fits(part.lock)) return [part];
  const at = middleOf(part.lock);
  if (at === undefined) return [part];
  const [below, from] = cutAt(part.lock, at);
  return [...dividePart({ first: part.first, lock: below }, fits), ...dividePart({ first: at, lock: from }, fits)];
}

/** The lock that its parts make together. */
export function joinLock(parts: readonly SubnetLock[]): SubnetLock {
  if (parts.length === 1) return parts[0]!;
  const pending = joinSets(parts.map((part) => part.pending ?? new Map()));
  return {
    held: joinSets(parts.map(({ held }) => held)),
    pools: new Map(sortedEntries(new Map(parts.flatMap(({ pools }) => [...pools])))),
    released: joinSets(parts.map(({ released }) => released)),
    ...(pending.size > 0 && { pending }),
  };
}

/** A range that a part may not hold: one that begins before it or ends behind it. */
export function strayRange({ first, lock }: LockPart, next: Address | undefined): Range | undefined {
  for (const sets of [lock.held, lock.released]) {
    for (const set of sets.values()) {
      const stray = set.find(
        (range) => (first !== undefined && range.first < first) || (next !== undefined && range.last >= next),
      );
      if (stray !== undefined) return stray;
    }
  }
  return undefined;
}

function joinSets(parts: readonly ReadonlyMap<string, RangeSet>[]): Map<string, RangeSet> {
  const sets = new Map<string, RangeSet[]>();
  for (const part of parts) {
    for (const [key, set] of part) {
      const known = sets.get(key);
      if (known === undefined) sets.set(key, [set]);
      else known.push(set);
    }
  }
  return new Map(sortedEntries(sets).map(([key, list]) => [key, unionAll(list)]));
}

function cutAt({ held, pools, released, pending }: SubnetLock, at: Address): [below: SubnetLock, from: SubnetLock] {
  const cut = {
    held: cutSets(held, at),
    released: cutSets(released, at),
    pending: cutSets(pending ?? new Map(), at),
  };
  // An owner's pool stands wherever the owner does, so that no write of one part alone can lose it.
  const isIn = (side: 0 | 1, owner: Owner) => cut.held[side].has(owner) || cut.released[side].has(owner);
  const side = (which: 0 | 1): SubnetLock => ({
    held: cut.held[which],
    pools: new Map([...pools].filter(([owner]) => isIn(which, owner) || (which === 0 && !isIn(1, owner)))),
    released: cut.released[which],
    ...(cut.pending[which].size > 0 && { pending: cut.pending[which] }),
  });
  return [side(0), side(1)];
}

function cutSets(
  sets: ReadonlyMap<string, RangeSet>,
  at: Address,
): [below: Map<string, RangeSet>, from: Map<string, RangeSet>] {
  const below = new Map<string, RangeSet>();
  const from = new Map<string, RangeSet>();
  for (const [key, set] of sets) {
    const low: Range[] = [];
    const high: Range[] = [];
    for (const range of set) {
      if (range.first >= at) high.push(range);
      else if (range.last < at || familyOf(range.last) !== familyOf(at)) low.push(range);
      else {
        low.push({ first: range.first, last: previousAddress(at)! });
        high.push({ first: at, last: range.last });
      }
    }
    if (low.length > 0) below.set(key, low);
    if (high.length > 0) from.set(key, high);
  }
  return [below, from];
}

/** Where half of the ranges begin; undefined if all begin at one address. */
function middleOf({ held, released }: SubnetLock): Address | undefined {
  const firsts = [held, released]
    .flatMap((sets) => [...sets.values()])
    .flatMap((set) => set.map(({ first }) => first))
    .sort(compareAddresses);
  const middle = firsts[firsts.length >>> 1];
  return middle !== firsts[0] ? middle : firsts.find((first) => first !== firsts[0]);
}
