import type { Range } from "../ip/range.js";
import { formatRange, rangeSize } from "../ip/range.js";
import type { RangeSet } from "../ip/range-set.js";

/** A set for a message: its first runs, and how many more there are. */
export function listed(set: RangeSet): string {
  const shown = set.slice(0, 4).map(formatRange);
  return set.length > 4 ? `${shown.join(", ")} and ${set.length - 4} more runs` : shown.join(", ");
}

/** The largest runs of a set, largest first, lowest of equals first. */
export function largestRuns(set: RangeSet, count: number): Range[] {
  return [...set].sort((a, b) => rangeSize(b) - rangeSize(a)).slice(0, count);
}
