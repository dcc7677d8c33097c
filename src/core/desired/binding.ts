import type { PoolNames } from "../allocate/naming.js";
import type { Family } from "../ip/address.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { resolveFacts, type SpiderpoolFacts } from "../spiderpool/facts.js";

/** What has to be known about the whole plan and cluster to write one workload's annotations. */
export interface Binding {
  readonly facts: SpiderpoolFacts;
  /** The family of a pool by its name: as the plan declares it, else as it lives; undefined = nobody knows it. */
  readonly familyOfPool: (pool: string) => Family | undefined;
  readonly names: PoolNames;
}

/** What binds workloads to pools, with the names allocation gave. */
export function bindingOf(plan: Plan, snapshot: Snapshot, names: PoolNames): Binding {
  return {
    facts: resolveFacts(snapshot.facts, plan.settings.spiderpool),
    familyOfPool: (pool) => familyOfPool(plan, snapshot, pool),
    names,
  };
}

function familyOfPool(plan: Plan, snapshot: Snapshot, pool: string): Family | undefined {
  const declared = plan.pools.get(pool);
  if (declared !== undefined) return plan.subnets.get(declared.subnet)?.family;
  const live = snapshot.pools.get(pool)?.spec;
  return live === undefined ? undefined : live.subnet.includes(":") ? 6 : 4;
}
