import type { Diagnostic } from "../diagnostics.js";
import { clip, EMPTY, type RangeSet, size, subtract, takeHighest, union } from "../ip/range-set.js";
import type { Demand } from "./demand.js";
import { chooseMore, ownResting } from "./grow.js";
import type { LivePools } from "./live.js";
import { type Owner, ownerInSubnet } from "./owner.js";
import type { Resting } from "./quarantine.js";
import { notEnough, type Shortage, wishTaken } from "./shortage.js";
import type { ByFamily, Space } from "./space.js";

/** What serving needs beside the spaces it changes. */
export interface ServeContext {
  readonly spaces: ReadonlyMap<string, Space>;
  readonly live: LivePools;
  readonly resting: readonly Resting[];
  readonly inUse: ByFamily<RangeSet>;
  /** Whether usage is known well enough to take anything away. */
  readonly mayShrink: boolean;
  /** Who holds an address, for messages. */
  readonly holderOf: (set: RangeSet) => string | undefined;
}

/** One owner's demands in all its subnets: they are met together or not at all (FIXED-6). */
interface Request {
  readonly owner: Owner;
  readonly demands: readonly Demand[];
  /** Taken from the free sets or from own rest so far, by subnet key. */
  readonly taken: Map<string, RangeSet>;
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
  const requests = inOrder(demands, context).filter(({ owner }) => !frozen.has(owner));
  const diagnostics: Diagnostic[] = [];
  const stop = (request: Request, found: Diagnostic) => {
    diagnostics.push(found);
    frozen.add(request.owner);
    for (const [subnet, set] of request.taken) giveBack(context.spaces.get(subnet)!, request.owner, set);
  };
  for (const request of requests) {
    const missed = claimWishes(request, context);
    if (missed !== undefined) stop(request, missed);
  }
  for (const request of requests) {
    if (frozen.has(request.owner)) continue;
    const short = grow(request, context, records);
    if (short !== undefined) stop(request, notEnough(short, context.spaces));
    else settle(request, context);
  }
  return diagnostics;
}

function inOrder(demands: readonly Demand[], { spaces }: ServeContext): Request[] {
  const byOwner = new Map<Owner, Demand[]>();
  for (const demand of demands) {
    const list = byOwner.get(demand.owner);
    if (list === undefined) byOwner.set(demand.owner, [demand]);
    else list.push(demand);
  }
  const requests = [...byOwner].map(([owner, list]) => ({ owner, demands: list, taken: new Map<string, RangeSet>() }));
  const holds = ({ owner, demands: list }: Request) =>
    list.some(({ subnet }) => spaces.get(subnet.name)!.holdings.held.has(owner));
  // demands come sorted by owner, so both halves stay in key order
  return [...requests.filter(holds), ...requests.filter((request) => !holds(request))];
}

function claimWishes(request: Request, context: ServeContext): Diagnostic | undefined {
  const { owner, demands, taken } = request;
  for (const demand of demands) {
    const space = context.spaces.get(demand.subnet.name)!;
    const wanted = subtract(demand.wishes, space.holdings.held.get(owner) ?? EMPTY);
    if (wanted.length === 0) continue;
    const own = clip(wanted, clip(space.holdings.released.get(owner) ?? EMPTY, space.allocatable));
    const fresh = subtract(wanted, own);
    const missing = subtract(fresh, clip(fresh, space.free.runs));
    if (missing.length > 0) return wishTaken(demand, missing, space, context.holderOf(missing));
    space.free.remove(fresh);
    taken.set(demand.subnet.name, wanted);
  }
  return undefined;
}

function grow(
  request: Request,
  context: ServeContext,
  records: ReadonlyMap<string, readonly Resting[]>,
): Shortage | undefined {
  const { owner, demands, taken } = request;
  for (const demand of demands) {
    const key = demand.subnet.name;
    const space = context.spaces.get(key)!;
    const wished = taken.get(key) ?? EMPTY;
    const held = union(space.holdings.held.get(owner) ?? EMPTY, wished);
    const count = demand.count - size(held);
    if (count <= 0) continue;
    const resting = ownResting(space, owner, records.get(ownerInSubnet(owner, key)) ?? []);
    const more = chooseMore(
      space,
      demand,
      held,
      count,
      resting.map((group) => subtract(group, wished)),
    );
    taken.set(key, union(wished, more));
    if (size(more) < count)
      return { demand, held: size(held), available: size(more), missing: count - size(more), request: demands };
  }
  return undefined;
}

/** Writes down what was taken, and lets go of what is too much. */
function settle({ owner, demands, taken }: Request, context: ServeContext): void {
  for (const demand of demands) {
    const { held, released, pools } = context.spaces.get(demand.subnet.name)!.holdings;
    const now = union(held.get(owner) ?? EMPTY, taken.get(demand.subnet.name) ?? EMPTY);
    const dropped = surplus(demand, now, context);
    const kept = subtract(now, dropped);
    if (kept.length > 0) held.set(owner, kept);
    else held.delete(owner);
    const rest = union(subtract(released.get(owner) ?? EMPTY, kept), dropped);
    if (rest.length > 0) released.set(owner, rest);
    else released.delete(owner);
    if (demand.keptPool !== undefined) pools.set(owner, demand.keptPool);
  }
}

/** From the end, and only what nobody uses or wished for (FIXED-1); a pool kept by name stays as it is. */
function surplus(demand: Demand, held: RangeSet, { live, inUse, mayShrink }: ServeContext): RangeSet {
  const excess = size(held) - demand.count;
  const claim = live.claims.get(ownerInSubnet(demand.owner, demand.subnet.name));
  if (excess <= 0 || !mayShrink || demand.keptPool !== undefined || claim?.opaque) return EMPTY;
  const bound = union(clip(held, inUse[demand.subnet.family]), demand.wishes);
  return takeHighest(subtract(held, bound), excess);
}

/** What was taken from the free set goes back there; what rested for the owner still does. */
function giveBack(space: Space, owner: Owner, taken: RangeSet): void {
  space.free.add(subtract(taken, space.holdings.released.get(owner) ?? EMPTY));
}
