import type { Allocation } from "../allocate/allocation.js";
import { parseNicOwner } from "../allocate/owner.js";
import { compareTemplate, templateAnnotations } from "../desired/annotations.js";
import type { Binding } from "../desired/binding.js";
import { formatRangeSet, type RangeSet, subtract } from "../ip/range-set.js";
import type { Plan, Workload } from "../plan/plan.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { isTerminating } from "../spiderpool/objects.js";

/**
 * What keeps the Pods of a workload from getting their planned addresses: pools that are absent, disabled or short of
 * addresses, a template that does not name them. A workload that is not there yet has no template to be wrong.
 * @param planned allocations of the whole plan
 * @returns one sentence each; empty = its Pods may start
 */
export function missingFor(
  workload: Workload,
  plan: Plan,
  planned: readonly Allocation[],
  snapshot: Snapshot,
  binding: Binding,
): string[] {
  const own = planned.filter((one) => workloadOf(one.owner) === workload.name && !one.leaving);
  const named = [...workload.interfaces.values()].flatMap(({ ask }) => (ask.type === "pools" ? ask.pools : []));
  const fixed = [...workload.interfaces.values()].filter(({ ask }) => ask.type === "fixed");
  const unplanned = fixed
    .filter((nic) => !own.some((one) => parseNicOwner(one.owner)?.nic === nic.name))
    .map((nic) => `${nic.name} has no addresses in the plan; \`spiderplan plan\` says why`);
  return [
    ...unplanned,
    ...own.flatMap((one) => poolFaults(one.pool, one.addresses, snapshot)),
    ...[...new Set(named)].sort().flatMap((pool) => poolFaults(pool, [], snapshot)),
    ...templateFaults(workload, plan, snapshot, binding),
  ];
}

function poolFaults(name: string, addresses: RangeSet, snapshot: Snapshot): string[] {
  const pool = snapshot.pools.get(name);
  if (pool === undefined) return [`SpiderIPPool ${name} is not there`];
  const lacking = subtract(addresses, effectiveSet(pool.spec));
  return [
    ...(isTerminating(pool) ? [`SpiderIPPool ${name} is being deleted`] : []),
    ...(pool.spec.disable === true ? [`SpiderIPPool ${name} is disabled`] : []),
    ...(lacking.length > 0 ? [`SpiderIPPool ${name} lacks ${formatRangeSet(lacking).join(", ")}`] : []),
  ];
}

function templateFaults(workload: Workload, plan: Plan, snapshot: Snapshot, binding: Binding): string[] {
  const live = snapshot.workloads.get(workload.name);
  if (live === undefined) return [];
  const annotations = podTemplate(live)?.metadata?.annotations ?? {};
  const expected = templateAnnotations(plan, workload, binding);
  return compareTemplate(expected, annotations, workload.namespace).map((text) => `its Pod template: ${text}`);
}

function workloadOf(owner: string): string | undefined {
  const parts = parseNicOwner(owner);
  return parts && `${parts.namespace}/${parts.kind}/${parts.workload}`;
}
