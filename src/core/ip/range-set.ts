import { type Address, compareAddresses, familyOf, nextAddress, offsetAddress, previousAddress } from "./address.js";
import { formatRange, parseRange, type Range, rangeSize } from "./range.js";

/**
 * An immutable set of addresses of one family, held as ranges.
 * Invariant: ascending, disjoint, never adjacent (10-12 and 13-15 are one range), one family.
 * Every operation costs O(n log n) or less in ranges, never in addresses: a /64 is one range.
 */
export type RangeSet = readonly Range[] & { readonly __rangeSet?: never };

export const EMPTY: RangeSet = [];

/** The set of all addresses in the given ranges, which may come in any order, overlap and touch. */
export function rangeSet(ranges: Iterable<Range>): RangeSet {
  const sorted = [...ranges].sort((a, b) => compareAddresses(a.first, b.first));
  return fuse(sorted);
}

/** The set of the given single addresses. */
export function addressSet(addresses: Iterable<Address>): RangeSet {
  const sorted = [...addresses].sort(compareAddresses);
  const fused: Range[] = [];
  // Fused before ranges are made: 100,000 neighbours must not cost 100,000 ranges.
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end + 1 < sorted.length && adjoins(sorted[end]!, sorted[end + 1]!)) end++;
    fused.push({ first: sorted[start]!, last: sorted[end]! });
    start = end + 1;
  }
  return fused;
}

function adjoins(address: Address, next: Address): boolean {
  return next === address || next === nextAddress(address);
}

/**
 * Reads a list in Spiderpool's notation (R1).
 * @returns the set, or `undefined` if one entry is not a range or the families differ.
 */
export function parseRangeSet(texts: readonly string[]): RangeSet | undefined {
  const ranges: Range[] = [];
  for (const text of texts) {
    const range = parseRange(text);
    if (range === undefined || (ranges[0] !== undefined && familyOf(ranges[0].first) !== familyOf(range.first))) {
      return undefined;
    }
    ranges.push(range);
  }
  return rangeSet(ranges);
}

/** Spiderpool's notation, fused and ascending: the canonical form of `ips` (M5). */
export function formatRangeSet(set: RangeSet): string[] {
  return set.map(formatRange);
}

/** All addresses of every given set. */
export function union(...sets: readonly RangeSet[]): RangeSet {
  return unionAll(sets);
}

/** All addresses of every set in a list, which may be longer than a call takes arguments. */
export function unionAll(sets: readonly RangeSet[]): RangeSet {
  const filled = sets.filter((set) => set.length > 0);
  return filled.length <= 1 ? (filled[0] ?? EMPTY) : rangeSet(filled.flat());
}

/**
 * Addresses of `a` that are not in `b`. One sweep; per range of `a` the ranges of `b` may lie
 *
 *     a      |--------|
 *     b  |-|                before: skipped
 *     b    |---|            covers the start: a begins after it
 *     b         |--|        inside: what is left of it is kept
 *     b             |---|   covers the end: a ends before it
 */
export function subtract(a: RangeSet, b: RangeSet): RangeSet {
  if (a.length === 0 || b.length === 0) return a;
  const left: Range[] = [];
  let skip = 0;
  for (const range of a) {
    let first: Address | undefined = range.first;
    while (skip < b.length && b[skip]!.last < range.first) skip++;
    for (let i = skip; first !== undefined && i < b.length && b[i]!.first <= range.last; i++) {
      const hole = b[i]!;
      if (hole.first > first) left.push({ first, last: previousAddress(hole.first)! });
      first = hole.last >= range.last ? undefined : nextAddress(hole.last);
    }
    if (first !== undefined) left.push({ first, last: range.last });
  }
  return left;
}

/** Addresses in both sets. */
export function intersect(a: RangeSet, b: RangeSet): RangeSet {
  const both: Range[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const x = a[i]!;
    const y = b[j]!;
    const first = x.first > y.first ? x.first : y.first;
    const last = x.last < y.last ? x.last : y.last;
    if (first <= last) both.push({ first, last });
    if (x.last < y.last) i++;
    else j++;
  }
  return both;
}

/** Whether the two sets share an address; stops at the first one. */
export function overlaps(a: RangeSet, b: RangeSet): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const x = a[i]!;
    const y = b[j]!;
    if (x.first <= y.last && y.first <= x.last) return true;
    if (x.last < y.last) i++;
    else j++;
  }
  return false;
}

