import { EMPTY, union } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { isAutoPool } from "../spiderpool/objects.js";
import type { Lock, SubnetLock } from "./allocation.js";
import { inSubnet } from "./in-subnet.js";
import type { Holdings } from "./lock.js";

/**
 * Writes down what automatic pools offer in each subnet of the plan, where the snapshot knows: `lock` without a cluster
 * would choose it else, and Spiderpool would refuse the pool (P9, G11). Without such a snapshot the last record stays.
 */
export function recordAutoPools(plan: Plan, holdings: ReadonlyMap<string, Holdings>, snapshot: Snapshot): void {
  const auto = [...snapshot.pools.values()].filter(isAutoPool);
  const isKnown = snapshot.complete.has("SpiderIPPool");
  for (const [key, { autoPools }] of holdings) {
    const subnet = plan.subnets.get(key);
    if (isKnown || subnet === undefined) autoPools.clear();
    if (!isKnown || subnet === undefined) continue;
    for (const pool of auto.filter((one) => inSubnet(one, subnet))) {
      const { name } = pool.metadata;
      autoPools.set(name, union(autoPools.get(name) ?? EMPTY, effectiveSet(pool.spec)));
    }
  }
}

/** A lock with another's record of automatic pools: they grow by themselves, which makes no lock stale. */
export function withAutoPoolsOf(recorded: Lock, lock: Lock): Lock {
  if (lock.subnets.size === 0) return lock;
  const keys = new Set([...recorded.subnets.keys(), ...lock.subnets.keys()]);
  const subnets = [...keys].flatMap((key): [string, SubnetLock][] => {
    const { autoPools: _, ...rest } = lock.subnets.get(key) ?? NOTHING;
    const autoPools = recorded.subnets.get(key)?.autoPools;
    if (rest.held.size + rest.released.size === 0 && autoPools === undefined) return [];
    return [[key, { ...rest, ...(autoPools && { autoPools }) }]];
  });
  return { ...lock, subnets: new Map(subnets) };
}

const NOTHING: SubnetLock = { held: new Map(), pools: new Map(), released: new Map() };
