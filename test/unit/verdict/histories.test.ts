import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fate, histories, type Player } from "../../../src/core/verdict/histories.js";
import { strandedInSomeHistory } from "../../support/crowd/restart-states.js";

const POOLS = ["a", "b", "c"];
const capacities = (sizes: readonly number[]) => (pool: string) => sizes[POOLS.indexOf(pool)] ?? 0;

/** Each tries pools of POOLS rank by rank; without ranks it never starts anew. */
const competitor = fc.record({
  ranks: fc.array(fc.subarray(POOLS, { minLength: 1 }), { maxLength: 2 }),
  starts: fc.boolean(),
  held: fc.option(fc.constantFrom(...POOLS), { nil: undefined }),
  count: fc.integer({ min: 1, max: 3 }),
});
const crowd = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
  competitors: fc.array(competitor, { minLength: 1, maxLength: 3 }),
});

interface Drawn {
  readonly ranks: readonly (readonly string[])[];
  readonly starts: boolean;
  readonly held: string | undefined;
  readonly count: number;
}

/** A pool is in one rank only, and no more are held than there are. */
function playersOf(competitors: readonly Drawn[], sizes: readonly number[]): Player[] {
  const free = new Map(POOLS.map((pool, index) => [pool, sizes[index]!]));
  return competitors.flatMap(({ ranks: drawn, starts, held, count }) => {
    const ranks = drawn.map((rank, at) => rank.filter((pool) => !drawn.slice(0, at).flat().includes(pool)));
    const room = held === undefined ? count : Math.min(count, free.get(held)!);
    if (room === 0) return [];
    if (held !== undefined) free.set(held, free.get(held)! - room);
    const ways = starts ? [ranks.filter((rank) => rank.length > 0)] : [];
    const places = [...new Set([...ways.flat(2), ...(held === undefined ? [] : [held])])].sort();
    return [{ ways, held, count: room, places }];
  });
}

/** The same, Pod by Pod. */
function podByPod(players: readonly Player[], sizes: readonly number[]): boolean[] {
  const number = (pool: string) => POOLS.indexOf(pool);
  const pods = players.flatMap(({ ways, held, count }, player) =>
    Array.from({ length: count }, () => ({
      player,
      at: held === undefined ? undefined : number(held),
      ranks: (ways[0] ?? []).map((rank) => rank.map(number)),
      keeps: ways.length === 0,
    })),
  );
  const stranded = strandedInSomeHistory({ capacities: sizes, pods });
  return players.map((_, player) => pods.some((pod, index) => pod.player === player && stranded[index]));
}

function drawn(mostWork?: number): { found: Fate[]; stranded: boolean[] }[] {
  return fc.sample(crowd, { numRuns: 400, seed: 3 }).map(({ sizes, competitors }) => {
    const players = playersOf(competitors, sizes);
    return { found: histories(players, capacities(sizes), mostWork), stranded: podByPod(players, sizes) };
  });
}

describe("every order of stops and starts", () => {
  test("strands whom it strands when each Pod is played by itself", () => {
    const all = drawn();
    for (const { found, stranded } of all) expect(found).toEqual(stranded.map((yes) => (yes ? "strands" : "fine")));
    const fates = all.flatMap(({ found }) => found);
    expect(fates.filter((fate) => fate === "strands").length).toBeGreaterThan(100);
    expect(fates.filter((fate) => fate === "fine").length).toBeGreaterThan(100);
  });

  test.each([0, 20, 100])("where there are too many to play, who is said to strand does: work of %i", (mostWork) => {
    const all = drawn(mostWork);
    for (const { found, stranded } of all) {
      for (const [index, fate] of found.entries())
        expect([fate, stranded[index]]).toEqual([fate, fate === "strands" || (fate === "unknown" && stranded[index])]);
    }
  });
});

const who = (ranks: readonly (readonly string[])[], more: Partial<Player> = {}): Player => ({
  ways: [ranks],
  count: 1,
  places: ranks.flat(),
  ...more,
});

describe("without any work, one of many crowded beginnings tells", () => {
  test.each<[what: string, sizes: number[], players: Player[], fates: Fate[]]>([
    ["two for one address", [1], [who([["a"]], { count: 2 })], ["strands"]],
    ["one for one address", [1], [who([["a"]])], ["unknown"]],
    [
      "whoever has a choice takes what the last wants",
      [1, 1],
      [who([["a", "b"]]), who([["b"]])],
      ["unknown", "strands"],
    ],
    [
      "those with the least choice push others into what the last wants",
      [1, 1],
      [who([["a"], ["b"]]), who([["a"]]), who([["b"]])],
      ["strands", "strands", "strands"],
    ],
    [
      "who never starts anew stays where it is",
      [2],
      [who([], { ways: [], held: "a", count: 1, places: ["a"] }), who([["a"]], { count: 2 })],
      ["unknown", "strands"],
    ],
    ["several at once go on to the next rank", [1, 2], [who([["a"], ["b"]], { count: 4 })], ["strands"]],
    [
      "all of one pool, then of the next, and there is one left",
      [1, 2],
      [who([["a"], ["b"]], { count: 3 })],
      ["unknown"],
    ],
    [
      "who may start on nodes that differ is wherever it may be",
      [1, 1],
      [who([["a"]], { ways: [[["a"]], [["b"]]], places: ["a", "b"], count: 2 }), who([["b"]])],
      ["strands", "strands"],
    ],
  ])("%s", (_what, sizes, players, fates) => {
    expect(histories(players, capacities(sizes), 0)).toEqual(fates);
  });
});

describe("who is alike stops and starts together where one by one is too much to play", () => {
  test.each<[what: string, sizes: number[], players: Player[], mostWork: number, fates: Fate[]]>([
    ["as much work as there is", [1], [who([["a"]])], 4, ["fine"]],
    ["a little less", [1], [who([["a"]])], 3, ["unknown"]],
    [
      "seven have room for eight, whoever starts together",
      [2, 6],
      [who([["a"], ["b"]], { count: 2 }), who([["b"]]), who([["a", "b"]], { count: 4, held: "b" })],
      300,
      ["unknown", "unknown", "unknown"],
    ],
    [
      "five leave the pool together and eight come: the last of those who have no other finds it full",
      [12, 8],
      [
        who([["b"], ["a"]], { ways: [[["b"], ["a"]], [["a"]]], places: ["a", "b"], count: 8 }),
        who([["a"], ["b"]], { count: 5, held: "a" }),
      ],
      200,
      ["strands", "unknown"],
    ],
    ["one by one first", [1, 4], [who([["b"], ["a"]], { count: 3 })], 10, ["unknown"]],
    ["nothing at all, where nobody ever starts", [1], [who([], { ways: [], held: "a", places: ["a"] })], 0, ["fine"]],
    ["all have room", [4], [who([["a"]], { count: 3 })], 0, ["unknown"]],
    [
      "a pool takes as many as it has room for, the next takes the rest",
      [2, 1],
      [who([], { ways: [], held: "a", places: ["a"] }), who([["a"], ["b"]], { count: 3 })],
      0,
      ["unknown", "strands"],
    ],
  ])("%s", (_what, sizes, players, mostWork, fates) => {
    expect(histories(players, capacities(sizes), mostWork)).toEqual(fates);
  });
});
