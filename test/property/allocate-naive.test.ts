import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress } from "../../src/core/ip/address.js";
import { addressesOf, type RangeSet } from "../../src/core/ip/range-set.js";
import { run } from "../support/allocate-world.js";
import { allocateNaively, type Cell } from "../support/naive-allocation.js";
import { world } from "../support/naive-allocation-draw.js";
import { text, toldBothWays } from "../support/naive-allocation-world.js";

/** What is allocated, against the rules of DESIGN 5 worked out address by address (test/support/naive-allocation.ts). */

const listed = (set: RangeSet) => [...addressesOf(set)].map(formatAddress);

describe("allocation is what the rules say, address by address", () => {
  test("who holds what, what rests for whom, what is free, who is stopped and how full each subnet is", () => {
    fc.assert(
      fc.property(world, (one) => {
        const { plan, lock, snapshot, cells: before, wanted } = toldBothWays(one);
        const result = run({ plan, lock, snapshot });
        const naive = allocateNaively(before, wanted, one.endpointsKnown);
        const errors = result.diagnostics
          .filter(({ severity }) => severity === "error")
          .map(({ code, about, message }) =>
            code === "SP3101"
              ? `${code} ${about} ${/holds \d+/.exec(message)}${/: \d+ missing$/.exec(message)}`
              : `${code} ${about}`,
          );
        expect(errors).toEqual(naive.errors);
        for (const key of ["a", "six"] as const) {
          const cells = naive.cells.filter(({ subnet: of }) => of === key);
          const ours: Record<string, string> = {};
          const { held = new Map(), released = new Map() } = result.lock.subnets.get(key) ?? {};
          for (const [owner, set] of held) for (const ip of listed(set)) ours[ip] = `${ours[ip] ?? ""}held by ${owner}`;
          for (const [owner, set] of released)
            for (const ip of listed(set)) ours[ip] = `${ours[ip] ?? ""}rests for ${owner}`;
          const theirs = Object.fromEntries(
            cells.flatMap((cell) => {
              const ip = text(key, cell.number);
              if (cell.held !== undefined) return [[ip, `held by ${cell.held}`]];
              return cell.rests === undefined ? [] : [[ip, `rests for ${cell.rests.owner}`]];
            }),
          );
          expect(ours).toEqual(theirs);
          const free = cells.filter(
            (cell) => cell.usable && !cell.inPool && !cell.blocked && !cell.inUse && !cell.held && !cell.rests,
          );
          expect(listed(result.free.get(key) ?? [])).toEqual(free.map(({ number }) => text(key, number)));
          expect(result.usage.find(({ subnet: of }) => of === key)).toMatchObject(usageOf(cells));
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Every usable address counts once: held or in somebody's pool or in use, else resting, else reserved, else free. */
function usageOf(cells: readonly Cell[]) {
  const count = { total: 0, held: 0, resting: 0, reserved: 0, free: 0 };
  for (const cell of cells.filter(({ usable }) => usable)) {
    count.total++;
    if (cell.held !== undefined || cell.inPool || cell.inUse || cell.blocked === "pool") count.held++;
    else if (cell.rests !== undefined) count.resting++;
    else if (cell.blocked !== undefined) count.reserved++;
    else count.free++;
  }
  return count;
}
