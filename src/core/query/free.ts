import { FreeSet } from "../allocate/free-set.js";
import { offsetAddress } from "../ip/address.js";
import { type Cidr, rangeSize } from "../ip/range.js";
import { type RangeSet, size, takeLowest } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";

/** What can be given away in one subnet, after everything the plan asks for has been served (DESIGN 5). */
export interface FreeAddresses {
  readonly subnet: string;
  readonly cidr: Cidr;
  readonly free: RangeSet;
  readonly count: number;
  /** Size of the longest run. */
  readonly longest: number;
  /** What would be given to somebody who asks for that many; undefined when nobody asks or it is not to be had. */
  readonly offer: RangeSet | undefined;
}

/** How many addresses are looked for. */
export interface Wanted {
  readonly count: number;
  /** All in one run. */
  readonly contiguous: boolean;
}

/**
 * Free addresses by subnet, in key order.
 * @param free as allocation left it
 */
export function freeAddresses(
  plan: Plan,
  free: ReadonlyMap<string, RangeSet>,
  wanted: Wanted | undefined,
): FreeAddresses[] {
  return [...free]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, set]) => {
      const subnet = plan.subnets.get(key);
      if (subnet === undefined) return [];
      const longest = set.reduce((most, run) => Math.max(most, rangeSize(run)), 0);
      const offer = wanted === undefined ? undefined : offerOf(set, wanted);
      return [{ subnet: key, cidr: subnet.cidr, free: set, count: size(set), longest, offer }];
    });
}

/** In one run: the smallest that fits, as a new owner would get; else the lowest. */
function offerOf(free: RangeSet, { count, contiguous }: Wanted): RangeSet | undefined {
  if (!contiguous) return size(free) < count ? undefined : takeLowest(free, count);
  const run = new FreeSet(free).bestFit(count);
  return run && [{ first: run.first, last: offsetAddress(run.first, count - 1) }];
}
