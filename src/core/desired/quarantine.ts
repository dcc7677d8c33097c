import type { Lock } from "../allocate/allocation.js";
import { type Owner, ownerInSubnet, splitOwner } from "../allocate/owner.js";
import { OwnerIndex } from "../allocate/owner-index.js";
import { type QuarantineRecord, readQuarantine } from "../allocate/quarantine.js";
import { offered } from "../change/diff.js";
import { ownershipOf } from "../change/ownership.js";
import { type Family, familyOf } from "../ip/address.js";
import { addressSet, clip, EMPTY, type RangeSet, rangeSet, subtract } from "../ip/range-set.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import type { SpiderIPPool } from "../spiderpool/objects.js";
import { parseTime } from "../time.js";

/** What decides who rests, beside the steps. */
export interface QuarantineInput {
  /** Whether lock files stand beside the plan: then a record stays as long as they list its address as released. */
  readonly files: boolean;
  /** The lock as it should be after the run. */
  readonly lock: Lock;
  /** Pool name -> `owner/subnet`, of all pools the plan gives to an owner. */
  readonly ownerOf: ReadonlyMap<string, string>;
  readonly snapshot: Snapshot;
  /** The pools as this run leaves them. */
  readonly poolsAfter: () => ReadonlyMap<string, SpiderIPPool>;
  readonly install: string;
  /** The name an owner has after the plan's renamings (`moved`): its records go with it. */
  readonly rename: (owner: Owner) => Owner;
  readonly seconds: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A record and whether its address is in the reservation: not any more once it has rested (DESIGN 5). */
export type Rest = QuarantineRecord & { readonly reserved: boolean };

/**
 * Who rests after this run (DESIGN 5): what has been released and is in no pool of its owner any more, each with the time
 * its rest began; empty where the clock starts with this run's write.
 * Only use, the owner's return and time take an address out again; an address in use is never reserved.
 */
export function restingAfter(input: QuarantineInput): Rest[] {
  if (input.seconds === 0) return [];
  const released = releasedOf(input.lock);
  const records = readQuarantine(input.snapshot, input.install);
  if (released.length === 0 && records.length === 0) return [];
  const facts = factsOf(input);
  const known = new Map<string, Rest[]>();
  for (const { range, owner, subnet, since, over } of records) {
    const key = ownerInSubnet(input.rename(owner), subnet);
    const rest = { range, owner: key, since, reserved: !over };
    const rests = known.get(key);
    if (rests === undefined) known.set(key, [rest]);
    else rests.push(rest);
  }
  const listed = new Map(released);
  const kept = [...known].flatMap(([key, rests]) =>
    rests.flatMap((rest) => keep(rest, listed.get(key) ?? EMPTY, facts, input)),
  );
  const recorded = { 4: rangesOf(kept, 4), 6: rangesOf(kept, 6) };
  const fresh = released.flatMap(([owner, set]) => {
    const family = familyOfSet(set);
    // What has rested for this owner does not begin again; a record of another's that ends says nothing about this one.
    const unrecorded = subtract(subtract(set, clip(set, recorded[family])), rangesOf(known.get(owner) ?? [], family));
    return startResting(owner, unrecorded, facts).map((range) => ({ range, owner, since: "", reserved: true }));
  });
  return [...kept, ...fresh];
}

/** All that the lock lists as released, by `owner/subnet`. */
function releasedOf(lock: Lock): [string, RangeSet][] {
  return [...lock.subnets].flatMap(([subnet, { released }]) =>
    [...released].map(([owner, set]): [string, RangeSet] => [ownerInSubnet(owner, subnet), set]),
  );
}

interface Facts {
  readonly before: Record<Family, OwnerIndex>;
  readonly after: Record<Family, OwnerIndex>;
  readonly inUse: Record<Family, RangeSet>;
  /** Whether the absence of a pool or a user means that there is none. */
  readonly complete: boolean;
}

function factsOf(input: QuarantineInput): Facts {
  const { snapshot, poolsAfter } = input;
  const used = [...snapshot.use.byAddress.keys()];
  const usedOf = (family: Family) => addressSet(used.filter((address) => familyOf(address) === family));
  const index = (pools: Iterable<SpiderIPPool>) => {
    const sets = [...pools].map((pool): [string, RangeSet] => [ownerOfPool(pool, input), offered(pool)]);
    const of = (family: Family) =>
      new OwnerIndex(sets.filter(([, set]) => set.length > 0 && familyOfSet(set) === family));
    return { 4: of(4), 6: of(6) };
  };
  return {
    before: index(snapshot.pools.values()),
    after: index(poolsAfter().values()),
    inUse: { 4: usedOf(4), 6: usedOf(6) },
    complete: snapshot.complete.has("SpiderIPPool") && snapshot.complete.has("SpiderEndpoint"),
  };
}

/** Whose pool it is: as the plan says, else as it says itself; a pool of nobody's is its own. */
function ownerOfPool(pool: SpiderIPPool, { ownerOf, install, rename }: QuarantineInput): string {
  const planned = ownerOf.get(pool.metadata.name);
  if (planned !== undefined) return planned;
  const recorded = ownershipOf(pool, install).type === "ours" ? recordedOwner(pool) : undefined;
  if (recorded === undefined) return `pool ${pool.metadata.name}`;
  const { owner, subnet } = splitOwner(recorded);
  return ownerInSubnet(rename(owner), subnet);
}

/** What of a live record stays, and how. */
function keep(rest: Rest, listed: RangeSet, facts: Facts, { files, seconds, now }: QuarantineInput): Rest[] {
  const { owner, range } = rest;
  const still = unused([range], facts);
  const back = heldBy(owner, still, facts.after);
  const away = subtract(still, back);
  // Reserved in a run that did not come to release it: the rest begins with the release.
  const again = heldBy(owner, away, facts.before);
  const resting = subtract(away, again);
  const began = parseTime(rest.since);
  const over = !rest.reserved || (began !== undefined && began + seconds * 1000 <= now);
  const left = over ? (files ? clip(resting, listed) : EMPTY) : resting;
  return [
    ...again.map((part) => ({ owner, range: part, since: "", reserved: true })),
    ...left.map((part) => ({ owner, range: part, since: began === undefined ? "" : rest.since, reserved: !over })),
  ];
}

/**
 * Released without a record: taken from a pool by this run, or in no pool at all ("reserve now, the clock starts now").
 * What a pool goes on offering is not taken from its users.
 */
function startResting(owner: string, released: RangeSet, facts: Facts): RangeSet {
  const free = subtract(unused(released, facts), heldBy(owner, released, facts.after));
  if (free.length === 0) return EMPTY;
  const offers = facts.before[familyOfSet(free)].inside(free);
  const staying = offers.flatMap(({ holder, range }) => heldBy(holder, [range], facts.after));
  const given = rangeSet(offers.map(({ range }) => range));
  return subtract(facts.complete ? free : clip(free, given), rangeSet(staying));
}

function heldBy(owner: string, set: RangeSet, pools: Record<Family, OwnerIndex>): RangeSet {
  if (set.length === 0) return EMPTY;
  const inside = pools[familyOfSet(set)].inside(set);
  return rangeSet(inside.filter(({ holder }) => holder === owner).map(({ range }) => range));
}

function unused(set: RangeSet, facts: Facts): RangeSet {
  return set.length === 0 ? EMPTY : subtract(set, clip(set, facts.inUse[familyOfSet(set)]));
}

function familyOfSet(set: RangeSet): Family {
  return typeof set[0]?.first === "bigint" ? 6 : 4;
}

/** The reserved addresses of one family. */
export function reservedOf(rests: readonly Rest[], family: Family): RangeSet {
  return rangesOf(
    rests.filter((one) => one.reserved),
    family,
  );
}

function rangesOf(rests: readonly Rest[], family: Family): RangeSet {
  return rangeSet(rests.map(({ range }) => range).filter((range) => familyOf(range.first) === family));
}
