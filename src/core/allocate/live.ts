import { ownershipOf } from "../change/ownership.js";
import { addressSet, intersect, type RangeSet, unionAll } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { isAutoPool, type SpiderIPPool } from "../spiderpool/objects.js";
import type { Lock } from "./allocation.js";
import type { Demand } from "./demand.js";
import { inSubnet } from "./in-subnet.js";
import { renamer } from "./moved.js";
import { compareText } from "./order.js";
import { type Owner, ownerInSubnet, parseNicOwner, splitOwner, takenPool, takeOwner } from "./owner.js";
import { unmarkedPools } from "./unmarked-pools.js";

/** The live pools one owner has in one subnet; more than one only after somebody's hand was in it. */
export interface Claim {
  readonly owner: Owner;
  /** Subnet key; of a claim read from an annotation it need not be in the plan any more. */
  readonly subnet: string;
  /** Sorted by name. */
  readonly pools: readonly SpiderIPPool[];
  /** What they offer together. */
  readonly offered: RangeSet;
  /** Of that, what is in use. */
  readonly used: RangeSet;
  /** Whether a pool's record of its users cannot be read: nothing may then be taken from it. */
  readonly opaque: boolean;
}

/** Live pools sorted by whose they are. */
export interface LivePools {
  /** By `owner/subnet`, sorted. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** Pool name -> `owner/subnet`. */
  readonly claimOf: ReadonlyMap<string, string>;
  /** Live pools the plan declares with fixed addresses. */
  readonly declared: readonly SpiderIPPool[];
  /** Pools of ours that the plan does not know any more. */
  readonly retired: readonly SpiderIPPool[];
  /** Everybody else's: hand-made, automatic, other installs'. */
  readonly foreign: readonly SpiderIPPool[];
  /** Pools a NIC wants to keep that belong to another install: owner -> that install. */
  readonly otherInstalls: ReadonlyMap<Owner, string>;
}

/**
 * Whose each live pool is (DESIGN 5): the pool a NIC keeps by name and a declared pool with `take` whoever made them
 * (adoption), else by tracking id and owner annotation, else a pool that lost those and has an owner's name and
 * addresses; all the rest is foreign and only in the way.
 */
export function readLivePools(
  plan: Plan,
  demands: readonly Demand[],
  snapshot: Snapshot,
  install: string,
  lock: Lock,
): LivePools {
  const rename = renamer(plan);
  const kept = new Map(demands.flatMap((demand) => (demand.keptPool === undefined ? [] : [[demand.keptPool, demand]])));
  const pools = new Map<string, SpiderIPPool[]>();
  const rest = { declared: [] as SpiderIPPool[], retired: [] as SpiderIPPool[], foreign: [] as SpiderIPPool[] };
  const otherInstalls = new Map<Owner, string>();
  const unmarked: SpiderIPPool[] = [];
  for (const pool of [...snapshot.pools.values()].sort((a, b) => compareText(a.metadata.name, b.metadata.name))) {
    const { name } = pool.metadata;
    const keeper = kept.get(name);
    const ownership = ownershipOf(pool, install);
    if (keeper !== undefined && ownership.type === "other") otherInstalls.set(keeper.owner, ownership.install);
    const claim =
      keeper === undefined
        ? claimFor(plan, pool, ownership.type === "ours", rename)
        : adopted(keeper, pool, ownership.type);
    if (claim !== undefined) pools.set(claim, [...(pools.get(claim) ?? []), pool]);
    else if (plan.pools.get(name)?.addresses !== undefined) rest.declared.push(pool);
    else if (ownership.type === "other" || isAutoPool(pool)) rest.foreign.push(pool);
    else unmarked.push(pool);
  }
  const found = unmarkedPools(unmarked, { plan, demands, snapshot, lock, claimed: (key) => pools.has(key) });
  for (const pool of unmarked) {
    const claim = found.get(pool.metadata.name);
    if (claim !== undefined) pools.set(claim, [pool]);
    else rest[ownershipOf(pool, install).type === "ours" ? "retired" : "foreign"].push(pool);
  }
  const claims = new Map(
    [...pools].sort(([a], [b]) => compareText(a, b)).map(([key, claimed]) => [key, claimOver(key, claimed, snapshot)]),
  );
  const claimOf = new Map([...pools].flatMap(([key, claimed]) => claimed.map((pool) => [pool.metadata.name, key])));
  return { claims, claimOf, ...rest, otherInstalls };
}

function adopted(keeper: Demand, pool: SpiderIPPool, ownership: "ours" | "other" | "none"): string | undefined {
  // G11: an automatic pool is sized by Spiderpool itself and never adopted.
  if (ownership === "other" || isAutoPool(pool) || !inSubnet(pool, keeper.subnet)) return undefined;
  return ownerInSubnet(keeper.owner, keeper.subnet.name);
}

function claimFor(plan: Plan, pool: SpiderIPPool, ours: boolean, rename: (owner: Owner) => Owner): string | undefined {
  const declared = plan.pools.get(pool.metadata.name);
  const subnet = declared && plan.subnets.get(declared.subnet);
  if (declared?.take !== undefined && subnet !== undefined && inSubnet(pool, subnet)) {
    return ownerInSubnet(takeOwner(declared.name), declared.subnet);
  }
  const recorded = ours && declared === undefined ? recordedOwner(pool) : undefined;
  if (recorded === undefined || !recorded.includes("/")) return undefined;
  const { owner, subnet: key } = splitOwner(recorded);
  if (takenPool(owner) === undefined && parseNicOwner(owner) === undefined) return undefined;
  return ownerInSubnet(rename(owner), key);
}

function claimOver(key: string, pools: readonly SpiderIPPool[], snapshot: Snapshot): Claim {
  const offered = unionAll(pools.map((pool) => effectiveSet(pool.spec)));
  const holders = pools.flatMap((pool) => snapshot.use.byPool.get(pool.metadata.name) ?? []);
  const v6 = pools[0]!.spec.subnet.includes(":");
  const used = addressSet(holders.map(({ address }) => address).filter((one) => (typeof one === "bigint") === v6));
  return {
    ...splitOwner(key),
    pools,
    offered,
    // A pool that was made again without what its Pods still have may offer nothing.
    used: offered.length === 0 ? used : intersect(offered, used),
    opaque: pools.some((pool) => snapshot.use.unreadable.has(pool.metadata.name)),
  };
}
