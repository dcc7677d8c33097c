import fc from "fast-check";
import { expect, test } from "vitest";
import { canFill } from "../../../src/core/verdict/filling.js";

const NAMES = ["a", "b", "c", "d"];
const crowd = fc.record({
  capacities: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 4 }),
  rivals: fc.array(fc.record({ pools: fc.subarray(NAMES), count: fc.nat({ max: 4 }) }), { maxLength: 5 }),
});

/** Hall's theorem: pools can be filled at once if no set of them has more room than there are Pods that may be there. */
function byHall({ capacities, rivals }: { capacities: number[]; rivals: { pools: string[]; count: number }[] }) {
  const subsets = Array.from({ length: 1 << capacities.length }, (_, bits) =>
    capacities.flatMap((capacity, index) => (bits & (1 << index) ? [{ capacity, name: NAMES[index]! }] : [])),
  );
  return subsets.every((some) => {
    const room = some.reduce((sum, { capacity }) => sum + capacity, 0);
    const near = rivals.filter(({ pools }) => some.some(({ name }) => pools.includes(name)));
    return room <= near.reduce((sum, { count }) => sum + count, 0);
  });
}

test("pools can be filled at once exactly where Hall's theorem says so", () => {
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(crowd, (one) => {
      const rivalsOf = (pool: string) => [...one.rivals.keys()].filter((at) => one.rivals[at]!.pools.includes(pool));
      const found = canFill(
        NAMES.slice(0, one.capacities.length),
        (pool) => one.capacities[NAMES.indexOf(pool)]!,
        rivalsOf,
        (rival) => one.rivals[rival]!.count,
      );
      seen[found ? "yes" : "no"] += 1;
      expect(found).toBe(byHall(one));
    }),
    { numRuns: 3_000, seed: 7 },
  );
  expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(200);
});
