import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fightsAt, type Heals, withHeals } from "../../../src/core/plan-sync/fights.js";

const heal = (times: readonly number[]) =>
  times.reduce<Heals>((heals, time) => withHeals(heals, ["SpiderIPPool x"], time), new Map());

describe("a fight", () => {
  test.each<[string, number[], number, object[]]>([
    ["two heals are none", [0, 1_000], 2_000, []],
    [
      "three are one, left alone 15 s",
      [0, 1_000, 2_000],
      2_001,
      [{ object: "SpiderIPPool x", heals: 3, until: 17_000 }],
    ],
    ["until then", [0, 1_000, 2_000], 17_000, []],
    ["each time longer", [0, 1_000, 2_000, 17_000], 17_001, [{ object: "SpiderIPPool x", heals: 4, until: 47_000 }]],
    ["what is long ago does not count", [0, 1_000, 601_000], 601_001, []],
  ])("%s", (_name, times, now, expected) => {
    expect(fightsAt(heal(times), now)).toEqual(expected);
  });

  test("never stops healing for more than five minutes at a time", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 1, maxLength: 30 }), (times) => {
        const ordered = [...times].sort((a, b) => a - b);
        const last = ordered.at(-1)!;
        for (const fight of fightsAt(heal(ordered), last)) expect(fight.until - last).toBeLessThanOrEqual(300_000);
        expect(fightsAt(heal(ordered), last + 300_000)).toEqual([]);
      }),
    );
  });
});
