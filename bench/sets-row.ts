import type { Range } from "../src/core/ip/range.js";
import { overlaps, type RangeSet, rangeSet, subtract, union } from "../src/core/ip/range-set.js";
import { median, type Row, rounded } from "./measure.js";

/** Address sets at two sizes: O(n log n) in ranges means that ten times the ranges cost little more per range. */
export function setsRow(rounds: number): Row {
  const small = 20_000;
  const large = 200_000;
  const figures: Record<string, number> = {};
  for (const [name, work] of OPERATIONS) {
    const perRange = (count: number) => {
      const a = ranges(count, 0);
      const b = ranges(count, 7);
      const prepared = { a, b, sa: rangeSet(a), sb: rangeSet(b) };
      return median(Array.from({ length: rounds }, () => nanoseconds(() => work(prepared)))) / count;
    };
    const [atSmall, atLarge] = [perRange(small), perRange(large)];
    figures[`${name} ns per range, ${large}/${small}`] = rounded(atLarge / atSmall);
    figures[`${name} ns per range`] = Math.round(atLarge);
  }
  const wide = rangeSet([{ first: 1n << 64n, last: (1n << 65n) - 1n }]);
  const one = rangeSet([{ first: (1n << 64n) + 5n, last: (1n << 64n) + 9n }]);
  figures["subtract from an IPv6 /64, ns"] = Math.round(
    median(Array.from({ length: 101 }, () => nanoseconds(() => subtract(wide, one)))),
  );
  const addresses = 100_000;
  const naive = median(Array.from({ length: rounds }, () => nanoseconds(() => naiveUnion(addresses))));
  const ours = median(
    Array.from({ length: rounds }, () => nanoseconds(() => union(block(0, addresses), block(addresses, addresses)))),
  );
  figures["union of two runs of 100,000 addresses, times faster than a Set of addresses"] = Math.round(
    naive / Math.max(ours, 1),
  );
  return { name: "address sets", target: "O(n log n) in ranges, never in addresses", figures };
}

interface Prepared {
  readonly a: readonly Range[];
  readonly b: readonly Range[];
  readonly sa: RangeSet;
  readonly sb: RangeSet;
}

const OPERATIONS: readonly [string, (sets: Prepared) => unknown][] = [
  ["merge", ({ a }) => rangeSet(a)],
  ["subtract", ({ sa, sb }) => subtract(sa, sb)],
  ["overlap", ({ sa, sb }) => overlaps(sa, subtract(sb, sa))],
];

/** Scattered ranges in no order: a fixed multiplier walks all residues, so that every run sees the same. */
function ranges(count: number, shift: number): Range[] {
  return Array.from({ length: count }, (_, i) => {
    const first = ((i * 7919) % count) * 16 + shift;
    return { first, last: first + 4 };
  });
}

function block(first: number, count: number): RangeSet {
  return [{ first, last: first + count - 1 }];
}

function naiveUnion(count: number): number {
  const set = new Set<number>();
  for (let i = 0; i < count; i++) set.add(i);
  for (let i = 0; i < count; i++) set.add(count + i);
  return set.size;
}

function nanoseconds(work: () => unknown): number {
  const started = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - started);
}
