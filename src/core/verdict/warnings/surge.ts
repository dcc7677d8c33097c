import type { Diagnostic } from "../../diagnostics.js";
import type { Family } from "../../ip/address.js";
import type { SpiderIPPool } from "../../spiderpool/objects.js";
import { paceOf } from "../pace.js";
import type { Watch } from "./watch.js";

/**
 * Deployments whose rollout needs more addresses than the pools that are theirs alone have: replicas + maxSurge (A22).
 * Without a Pod that may be missing the rollout never ends; else it only waits longer.
 */
export function surgeWarnings(watch: Watch): Diagnostic[] {
  return [...watch.plan.workloads.values()].flatMap((workload) => {
    const live = watch.after.workloads.get(workload.name);
    const replicas = (live?.spec as { replicas?: number } | undefined)?.replicas ?? 1;
    if (live?.kind !== "Deployment" || replicas === 0) return [];
    const { surge, unavailable } = paceOf(live, replicas);
    return [...workload.interfaces.values()].flatMap((nic) => {
      const pools = watch.poolsOf(workload.name, nic.name);
      if (surge === 0 || (nic.ask.type !== "fixed" && !pools.every((pool) => pool.spec.podAffinity))) return [];
      return ([4, 6] as const).flatMap((family): Diagnostic[] => {
        const room = roomOf(watch, pools, family);
        if (room === undefined || room >= replicas + surge) return [];
        const end =
          unavailable > 0 && room > 0 ? "its new Pods wait for old ones to go" : "its rollout stops, no old Pod may go";
        return [
          {
            code: "SP4211",
            severity: "warning",
            message: `${workload.name} has ${room} IPv${family} addresses for ${nic.name} and needs ${replicas + surge} in a rollout (${replicas} replicas + ${surge} surge): ${end}`,
            hint: "raise elastic, or lower the Deployment's maxSurge",
            source: nic.source,
            about: `${workload.name}/${nic.name}`,
          },
        ];
      });
    });
  });
}

function roomOf(watch: Watch, pools: readonly SpiderIPPool[], family: Family): number | undefined {
  const same = pools.filter((pool) => pool.spec.ipVersion === family && !pool.spec.disable);
  return same.length === 0 ? undefined : same.reduce((sum, pool) => sum + watch.last.capacity(pool), 0);
}
