import { formatRangeSet, size } from "../../ip/range-set.js";
import { podTemplate, type Snapshot, usedInPool } from "../../snapshot.js";
import { effectiveSet } from "../../spiderpool/canonical.js";
import type { SpiderpoolFacts } from "../../spiderpool/facts.js";
import { autoPoolSize, freeForAutoPools, resizedAutoPool } from "../../spiderpool/ipam/auto-pool-size.js";
import { isAutoPoolOf } from "../../spiderpool/ipam/auto-pools.js";
import { KEYS, type KubeObject, type SpiderIPPool } from "../../spiderpool/objects.js";

/**
 * The cluster with the auto pools of workloads that scale up as large as Spiderpool makes them (B7, B8); one for which the
 * subnet has too few free addresses stays as it is (B10).
 * @param scale how many Pods each workload (`namespace/Kind/name`) shall have
 */
export function withGrownAutoPools(
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  scale: ReadonlyMap<string, number>,
): Snapshot {
  if (!facts.enableSpiderSubnet || !facts.enableAutoPoolForApplication || scale.size === 0) return snapshot;
  const pools = new Map(snapshot.pools);
  for (const [key, replicas] of [...scale].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const workload = snapshot.workloads.get(key);
    if (workload === undefined) continue;
    for (const pool of poolsOf(workload, pools)) {
      const grown = grownPool(pool, workload, replicas, { ...snapshot, pools });
      if (grown !== undefined) pools.set(pool.metadata.name, grown);
    }
  }
  return { ...snapshot, pools };
}

/** In name order: whoever comes first takes the lowest addresses. */
function poolsOf({ apiVersion, kind, metadata }: KubeObject, pools: ReadonlyMap<string, SpiderIPPool>): SpiderIPPool[] {
  const { namespace = "", name } = metadata;
  return [...pools.values()]
    .filter((pool) => isAutoPoolOf(pool, { apiVersion, kind, namespace, name }))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function grownPool(
  pool: SpiderIPPool,
  workload: KubeObject,
  replicas: number,
  snapshot: Snapshot,
): SpiderIPPool | undefined {
  const subnet = snapshot.subnets.get(pool.metadata.labels?.[KEYS.ownerSubnet] ?? "");
  const wanted = autoPoolSize(podTemplate(workload)?.metadata?.annotations?.[KEYS.poolSize], replicas);
  if (subnet === undefined || wanted === undefined) return undefined;
  const offers = effectiveSet(pool.spec);
  const free = freeForAutoPools(subnet, snapshot.pools.values(), snapshot.reserved.values());
  const held = usedInPool(snapshot, pool.metadata.name);
  const after = resizedAutoPool(offers, Math.max(wanted, size(offers)), free, held);
  if (after === undefined) return undefined;
  const { excludeIPs: _, ...spec } = pool.spec;
  return { ...pool, spec: { ...spec, ips: formatRangeSet(after) } };
}
