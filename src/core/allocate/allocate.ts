import { referencesIn } from "../cluster/references.js";
import type { Diagnostic } from "../diagnostics.js";
import type { RangeSet } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { resolveFacts } from "../spiderpool/facts.js";
import type { Allocation, Lock, SubnetUsage } from "./allocation.js";
import { allocationOf, leavingAllocation } from "./allocations.js";
import { recordAutoPools } from "./auto-pools-seen.js";
import { boundOverLive } from "./bound.js";
import { strayNames } from "./check-names.js";
import { findConflicts } from "./conflicts.js";
import { checkCovered } from "./covered.js";
import { type Demand, demandsOf } from "./demand.js";
import { keepNames } from "./kept-names.js";
import { leavingClaims, leftBy, retire } from "./leaving.js";
import { type LivePools, readLivePools } from "./live.js";
import { asLock, currentHoldings, type Holdings, indexHeld } from "./lock.js";
import { inconsistentEdits } from "./lock-edits.js";
import { renamedLock, renamer } from "./moved.js";
import { type PoolNames, poolNames } from "./naming.js";
import { compareText } from "./order.js";
import { compareOwners, type Owner, ownerInSubnet, takenPool, wholeNic } from "./owner.js";
import { markPending, tellPending } from "./pending.js";
import { readQuarantine } from "./quarantine.js";
import { withReturned } from "./returned.js";
import { awaitedOrdinals, checkScaled } from "./scaled.js";
import { serve } from "./serve.js";
import { waitingSlices } from "./slices.js";
import { openSpaces, obstacles as readObstacles } from "./space.js";
import { trustOf } from "./trust.js";
import { tellTurned } from "./turned.js";
import { usageOf } from "./usage.js";
import { checkZones } from "./zones.js";

/** What allocation decides from. */
export interface AllocateInput {
  readonly plan: Plan;
  readonly lock: Lock;
  readonly snapshot: Snapshot;
  readonly install: string;
  /**
   * `lock`: work out the next lock, allocating what it lacks. `plan`: lock files are the truth and used as they are;
   * where there are none, the live pools are, and new owners are allocated all the same.
   */
  readonly mode: "lock" | "plan";
}

/** What allocation decides. */
export interface Allocated {
  /** Sorted by owner and subnet. */
  readonly allocations: readonly Allocation[];
  /** Who holds what afterwards. */
  readonly lock: Lock;
  /** Sorted by subnet. */
  readonly usage: readonly SubnetUsage[];
  /** What is left to give away afterwards, by subnet. */
  readonly free: ReadonlyMap<string, RangeSet>;
  readonly diagnostics: readonly Diagnostic[];
  /** Names and patterns of all fixed NICs, collisions resolved. */
  readonly names: PoolNames;
  /** The plan with the renamings that it takes back. */
  readonly plan: Plan;
}

/**
 * Who gets which address (DESIGN 5). An owner keeps every address it holds (FIXED-2), a change to one owner changes
 * no other's (FIXED-3), the order of the input means nothing (FIXED-4), and an owner that cannot be served keeps what
 * it has and is told what is missing (FIXED-6).
 */
