import type { SubnetUsage } from "../../core/allocate/allocation.js";
import type { Outcome } from "../../core/outcome.js";
import type { Plan } from "../../core/plan/plan.js";

/** How full the subnets are that the steps touch. */
export function touchedUsage(decided: { readonly plan: Plan; readonly outcome: Outcome }): readonly SubnetUsage[] {
  const { plan, outcome } = decided;
  const pools = new Set(outcome.steps.filter((step) => step.kind.kind === "SpiderIPPool").map((step) => step.name));
  const objects = new Set(outcome.steps.filter((step) => step.kind.kind === "SpiderSubnet").map((step) => step.name));
  const touched = new Set([
    ...outcome.allocations.filter((allocation) => pools.has(allocation.pool)).map((allocation) => allocation.subnet),
    ...[...plan.pools.values()].filter((pool) => pools.has(pool.name)).map((pool) => pool.subnet),
    ...[...plan.subnets.values()].filter((subnet) => objects.has(subnet.objectName)).map((subnet) => subnet.name),
  ]);
  return outcome.usage.filter((usage) => touched.has(usage.subnet));
}

const MOST = 20;

/** One line a subnet; of too many the fullest, and how many are left out. */
export function usageLines(touched: readonly SubnetUsage[], line: (usage: SubnetUsage) => string): string[] {
  if (touched.length <= MOST) return touched.map(line);
  const fullest = [...touched].sort((a, b) => a.free - b.free || (a.subnet < b.subnet ? -1 : 1)).slice(0, MOST);
  return [...fullest.map(line), `  and ${touched.length - MOST} more subnets with more room`];
}
