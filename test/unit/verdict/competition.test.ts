import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { Competition, type Crowding, isNoTighter } from "../../../src/core/verdict/competition.js";
import type { Competitor } from "../../../src/core/verdict/competitor.js";
import type { Player } from "../../../src/core/verdict/histories.js";
import { sceneOf } from "../../../src/core/verdict/replay.js";
import { livePool } from "../../support/objects.js";

/** Competitors for pools of these sizes, named a, b, c. */
function competition(sizes: readonly number[], ...competitors: Competitor[]): Competition {
  const pools = sizes.map((size, index) =>
    livePool("abc"[index]!, { ips: size === 0 ? [] : [`10.6.${index}.1-10.6.${index}.${size}`] }),
  );
  return new Competition(sceneOf(buildSnapshot(pools, ["SpiderIPPool"]), CHART_DEFAULTS), competitors);
}
const one = (ranks: readonly (readonly string[])[], count = 1, held?: string): Competitor => ({
  ways: [ranks],
  count,
  ...(held !== undefined && { held }),
});
const [A, B, AB, BC] = [[["a"]], [["b"]], [["a"], ["b"]], [["b"], ["c"]]];

describe("the pools somebody may be in", () => {
  test.each<[what: string, sizes: number[], competitors: Competitor[], places: string[][]]>([
    ["the first rank, where nobody can fill it", [2], [one(AB, 2)], [["a"]]],
    ["the next rank too, where others can", [2], [one(AB), one(A, 2)], [["a", "b"], ["a"]]],
    ["its own kind can as well", [2], [one(AB, 3)], [["a", "b"]]],
    ["where it is, even if it would not be taken again", [2, 2, 2], [one(A, 1, "c")], [["a", "c"]]],
    ["where it is only, if it never starts anew", [2], [{ ways: [], held: "b", count: 1 }], [["b"]]],
    ["a pool that is not there is full", [0], [one(AB)], [["a", "b"]]],
    ["who is pushed pushes others", [1, 1, 1], [one(BC), one(AB), one(A)], [["b", "c"], ["a", "b"], ["a"]]],
    ["who is not pushed pushes nobody", [2, 1, 1], [one(BC), one(AB), one(A)], [["b"], ["a"], ["a"]]],
    ["two who have a pool each push nobody", [1, 1], [one(AB), one([["b"], ["a"]])], [["a"], ["b"]]],
  ])("%s", (_what, sizes, competitors, places) => {
    const found = competition(sizes, ...competitors);
    expect(competitors.map((_, index) => [...found.places(index)].sort())).toEqual(places);
  });
});

describe("whether others may leave nothing", () => {
  test.each<[what: string, sizes: number[], competitors: Competitor[], reason: string | undefined]>([
    ["two for one address", [1], [one(A, 2)], "2 Pods may come for the 1 usable addresses of a"],
    ["one for one address", [1], [one(A)], undefined],
    ["one whom nothing takes", [1], [one([])], undefined],
    ["all ranks have to be full", [1, 1], [one(AB, 2)], undefined],
    ["all ranks may be full", [1, 1], [one(AB, 3)], "3 Pods may come for the 2 usable addresses of a, b"],
    [
      "counted over all who may come, proven by playing",
      [1, 1],
      [one(AB), one(A), one(B)],
      "3 Pods may come for the 2 usable addresses of a, b",
    ],
    ["who stays where it is leaves the rest", [2], [one(A), { ways: [], held: "a", count: 1 }], undefined],
    [
      "who stays where it is leaves nothing",
      [1],
      [one(A), { ways: [], held: "a", count: 1 }],
      "2 Pods may come for the 1 usable addresses of a",
    ],
    // Whoever holds b goes to a first; only while it stays in b is b full, and then a has room.
    ["one who is in a later rank goes back to an earlier one", [1, 1], [one(AB), one(AB, 1, "b")], undefined],
    [
      "two ranks each: the count says yes, but no history does",
      [1, 1, 1],
      [one([["c"], ["b"]], 1, "c"), one([["a"], ["b", "c"]], 1, "b"), one(AB, 1, "a")],
      undefined,
    ],
  ])("%s", (_what, sizes, competitors, reason) => {
    const crowd = competition(sizes, ...competitors).tooMany(0, competitors[0]!.ways[0]!);
    expect(crowd && { reason: crowd.reason, proven: crowd.proven }).toEqual(reason && { reason, proven: true });
  });

  test("tells everybody and every pool it has to do with, and nobody else", () => {
    const competitors = [one(A, 2), one(AB), one([["c"]], 5)];
    const crowd = competition([1, 1, 1], ...competitors).tooMany(0, A);
    expect(crowd?.players).toEqual([
      { ...competitors[0], places: ["a"] },
      { ...competitors[1], places: ["a", "b"] },
    ]);
    expect(["a", "b", "x"].map((pool) => crowd?.capacity(pool))).toEqual([1, 1, 0]);
  });
});

describe("a crowd nobody could play", () => {
  const player = (pool: string, count = 1): Player => ({ ways: [[[pool]]], count, places: [pool] });
  const crowd = (players: Player[], sizes: Record<string, number>): Crowding => ({
    reason: "",
    proven: false,
    players,
    capacity: (pool) => sizes[pool]!,
  });
  const before = crowd([player("a"), player("b")], { a: 2, b: 2 });

  test.each<[what: string, players: Player[], sizes: Record<string, number>, noTighter: boolean]>([
    ["the same", [player("a"), player("b")], { a: 2, b: 2 }, true],
    ["in another order", [player("b"), player("a")], { a: 2, b: 2 }, true],
    ["with more room", [player("a"), player("b")], { a: 3, b: 2 }, true],
    ["with less room in one pool", [player("a"), player("b")], { a: 3, b: 1 }, false],
    ["with one more", [player("a"), player("b"), player("b")], { a: 2, b: 2 }, false],
    ["with more of one kind", [player("a"), player("b", 2)], { a: 3, b: 3 }, false],
    ["in other pools", [player("a"), player("a")], { a: 2, b: 2 }, false],
  ])("is no news: %s", (_what, players, sizes, noTighter) => {
    expect(isNoTighter(before, crowd(players, sizes))).toBe(noTighter);
  });

  test("is no news: with its places found in another order", () => {
    const either = (...places: string[]): Player => ({ ways: [[["a", "b"]]], count: 5, places });
    const sizes = { a: 2, b: 2 };
    expect(isNoTighter(crowd([either("a", "b")], sizes), crowd([either("b", "a")], sizes))).toBe(true);
  });
});
