import { referencesIn } from "../cluster/references.js";
import type { Snapshot } from "../cluster/snapshot.js";
import { type Diagnostic, keyOf } from "../diagnostics.js";
import { blockPools } from "../spiderpool/ipam/network-defaults.js";
import type { Plan } from "./plan.js";
import { inOrder, warn } from "./scope.js";

/**
 * A1: affinity alone makes no candidate, so a pool that neither the plan nor anything in the cluster names is never used.
 * @param cluster what is known of it; an empty one where the plan alone is judged
 */
export function unnamedPools(plan: Plan, cluster: Snapshot): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const used = namedByPlan(plan);
  const live = referencesIn(cluster).namers();
  for (const pool of plan.pools.values()) {
    if (pool.default || used.has(pool.name) || live.pool(pool.name) !== undefined) continue;
    const scope = { at: keyOf(pool.source), about: `pool:${pool.name}`, found };
    warn(scope, "SP2022", `nothing names pool ${pool.name}: affinity alone makes no candidate (A1)`, {
      hint: "name it in a workload's `pools`, in `defaultPools` of a namespace or network, or set `default: true`",
    });
  }
  return inOrder(found);
}

function namedByPlan(plan: Plan): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { defaultPools } of plan.namespaces.values()) for (const name of defaultPools) used.add(name);
  for (const { defaultPools, spec } of plan.networks.values()) {
    const { v4, v6 } = blockPools(spec);
    for (const name of [...defaultPools, ...v4, ...v6]) used.add(name);
  }
  for (const { interfaces } of plan.workloads.values()) {
    for (const { ask } of interfaces.values()) {
      const names = ask.type === "pools" ? ask.pools : ask.type === "fixed" ? (ask.slices ?? []) : [];
      for (const name of names) used.add(name);
    }
  }
  return used;
}
