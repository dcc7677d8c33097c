import type { Competitor } from "./competitor.js";

/** How much is looked at before the answer is `unknown`: states times places, some hundredths of a second. */
const MOST_WORK = 200_000;

/** More orders in which everybody starts are not tried first. */
const MOST_BEGINNINGS = 50;

/** A competitor, and the pools it may be in. */
export type Player = Competitor & { readonly places: readonly string[] };

/** Whether some history leaves one of several alike without an address; `unknown` where there were too many to play. */
export type Fate = "strands" | "fine" | "unknown";

/** By player: how many are in each of its places, and last how many are in none. */
type State = readonly (readonly number[])[];

/**
 * Plays every order of stops and starts and every choice among equals (A12), state by state; Pods that are alike are
 * counted, not named.
 * @param mostWork states times places
 */
export function histories(
  players: readonly Player[],
  capacity: (pool: string) => number,
  mostWork = MOST_WORK,
): Fate[] {
  const stranded = players.map(() => false);
  const cells = players.reduce((sum, { places }) => sum + places.length + 1, 0);
  const seen = new Set<string>();
  const open: State[] = [];
  const play = (states: readonly State[]) => {
    for (const state of states) {
      const key = state.join(";");
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(state);
    }
  };
  const begin = players.map(({ places, held, count }) => [
    ...places.map((pool) => (pool === held ? count : 0)),
    held === undefined ? count : 0,
  ]);
  const beginnings = players.slice(0, MOST_BEGINNINGS).map((_, last) => crowded(players, begin, last, capacity));
  play([begin, ...beginnings].flatMap((state) => next(players, state, capacity, stranded)));
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen.size * cells > mostWork) return stranded.map((yes) => (yes ? "strands" : "unknown"));
    play(next(players, state, capacity, stranded));
  }
  return stranded.map((yes) => (yes ? "strands" : "fine"));
}

/**
 * The states one stop or one start away.
 * @param stranded is told of players of whom one starts and finds nothing
 */
function next(
  players: readonly Player[],
  state: State,
  capacity: (pool: string) => number,
  stranded: boolean[],
): State[] {
  const found: State[] = [];
  const used = usedIn(players, state);
  for (const [index, player] of players.entries()) {
    const own = state[index]!;
    const none = player.places.length;
    const go = (from: number, to: number) =>
      found.push(state.map((one, other) => (other === index ? moved(one, from, to, 1) : one)));
    if (player.ways.length > 0) for (const at of player.places.keys()) if (own[at]! > 0) go(at, none);
    if (own[none] === 0) continue;
    for (const ranks of player.ways) {
      const group = firstWithRoom(ranks, used, capacity);
      if (group.length === 0) stranded[index] = true;
      for (const pool of group) go(none, player.places.indexOf(pool));
    }
  }
  return found;
}

/** All have stopped and all but one have started again, where they are most in its way. */
function crowded(players: readonly Player[], begin: State, last: number, capacity: (pool: string) => number): State {
  const wanted = new Set(players[last]!.ways.flat(2));
  const state = players.map(({ ways, places, count }, index) =>
    ways.length === 0 ? begin[index]! : [...places.map(() => 0), count],
  );
  const used = usedIn(players, state);
  for (const [index, { ways, places, count }] of players.entries()) {
    let left = index === last ? count - 1 : count;
    for (let way = 0; way < ways.length && left > 0; ) {
      const group = firstWithRoom(ways[way]!, used, capacity);
      const pool = group.find((one) => wanted.has(one)) ?? group[0];
      if (pool === undefined) {
        way++;
        continue;
      }
      const amount = Math.min(left, capacity(pool) - used.get(pool)!);
      left -= amount;
      used.set(pool, used.get(pool)! + amount);
      state[index] = moved(state[index]!, places.length, places.indexOf(pool), amount);
    }
  }
  return state;
}

function firstWithRoom(
  ranks: readonly (readonly string[])[],
  used: ReadonlyMap<string, number>,
  capacity: (pool: string) => number,
): readonly string[] {
  for (const rank of ranks) {
    const free = rank.filter((pool) => (used.get(pool) ?? 0) < capacity(pool));
    if (free.length > 0) return free;
  }
  return [];
}

function usedIn(players: readonly Player[], state: State): Map<string, number> {
  const used = new Map<string, number>();
  for (const [index, { places }] of players.entries())
    for (const [at, pool] of places.entries()) used.set(pool, (used.get(pool) ?? 0) + state[index]![at]!);
  return used;
}

function moved(own: readonly number[], from: number, to: number, amount: number): readonly number[] {
  return own.map((count, at) => count - (at === from ? amount : 0) + (at === to ? amount : 0));
}
