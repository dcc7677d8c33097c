import type { Diagnostic } from "../diagnostics.js";
import {
  clip,
  EMPTY,
  type RangeSet,
  size,
  splitLowest,
  subtract,
  takeHighest,
  union,
  unionAll,
} from "../ip/range-set.js";
import { asOne, bySet, type Demand } from "./demand.js";
import { chooseMore, chooseResting, ownResting } from "./grow.js";
import type { LivePools } from "./live.js";
import { type Owner, ownerInSubnet, wholeNic } from "./owner.js";
import type { Resting } from "./quarantine.js";
import { notEnough, type Shortage, wishTaken } from "./shortage.js";
import { type Obstacles, type Space, spaceKey } from "./space.js";

/** What serving needs beside the spaces it changes. */
export interface ServeContext {
  readonly spaces: ReadonlyMap<string, Space>;
  readonly live: LivePools;
  readonly resting: readonly Resting[];
  readonly obstacles: Obstacles;
  /** Whether usage is known well enough to take anything away. */
  readonly mayShrink: boolean;
  /** The lock follows the live workload: what is too much is let go in one piece. */
  readonly followsLive: boolean;
  /** Who holds an address, for messages. */
  readonly holderOf: (set: RangeSet) => string | undefined;
}

/** The demands of one NIC in all its subnets and for all its ordinals: they are met together or not at all (FIXED-6). */
interface Request {
  readonly demands: readonly Demand[];
  /** Taken from the free sets or from own rest so far. */
  readonly taken: Map<Demand, RangeSet>;
}

/**
 * Gives every owner what it lacks and takes what it has too much, changing the holdings of the spaces.
 * Wishes go first, so that nobody's growth takes an address somebody asked for by name; then owners that hold
 * something, then new ones, each in key order (DESIGN 5).
 * @param frozen owners that are passed over; those that cannot be served are added
 */
export function serve(demands: readonly Demand[], frozen: Set<Owner>, context: ServeContext): Diagnostic[] {
  const records = new Map<string, Resting[]>();
  for (const record of context.resting) {
    const key = ownerInSubnet(record.owner, record.subnet);
    const list = records.get(key);
    if (list === undefined) records.set(key, [record]);
    else list.push(record);
  }
  const requests = inOrder(
    demands.filter(({ owner }) => !frozen.has(owner)),
    context,
  );
  const diagnostics: Diagnostic[] = [];
  const stopped = new Set<Request>();
  const stop = (request: Request, found: Diagnostic) => {
    diagnostics.push(found);
    stopped.add(request);
    for (const { owner } of request.demands) frozen.add(owner);
    for (const [demand, set] of request.taken) giveBack(context.spaces.get(spaceKey(demand))!, demand.owner, set);
  };
  for (const request of requests) {
    const missed = claimWishes(request, context);
    if (missed !== undefined) stop(request, missed);
  }
  for (const request of requests) {
    if (stopped.has(request)) continue;
    const short = grow(request, context, records);
    if (short !== undefined) stop(request, notEnough(short, context.spaces));
    else settle(request, context);
  }
  return diagnostics;
}

function inOrder(demands: readonly Demand[], { spaces }: ServeContext): Request[] {
  const byNic = new Map<Owner, Demand[]>();
  for (const demand of demands) {
    const nic = wholeNic(demand.owner);
    const list = byNic.get(nic);
    if (list === undefined) byNic.set(nic, [demand]);
    else list.push(demand);
  }
  const requests = [...byNic.values()].map((list) => ({ demands: list, taken: new Map<Demand, RangeSet>() }));
  const holds = ({ demands: list }: Request) =>
    list.some((demand) => spaces.get(spaceKey(demand))!.holdings.held.has(demand.owner));
  // demands come sorted by owner, so both halves stay in key order
  return [...requests.filter(holds), ...requests.filter((request) => !holds(request))];
}

function claimWishes(request: Request, context: ServeContext): Diagnostic | undefined {
  const { demands, taken } = request;
  for (const demand of demands) {
    const { owner } = demand;
    const space = context.spaces.get(spaceKey(demand))!;
    const wanted = subtract(demand.wishes, space.holdings.held.get(owner) ?? EMPTY);
    if (wanted.length === 0) continue;
    const own = clip(wanted, clip(space.holdings.released.get(owner) ?? EMPTY, space.allocatable));
    const busy = clip(wanted, subtract(space.busy, promisedToOthers(space, owner)));
    const fresh = subtract(subtract(wanted, own), busy);
    const missing = subtract(fresh, clip(fresh, space.free.runs));
    if (missing.length > 0) return wishTaken(demand, missing, space, context.holderOf(missing), context.obstacles);
    space.free.remove(fresh);
    taken.set(demand, wanted);
  }
  return undefined;
}

