import { clip, EMPTY, type RangeSet, size, subtract } from "../ip/range-set.js";
import type { Allocation } from "./allocation.js";
import type { Demand } from "./demand.js";
import type { Claim, LivePools } from "./live.js";
import type { Holdings } from "./lock.js";
import type { PoolNames } from "./naming.js";
import { type Owner, ownerInSubnet, takenPool } from "./owner.js";
import { pendingOf } from "./pending.js";
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
  const pending = frozen ? EMPTY : pendingOf(demand, state);
  const ready = subtract(subtract(state?.held.get(owner) ?? EMPTY, space?.busy ?? EMPTY), pending);
  const addresses = (frozen ? claim?.offered : ready) ?? EMPTY;
  if (addresses.length + pending.length === 0) return [];
  const before = frozen ? addresses : recorded.length > 0 ? recorded : (claim?.offered ?? EMPTY);
  const kept = size(clip(addresses, before));
  const extra = size(addresses) + size(pending) - demand.count;
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
      reason: frozen ? "kept as it is" : `${demand.reason}${more}${marks(demand, pending)}`,
      leaving: false,
      ...(pending.length > 0 && { pending }),
      ...(demand.prepared && { prepared: true }),
      ...(frozen ? { frozen } : {}),
      source,
    },
  ];
}

function marks({ prepared, pending }: Demand, waiting: RangeSet): string {
  const held = waiting.length === 0 ? "" : `, ${size(waiting)} held for ${pending}`;
  return `${held}${prepared ? ", disabled until the migration drains" : ""}`;
}

/** A pool whose owner is gone from the plan: exactly as it is, but for a migration that drains it. */
export function leavingAllocation(claim: Claim, frozen: boolean, draining: boolean): Allocation {
  const used = size(claim.used);
  return {
    owner: claim.owner,
    subnet: claim.subnet,
    family: typeof claim.offered[0]?.first === "bigint" ? 6 : 4,
    pool: claim.pools[0]!.metadata.name,
    addresses: claim.offered,
    kept: size(claim.offered),
    added: 0,
    reason: used > 0 ? `leaving: ${used} in use` : "leaving: its Pod template still names it",
    leaving: true,
    ...(draining && !frozen && { draining }),
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
