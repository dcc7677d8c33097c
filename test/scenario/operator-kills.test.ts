import { expect, test } from "vitest";
import { killAgainAndAgain } from "../support/operator/kills.js";

test("SIGKILL at random moments of a long sync: no address in use moves or is given away, each time it converges", {
  timeout: 300_000,
}, async () => {
  const { kills, converged, violations, steps, pods } = await killAgainAndAgain({ count: 2, seed: 20_261_122 });
  expect(violations).toEqual([]);
  expect({ kills, converged }).toEqual({ kills: 2, converged: 2 });
  expect(Math.min(...steps)).toBeGreaterThan(150);
  expect(pods).toBeGreaterThan(30);
});
