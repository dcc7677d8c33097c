import { keptByName } from "../cluster/named-pools.js";
import type { Namers } from "../cluster/references.js";
import { clip, EMPTY, type RangeSet, subtract, union } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import type { Demand } from "./demand.js";
import type { Claim, LivePools } from "./live.js";
import type { Holdings } from "./lock.js";
import {
  nicAndFamily,
  type Owner,
  ownerInSubnet,
  parseNicOwner,
  takenPool,
  takeOwner,
  wholeNic,
  withoutOrdinal,
} from "./owner.js";
import type { Obstacles } from "./space.js";

/**
 * Pools of owners that are gone from the plan but not yet from the cluster: somebody holds an address of theirs (a
 * retained StatefulSet endpoint too), their users cannot be read, or a live template names them (DESIGN 6).
 * @param named who names their pools
 */
export function leavingClaims(
  demands: readonly Demand[],
  live: LivePools,
  frozen: ReadonlySet<Owner>,
  named: Namers,
  plan: Plan,
): Claim[] {
  const wanted = new Set(demands.map(({ owner, subnet }) => ownerInSubnet(owner, subnet.name)));
  const gone = [...live.claims].filter(([key]) => !wanted.has(key)).map(([, claim]) => claim);
  const needed = new Set(
    gone.filter(
      (claim) =>
        claim.used.length > 0 ||
        claim.opaque ||
        leftBy(plan, claim.owner, claim.subnet) === "prepare" ||
        frozen.has(claim.owner),
    ),
  );
  const used = [...live.claims.values()].filter((claim) => claim.used.length > 0);
  const served = new Set([
    ...demands.filter(({ count }) => count > 0).map(({ owner, subnet }) => nicAndFamily(owner, subnet.family)),
    ...[...needed, ...used].map(nicOf),
  ]);
  const unused = gone
    .filter((claim) => !needed.has(claim))
    .map((claim) => ({ claim, names: claim.pools.map(({ metadata }) => metadata.name), nic: nicOf(claim) }));
  const byName = new Set([...keptByName(unused, served, named).keys()].map(({ claim }) => claim));
  return gone.filter((claim) => needed.has(claim) || byName.has(claim));
}

function nicOf({ owner, pools }: Claim): string {
  return nicAndFamily(owner, pools[0]!.spec.subnet.includes(":") ? 6 : 4);
}

/**
 * Lets go of what owners held that the plan no longer has: it rests, unless somebody still uses it. A declared pool
 * whose `take` became a list of addresses keeps those as declared ones.
 * @param mayShrink whether usage is known: else a StatefulSet keeps the ordinals it no longer asks for
 */
export function retire(
  plan: Plan,
  demands: readonly Demand[],
  holdings: ReadonlyMap<string, Holdings>,
  leaving: readonly Claim[],
  frozen: ReadonlySet<Owner>,
  obstacles: Obstacles,
  mayShrink: boolean,
): void {
  const wanted = new Set(demands.map(({ owner, subnet }) => ownerInSubnet(owner, subnet.name)));
  const sets = new Set(demands.map(({ owner, subnet }) => ownerInSubnet(withoutOrdinal(owner), subnet.name)));
  const staying = new Set(leaving.map(({ owner, subnet }) => ownerInSubnet(owner, subnet)));
  for (const [subnet, state] of holdings) {
    for (const [owner, set] of [...state.held]) {
      const key = ownerInSubnet(owner, subnet);
      if (wanted.has(key) || staying.has(key) || frozen.has(owner)) continue;
      const fewer = withoutOrdinal(owner) !== owner && sets.has(ownerInSubnet(withoutOrdinal(owner), subnet));
      const phase = phaseOf(plan, owner);
      if (((fewer || phase === "drain") && !mayShrink) || leftBy(plan, owner, subnet) === "prepare") continue;
      const freed = subtract(set, declaredNow(plan, owner));
      const inUse = obstacles.inUse[typeof set[0]?.first === "bigint" ? 6 : 4];
      if (clip(freed, inUse).length > 0) continue;
      state.held.delete(owner);
      state.pools.delete(owner);
      state.released.set(owner, union(state.released.get(owner) ?? EMPTY, freed));
    }
  }
}

/** How far the migration is that leaves this place of its owner: it stays until `drain`, and then until nobody is left. */
export function leftBy(plan: Plan, owner: Owner, subnet: string): "prepare" | "drain" | undefined {
  const migration = plan.migrations?.get(wholeNic(owner));
  const slice = parseNicOwner(owner)?.slice;
  return migration?.from === (slice === undefined ? subnet : takeOwner(slice)) ? migration.phase : undefined;
}

/** How far the migration of an owner's NIC is. */
function phaseOf(plan: Plan, owner: Owner): "prepare" | "drain" | undefined {
  return plan.migrations?.get(wholeNic(owner))?.phase;
}

function declaredNow(plan: Plan, owner: Owner): RangeSet {
  const pool = takenPool(owner);
  return (pool === undefined ? undefined : plan.pools.get(pool)?.addresses) ?? EMPTY;
}
