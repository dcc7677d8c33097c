import { expect, test } from "vitest";
import { largestRuns, listed } from "../../../src/core/allocate/text.js";
import { formatRangeSet } from "../../../src/core/ip/range-set.js";
import { ranges } from "../../support/allocate-world.js";

test("a set is listed by four runs and the number of the others", () => {
  expect(listed(ranges("10.0.0.1", "10.0.0.3", "10.0.0.5", "10.0.0.7-10.0.0.8"))).toBe(
    "10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7-10.0.0.8",
  );
  expect(listed(ranges("10.0.0.1", "10.0.0.3", "10.0.0.5", "10.0.0.7", "10.0.0.9", "10.0.0.11"))).toBe(
    "10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7 and 2 more runs",
  );
});

test("the largest runs come first, of equals the lowest", () => {
  const set = ranges("10.0.0.1-10.0.0.2", "10.0.0.4-10.0.0.5", "10.0.0.7-10.0.0.9", "10.0.0.11-10.0.0.12");
  expect(formatRangeSet(largestRuns(set, 3))).toEqual(["10.0.0.7-10.0.0.9", "10.0.0.1-10.0.0.2", "10.0.0.4-10.0.0.5"]);
});
