import { type Family, familyOf } from "../ip/address.js";
import { cidrRange } from "../ip/range.js";
import {
  addressSet,
  clip,
  EMPTY,
  type RangeSet,
  rangeSet,
  subtract,
  union,
  unionAll,
  within,
} from "../ip/range-set.js";
import type { Plan, Subnet } from "../plan/plan.js";
import { type Snapshot, usedInPool } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { controlledByPool } from "../spiderpool/controlled.js";
import { FreeSet } from "./free-set.js";
import type { LivePools } from "./live.js";
import { type Holdings, noHoldings } from "./lock.js";
import { OwnerIndex } from "./owner-index.js";
import { isPromised } from "./promised.js";
import { isQuarantine, type Resting, reservedSets } from "./quarantine.js";

/** Addresses by family; a list of sets may be fused at once instead of one by one. */
export type ByFamily<T> = Readonly<Record<Family, T>>;

/** What stands in the way of giving an address away, whoever asks (DESIGN 5, Free). */
export interface Obstacles {
  /** Reservations of the plan and of the cluster; quarantine is counted with its owners. */
  readonly reserved: ByFamily<RangeSet>;
  /** Addresses of pools whose list the plan gives. */
  readonly declared: ByFamily<RangeSet>;
  /** Addresses of pools that are nobody's here, terminating and automatic ones included (G11), and `controlledIPPools` (B9). */
  readonly foreign: ByFamily<RangeSet>;
  /** Addresses in a pool's record or an endpoint. */
  readonly inUse: ByFamily<RangeSet>;
  /** What stands in the way of some addresses of a declared pool: all of the above, but other declared ones and the pool itself. */
  readonly inside: (pool: string, addresses: RangeSet, family: Family) => RangeSet;
  /** All of the above. */
  readonly all: ByFamily<RangeSet>;
}

/** One subnet of the plan, or one declared pool that is sliced, while addresses are given away. */
export interface Space {
  readonly subnet: Subnet;
  /** The declared pool; undefined for a subnet. */
  readonly slice?: string;
  /** Addresses of a sliced pool its own users still have: a slice may hold them, and offers them once they are released. */
  readonly busy: RangeSet;
  readonly holdings: Holdings;
  /** What may be given away at all: an owner's own resting addresses are taken from here. */
  readonly allocatable: RangeSet;
  /** allocatable - what anybody holds - what rests. */
  readonly free: FreeSet;
}

/**
 * Gathers the obstacles of all subnets at once.
 * @param ourPool whether a name in `controlledIPPools` is a pool of an owner of ours
 */
export function obstacles(
  plan: Plan,
  live: LivePools,
  snapshot: Snapshot,
  { resting, holdings }: { readonly resting: readonly Resting[]; readonly holdings: ReadonlyMap<string, Holdings> },
  install: string,
  ourPool: (name: string) => boolean,
): Obstacles {
  // What a declared pool gives up again is no obstacle to the owner it still rests for, nor anybody else's yet (FIXED-9).
  const returning = byFamily([...holdings.values()].flatMap(({ released }) => [...released.values()]));
  const reserved = byFamily([
    ...[...plan.reserved.values()].flatMap(({ addresses }) => [addresses.v4, addresses.v6]),
    ...reservations(snapshot, [...resting.map(({ range }) => [range]), returning[4], returning[6]], install),
  ]);
  const declared = byFamily([...plan.pools.values()].map((pool) => pool.addresses ?? EMPTY));
  const back = { 4: subtract(returning[4], declared[4]), 6: subtract(returning[6], declared[6]) };
  const kept = live.declared.map((pool) => {
    const offered = effectiveSet(pool.spec);
    const gone = clip(offered, back[typeof offered[0]?.first === "bigint" ? 6 : 4]);
    return { name: pool.metadata.name, offered: subtract(offered, gone) };
  });
  const others = [...live.foreign, ...live.retired].map((pool) => ({
    name: pool.metadata.name,
    offered: effectiveSet(pool.spec),
  }));
  const read = new Set(kept.map(({ name }) => name));
  const holders: (readonly [string, RangeSet])[] = [
    ...[...others, ...kept].map(({ name, offered }) => [name, offered] as const),
    ...[...snapshot.subnets.values()].flatMap((subnet) =>
      controlledByPool(subnet, (name) => !read.has(name) && !ourPool(name)),
    ),
    ...(snapshot.complete.has("SpiderIPPool") ? [] : [...holdings.values()].flatMap(({ autoPools }) => [...autoPools])),
  ];
  const foreign = byFamily(holders.map(([, set]) => set));
  const indexOf = (family: Family) =>
    new OwnerIndex(
      holders.map(([name, set]) => [name, set.filter(({ first }) => familyOf(first) === family)] as const),
    );
  const index = { 4: indexOf(4), 6: indexOf(6) };
  const used = [...snapshot.use.byAddress.keys()];
  const inUse = {
    4: addressSet(used.filter((address) => typeof address === "number")),
    6: addressSet(used.filter((address) => typeof address === "bigint")),
  };
  const all = (family: Family) => union(reserved[family], declared[family], foreign[family], inUse[family]);
  const inside = (pool: string, addresses: RangeSet, family: Family) => {
    const others = index[family].inside(addresses).filter(({ holder }) => holder !== pool);
    return rangeSet([
      ...others.map(({ range }) => range),
      ...clip(addresses, reserved[family]),
      ...clip(addresses, inUse[family]),
    ]);
  };
  return { reserved, declared, foreign, inUse, inside, all: { 4: all(4), 6: all(6) } };
}

