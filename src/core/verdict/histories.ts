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
 * counted, not named. Where that is too much to play, those who are alike stop and start together: not every history is
 * seen then, but one that strands somebody is proof.
 * @param mostWork states times places, for either way
 */
export function histories(
  players: readonly Player[],
  capacity: (pool: string) => number,
  mostWork = MOST_WORK,
): Fate[] {
  const game = { players, capacity, stranded: players.map(() => false) };
  const complete = play({ ...game, together: false }, mostWork);
  if (!complete) play({ ...game, together: true }, mostWork);
  return game.stranded.map((yes) => (yes ? "strands" : complete ? "fine" : "unknown"));
}

interface Game {
  readonly players: readonly Player[];
  readonly capacity: (pool: string) => number;
  /** Players of whom one was seen to start and find nothing. */
  readonly stranded: boolean[];
  /** One by one, or as many at once as there is room for. */
  readonly together: boolean;
}

/** @returns whether all states that can be reached were seen */
function play(game: Game, mostWork: number): boolean {
  const { players } = game;
  const cells = players.reduce((sum, { places }) => sum + places.length + 1, 0);
  const seen = new Set<string>();
  const open: State[] = [];
  const meet = (states: readonly State[]) => {
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
  const beginnings = players.slice(0, MOST_BEGINNINGS).map((_, last) => crowded(game, begin, last));
  meet([begin, ...beginnings].flatMap((state) => next(game, state)));
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen.size * cells > mostWork) return false;
    meet(next(game, state));
  }
  return true;
}

/** The states one stop or one start away; stops first, so that starts are played on first. */
function next({ players, capacity, stranded, together }: Game, state: State): State[] {
  const [stops, starts]: [State[], State[]] = [[], []];
  const used = usedIn(players, state);
  for (const [index, { ways, places }] of players.entries()) {
    if (ways.length === 0) continue;
    const own = state[index]!;
    const none = places.length;
    const go = (from: number, to: number, room: number) => {
      const amount = together ? Math.min(own[from]!, room) : 1;
      return state.map((one, other) => (other === index ? moved(one, from, to, amount) : one));
    };
    for (const at of places.keys()) if (own[at]! > 0) stops.push(go(at, none, own[at]!));
    if (own[none] === 0) continue;
    for (const ranks of ways) {
      const group = firstWithRoom(ranks, used, capacity);
      if (group.length === 0) stranded[index] = true;
      for (const pool of group) starts.push(go(none, places.indexOf(pool), capacity(pool) - (used.get(pool) ?? 0)));
    }
  }
  return [...stops, ...starts];
}

/** All have stopped and all but one have started again: first those with the least choice, last those who are like that one. */
function crowded({ players, capacity }: Game, begin: State, last: number): State {
  const wanted = new Set(players[last]!.ways.flat(2));
  const state = players.map(({ ways, places, count }, index) =>
    ways.length === 0 ? begin[index]! : [...places.map(() => 0), count],
  );
  const used = usedIn(players, state);
  const order = [...players.keys()]
    .filter((index) => index !== last)
    .sort((a, b) => players[a]!.places.length - players[b]!.places.length);
  for (const index of [...order, last]) {
    const { ways, places, count } = players[index]!;
    let left = index === last ? count - 1 : count;
    for (const ranks of ways) {
      for (let group = firstWithRoom(ranks, used, capacity); left > 0 && group.length > 0; ) {
        const pool = group.find((one) => wanted.has(one)) ?? group[0]!;
        const amount = Math.min(left, capacity(pool) - (used.get(pool) ?? 0));
        left -= amount;
        used.set(pool, (used.get(pool) ?? 0) + amount);
        state[index] = moved(state[index]!, places.length, places.indexOf(pool), amount);
        group = firstWithRoom(ranks, used, capacity);
      }
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
