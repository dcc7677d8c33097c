import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FEATURES, type Feature } from "../support/worlds/life-spec.js";
import { search } from "../support/worlds/search.js";
import { worlds } from "../support/worlds/spec.js";
import { live } from "../support/worlds/world.js";

/** Each is lived through in a few hundredths of a second; `npm run worlds` lives as many as one likes. */
const WORLDS = { everyFeature: 220, plain: 110 };

/** Those in which the real players play take longer: they work at their own pace. */
const PLAYED = 6;

describe("random worlds keep every promise of DESIGN 2", () => {
  it.each<[which: string, count: number, seed: number, features: readonly Feature[]]>([
    ["the same worlds every time, with every feature", WORLDS.everyFeature, 20_261_122, FEATURES],
    ["other worlds every time, but in CI", WORLDS.plain, process.env.CI ? 777 : Date.now() % 0x7fff_ffff, []],
  ])(
    "%s",
    async (_which, count, seed, features) => {
      const result = await search({ count, seed, features });
      process.stderr.write(`${result.summary}\n`);
      expect(result.counterexample, result.counterexample).toBeUndefined();
      expect(result.worlds).toBe(count);
    },
    120_000,
  );

  it("with the real players as Kubernetes, Spiderpool's controller and its agent", async () => {
    for (const spec of fc.sample(worlds, { numRuns: PLAYED, seed: 5 })) {
      await expect(live(spec, { played: true })).resolves.toMatchObject({ events: spec.events.length });
    }
  }, 120_000);
});
