import { selectorMeaning } from "../change/compare.js";
import { covers, equal, overlaps } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import type { SpiderIPPool } from "../spiderpool/objects.js";
import type { Lock } from "./allocation.js";
import type { Demand } from "./demand.js";
import { inSubnet } from "./in-subnet.js";
import { possiblePoolNames } from "./naming.js";
import { ownerInSubnet, takenPool, workloadOf } from "./owner.js";
import { isPodOf, podSelectorOf } from "./pods-of-owner.js";

/** What tells whose a pool without our annotations is. */
export interface UnmarkedContext {
  readonly plan: Plan;
  readonly demands: readonly Demand[];
  readonly snapshot: Snapshot;
  readonly lock: Lock;
  /** Whether an owner (`owner/subnet`) has a pool that says so itself: another that has its name is somebody's own. */
  readonly claimed: (key: string) => boolean;
}

/**
 * Owners' pools that lost our annotations (a backup restored, `kubectl replace`): they have an owner's name (its own, a
 * former one, the lock's, or what is left of the annotations) in its subnet, and its addresses or its Pods agree. Taken as the owner's, they are adopted as they are; taken as
 * somebody else's, their addresses would be changed under those who use them.
 * @returns pool name -> `owner/subnet`
 */
export function unmarkedPools(pools: readonly SpiderIPPool[], context: UnmarkedContext): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (pools.length === 0) return found;
  const byName = new Map(pools.map((pool) => [pool.metadata.name, pool]));
  const byAnnotation = new Map(pools.map((pool) => [recordedOwner(pool), pool.metadata.name]));
  const formerNames = formerNamesOf(context.plan);
  for (const demand of context.demands) {
    const { owner, subnet, keptPool } = demand;
    const key = ownerInSubnet(owner, subnet.name);
    if (keptPool !== undefined || takenPool(owner) !== undefined || context.claimed(key)) continue;
    const told = [context.lock.subnets.get(subnet.name)?.pools.get(owner), byAnnotation.get(key)];
    const names = [
      ...told.filter((one) => one !== undefined),
      ...[owner, ...formerNames(owner)].flatMap((one) => possiblePoolNames(one, subnet.name)),
    ];
    const name = names.find((one) => {
      const pool = found.has(one) ? undefined : byName.get(one);
      return pool !== undefined && isOwners(pool, demand, context);
    });
    if (name !== undefined) found.set(name, key);
  }
  return found;
}

/** Beyond the name: it is for the owner's Pods, or they alone use it, or the lock gives the owner just these addresses. */
function isOwners(pool: SpiderIPPool, demand: Demand, { plan, snapshot, lock }: UnmarkedContext): boolean {
  const { owner, subnet } = demand;
  if (!inSubnet(pool, subnet)) return false;
  const offered = effectiveSet(pool.spec);
  const held = lock.subnets.get(subnet.name)?.held.get(owner);
  const users = snapshot.use.byPool.get(pool.metadata.name) ?? [];
  if (isForItsPods(pool, demand, plan, snapshot)) {
    return users.length > 0 || (held !== undefined && overlaps(held, offered)) || covers(subnet.usable, offered);
  }
  const own = users.filter(({ pod }) => isPodOf(workloadOf(owner), pod, snapshot));
  if (users.length > 0) return own.length === users.length;
  return held !== undefined && equal(held, offered);
}

/** Whether its affinities ask for the owner's Pods and nobody else's; where those are unknown, the Namespace tells. */
function isForItsPods({ spec }: SpiderIPPool, { owner }: Demand, plan: Plan, snapshot: Snapshot): boolean {
  const [namespace] = owner.split("/");
  if (spec.namespaceName?.length !== 1 || spec.namespaceName[0] !== namespace) return false;
  const pods = podSelectorOf(owner, plan, snapshot);
  return pods === undefined || selectorMeaning(pods) === selectorMeaning(spec.podAffinity);
}

/** The names an owner had before the plan's renamings: its pool keeps them. */
function formerNamesOf(plan: Plan): (owner: string) => string[] {
  const moved = plan.moved ?? [];
  return (owner) => {
    const workload = workloadOf(owner);
    return moved.filter(({ to }) => to === workload).map(({ from }) => `${from}${owner.slice(workload.length)}`);
  };
}
