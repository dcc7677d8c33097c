import type { Range } from "../ip/range.js";
import { clip, EMPTY, type RangeSet, rangeSet, subtract, union, unionAll } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import type { Lock, SubnetLock } from "./allocation.js";
import type { Claim, LivePools } from "./live.js";
import { sortedEntries } from "./order.js";
import { type Owner, ownerInSubnet, splitOwner } from "./owner.js";
import { OwnerIndex } from "./owner-index.js";
import type { Resting } from "./quarantine.js";

/** Who holds what in one subnet, while it is worked on. */
export interface Holdings {
  readonly held: Map<Owner, RangeSet>;
  readonly pools: Map<Owner, string>;
  readonly released: Map<Owner, RangeSet>;
  /** By ticket. */
  readonly pending: Map<string, RangeSet>;
  /** By name of the pool. */
  readonly autoPools: Map<string, RangeSet>;
}

/** Those of a subnet that nobody holds anything of. */
export function noHoldings(): Holdings {
  return { held: new Map(), pools: new Map(), released: new Map(), pending: new Map(), autoPools: new Map() };
}

/** How the recorded lock is brought up to what the cluster shows. */
export interface LockSources {
  readonly lock: Lock;
  readonly live: LivePools;
  readonly resting: readonly Resting[];
  readonly snapshot: Snapshot;
  /** `spiderplan lock` is running: it may take live pools in that the files do not know, and drop what has rested. */
  readonly writing: boolean;
  readonly quarantineSeconds: number;
}

/**
 * The holdings before anything is decided, by subnet key. Without lock files the live pools and the quarantine's
 * record are the lock; with them the files are, corrected by what is in use (in use > lock > live pool > plan).
 */
export function currentHoldings(sources: LockSources): Map<string, Holdings> {
  const { lock, live, resting } = sources;
  const holdings = new Map<string, Holdings>();
  const of = (subnet: string): Holdings => {
    const known = holdings.get(subnet);
    if (known !== undefined) return known;
    const fresh = noHoldings();
    holdings.set(subnet, fresh);
    return fresh;
  };
  if (lock.files) for (const [subnet, recorded] of lock.subnets) holdings.set(subnet, copy(recorded));
  addResting(of, resting);
  if (sources.writing || !lock.files) dropRested(holdings, sources);
  const index = indexHoldings(holdings);
  for (const claim of live.claims.values()) addClaim(of(claim.subnet), claim, index, sources);
  for (const state of holdings.values()) separate(state);
  return new Map(sortedEntries(holdings));
}

/** The holdings as a lock, sorted, empty entries gone. */
export function asLock(holdings: ReadonlyMap<string, Holdings>, files: boolean): Lock {
  const filled = (map: Map<Owner, RangeSet>) => new Map(sortedEntries(map).filter(([, set]) => set.length > 0));
  const subnets = sortedEntries(holdings).map(([key, state]): [string, SubnetLock] => [
    key,
    {
      held: filled(state.held),
      pools: new Map(sortedEntries(state.pools)),
      released: filled(state.released),
      ...(state.pending.size > 0 && { pending: filled(state.pending) }),
      ...(state.autoPools.size > 0 && { autoPools: filled(state.autoPools) }),
    },
  ]);
  const isUsed = ({ held, released }: SubnetLock) => held.size + released.size > 0;
  // Automatic pools alone make no lock: the live pools stay the lock where nobody holds anything.
  const isLock = subnets.some(([, lock]) => isUsed(lock));
  const kept = subnets.filter(([, lock]) => isUsed(lock) || (isLock && lock.autoPools !== undefined));
  return { files, subnets: new Map(kept) };
}

/** Both families' indexes of everything held, holders written `owner/subnet`. */
export function indexHeld(holdings: ReadonlyMap<string, Pick<SubnetLock, "held">>): { v4: OwnerIndex; v6: OwnerIndex } {
  const v4: [string, RangeSet][] = [];
  const v6: [string, RangeSet][] = [];
  for (const [subnet, { held }] of holdings) {
    for (const [owner, set] of held) (isV4(set) ? v4 : v6).push([ownerInSubnet(owner, subnet), set]);
  }
  return { v4: new OwnerIndex(v4), v6: new OwnerIndex(v6) };
}

interface Index {
  readonly held: { v4: OwnerIndex; v6: OwnerIndex };
  readonly released: { v4: OwnerIndex; v6: OwnerIndex };
}