function grow(
  request: Request,
  context: ServeContext,
  records: ReadonlyMap<string, readonly Resting[]>,
): Shortage | undefined {
  for (const set of bySet(request.demands)) {
    takeBack(set, request, context, records);
    const space = context.spaces.get(spaceKey(set[0]))!;
    const held = (demand: Demand) => heldSoFar(demand, request, space);
    // What its pool's users still have does not serve it yet (P9).
    const lacking = set.map((demand) => Math.max(0, demand.count - size(subtract(held(demand), space.busy))));
    const count = lacking.reduce((sum, one) => sum + one, 0);
    if (count === 0) continue;
    const block = unionAll(set.map(held));
    const more = chooseMore(space, set[0], block, count);
    share(set, lacking, more, request);
    const missing = count - size(more);
    if (missing > 0) {
      const whole = asOne(set);
      return { demand: whole, held: whole.count - count, available: size(more), missing, request: request.demands };
    }
  }
  return undefined;
}

/** Own resting addresses first, so that they are the same again (FIXED-9). */
function takeBack(
  set: readonly Demand[],
  request: Request,
  { spaces }: ServeContext,
  records: ReadonlyMap<string, readonly Resting[]>,
): void {
  for (const demand of set) {
    const space = spaces.get(spaceKey(demand))!;
    const held = heldSoFar(demand, request, space);
    const resting = ownResting(space, demand.owner, records.get(ownerInSubnet(demand.owner, demand.subnet.name)) ?? []);
    const back = chooseResting(
      demand,
      demand.count - size(subtract(held, space.busy)),
      resting.map((group) => subtract(group, held)),
    );
    request.taken.set(demand, union(request.taken.get(demand) ?? EMPTY, back));
  }
}

function heldSoFar(demand: Demand, { taken }: Request, space: Space): RangeSet {
  return union(space.holdings.held.get(demand.owner) ?? EMPTY, taken.get(demand) ?? EMPTY);
}

/** Shares a block out, lowest addresses to the lowest ordinals. */
function share(set: readonly Demand[], lacking: readonly number[], block: RangeSet, { taken }: Request): void {
  const parts = splitLowest(block, lacking);
  for (const [index, demand] of set.entries()) taken.set(demand, union(taken.get(demand) ?? EMPTY, parts[index]!));
}

/** Writes down what was taken, and lets go of what is too much. */
function settle({ demands, taken }: Request, context: ServeContext): void {
  for (const demand of demands) {
    const { owner } = demand;
    const { held, released, pools } = context.spaces.get(spaceKey(demand))!.holdings;
    const now = union(held.get(owner) ?? EMPTY, taken.get(demand) ?? EMPTY);
    const dropped = surplus(demand, now, context);
    const kept = subtract(now, dropped);
    held.set(owner, kept);
    released.set(owner, union(subtract(released.get(owner) ?? EMPTY, kept), dropped));
    if (demand.keptPool !== undefined) pools.set(owner, demand.keptPool);
  }
}

/**
 * From the end, and only what nobody uses or wished for (FIXED-1), nor what a Pod of the live workload that waits would
 * come for; a pool kept by name stays as it is.
 */
function surplus(demand: Demand, held: RangeSet, context: ServeContext): RangeSet {
  const { spaces, live, obstacles, mayShrink, followsLive } = context;
  const needed = demand.running === undefined ? demand.count : Math.max(demand.count, demand.running);
  const excess = size(subtract(held, spaces.get(spaceKey(demand))!.busy)) - needed;
  const claim = live.claims.get(ownerInSubnet(demand.owner, demand.subnet.name));
  if (excess <= 0 || !mayShrink || demand.keptPool !== undefined || claim?.opaque) return EMPTY;
  const bound = union(clip(held, obstacles.inUse[demand.subnet.family]), demand.wishes);
  const idle = subtract(held, bound);
  // The Pods of a scale-down still have theirs while they terminate: the pool shrinks once, when enough of them are gone.
  return followsLive && size(idle) < excess ? EMPTY : takeHighest(idle, excess);
}

/** What was taken from the free set goes back there; what rested for the owner still does. */
function giveBack(space: Space, owner: Owner, taken: RangeSet): void {
  space.free.add(subtract(subtract(taken, space.holdings.released.get(owner) ?? EMPTY), space.busy));
}

/** Of a sliced pool's busy addresses, those a slice holds, or that rest for another. */
function promisedToOthers({ busy, holdings }: Space, owner: Owner): RangeSet {
  if (busy.length === 0) return EMPTY;
  const resting = [...holdings.released].flatMap(([other, set]) => (other === owner ? [] : [set]));
  return unionAll([...holdings.held.values(), ...resting].map((set) => clip(set, busy)));
}
