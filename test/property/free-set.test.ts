import fc from "fast-check";
import { expect, test } from "vitest";
import { FreeSet } from "../../src/core/allocate/free-set.js";
import type { Address } from "../../src/core/ip/address.js";
import { addressesOf, addressSet, type RangeSet } from "../../src/core/ip/range-set.js";

/** Runs of a set of numbers, ascending. */
function runsOf(free: ReadonlySet<number>): number[][] {
  const runs: number[][] = [];
  for (const one of [...free].sort((a, b) => a - b)) {
    const run = runs[runs.length - 1];
    if (run?.[run.length - 1] === one - 1) run.push(one);
    else runs.push([one]);
  }
  return runs;
}

const spread = (set: RangeSet) => [...addressesOf(set)].map(Number);
const bounds = (run: readonly number[] | undefined) => run && { first: run[0], last: run[run.length - 1] };

test.each([
  ["IPv4", (n: number): Address => n],
  ["IPv6", (n: number): Address => BigInt(n)],
] as const)("law: free addresses that change in place are those of a plain set (%s)", (_family, address) => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 });
  fc.assert(
    fc.property(numbers, fc.array(numbers, { maxLength: 6 }), (start, changes) => {
      const plain = new Set(start);
      const set = (some: Iterable<number>) => addressSet([...some].map((one) => address(one)));
      const free = new FreeSet(set(plain));
      for (const [at, change] of changes.entries()) {
        const known = change.filter((one) => plain.has(one));
        const fresh = change.filter((one) => !plain.has(one));
        if (at % 2 === 0) {
          free.remove(set(known));
          for (const one of known) plain.delete(one);
        } else {
          free.add(set(fresh));
          for (const one of fresh) plain.add(one);
        }
        const runs = runsOf(plain);
        expect(free.runs).toEqual(
          runs.map((run) => ({ first: address(run[0]!), last: address(run[run.length - 1]!) })),
        );
        for (const count of [1, 2, 3, 5]) {
          const fitting = runs.filter((run) => run.length >= count);
          const best = fitting.find((run) => run.length === Math.min(...fitting.map(({ length }) => length)));
          const found = free.bestFit(count);
          expect(found && bounds(spread([found]))).toEqual(bounds(best));
          for (const from of [undefined, 5, 17]) {
            const ahead = runs.flat().filter((one) => from === undefined || one >= from);
            expect(spread(free.lowest(count, from === undefined ? undefined : address(from)))).toEqual(
              ahead.slice(0, count),
            );
          }
        }
        for (const one of [0, 1, 8, 16, 31]) {
          const run = free.runAt(address(one));
          expect(run && bounds(spread([run]))).toEqual(bounds(runs.find((those) => those.includes(one))));
        }
      }
    }),
    { numRuns: 150 },
  );
});