/** Whether the set holds the address: binary search. */
export function contains(set: RangeSet, address: Address): boolean {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const range = set[middle]!;
    if (address < range.first) high = middle - 1;
    else if (address > range.last) low = middle + 1;
    else return true;
  }
  return false;
}

/** Whether every address of `inner` is in `outer`. */
export function covers(outer: RangeSet, inner: RangeSet): boolean {
  return subtract(inner, outer).length === 0;
}

/** Whether both sets hold the same addresses. */
export function equal(a: RangeSet, b: RangeSet): boolean {
  return a.length === b.length && a.every((range, i) => range.first === b[i]!.first && range.last === b[i]!.last);
}

/** How many addresses the set holds: exact up to 2^53. */
export function size(set: RangeSet): number {
  let total = 0;
  for (const range of set) total += rangeSize(range);
  return total;
}

/** The `count` lowest addresses of the set, or all of them if it holds fewer. */
export function takeLowest(set: RangeSet, count: number): RangeSet {
  const taken: Range[] = [];
  let left = count;
  for (const range of set) {
    if (left <= 0) break;
    const length = rangeSize(range);
    taken.push(length <= left ? range : { first: range.first, last: offsetAddress(range.first, left - 1) });
    left -= length;
  }
  return taken;
}

/** The set cut into parts of these sizes, lowest addresses first; the last ones hold fewer where it does not suffice. */
export function splitLowest(set: RangeSet, counts: readonly number[]): RangeSet[] {
  let at = 0;
  let rest = set[0];
  return counts.map((count) => {
    const part: Range[] = [];
    for (let left = count; left > 0 && rest !== undefined; ) {
      const length = rangeSize(rest);
      if (length > left) {
        part.push({ first: rest.first, last: offsetAddress(rest.first, left - 1) });
        rest = { first: offsetAddress(rest.first, left), last: rest.last };
        break;
      }
      part.push(rest);
      left -= length;
      rest = set[++at];
    }
    return part;
  });
}

/** The `count` highest addresses of the set, or all of them if it holds fewer. */
export function takeHighest(set: RangeSet, count: number): RangeSet {
  const taken: Range[] = [];
  let left = count;
  for (let i = set.length - 1; i >= 0 && left > 0; i--) {
    const range = set[i]!;
    const length = rangeSize(range);
    taken.push(length <= left ? range : { first: offsetAddress(range.last, 1 - left), last: range.last });
    left -= length;
  }
  return taken.reverse();
}

/** Addresses of the set from the given one on. */
export function startingAt(set: RangeSet, first: Address): RangeSet {
  const rest: Range[] = [];
  for (const range of set) {
    if (range.last >= first) rest.push(range.first >= first ? range : { first, last: range.last });
  }
  return rest;
}

/** Addresses of the set inside one range of the same family: binary search, so it costs only what it returns. */
export function within(set: RangeSet, range: Range): RangeSet {
  const inside: Range[] = [];
  for (let i = firstEndingAt(set, range.first); i < set.length && set[i]!.first <= range.last; i++) {
    const { first, last } = set[i]!;
    inside.push({
      first: first < range.first ? range.first : first,
      last: last > range.last ? range.last : last,
    });
  }
  return inside;
}

/** Addresses of a small set that a big one holds too: like `intersect`, but the big one is only searched, not read. */
export function clip(small: RangeSet, big: RangeSet): RangeSet {
  return small.flatMap((range) => within(big, range));
}

/** Index of the first range that ends at the address or behind it. */
function firstEndingAt(set: RangeSet, address: Address): number {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (set[middle]!.last < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Every address of the set, ascending. For sets known to be small: pools, never subnets. */
export function* addressesOf(set: RangeSet): Generator<Address> {
  for (const range of set) {
    for (let at: Address | undefined = range.first; at !== undefined && at <= range.last; at = nextAddress(at))
      yield at;
  }
}

function fuse(sorted: readonly Range[]): RangeSet {
  const fused: Range[] = [];
  let open: Range | undefined;
  for (const range of sorted) {
    if (open === undefined) {
      open = range;
      continue;
    }
    const next = nextAddress(open.last);
    if (next === undefined || range.first <= next) {
      if (range.last > open.last) open = { first: open.first, last: range.last };
    } else {
      fused.push(open);
      open = range;
    }
  }
  if (open !== undefined) fused.push(open);
  return fused;
}
