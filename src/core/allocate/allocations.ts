import { clip, EMPTY, type RangeSet, size, subtract } from "../ip/range-set.js";
import type { Allocation } from "./allocation.js";
import type { Demand } from "./demand.js";
import type { Claim, LivePools } from "./live.js";
import type { Holdings } from "./lock.js";
import type { PoolNames } from "./naming.js";
import { type Owner, ownerInSubnet, takenPool } from "./owner.js";
import { type Space, spaceKey } from "./space.js";

/** What the allocations are read from once everything is decided. */
export interface Decided {
  readonly spaces: ReadonlyMap<string, Space>;
  readonly live: LivePools;
  readonly names: PoolNames;
  readonly frozen: ReadonlySet<Owner>;
}

/**
 * The allocation of one demand; of a stopped owner, what its live pool offers, or none.
 * @param recorded what the owner held before; its live pool says so where nothing is recorded
 */
export function allocationOf(demand: Demand, decided: Decided, recorded: RangeSet): Allocation[] {
  const { owner, subnet, source } = demand;
  const space = decided.spaces.get(spaceKey(demand));
  const state = space?.holdings;
  const claim = decided.live.claims.get(ownerInSubnet(owner, subnet.name));
  const frozen = decided.frozen.has(owner);
  const addresses =
    (frozen ? claim?.offered : subtract(state?.held.get(owner) ?? EMPTY, space?.busy ?? EMPTY)) ?? EMPTY;
  if (addresses.length === 0) return [];
  const before = frozen ? addresses : recorded.length > 0 ? recorded : (claim?.offered ?? EMPTY);
  const kept = size(clip(addresses, before));
  const extra = size(addresses) - demand.count;
  const more = extra > 0 && !frozen ? `, ${extra} more held` : "";
  return [
    {
      owner,
      subnet: subnet.name,
      family: subnet.family,
      pool: poolOf(demand, state, claim, decided.names),
      addresses,
      kept,
      added: size(addresses) - kept,
      reason: frozen ? "kept as it is" : `${demand.reason}${more}`,
      leaving: false,
      ...(frozen ? { frozen } : {}),
      source,
    },
  ];
}

/** A pool whose owner is gone from the plan: exactly as it is. */
export function leavingAllocation(claim: Claim, frozen: boolean): Allocation {
  const used = size(claim.used);
  return {
    owner: claim.owner,
    subnet: claim.subnet,
    family: typeof claim.offered[0]?.first === "bigint" ? 6 : 4,
    pool: claim.pools[0]!.metadata.name,
    addresses: claim.offered,
    kept: size(claim.offered),
    added: 0,
    reason: used > 0 ? `leaving: ${used} in use` : "leaving: a live template names it",
    leaving: true,
    ...(frozen ? { frozen } : {}),
  };
}

/** The plan's word, else the name its live pool has, else the one the lock remembers, else the one we give. */
function poolOf(demand: Demand, state: Holdings | undefined, claim: Claim | undefined, names: PoolNames): string {
  const declared = demand.keptPool ?? takenPool(demand.owner);
  if (declared !== undefined) return declared;
  const given = names.poolName(demand.owner, demand.subnet.name);
  const live = claim?.pools.map(({ metadata }) => metadata.name) ?? [];
  if (live.includes(given)) return given;
  const recorded = state?.pools.get(demand.owner);
  return (recorded !== undefined && live.includes(recorded) ? recorded : live[0]) ?? recorded ?? given;
}
