import { KEYS, KINDS, type SpiderIPPool } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import { poolTotal } from "./records.js";
import { isTerminating, reportStatus } from "./workload.js";

/** Spiderpool's pool informer: counts a pool's addresses and lets a deleted one go once nobody uses it. */
export function spiderPools(stage: Stage): Role {
  return {
    name: "spiderippools",
    on: { SpiderIPPool: itself },
    reconcile: async (key) => {
      const pool = stage.mirror("SpiderIPPool").get(key) as SpiderIPPool | undefined;
      if (pool === undefined) return;
      if (isTerminating(pool)) return letGo(stage, pool);
      await reportStatus(stage, KINDS.SpiderIPPool, pool, {
        totalIPCount: poolTotal(pool),
        allocatedIPCount: pool.status?.allocatedIPCount ?? 0,
      });
    },
  };
}

/** P20: the finalizer holds the pool until status.allocatedIPs is empty; P19: nothing else may change. */
async function letGo(stage: Stage, pool: SpiderIPPool): Promise<void> {
  const { name, uid, resourceVersion, finalizers = [] } = pool.metadata;
  if (pool.status?.allocatedIPs || !finalizers.includes(KEYS.finalizer)) return;
  const kept = finalizers.filter((finalizer) => finalizer !== KEYS.finalizer);
  await stage.actor.patch({ kind: KINDS.SpiderIPPool, name }, { metadata: { uid, resourceVersion, finalizers: kept } });
}
