import fc from "fast-check";
import { expect, test } from "vitest";
import type { SubnetLock } from "../../src/core/allocate/allocation.js";
import { cutLock, dividePart, joinLock, strayRange } from "../../src/core/allocate/lock-parts.js";
import { addressSet, type RangeSet, size, unionAll } from "../../src/core/ip/range-set.js";

/** What each address of a small space is: free, held or at rest, and whose. */
const locks = fc.tuple(fc.boolean(), fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 40 })).map(([v6, space]) => {
  const of = (state: number): RangeSet =>
    addressSet(space.flatMap((one, i) => (one === state ? [v6 ? BigInt(i) : i] : [])));
  const sets = (states: readonly number[]) =>
    new Map(states.map((state) => [`owner-${state % 4}`, of(state)] as const).filter(([, set]) => set.length > 0));
  const lock: SubnetLock = {
    held: sets([1, 2, 3, 4]),
    released: sets([5, 6, 7, 8]),
    pools: new Map([["owner-1", "kept"]]),
  };
  return { lock: { ...lock, ...(of(1).length > 0 && { pending: new Map([["CHG-1", of(1)]]) }) }, v6 };
});
const cuts = fc
  .uniqueArray(fc.integer({ min: 0, max: 45 }), { maxLength: 6 })
  .map((list) => list.sort((a, b) => a - b));

const sizeOf = ({ held, released }: SubnetLock) =>
  [...held.values(), ...released.values()].reduce((sum, set) => sum + size(set), 0);

test("parts of a lock, wherever it is cut, hold each address once, in its part, and make the lock again", () => {
  fc.assert(
    fc.property(locks, cuts, ({ lock, v6 }, at) => {
      const firsts = [undefined, ...at.map((one) => (v6 ? BigInt(one) : one))];
      const parts = cutLock(lock, firsts);
      expect(parts.map(({ first }) => first)).toEqual(firsts);
      for (const [index, part] of parts.entries()) expect(strayRange(part, firsts[index + 1])).toBeUndefined();
      expect(parts.reduce((sum, part) => sum + sizeOf(part.lock), 0)).toBe(sizeOf(lock));
      expect(joinLock(parts.map((part) => part.lock))).toEqual(lock);
      for (const { lock: part } of parts) {
        const held = unionAll([...part.held.values()]);
        for (const set of part.pending?.values() ?? []) expect(size(unionAll([held, set]))).toBe(size(held));
      }
    }),
  );
});

test("a part is divided until each piece fits or begins with one address only", () => {
  fc.assert(
    fc.property(locks, fc.integer({ min: 1, max: 12 }), ({ lock }, most) => {
      const lines = ({ held, released }: SubnetLock) => [...held.values(), ...released.values()].flat();
      const pieces = dividePart({ first: undefined, lock }, (one) => lines(one).length <= most);
      for (const piece of pieces) expect(lines(piece.lock).length).toBeLessThanOrEqual(most);
      expect(joinLock(pieces.map((piece) => piece.lock))).toEqual(lock);
    }),
  );
});
