import type { Plan } from "../plan/plan.js";
import type { Demand } from "./demand.js";
import type { LivePools } from "./live.js";
import type { Holdings } from "./lock.js";
import { poolName } from "./naming.js";
import { ownerInSubnet, workloadOf } from "./owner.js";

/** Writes down the names that pools of renamed workloads keep, for when nothing else tells them any more (`pools`). */
export function keepNames(
  demands: readonly Demand[],
  holdings: ReadonlyMap<string, Holdings>,
  live: LivePools,
  plan: Plan,
): void {
  const names = new Set((plan.moved ?? []).map(({ to }) => to));
  if (names.size === 0) return;
  for (const { owner, subnet } of demands) {
    const name = live.claims.get(ownerInSubnet(owner, subnet.name))?.pools[0]?.metadata.name;
    if (name === undefined || name === poolName(owner, subnet.name)) continue;
    if (names.has(workloadOf(owner))) holdings.get(subnet.name)?.pools.set(owner, name);
  }
}
