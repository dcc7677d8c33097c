import { expect, test } from "vitest";
import { KnownNames } from "../../../src/core/plan/suggest.js";

test("thousands of misspelt names beside thousands of right ones get advice for the first ones alone", () => {
  const names = Array.from({ length: 5_000 }, (_, i) => `pool-${10_000 + i}`);
  const known = new KnownNames(names);
  const advised = names.map((name) => known.nearest(`${name}x`)).filter((name) => name !== undefined);
  // Each name is as long as any other, so that 100,000 comparisons are 20 answers.
  expect(advised).toEqual(names.slice(0, 20));
});
