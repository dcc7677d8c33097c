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
 * @param firsts of the parts, ascending; the first part's is undefined
 */
export function cutLock(lock: SubnetLock, firsts: readonly (Address | undefined)[]): LockPart[] {
  const cuts = firsts.filter((first) => first !== undefined);
  const held = cutSets(lock.held, cuts);
  const released = cutSets(lock.released, cuts);
  const pending = cutSets(lock.pending ?? new Map(), cuts);
  // An owner's pool stands wherever the owner does, so that no write of one part alone can lose it.
  const isIn = (part: number, owner: Owner) => held[part]!.has(owner) || released[part]!.has(owner);
  const isNowhere = (owner: Owner) => !lock.held.has(owner) && !lock.released.has(owner);
  return [undefined, ...cuts].map((first, part) => ({
    first,
    lock: {
      held: held[part]!,
      pools: new Map([...lock.pools].filter(([owner]) => isIn(part, owner) || (part === 0 && isNowhere(owner)))),
      released: released[part]!,
      ...(pending[part]!.size > 0 && { pending: pending[part]! }),
    },
  }));
}

/** Halves a part until each piece fits. What one address alone makes too large stays as it is. */
export function dividePart(part: LockPart, fits: (lock: SubnetLock) => boolean): LockPart[] {
  if (fits(part.lock)) return [part];
  const at = middleOf(part.lock);
  if (at === undefined) return [part];
  const [below, from] = cutLock(part.lock, [at]);
  return [...dividePart({ first: part.first, lock: below!.lock }, fits), ...dividePart(from!, fits)];
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

/** One map for each part: what begins before the first cut, from there to the second, and so on. */
function cutSets(sets: ReadonlyMap<string, RangeSet>, cuts: readonly Address[]): Map<string, RangeSet>[] {
  const parts = Array.from({ length: cuts.length + 1 }, () => new Map<string, Range[]>());
  for (const [key, set] of sets) {
    for (const range of set) {
      let part = partAt(cuts, range.first);
      let { first } = range;
      for (; part < cuts.length && reaches(range, cuts[part]!); part++) {
        add(parts[part]!, key, { first, last: previousAddress(cuts[part]!)! });
        first = cuts[part]!;
      }
      add(parts[part]!, key, first === range.first ? range : { first, last: range.last });
    }
  }
  return parts;
}

function reaches({ last }: Range, cut: Address): boolean {
  return last >= cut && familyOf(last) === familyOf(cut);
}

function add(sets: Map<string, Range[]>, key: string, range: Range): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, [range]);
  else known.push(range);
}

/** How many cuts lie at or before an address: binary search. */
function partAt(cuts: readonly Address[], address: Address): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cuts[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  return low;
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
