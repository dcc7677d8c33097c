/**
 * DESIGN 5 once more, address by address and as plainly as it can be written: no ranges, no indexes, no binary search.
 * What the allocation decides from a lock file and a cluster is compared with it.
 */

export type SubnetKey = "a" | "six";

/** One address, and all that stands about it. */
export interface Cell {
  readonly subnet: SubnetKey;
  readonly number: number;
  /** Whether the subnet's ranges give it. */
  readonly usable: boolean;
  /** Part of the declared pool that is sliced. */
  readonly inPool: boolean;
  /** Reserved, or in a pool of somebody else's: nobody may have it. */
  readonly blocked?: "reserved" | "pool";
  readonly inUse: boolean;
  /** In use from the sliced pool itself: a slice may hold it, and waits for it. */
  readonly busy: boolean;
  held?: string;
  rests?: Rest;
}

export interface Rest {
  readonly owner: string;
  /** When the cluster stored it; without a record it is the latest of all. */
  readonly since?: string;
}

/** What one owner must have in one place. */
export interface Want {
  readonly owner: string;
  readonly nic: string;
  readonly subnet: SubnetKey;
  /** Cut from the declared pool rather than from the subnet. */
  readonly slice: boolean;
  readonly count: number;
  readonly wishes: readonly number[];
  /** A `take` walks forward; this is where new ones begin. */
  readonly walks?: { readonly from?: number };
}

export interface Outcome {
  readonly errors: string[];
  readonly cells: readonly Cell[];
}

/** @param wants sorted by owner (ordinals as numbers) and subnet */
export function allocateNaively(cells: readonly Cell[], wants: readonly Want[], mayShrink: boolean): Outcome {
  const errors: string[] = [];
  const stopped = new Set<string>();
  const nics = [...new Set(wants.map(({ nic }) => nic))].map((nic) => wants.filter((want) => want.nic === nic));
  const holds = (all: readonly Want[]) =>
    all.some(({ owner, subnet }) => cells.some((cell) => cell.held === owner && cell.subnet === subnet));
  const ordered = [...nics.filter(holds), ...nics.filter((all) => !holds(all))];
  const undo = new Map(ordered.map((all) => [all as readonly Want[], new Map<Cell, Pick<Cell, "held" | "rests">>()]));
  const attempt = (all: readonly Want[], act: (take: (cell: Cell, owner: string) => void) => string | undefined) => {
    const error = act((cell, owner) => {
      const log = undo.get(all)!;
      if (!log.has(cell)) log.set(cell, { held: cell.held, rests: cell.rests });
      cell.held = owner;
      cell.rests = undefined;
    });
    if (error === undefined) return;
    errors.push(error);
    for (const { owner } of all) stopped.add(owner);
    for (const [cell, before] of undo.get(all)!) Object.assign(cell, before);
  };
  for (const all of ordered) attempt(all, (take) => claimWishes(cells, all, take));
  for (const all of ordered) {
    if (all.some(({ owner }) => stopped.has(owner))) continue;
    attempt(all, (take) => grow(cells, all, take));
    if (mayShrink && !all.some(({ owner }) => stopped.has(owner))) for (const want of all) shrink(cells, want);
  }
  retire(cells, wants, stopped, mayShrink);
  return { errors, cells };
}

type Take = (cell: Cell, owner: string) => void;

function open(cell: Cell, { subnet, slice }: Want): boolean {
  const placed = cell.subnet === subnet && cell.inPool === slice && (slice || cell.usable);
  return placed && cell.blocked === undefined && !cell.inUse;
}

function free(cell: Cell, want: Want): boolean {
  return open(cell, want) && cell.held === undefined && cell.rests === undefined;
}

const has = (cell: Cell, { owner, subnet }: Want) => cell.subnet === subnet && cell.held === owner;
const serves = (cell: Cell, want: Want) => has(cell, want) && !(want.slice && cell.busy);

function claimWishes(cells: readonly Cell[], all: readonly Want[], take: Take): string | undefined {
  for (const want of all) {
    const mine: Cell[] = [];
    for (const number of want.wishes) {
      const cell = cells.find((one) => one.subnet === want.subnet && one.number === number);
      if (cell !== undefined && has(cell, want)) continue;
      const own = cell?.rests?.owner === want.owner && open(cell, want);
      const waits = want.slice && cell?.busy && cell.held === undefined;
      if (cell === undefined || !(own || waits || free(cell, want))) return `SP3102 ${want.owner}`;
      mine.push(cell);
    }
    for (const cell of mine) take(cell, want.owner);
  }
  return undefined;
}