/** The space a demand is served from: its subnet's, or its declared pool's. */
export function spaceKey({ subnet, slice }: { readonly subnet: Subnet; readonly slice?: string }): string {
  return slice === undefined ? subnet.name : `pool:${slice}`;
}

/** Opens every subnet of the plan, in key order, and every declared pool that is sliced. */
export function openSpaces(
  plan: Plan,
  holdings: Map<string, Holdings>,
  obstacles: Obstacles,
  sliced: Iterable<string>,
  snapshot: Snapshot,
): ReadonlyMap<string, Space> {
  const spaces = new Map<string, Space>();
  const given = new Map<Space, RangeSet>();
  for (const key of [...plan.subnets.keys()].sort()) {
    const subnet = plan.subnets.get(key)!;
    const state = holdings.get(key) ?? noHoldings();
    holdings.set(key, state);
    const allocatable = subtract(subnet.usable, within(obstacles.all[subnet.family], cidrRange(subnet.cidr)));
    const heldHere = unionAll([...state.held.values(), ...state.released.values()]);
    const free = new FreeSet(subtract(allocatable, heldHere));
    const space = { subnet, holdings: state, busy: EMPTY, allocatable, free };
    spaces.set(key, space);
    given.set(space, heldHere);
  }
  for (const name of new Set(sliced)) {
    const space = openPool(plan, name, { spaces, given }, obstacles, snapshot);
    if (space !== undefined) spaces.set(spaceKey(space), space);
  }
  return spaces;
}

/** A declared pool as a place to cut slices from: what neither Pods nor slices have of it. */
function openPool(
  plan: Plan,
  name: string,
  { spaces, given }: { readonly spaces: ReadonlyMap<string, Space>; readonly given: ReadonlyMap<Space, RangeSet> },
  obstacles: Obstacles,
  snapshot: Snapshot,
): Space | undefined {
  const pool = plan.pools.get(name);
  const around = spaces.get(pool?.subnet ?? "");
  if (pool?.addresses === undefined || around === undefined) return undefined;
  const { subnet, holdings } = around;
  const allocatable = subtract(pool.addresses, obstacles.inside(name, pool.addresses, subnet.family));
  const used = usedInPool(snapshot, name).filter(({ first }) => (subnet.family === 4) === (typeof first === "number"));
  const free = new FreeSet(subtract(allocatable, clip(allocatable, given.get(around) ?? EMPTY)));
  return { subnet, slice: name, holdings, busy: clip(pool.addresses, used), allocatable, free };
}

/**
 * SpiderReservedIPs, without the resting addresses whose owner is known: that owner may take them back (FIXED-9); and
 * without those that keep what the lock promises: the lock says for whom.
 */
function reservations(snapshot: Snapshot, resting: readonly RangeSet[], install: string): RangeSet[] {
  const known = byFamily(resting);
  return [...snapshot.reserved.values()].flatMap((reserved) => {
    const { v4, v6 } = reservedSets(reserved);
    if (isPromised(reserved, install)) return [];
    return isQuarantine(reserved, install) ? [subtract(v4, known[4]), subtract(v6, known[6])] : [v4, v6];
  });
}

function byFamily(sets: readonly RangeSet[]): ByFamily<RangeSet> {
  const ranges = sets.flat();
  return {
    4: rangeSet(ranges.filter((range) => typeof range.first === "number")),
    6: rangeSet(ranges.filter((range) => typeof range.first === "bigint")),
  };
}