function indexHoldings(holdings: ReadonlyMap<string, Holdings>): Index {
  const released = new Map([...holdings].map(([subnet, state]) => [subnet, { ...state, held: state.released }]));
  return { held: indexHeld(holdings), released: indexHeld(released) };
}

/** Quarantine records count as released where the lock does not speak of the address. */
function addResting(of: (subnet: string) => Holdings, resting: readonly Resting[]): void {
  for (const [subnet, owners] of bySubnet(resting.filter(({ over }) => !over))) {
    const state = of(subnet);
    const spoken = unionAll([...state.held.values(), ...state.released.values()]);
    for (const [owner, set] of owners) {
      const unspoken = subtract(set, clip(set, spoken));
      state.released.set(owner, union(state.released.get(owner) ?? EMPTY, unspoken));
    }
  }
}

/** Drops what has rested long enough: its record is over, or the plan lets nothing rest and no pool has it any more. */
function dropRested(holdings: ReadonlyMap<string, Holdings>, sources: LockSources): void {
  for (const [subnet, owners] of bySubnet(sources.resting.filter(({ over }) => over))) {
    const released = holdings.get(subnet)?.released;
    for (const [owner, set] of owners) released?.set(owner, subtract(released.get(owner) ?? EMPTY, set));
  }
  const { complete } = sources.snapshot;
  if (sources.quarantineSeconds > 0 || !complete.has("SpiderIPPool") || !complete.has("SpiderEndpoint")) return;
  const offered = new Map<string, RangeSet[]>();
  for (const claim of sources.live.claims.values()) {
    const sets = offered.get(claim.subnet);
    if (sets === undefined) offered.set(claim.subnet, [claim.offered]);
    else sets.push(claim.offered);
  }
  for (const [subnet, { released }] of holdings) {
    const inPools = unionAll(offered.get(subnet) ?? []);
    for (const [owner, set] of released) released.set(owner, clip(set, inPools));
  }
}

function bySubnet(resting: readonly Resting[]): [string, Map<Owner, RangeSet>][] {
  const ranges = new Map<string, Map<Owner, Range[]>>();
  for (const { owner, subnet, range } of resting) {
    const owners = ranges.get(subnet) ?? new Map<Owner, Range[]>();
    owners.set(owner, [...(owners.get(owner) ?? []), range]);
    ranges.set(subnet, owners);
  }
  return sortedEntries(ranges).map(([subnet, owners]) => [
    subnet,
    new Map(sortedEntries(owners).map(([owner, list]) => [owner, rangeSet(list)])),
  ]);
}

function addClaim(state: Holdings, claim: Claim, index: Index, { lock, writing }: LockSources): void {
  const key = ownerInSubnet(claim.owner, claim.subnet);
  const family = isV4(claim.offered) ? "v4" : "v6";
  const others = rangeSet(
    index.held[family]
      .inside(claim.offered)
      .filter(({ holder }) => holder !== key)
      .map(({ range }) => range),
  );
  const resting = rangeSet(index.released[family].inside(claim.offered).map(({ range }) => range));
  const mine = subtract(claim.used, others);
  const recorded = state.held.get(claim.owner);
  const known = recorded ?? (writing || !lock.files ? subtract(subtract(claim.offered, others), resting) : EMPTY);
  const held = union(known, mine);
  if (held.length > 0) state.held.set(claim.owner, held);
  // A line somebody took out of the file by hand releases nothing silently: what a pool of ours offered rests as well.
  const forgotten = lock.files ? subtract(subtract(subtract(claim.offered, others), resting), held) : EMPTY;
  state.released.set(claim.owner, union(state.released.get(claim.owner) ?? EMPTY, forgotten));
  for (const { holder } of index.released[family].inside(mine)) {
    const { owner } = splitOwner(holder);
    const rest = state.released.get(owner);
    if (rest !== undefined) state.released.set(owner, subtract(rest, mine));
  }
}

/** What an owner holds does not rest as well. */
function separate(state: Holdings): void {
  for (const [owner, set] of state.released) {
    const held = state.held.get(owner);
    if (held !== undefined) state.released.set(owner, subtract(set, held));
  }
}

function copy(lock: SubnetLock): Holdings {
  return {
    held: new Map(lock.held),
    pools: new Map(lock.pools),
    released: new Map(lock.released),
    pending: new Map(lock.pending),
    autoPools: new Map(lock.autoPools),
  };
}

function isV4(set: RangeSet): boolean {
  return typeof set[0]?.first === "number";
}