export function allocate(input: AllocateInput): Allocated {
  const { snapshot, install } = input;
  const { value: plan, diagnostics: returned } = withReturned(input.plan, input.lock, snapshot, install);
  const lock = renamedLock(input.lock, plan);
  const allocating = input.mode === "lock" || !lock.files;
  const {
    demands: planned,
    unknown,
    diagnostics,
  } = demandsOf(plan, snapshot, !lock.files || lock.followsLive === true);
  const live = readLivePools(plan, planned, snapshot, install, lock);
  const demands = awaitedOrdinals(planned, live, snapshot);
  const rename = renamer(plan);
  const resting = readQuarantine(snapshot, install).map((one) => ({ ...one, owner: rename(one.owner) }));
  const { quarantineSeconds } = plan.settings;
  const writing = input.mode === "lock";
  const holdings = currentHoldings({ lock, live, resting, snapshot, writing, quarantineSeconds });
  const before = new Map([...holdings].map(([subnet, { held }]) => [subnet, new Map(held)]));
  const names = nameOwners(demands, holdings, live);
  const obstacles = readObstacles(plan, live, snapshot, { resting, holdings }, install, ourPools(demands, live, names));
  const spaces = openSpaces(
    plan,
    holdings,
    obstacles,
    demands.flatMap(({ slice }) => slice ?? []),
    snapshot,
  );
  const conflicts = findConflicts(plan, demands, holdings, live, snapshot, obstacles, lock);
  const edits = inconsistentEdits(plan, lock, live, resting, obstacles);
  const zones = checkZones(plan, snapshot);
  const stopped = new Set([...unknown, ...zones.refused]);
  const frozen = new Set([...ownersOf(stopped, demands, holdings, live), ...conflicts.frozen, ...edits.frozen]);
  const mayShrink = snapshot.complete.has("SpiderIPPool") && snapshot.complete.has("SpiderEndpoint");
  const followsLive = lock.followsLive === true;
  const context = { spaces, live, resting, obstacles, mayShrink, followsLive, holderOf: holderFinder(holdings) };
  const served = allocating
    ? serve(demands, frozen, context)
    : [...checkCovered(demands, lock, frozen), ...checkScaled(demands, holdings, live, frozen)];
  const facts = resolveFacts(snapshot.facts, plan.settings.spiderpool);
  const { heeds } = trustOf(plan, snapshot, facts, rename);
  const named = referencesIn(snapshot).namers({ on: "template", heeds });
  const leaving = leavingClaims(demands, live, frozen, named, plan);
  if (allocating) retire(plan, demands, holdings, leaving, frozen, obstacles, mayShrink);
  if (allocating) {
    keepNames(demands, holdings, live, plan);
    markPending(demands, holdings, before);
  }
  // A lock kept in the cluster is never without one.
  if (writing && !followsLive) recordAutoPools(plan, holdings, snapshot);
  const heldBefore = (demand: Demand): RangeSet =>
    (!allocating && snapshot.complete.has("SpiderIPPool")
      ? undefined
      : before.get(demand.subnet.name)?.get(demand.owner)) ?? [];
  const allocations = [
    ...demands.flatMap((demand) => allocationOf(demand, { spaces, live, names, frozen }, heldBefore(demand))),
    ...leaving.map((claim) =>
      leavingAllocation(claim, frozen.has(claim.owner), leftBy(plan, claim.owner, claim.subnet) === "drain"),
    ),
  ];
  return {
    allocations: allocations.sort((a, b) => compareOwners(a.owner, b.owner) || compareText(a.subnet, b.subnet)),
    lock: asLock(holdings, lock.files),
    usage: [...spaces.values()].filter(({ slice }) => slice === undefined).map((space) => usageOf(space, obstacles)),
    free: new Map([...spaces].map(([subnet, space]) => [subnet, space.free.runs])),
    diagnostics: [
      ...returned,
      ...diagnostics,
      ...(followsLive ? boundOverLive(plan) : []),
      ...zones.diagnostics,
      ...conflicts.diagnostics,
      ...edits.diagnostics,
      ...served,
      ...waitingSlices(demands, spaces, frozen, snapshot),
      ...tellPending(demands, holdings, lock.files || writing),
      ...tellTurned(demands, leaving, plan),
      ...strayNames(plan, live, names),
    ],
    names,
    plan,
  };
}

/** Everything that stopped NICs have or want, in all their ordinals: it stays as it is. */
function ownersOf(
  nics: ReadonlySet<Owner>,
  demands: readonly Demand[],
  holdings: ReadonlyMap<string, Holdings>,
  live: LivePools,
): Owner[] {
  const known = [
    ...demands.map(({ owner }) => owner),
    ...[...holdings.values()].flatMap(({ held }) => [...held.keys()]),
    ...[...live.claims.values()].map(({ owner }) => owner),
  ];
  return known.filter((owner) => nics.has(wholeNic(owner)));
}

/** Owners that hold something name their pools first: the order of precedence when two want one name. */
function nameOwners(demands: readonly Demand[], holdings: ReadonlyMap<string, Holdings>, live: LivePools): PoolNames {
  const nics = demands.map(({ owner }) => owner).filter((owner) => takenPool(owner) === undefined);
  const wanted = [...new Set(nics.map(wholeNic))];
  const holding = new Set([...holdings.values()].flatMap(({ held }) => [...held.keys()].map(wholeNic)));
  const recorded = [...holdings].flatMap(([subnet, { pools }]) =>
    [...pools].map(([owner, name]): [string, string] => [ownerInSubnet(owner, subnet), name]),
  );
  const liveNames = new Map([
    ...recorded,
    ...[...live.claims].map(([key, { pools }]): [string, string] => [key, pools[0]!.metadata.name]),
  ]);
  const ordered = [...wanted.filter((owner) => holding.has(owner)), ...wanted];
  return poolNames(ordered, liveNames);
}

function ourPools(demands: readonly Demand[], live: LivePools, names: PoolNames): (name: string) => boolean {
  const kept = new Set(demands.map(({ keptPool }) => keptPool));
  const taken = new Set(demands.map(({ owner }) => takenPool(owner)));
  return (name) =>
    live.claimOf.has(name) || kept.has(name) || taken.has(name) || names.ownerHitting(name) !== undefined;
}

function holderFinder(holdings: ReadonlyMap<string, Holdings>): (set: RangeSet) => string | undefined {
  let index: ReturnType<typeof indexHeld> | undefined;
  return (set) => {
    index ??= indexHeld(holdings);
    const [first] = (typeof set[0]?.first === "bigint" ? index.v6 : index.v4).inside(set);
    return first && `held by ${first.holder}`;
  };
}
