import { describe, expect, it } from "vitest";
import { search } from "../support/worlds/search.js";

/** Each is lived through in a few hundredths of a second; `npm run worlds` lives as many as one likes. */
const WORLDS = 220;

describe("random worlds keep every promise of DESIGN 2", () => {
  it.each([
    ["the same worlds every time", 20_261_122],
    ["other worlds every time", Date.now() % 0x7fff_ffff],
  ])(
    "%s (seed %#)",
    async (_which, seed) => {
      const result = await search({ count: WORLDS, seed });
      process.stderr.write(`${result.summary}\n`);
      expect(result.counterexample, result.counterexample).toBeUndefined();
      expect(result.worlds).toBe(WORLDS);
    },
    120_000,
  );
});
