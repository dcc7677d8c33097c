import { afterEach, describe, expect, it, vi } from "vitest";
import type * as Order from "../../src/core/change/order.js";
import type * as Quarantine from "../../src/core/desired/quarantine-steps.js";
import type * as Snapshots from "../../src/core/snapshot.js";
import type * as Filter from "../../src/core/spiderpool/ipam/filter.js";
import type * as Rank from "../../src/core/spiderpool/ipam/order.js";
import { search } from "../support/worlds/search.js";

/** Which bug is in the engine for the moment. */
const bug = vi.hoisted(() => ({ name: "" }));

vi.mock("../../src/core/snapshot.js", async (original) => {
  const real = await original<typeof Snapshots>();
  const buildSnapshot: typeof real.buildSnapshot = (items, ...rest) => {
    const all = [...items];
    const snapshot = real.buildSnapshot(all, ...rest);
    if (bug.name !== "endpoints") return snapshot;
    const without = real.buildSnapshot(
      all.filter((item) => item.kind !== "SpiderEndpoint"),
      ...rest,
    );
    return { ...snapshot, use: without.use };
  };
  return { ...real, buildSnapshot };
});

vi.mock("../../src/core/spiderpool/ipam/filter.js", async (original) => {
  const real = await original<typeof Filter>();
  const judgePool: typeof real.judgePool = (pool, ...rest) =>
    bug.name === "nodeName"
      ? real.judgePool({ ...pool, spec: { ...pool.spec, nodeName: undefined } }, ...rest)
      : real.judgePool(pool, ...rest);
  return { ...real, judgePool };
});

vi.mock("../../src/core/spiderpool/ipam/order.js", async (original) => {
  const real = await original<typeof Rank>();
  const rankGroups: typeof real.rankGroups = (pools) =>
    bug.name === "list order"
      ? real
          .rankGroups(pools)
          .flat()
          .map((pool) => [pool])
      : real.rankGroups(pools);
  return { ...real, rankGroups };
});

vi.mock("../../src/core/desired/quarantine-steps.js", async (original) => {
  const real = await original<typeof Quarantine>();
  const quarantineSteps: typeof real.quarantineSteps = (rests, ...more) =>
    real.quarantineSteps(bug.name === "quarantine" ? [] : rests, ...more);
  return { ...real, quarantineSteps };
});

vi.mock("../../src/core/change/order.js", async (original) => {
  const real = await original<typeof Order>();
  const early: Readonly<Record<number, number>> = { [real.WAVES.takeReleased]: real.WAVES.widenPools };
  const orderSteps: typeof real.orderSteps = (...given) =>
    bug.name === "order"
      ? real
          .orderSteps(...given)
          .map((step) => ({ ...step, wave: early[step.wave] ?? step.wave }))
          .sort(real.byWave)
      : real.orderSteps(...given);
  return { ...real, orderSteps };
});

afterEach(() => {
  bug.name = "";
});

/** How many worlds it may take. The seeds are ones that find it early; any seed does, later. */
const ENOUGH = 3_000;

describe("an engine with a bug is found out", () => {
  it.each([
    ["endpoints", 1, "forgets addresses that only an endpoint tells of", /FIXED-|false alarm/],
    ["nodeName", 12, "does not see that nodeName shuts a Pod out", /FIXED-8|false alarm|explain/],
    [
      "list order",
      3,
      "takes the order of a list for Spiderpool's among pools of equal rank",
      /FIXED-8|false alarm|explain/,
    ],
    ["quarantine", 9, "releases without quarantine", /FIXED-2|FIXED-9/],
    ["order", 13, "grows pools before others have shrunk", /FIXED-5/],
  ])(
    "%s (seed %i): %s",
    async (name, seed, _what, expected) => {
      bug.name = name;
      const result = await search({ count: ENOUGH, seed, shrinkFor: 2_000 });
      const [found = "no world found it"] =
        result.counterexample?.split("\n").filter((line) => /^(FIXED|false|explain|two|bug)/.test(line)) ?? [];
      process.stderr.write(`${name}: ${result.summary}\n  ${found}\n`);
      expect(found).toMatch(expected);
    },
    300_000,
  );
});
