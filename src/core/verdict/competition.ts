import type { Competitor, Ranks } from "./competitor.js";
import { canFill } from "./filling.js";
import { type Fate, histories, type Player } from "./histories.js";
import type { Scene } from "./replay.js";

/** That others may leave nothing for somebody. */
export interface Crowding {
  readonly reason: string;
  /** Some history does; otherwise there were too many to play and only the count says so. */
  readonly proven: boolean;
  /** Everybody and every pool it has to do with. */
  readonly players: readonly Player[];
  readonly capacity: (pool: string) => number;
}

/** Whether a crowd is as it was, or only has more room: where nobody could play it, it is no news then. */
export function isNoTighter(before: Crowding, after: Crowding): boolean {
  const text = ({ players }: Crowding) =>
    players
      .map((player) => JSON.stringify({ ...player, places: [...player.places].sort() }))
      .sort()
      .join("\n");
  const pools = new Set(after.players.flatMap(({ places }) => places));
  return text(before) === text(after) && [...pools].every((pool) => before.capacity(pool) <= after.capacity(pool));
}

/** Who else may come for the addresses of a pool: counted by pools, not by Pods (DESIGN 6, strands). */
export class Competition {
  readonly #capacity: (pool: string) => number;
  readonly #competitors: readonly Competitor[];
  /** By competitor: the pools it may be in. */
  #places: readonly ReadonlySet<string>[];
  #byPool: ReadonlyMap<string, readonly number[]>;
  readonly #answers = new Map<string, Crowding | undefined>();
  readonly #fates = new Map<number, Fate>();

  constructor(scene: Scene, competitors: readonly Competitor[]) {
    this.#capacity = (name) => {
      const pool = scene.snapshot.pools.get(name);
      return pool === undefined ? 0 : scene.capacity(pool);
    };
    this.#competitors = competitors;
    this.#places = competitors.map(() => new Set());
    this.#byPool = indexOf(this.#places);
    // Who is pushed into a later rank may push others there, and so on.
    for (let before = -1, now = this.#sum(); now !== before; before = now, now = this.#sum()) this.#spread();
  }

  /** The pools a competitor may be in: where it is, and the ranks it can be pushed into. */
  places(index: number): ReadonlySet<string> {
    return this.#places[index]!;
  }

  /**
   * Whether the others, restarting in any order, could leave nothing for one of these competitors: counted, and where that
   * says yes the histories are played.
   * @param ranks what it tries
   * @returns why, in words, and whether a history proves it; undefined if there is always one left
   */
  tooMany(index: number, ranks: Ranks): Crowding | undefined {
    const key = `${index} ${JSON.stringify(ranks)}`;
    if (!this.#answers.has(key)) this.#answers.set(key, this.#ask(index, ranks));
    return this.#answers.get(key);
  }

  #ask(index: number, ranks: Ranks): Crowding | undefined {
    const pools = ranks.flat();
    if (pools.length === 0 || !this.#canFill(pools, index)) return undefined;
    const members = this.#around(index);
    const fate = this.#fate(index, members);
    if (fate === "fine") return undefined;
    const rivals = new Set(pools.flatMap((pool) => this.#byPool.get(pool) ?? []));
    const count = [...rivals].reduce((sum, rival) => sum + this.#competitors[rival]!.count, 0);
    const addresses = pools.reduce((sum, pool) => sum + this.#capacity(pool), 0);
    return {
      reason: `${count} Pods may come for the ${addresses} usable addresses of ${pools.join(", ")}`,
      proven: fate === "strands",
      players: members.map(({ player }) => player),
      capacity: this.#capacity,
    };
  }

  #sum(): number {
    return this.#places.reduce((sum, places) => sum + places.size, 0);
  }

  #spread(): void {
    this.#places = this.#competitors.map(({ ways, held }, index) => {
      const reached = new Set(held === undefined ? [] : [held]);
      for (const ranks of ways) for (const pool of this.#reachable(index, ranks)) reached.add(pool);
      return reached;
    });
    this.#byPool = indexOf(this.#places);
  }

  #reachable(index: number, ranks: Ranks): string[] {
    const reached: string[] = [];
    for (const [number, rank] of ranks.entries()) {
      for (const pool of rank) reached.push(pool);
      if (number < ranks.length - 1 && !this.#canFill(reached, index)) break;
    }
    return reached;
  }

  #canFill(pools: readonly string[], except: number): boolean {
    const count = (rival: number) => this.#competitors[rival]!.count - (rival === except ? 1 : 0);
    return canFill(pools, this.#capacity, (pool) => this.#byPool.get(pool) ?? [], count);
  }

  #fate(index: number, members: readonly Member[]): Fate {
    const known = this.#fates.get(index);
    if (known !== undefined) return known;
    // Without ranks a count is as good: all may stop, and start again as counted.
    if (members.every(({ player }) => player.ways.every((ranks) => ranks.length < 2))) return "strands";
    const players = members.map(({ player }) => player);
    for (const [position, fate] of histories(players, this.#capacity).entries())
      this.#fates.set(members[position]!.number, fate);
    return this.#fates.get(index)!;
  }

  /** Everybody it has to do with, over one pool or several. */
  #around(index: number): Member[] {
    const members = new Set([index]);
    const pools = new Set<string>();
    for (const member of members) {
      for (const pool of this.#places[member]!) {
        if (pools.has(pool)) continue;
        pools.add(pool);
        for (const rival of this.#byPool.get(pool) ?? []) members.add(rival);
      }
    }
    return [...members]
      .sort((a, b) => a - b)
      .map((number) => ({
        number,
        player: { ...this.#competitors[number]!, places: [...this.#places[number]!] },
      }));
  }
}

interface Member {
  readonly number: number;
  readonly player: Player;
}

function indexOf(places: readonly ReadonlySet<string>[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [index, pools] of places.entries()) {
    for (const pool of pools) {
      const there = found.get(pool);
      if (there === undefined) found.set(pool, [index]);
      else there.push(index);
    }
  }
  return found;
}
