import { parse } from "semver";
import { expect, test } from "vitest";
import { readRange } from "../../../src/adapters/git/semver-range.js";

/** Range, what lies in it, what does not; as Masterminds/semver v3.4, which Flux reads ranges with, decides. */
const RANGES: readonly (readonly [string, string, string])[] = [
  ["*", "0.0.0 1.2.3 v9.0.0", "1.2.3-rc.1"],
  ["", "0.0.0 1.2.3", "1.2.3-rc.1"],
  ["1.2.3", "1.2.3 v1.2.3 1.2.3+build", "1.2.4 1.2.3-rc.1"],
  ["=1.2.3-rc.1", "1.2.3-rc.1", "1.2.3 1.2.3-rc.2"],
  ["1.x", "1.0.0 1.9.9", "2.0.0 0.9.0 1.2.0-rc.1"],
  ["1.2", "1.2.0 1.2.9", "1.3.0"],
  ["1.2.*", "1.2.0 1.2.9", "1.3.0"],
  ["1.0.x-0", "1.0.0-rc.1 1.0.9-rc.1 1.0.9", "1.1.0-rc.1 1.1.0"],
  [">=1.0 <2", "1.0.0 1.9.9", "2.0.0 1.5.0-rc.1 2.0.0-rc.1"],
  [">=1.0, <2", "1.0.0 1.9.9", "2.0.0 1.5.0-rc.1"],
  [">= 1.0 , < 2", "1.0.0 1.9.9", "2.0.0"],
  [">=1.0.0-0 <2", "1.5.0-rc.1 1.0.0-alpha 1.9.9 2.0.0-rc.1", "2.0.0 0.9.0"],
  [">=1.0.0-0 <2.0.0-0", "1.5.0-rc.1 1.9.9", "2.0.0-rc.1 2.0.0"],
  [">1.0.0-beta.1 <2 || >3", "1.0.0-beta.2 1.5.0 4.0.0", "3.5.0 4.5.0-rc.1 2.5.0 1.0.0-beta.1"],
  [">=0.0.0-0", "0.0.1 1.0.0-rc.1", ""],
  [">1.x", "2.0.0", "1.0.0 1.9.9"],
  [">11.1", "11.2.0 12.0.0", "11.1.1 11.1.0"],
  ["<=1.2", "1.2.9 0.1.0", "1.3.0"],
  ["<=1.2.3", "1.2.3", "1.2.4"],
  ["=<1.2.3", "1.2.3", "1.2.4"],
  ["=>1.2.3", "1.2.3 3.0.0", "1.2.2"],
  ["!=1.2.3", "1.2.4", "1.2.3"],
  ["!=1.x", "2.0.0", "1.0.0 1.9.0"],
  [">=1, !=1.5.0, <2", "1.4.0 1.6.0", "1.5.0 2.0.0"],
  ["~1", "1.0.0 1.9.0", "2.0.0"],
  ["~1.2", "1.2.0 1.2.9", "1.3.0"],
  ["~>1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"],
  ["~1.2.3-beta.2", "1.2.3-beta.4 1.2.4", "1.3.0-beta.1 1.2.3-beta.1"],
  ["^1.2.3", "1.2.3 1.9.9", "1.2.2 2.0.0 1.5.0-rc.1"],
  ["^1.2.3-alpha", "1.2.3-beta 1.5.0-rc.1 1.9.9", "2.0.0 1.2.2"],
  ["^0.2.3", "0.2.3 0.2.9", "0.3.0 1.0.0"],
  ["^0.0.3", "0.0.3", "0.0.4"],
  ["^0.0", "0.0.0 0.0.9", "0.1.0"],
  ["^0", "0.0.0 0.9.0", "1.0.0"],
  ["1.0 - 2.0.0", "1.0.0 2.0.0", "0.9.0 2.0.1"],
  ["1.2.x || 3.x", "1.2.9 3.9.0", "1.3.0 2.0.0"],
  ["v1.x", "1.0.0", "2.0.0"],
];

test.each(RANGES)("%j", (range, inside, outside) => {
  const read = readRange(range)!;
  const lies = (versions: string) =>
    versions
      .split(" ")
      .filter(Boolean)
      .map((version) => [version, read.satisfies(parse(version)!)]);
  expect(lies(inside)).toEqual(lies(inside).map(([version]) => [version, true]));
  expect(lies(outside)).toEqual(lies(outside).map(([version]) => [version, false]));
});

test.each(["not a range", ">=1.0 <", "1.2.3.4", ">=a", "||1.x|", ",", "^^1", "1.0.0-", ">>1", "latest"])(
  "%j is none",
  (text) => expect(readRange(text)).toBeUndefined(),
);

test.each(["a", "1", "1.", " ", "- ", "1 - "])("a text of 100,000 %j is none, at once", (unit) => {
  const started = performance.now();
  expect(readRange(unit.repeat(100_000))).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(1_000);
});
