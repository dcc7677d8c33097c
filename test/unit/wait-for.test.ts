import { describe, expect, it } from "vitest";
import { waitFor } from "../../src/app/wait-for.js";
import { virtualClock } from "../support/virtual-clock.js";

/** Something is missing at the first so many looks. */
function looks(missing: number) {
  let count = 0;
  return { look: async () => (count++ < missing ? ["a pool"] : []), count: () => count };
}

describe("waitFor", () => {
  it("stops looking when nothing is missing", async () => {
    const clock = virtualClock();
    const { look, count } = looks(3);
    expect(await waitFor(look, clock, 60_000)).toEqual([]);
    expect(count()).toBe(4);
    expect(clock.slept).toEqual([2_000, 2_000, 2_000]);
  });

  it("says what is missing when the time is over, after a last look at the very end", async () => {
    const clock = virtualClock();
    expect(await waitFor(looks(99).look, clock, 5_000)).toEqual(["a pool"]);
    expect(clock.slept).toEqual([2_000, 2_000, 1_000]);
  });

  it("looks once without time", async () => {
    const { look, count } = looks(99);
    await waitFor(look, virtualClock(), 0);
    expect(count()).toBe(1);
  });
});