function grow(cells: readonly Cell[], all: readonly Want[], take: Take): string | undefined {
  const setOf = ({ owner, subnet, nic, slice }: Want) => `${owner.replace(/\/\d+$/, "")} ${subnet} ${nic} ${slice}`;
  for (const set of [...new Set(all.map(setOf))].map((key) => all.filter((want) => setOf(want) === key))) {
    const lacks = (want: Want) => Math.max(0, want.count - cells.filter((cell) => serves(cell, want)).length);
    for (const want of set) for (const cell of backFromRest(cells, want).slice(0, lacks(want))) take(cell, want.owner);
    const missing = set.reduce((sum, want) => sum + lacks(want), 0);
    const block = cells.filter((cell) => set.some((want) => has(cell, want)));
    const more = chooseMore(cells, set[0]!, block, missing);
    if (more.length < missing) {
      const owner = set.length > 1 ? set[0]!.owner.replace(/\/\d+$/, "") : set[0]!.owner;
      const count = set.length > 1 ? set.length : set[0]!.count;
      return `SP3101 ${owner} holds ${count - missing}: ${missing - more.length} missing`;
    }
    const given = more.sort((x, y) => x.number - y.number);
    for (const want of set) for (let left = lacks(want); left > 0; left--) take(given.shift()!, want.owner);
  }
  return undefined;
}

/** Released last, first returned; the lowest of those released together. */
function backFromRest(cells: readonly Cell[], want: Want): Cell[] {
  const from = want.walks?.from ?? 0;
  const last = "~";
  return cells
    .filter((cell) => cell.rests?.owner === want.owner && open(cell, want) && cell.number >= from)
    .sort((x, y) => {
      const [one, two] = [x.rests!.since ?? last, y.rests!.since ?? last];
      return one === two ? x.number - y.number : one < two ? 1 : -1;
    });
}

function chooseMore(cells: readonly Cell[], want: Want, block: readonly Cell[], count: number): Cell[] {
  const chosen: Cell[] = [];
  const at = (number: number) =>
    cells.find((one) => one.subnet === want.subnet && one.number === number && free(one, want));
  const ascending = () => cells.filter((cell) => free(cell, want) && !chosen.includes(cell)).sort(byNumber);
  const pick = (from: readonly Cell[]) => chosen.push(...from.slice(0, count - chosen.length));
  if (want.walks !== undefined) {
    const from = want.walks.from ?? 0;
    const last = Math.max(-1, ...block.map(({ number }) => number));
    pick(ascending().filter(({ number }) => number >= Math.max(last, from)));
    pick(ascending().filter(({ number }) => number >= from));
    return chosen;
  }
  const held = block.map(({ number }) => number).sort((x, y) => x - y);
  for (const step of [1, -1]) {
    for (const start of held.filter((number) => !held.includes(number + step))) {
      for (let number = start + step; chosen.length < count; number += step) {
        const next = at(number);
        if (next === undefined) break;
        if (!chosen.includes(next)) chosen.push(next);
      }
    }
  }
  const left = count - chosen.length;
  const fitting = runsOf(ascending()).filter((run) => run.length >= left);
  const smallest = Math.min(...fitting.map((run) => run.length));
  pick(fitting.find((run) => run.length === smallest) ?? ascending());
  return chosen;
}

const byNumber = (x: Cell, y: Cell) => x.number - y.number;

function runsOf(ascending: readonly Cell[]): Cell[][] {
  const runs: Cell[][] = [];
  for (const cell of ascending) {
    const run = runs[runs.length - 1];
    if (run !== undefined && run[run.length - 1]!.number === cell.number - 1) run.push(cell);
    else runs.push([cell]);
  }
  return runs;
}

/** From the end, what nobody uses or wished for. */
function shrink(cells: readonly Cell[], want: Want): void {
  const spare = cells
    .filter((cell) => has(cell, want) && !cell.inUse && !want.wishes.includes(cell.number))
    .sort(byNumber)
    .reverse();
  const excess = cells.filter((cell) => serves(cell, want)).length - want.count;
  for (const cell of spare.slice(0, Math.max(0, excess))) release(cell);
}

function release(cell: Cell): void {
  cell.rests = { owner: cell.held! };
  cell.held = undefined;
}

/** Owners that are gone: all they have rests, unless any of it is in use. */
function retire(
  cells: readonly Cell[],
  wants: readonly Want[],
  stopped: ReadonlySet<string>,
  mayShrink: boolean,
): void {
  const held = cells.filter(({ held: owner }) => owner !== undefined);
  for (const key of new Set(held.map(({ held: owner, subnet }) => `${owner} ${subnet}`))) {
    const [owner, subnet] = key.split(" ") as [string, SubnetKey];
    const mine = held.filter((cell) => cell.held === owner && cell.subnet === subnet);
    if (stopped.has(owner) || wants.some((want) => want.owner === owner && want.subnet === subnet)) continue;
    const nic = owner.replace(/\/\d+$/, "");
    const fewer = nic !== owner && wants.some((want) => want.owner.startsWith(`${nic}/`) && want.subnet === subnet);
    if ((fewer && !mayShrink) || mine.some(({ inUse }) => inUse)) continue;
    for (const cell of mine) release(cell);
  }
}
