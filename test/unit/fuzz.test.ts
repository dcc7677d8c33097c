import { expect, test } from "vitest";
import { fuzz } from "../support/fuzz/fuzz.js";

test("nothing that tenants, forges or repositories write makes a reader throw (the small part of npm run fuzz)", async () => {
  const { escaped, answers } = await fuzz({ count: 3_000, seed: 20_261_130 });
  expect(escaped).toEqual([]);
  expect(answers.length).toBe(10);
}, 120_000);
