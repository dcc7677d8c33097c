import fc from "fast-check";
import { expect, test } from "vitest";
import { OwnerIndex } from "../../src/core/allocate/owner-index.js";
import { rangeSet, size, splitLowest, subtract, takeLowest } from "../../src/core/ip/range-set.js";

const set = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 })), { maxLength: 5 })
  .map((runs) => rangeSet(runs.map(([first, length]) => ({ first, last: first + length }))));

test("the holders of some addresses are those that a look at each finds, several for one address too", () => {
  fc.assert(
    fc.property(fc.array(set, { maxLength: 6 }), set, (sets, asked) => {
      const index = new OwnerIndex(sets.map((one, number) => [`${number}`, one] as const));
      const found = new Map<string, number>();
      for (const { holder, range } of index.inside(asked))
        found.set(holder, (found.get(holder) ?? 0) + (range.last as number) - (range.first as number) + 1);
      const naive = sets.map((one, number) => [`${number}`, size(one) - size(subtract(one, asked))] as const);
      expect(new Map([...found].sort())).toEqual(new Map(naive.filter(([, shared]) => shared > 0)));
    }),
    { numRuns: 1000 },
  );
});

test("a set cut into parts is the same as its lowest addresses taken again and again", () => {
  fc.assert(
    fc.property(set, fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 8 }), (whole, counts) => {
      let rest = whole;
      const naive = counts.map((count) => {
        const part = takeLowest(rest, count);
        rest = subtract(rest, part);
        return part;
      });
      expect(splitLowest(whole, counts)).toEqual(naive);
    }),
    { numRuns: 1000 },
  );
});
