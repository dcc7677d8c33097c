import type { SubnetUsage } from "../../core/allocate/allocation.js";
import type { Outcome } from "../../core/outcome.js";
import type { Plan } from "../../core/plan/plan.js";

const MOST = 20;

/** How full the subnets are that the steps touch, fullest first where there are too many to show. */
export function touchedUsage(decided: { readonly plan: Plan; readonly outcome: Outcome }): readonly SubnetUsage[] {
  const { plan, outcome } = decided;
  const pools = new Set(outcome.steps.filter((step) => step.kind.kind === "SpiderIPPool").map((step) => step.name));
  const objects = new Set(outcome.steps.filter((step) => step.kind.kind === "SpiderSubnet").map((step) => step.name));
  const touched = new Set([
    ...outcome.allocations.filter((allocation) => pools.has(allocation.pool)).map((allocation) => allocation.subnet),
    ...[...plan.pools.values()].filter((pool) => pools.has(pool.name)).map((pool) => pool.subnet),
    ...[...plan.subnets.values()].filter((subnet) => objects.has(subnet.objectName)).map((subnet) => subnet.name),
  ]);
  const shown = outcome.usage.filter((usage) => touched.has(usage.subnet));
  if (shown.length <= MOST) return shown;
  return [...shown].sort((a, b) => a.free - b.free || (a.subnet < b.subnet ? -1 : 1)).slice(0, MOST);
}
