import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Address, nextAddress } from "../../src/core/ip/address.js";
import type { Range } from "../../src/core/ip/range.js";
import {
  addressesOf,
  addressSet,
  clip,
  contains,
  covers,
  equal,
  formatRangeSet,
  intersect,
  overlaps,
  parseRangeSet,
  type RangeSet,
  rangeSet,
  size,
  startingAt,
  subtract,
  takeHighest,
  takeLowest,
  union,
  within,
} from "../../src/core/ip/range-set.js";

/** Universes of 40 addresses: at the start, in the middle and at the very end of each family's space. */
const BASES: readonly Address[] = [0, 0x0a00_00f0, 0xffff_ffff - 39, 0n, 1n << 64n, (1n << 128n) - 40n];

const at = (base: Address, offset: number): Address =>
  typeof base === "number" ? base + offset : base + BigInt(offset);

const offsets = fc.array(fc.tuple(fc.integer({ min: 0, max: 39 }), fc.integer({ min: 0, max: 12 })), { maxLength: 8 });

function rangesOf(base: Address, spans: readonly (readonly [number, number])[]): Range[] {
  return spans.map(([first, length]) => ({ first: at(base, first), last: at(base, Math.min(39, first + length)) }));
}

function bruteForce(base: Address, spans: readonly (readonly [number, number])[]): Set<Address> {
  const all = new Set<Address>();
  for (const [first, length] of spans) for (let i = first; i <= Math.min(39, first + length); i++) all.add(at(base, i));
  return all;
}

const ascending = (addresses: Iterable<Address>): Address[] => [...addresses].sort((a, b) => (a < b ? -1 : 1));

/** Ascending, disjoint, not adjacent: what every operation must leave behind. */
function expectCanonical(set: RangeSet): void {
  set.forEach((range, i) => {
    expect(range.first <= range.last).toBe(true);
    const before = set[i - 1];
    if (before !== undefined) expect(nextAddress(before.last)! < range.first).toBe(true);
  });
}

function expectSet(set: RangeSet, expected: Iterable<Address>): void {
  expectCanonical(set);
  expect([...addressesOf(set)]).toEqual(ascending(expected));
}

const base = fc.constantFrom(...BASES);

describe("a range set is a set of addresses", () => {
  test("building, size, iteration, membership", () => {
    fc.assert(
      fc.property(base, offsets, (start, spans) => {
        const set = rangeSet(rangesOf(start, spans));
        const model = bruteForce(start, spans);
        expectSet(set, model);
        expect(size(set)).toBe(model.size);
        expect(equal(set, addressSet(model))).toBe(true);
        for (let i = 0; i < 40; i++) expect(contains(set, at(start, i))).toBe(model.has(at(start, i)));
      }),
    );
  });

  test("union, subtract, intersect, clip, overlaps, covers, equal", () => {
    fc.assert(
      fc.property(base, offsets, offsets, (start, left, right) => {
        const [a, b] = [rangeSet(rangesOf(start, left)), rangeSet(rangesOf(start, right))];
        const [x, y] = [bruteForce(start, left), bruteForce(start, right)];
        const both = [...x].filter((address) => y.has(address));
        expectSet(union(a, b), new Set([...x, ...y]));
        expectSet(
          subtract(a, b),
          [...x].filter((address) => !y.has(address)),
        );
        expectSet(intersect(a, b), both);
        expectSet(clip(a, b), both);
        expect(overlaps(a, b)).toBe(both.length > 0);
        expect(covers(a, b)).toBe(both.length === y.size);
        expect(equal(a, b)).toBe(both.length === x.size && both.length === y.size);
      }),
    );
  });

  test("takeLowest, takeHighest, startingAt, within", () => {
    const count = fc.integer({ min: 0, max: 45 });
    const offset = fc.integer({ min: 0, max: 39 });
    fc.assert(
      fc.property(base, offsets, count, offset, offset, (start, spans, howMany, i, j) => {
        const set = rangeSet(rangesOf(start, spans));
        const sorted = ascending(bruteForce(start, spans));
        const [first, last] = [at(start, Math.min(i, j)), at(start, Math.max(i, j))];
        expectSet(takeLowest(set, howMany), sorted.slice(0, howMany));
        expectSet(takeHighest(set, howMany), howMany === 0 ? [] : sorted.slice(-howMany));
        expectSet(
          startingAt(set, first),
          sorted.filter((address) => address >= first),
        );
        expectSet(
          within(set, { first, last }),
          sorted.filter((address) => address >= first && address <= last),
        );
      }),
    );
  });

  test("operations leave their operands alone", () => {
    fc.assert(
      fc.property(base, offsets, offsets, (start, left, right) => {
        const [a, b] = [rangeSet(rangesOf(start, left)), rangeSet(rangesOf(start, right))];
        const copies = [structuredClone(a), structuredClone(b)];
        for (const operation of [union, subtract, intersect, clip]) operation(a, b);
        expect([a, b]).toEqual(copies);
      }),
    );
  });

  test("text and back is the same set (M5)", () => {
    fc.assert(
      fc.property(base, offsets, (start, spans) => {
        const set = rangeSet(rangesOf(start, spans));
        expect(parseRangeSet(formatRangeSet(set))).toEqual(set);
      }),
    );
  });

  test("sets of different families are refused as one list", () => {
    expect(parseRangeSet(["10.0.0.1", "fd00::1"])).toBeUndefined();
    expect(parseRangeSet(["fd00::1", "10.0.0.1"])).toBeUndefined();
  });
});
