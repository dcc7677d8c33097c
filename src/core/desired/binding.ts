import { type PoolNames, poolNames } from "../allocate/naming.js";
import { nicOwner } from "../allocate/owner.js";
import { ownershipOf } from "../change/ownership.js";
import type { Family } from "../ip/address.js";
import type { Plan, SpiderpoolFacts } from "../plan/plan.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { resolveFacts } from "../spiderpool/facts.js";

/** What has to be known about the whole plan and cluster to write one workload's annotations. */
export interface Binding {
  readonly facts: SpiderpoolFacts;
  /** The family of a pool by its name: as the plan declares it, else as it lives; undefined = nobody knows it. */
  readonly familyOfPool: (pool: string) => Family | undefined;
  readonly names: PoolNames;
}

/** Reads pool names and families once for all workloads. */
export function bindingOf(plan: Plan, snapshot: Snapshot, install: string): Binding {
  return {
    facts: resolveFacts(snapshot.facts, plan.settings.spiderpool),
    familyOfPool: (pool) => familyOfPool(plan, snapshot, pool),
    names: poolNames(fixedOwners(plan), livePoolNames(snapshot, install)),
  };
}

function familyOfPool(plan: Plan, snapshot: Snapshot, pool: string): Family | undefined {
  const declared = plan.pools.get(pool);
  if (declared !== undefined) return plan.subnets.get(declared.subnet)?.family;
  const live = snapshot.pools.get(pool)?.spec;
  return live === undefined ? undefined : live.subnet.includes(":") ? 6 : 4;
}

/** Owners of all fixed NICs in key order: of two that want one name the first has it, whatever the order of files. */
function fixedOwners(plan: Plan): string[] {
  return [...plan.workloads.values()]
    .flatMap((workload) =>
      [...workload.interfaces.values()]
        .filter((nic) => nic.ask.type === "fixed")
        .map((nic) => nicOwner(workload, nic.name)),
    )
    .sort();
}

/** Names that live pools of ours already have, by `owner/subnet`. */
function livePoolNames(snapshot: Snapshot, install: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, pool] of snapshot.pools) {
    const owner = recordedOwner(pool);
    if (owner !== undefined && ownershipOf(pool, install).type === "ours") names.set(owner, name);
  }
  return names;
}
