import { isOrphaned } from "../cluster/lifecycle.js";
import { child, type Diagnostic, keyOf, type SourceRef } from "../diagnostics.js";
import { formatAddress } from "../ip/address.js";
import { formatRange, type Range } from "../ip/range.js";
import { addressSet, clip, formatRangeSet, type RangeSet, subtract } from "../ip/range-set.js";
import { deletingThem } from "../leftover-endpoints.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { isAutoPool } from "../spiderpool/objects.js";
import type { Lock } from "./allocation.js";
import { lockFolder } from "./check-lock.js";
import type { Demand } from "./demand.js";
import type { LivePools } from "./live.js";
import { type Holdings, indexHeld } from "./lock.js";
import { compareText } from "./order.js";
import { type Owner, ownerInSubnet, parseNicOwner, splitOwner, takenPool, takeOwner, workloadOf } from "./owner.js";
import type { OwnerIndex } from "./owner-index.js";
import { isPodOf } from "./pods-of-owner.js";
import type { Obstacles } from "./space.js";
import { listed } from "./text.js";

/** Sources that disagree about an address: the owners concerned keep what they have, all others go on (DESIGN 5). */
export interface Conflicts {
  readonly frozen: ReadonlySet<Owner>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Everything that makes what an owner holds doubtful. */
export function findConflicts(
  plan: Plan,
  demands: readonly Demand[],
  holdings: ReadonlyMap<string, Holdings>,
  live: LivePools,
  snapshot: Snapshot,
  obstacles: Obstacles,
  lock: Lock,
): Conflicts {
  const index = indexHeld(holdings);
  const diagnostics = [
    ...doubled(index.v4),
    ...doubled(index.v6),
    ...inOthersPools(index, live, snapshot),
    ...inNoPool(index, snapshot, demands),
    ...otherInstalls(live, demands),
    ...demands.flatMap((demand) => againstPlan(plan, demand, holdings, obstacles)),
  ];
  const placed = placesOf(plan, demands, lock);
  return asConflicts(diagnostics.map((one) => ({ ...one, source: one.source ?? placed(one.about) })));
}

/** Where an owner stands: in the plan, else in the lock file that still lists it. */
function placesOf(plan: Plan, demands: readonly Demand[], lock: Lock): (owner?: Owner) => SourceRef | undefined {
  const inPlan = new Map(demands.map(({ owner, source }) => [owner, source]));
  return (owner = "") => {
    if (inPlan.has(owner) || !lock.files) return inPlan.get(owner);
    for (const subnet of [...lock.subnets.keys()].sort()) {
      const held = lock.subnets.get(subnet)!.held.get(owner);
      if (held === undefined) continue;
      const at = { file: `${lockFolder(plan.cluster)}/${subnet}.yaml`, document: 0, pointer: "" };
      return keyOf(child(at, "held", formatRangeSet(held)[0]!));
    }
    return undefined;
  };
}

/** Findings apart: whom they stop, and what they say. */
export function asConflicts(found: readonly Finding[]): Conflicts {
  const frozen = new Set(found.flatMap(({ owners }) => owners));
  return { frozen, diagnostics: found.map(({ owners: _, ...diagnostic }) => diagnostic) };
}

/** A diagnostic and whom it stops. */
export type Finding = Diagnostic & { readonly owners: readonly Owner[] };

/** One finding for each owner it stops, so that `about` names each of them. */
export function findings(owners: readonly Owner[], code: string, message: string, hint: string): Finding[] {
  return [...new Set(owners)].map((about) => ({ code, severity: "error", message, hint, about, owners: [about] }));
}

function doubled(index: OwnerIndex): Finding[] {
  return index.doubles().flatMap(({ holders, range }) =>
    findings(
      holders.map((holder) => splitOwner(holder).owner),
      "SP4102",
      `${formatRange(range)} is held twice, by ${holders[0]} and by ${holders[1]}`,
      "take it from one of them in the lock file",
    ),
  );
}

/**
 * Locked to A but offered by somebody else's pool. In a pool of ours it matters only while in use: the pool gives the
 * rest up. A foreign pool is never touched, and Spiderpool allows no second pool with its addresses (P9).
 */
function inOthersPools(index: { v4: OwnerIndex; v6: OwnerIndex }, live: LivePools, snapshot: Snapshot): Finding[] {
  const ask = (set: RangeSet) => (typeof set[0]?.first === "number" ? index.v4 : index.v6).inside(set);
  const found: Finding[] = [];
  for (const [key, claim] of live.claims) {
    for (const { holder, range } of ask(claim.used)) {
      if (holder !== key)
        for (const one of stolen(holder, claim.pools[0]!.metadata.name, range, [splitOwner(key).owner], true))
          found.push(one);
    }
  }
  const ours = [...live.declared, ...live.retired].map((pool) => ({ pool, kept: true }));
  for (const { pool, kept } of [...ours, ...live.foreign.map((pool) => ({ pool, kept: false }))]) {
    const { name } = pool.metadata;
    const offered = effectiveSet(pool.spec);
    const holders = snapshot.use.byPool.get(name) ?? [];
    const used = addressSet(
      holders.map(({ address }) => address).filter((one) => typeof one === typeof offered[0]?.first),
    );
    for (const { holder, range } of ask(kept ? used : offered)) {
      // A slice may wait for an address its own pool's users still have.
      if (parseNicOwner(splitOwner(holder).owner)?.slice === name) continue;
      const owners = kept ? [takeOwner(name)] : [];
      const inUse = clip([range], used).length > 0;
      for (const one of stolen(holder, name, range, owners, inUse, isAutoPool(pool))) found.push(one);
    }
  }
  return found;
}

function stolen(
  holder: string,
  pool: string,
  range: Range,
  owners: readonly Owner[],
  used: boolean,
  auto = false,
): Finding[] {
  // G11: nobody but Spiderpool edits an automatic pool, and nobody may adopt it.
  const elsewhere =
    "Spiderpool sizes that pool: take the address out of the lock file and run spiderplan lock with --snapshot or --kubeconfig, which sees that pool and chooses another";
  return findings(
    [splitOwner(holder).owner, ...owners],
    "SP4101",
    `${formatRange(range)} is locked to ${holder} but ${used ? "in use from" : "offered by"} pool ${pool}`,
    auto
      ? elsewhere
      : used
        ? "restart the Pods that hold it on another pool, or give the address to that pool's owner in the lock file"
        : `remove it from pool ${pool}, adopt the pool (fixed.pool), or give the address up in the lock file`,
  );
}

/** An endpoint holds a locked address by a pool nobody sees any more. */
function inNoPool(
  index: { v4: OwnerIndex; v6: OwnerIndex },
  snapshot: Snapshot,
  demands: readonly Demand[],
): Finding[] {
  if (!snapshot.complete.has("SpiderIPPool")) return [];
  const workloads = new Set(demands.map(({ owner }) => workloadOf(owner)));
  const found: Finding[] = [];
  for (const [address, holders] of snapshot.use.byAddress) {
    for (const { pool, pod } of holders) {
      if (snapshot.pools.has(pool)) continue;
      const [held] = (typeof address === "number" ? index.v4 : index.v6).inside([{ first: address, last: address }]);
      if (held === undefined) continue;
      const holder = workloadOf(held.holder);
      if (workloads.has(holder) && isPodOf(holder, pod, snapshot)) continue;
      const message = `${formatAddress(address)} is locked to ${held.holder} but in use by Pod ${pod} of pool ${pool || "(none)"}, which is gone`;
      const hint = isOrphaned(snapshot, pod) ? deletingThem([pod]) : "restart that Pod";
      for (const one of findings([splitOwner(held.holder).owner], "SP4101", message, hint)) found.push(one);
    }
  }
  return found.sort((a, b) => compareText(a.message, b.message));
}

function otherInstalls(live: LivePools, demands: readonly Demand[]): Finding[] {
  return [...live.otherInstalls].flatMap(([owner, install]) => {
    const demand = demands.find((one) => one.owner === owner && one.keptPool !== undefined);
    const message = `pool ${demand?.keptPool} of ${owner} belongs to install ${install}`;
    return findings([owner], "SP4103", message, "remove it from that install's plan first, or choose another pool");
  });
}

/** What the plan itself puts in the way of an address that is held: lock > plan. */
function againstPlan(
  plan: Plan,
  demand: Demand,
  holdings: ReadonlyMap<string, Holdings>,
  obstacles: Obstacles,
): Finding[] {
  const { owner, subnet, source } = demand;
  const held = holdings.get(subnet.name)?.held.get(owner) ?? [];
  const who = ownerInSubnet(owner, subnet.name);
  const found: Finding[] = [];
  const outside = subtract(held, clip(held, subnet.usable));
  if (outside.length > 0) {
    const message = `${who} holds ${listed(outside)}, which the ranges of ${subnet.name} no longer give`;
    for (const one of findings([owner], "SP4104", message, `put it back into spec.subnets.${subnet.name}.ranges`))
      found.push(one);
  }
  if (takenPool(owner) === undefined) {
    for (const reservation of [...plan.reserved.values()].sort((a, b) => compareText(a.name, b.name))) {
      const covered = clip(held, subnet.family === 4 ? reservation.addresses.v4 : reservation.addresses.v6);
      if (covered.length === 0) continue;
      const message = `reservation ${reservation.name} covers ${listed(covered)}, which ${who} holds`;
      for (const one of findings([owner], "SP4105", message, "leave it out of the reservation")) found.push(one);
    }
  }
  const declared = clip(held, obstacles.declared[subnet.family]);
  for (const pool of declared.length === 0 ? [] : plan.pools.values()) {
    if (pool.name === demand.slice) continue;
    const shared = pool.subnet === subnet.name && pool.addresses !== undefined ? clip(declared, pool.addresses) : [];
    if (shared.length === 0) continue;
    const message = `pool ${pool.name} wants ${listed(shared)}, which ${who} holds`;
    const about = takeOwner(pool.name);
    const [finding] = findings([about], "SP4106", message, "leave it out of the pool, or release it first");
    found.push({ ...finding!, source: pool.source });
  }
  return found.map((finding) => ({ source, ...finding }));
}
