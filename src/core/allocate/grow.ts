import { type Address, nextAddress, offsetAddress, previousAddress } from "../ip/address.js";
import { type Range, rangeSize } from "../ip/range.js";
import {
  clip,
  EMPTY,
  type RangeSet,
  rangeSet,
  size,
  startingAt,
  subtract,
  takeLowest,
  union,
  unionAll,
} from "../ip/range-set.js";
import type { Demand } from "./demand.js";
import type { FreeSet } from "./free-set.js";
import { compareText } from "./order.js";
import type { Resting } from "./quarantine.js";
import type { Space } from "./space.js";

/**
 * An owner's own resting addresses that it may have back, in the order it takes them: released last, first returned
 * (FIXED-9). What has no record yet was released after everything that has one.
 * @param records this owner's quarantine records in this subnet
 */
export function ownResting(space: Space, owner: string, records: readonly Resting[]): RangeSet[] {
  const resting = clip(space.holdings.released.get(owner) ?? EMPTY, space.allocatable);
  const sinces = [...new Set(records.map(({ since }) => since))].sort((a, b) => compareText(b, a));
  const groups = sinces.map((since) =>
    rangeSet(records.filter((one) => one.since === since).map(({ range }) => range)),
  );
  const unrecorded = subtract(resting, unionAll(groups));
  return [unrecorded, ...groups.map((group) => clip(resting, group))];
}

/** Of an owner's resting addresses the first `count`, group by group; a `take` wants none before its start. */
export function chooseResting(demand: Demand, count: number, resting: readonly RangeSet[]): RangeSet {
  const from = demand.take?.from;
  let chosen: RangeSet = EMPTY;
  for (const group of resting) {
    const allowed = from === undefined ? group : startingAt(group, from);
    chosen = union(chosen, takeLowest(allowed, Math.max(0, count - size(chosen))));
  }
  return chosen;
}

/**
 * Chooses `count` more addresses for an owner that holds a block, and takes them out of the free set: next to its block,
 * then the smallest free run that fits, lowest first, else the lowest free ones (DESIGN 5). A `take` walks forward instead.
 * @returns the addresses; fewer than `count` if there are no more
 */
export function chooseMore(space: Space, demand: Demand, block: RangeSet, count: number): RangeSet {
  if (demand.take !== undefined) return walk(space.free, block, count, demand.take.from);
  return nearby(space.free, block, count);
}

function nearby(free: FreeSet, block: RangeSet, count: number): RangeSet {
  const adjacent = adjacentTo(free, block, count);
  free.remove(adjacent);
  const left = count - size(adjacent);
  if (left === 0) return adjacent;
  const run = free.bestFit(left);
  const rest = run === undefined ? free.lowest(left) : [{ first: run.first, last: offsetAddress(run.first, left - 1) }];
  free.remove(rest);
  return union(adjacent, rest);
}

/** Free addresses that touch the block: behind each of its runs, lowest first, then before them. */
function adjacentTo(free: FreeSet, block: RangeSet, count: number): RangeSet {
  let taken: RangeSet = EMPTY;
  let left = count;
  const take = (range: Range) => {
    const fresh = subtract([range], taken);
    taken = union(taken, fresh);
    left -= size(fresh);
  };
  for (const { last } of block) {
    const next = nextAddress(last);
    const run = next === undefined || left === 0 ? undefined : free.runAt(next);
    if (run !== undefined)
      take({ first: run.first, last: rangeSize(run) <= left ? run.last : offsetAddress(run.first, left - 1) });
  }
  for (const { first } of block) {
    const before = previousAddress(first);
    const run = before === undefined || left === 0 ? undefined : free.runAt(before);
    if (run !== undefined)
      take({ first: rangeSize(run) <= left ? run.first : offsetAddress(run.last, 1 - left), last: run.last });
  }
  return taken;
}

/** Goes on behind the last address held, from `from` on, skipping holes; only then back to holes passed before. */
function walk(free: FreeSet, block: RangeSet, count: number, from: Address | undefined): RangeSet {
  const last = block[block.length - 1]?.last;
  const start = last !== undefined && (from === undefined || last >= from) ? last : from;
  const ahead = free.lowest(count, start);
  free.remove(ahead);
  const passed = free.lowest(count - size(ahead), from);
  free.remove(passed);
  return union(ahead, passed);
}
