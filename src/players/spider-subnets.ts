import { isClusterError } from "../core/cluster-error.js";
import { formatRangeSet, intersect, size } from "../core/ip/range-set.js";
import { effectiveSet } from "../core/spiderpool/canonical.js";
import {
  isAutoPool,
  KEYS,
  KINDS,
  type KubeObject,
  type SpiderIPPool,
  type SpiderSubnet,
} from "../core/spiderpool/objects.js";
import { keyOf } from "./mirror.js";
import { itself, type Role, type Stage } from "./player.js";
import { controlledBy, controllerOf, controllerReference, isTerminating, reportStatus } from "./workload.js";

interface Controlled {
  ips: string[];
  application?: string;
}

/** Spiderpool's subnet informer: adopts pools, records what they hold, takes them along when the subnet goes. */
export function spiderSubnets(stage: Stage): Role {
  return {
    name: "spidersubnets",
    on: {
      SpiderSubnet: itself,
      SpiderIPPool: (pool, before) => {
        // A pool's own status says nothing about the subnet.
        if (before !== undefined && meaning(pool) === meaning(before) && stage.mirror("SpiderIPPool").get(keyOf(pool)))
          return [];
        const cidrs = [pool, before].map((one) => (one as SpiderIPPool | undefined)?.spec.subnet);
        const same = (subnet: SpiderSubnet) => cidrs.includes(subnet.spec.subnet);
        return subnets(stage).filter(same).flatMap(itself);
      },
    },
    reconcile: async (key) => {
      const subnet = stage.mirror("SpiderSubnet").get(key) as SpiderSubnet | undefined;
      if (subnet === undefined || !stage.facts.enableSpiderSubnet) return;
      if (isTerminating(subnet)) await takeAlong(stage, subnet);
      else if (!(await adoptPools(stage, subnet))) return;
      await report(stage, subnet);
    },
  };
}

/** M12: every pool of the same CIDR text becomes the subnet's. @returns false where M13 ends the round */
async function adoptPools(stage: Stage, subnet: SpiderSubnet): Promise<boolean> {
  for (const pool of pools(stage).filter(({ spec }) => spec.subnet === subnet.spec.subnet)) {
    const owner = controllerOf(pool);
    if (owner !== undefined && owner.uid !== subnet.metadata.uid) return false; // M13
    if (owner !== undefined && pool.metadata.labels?.[KEYS.ownerSubnet] === subnet.metadata.name) continue;
    if (isTerminating(pool)) continue;
    try {
      await adopt(stage, subnet, pool);
    } catch (error) {
      // P17: the webhook refuses a pool that lies outside the subnet; the round ends as on any other error.
      if (!isClusterError(error, "Denied", "Invalid", "Forbidden")) throw error;
      return false;
    }
  }
  return true;
}

async function adopt(stage: Stage, subnet: SpiderSubnet, pool: SpiderIPPool): Promise<void> {
  const { name, uid, resourceVersion, ownerReferences = [] } = pool.metadata;
  const others = ownerReferences.filter((owner) => owner.uid !== subnet.metadata.uid);
  const { gateway, routes } = subnet.spec;
  const patch = {
    metadata: {
      uid,
      resourceVersion,
      labels: { [KEYS.ownerSubnet]: subnet.metadata.name },
      ownerReferences: [...others, controllerReference(subnet)],
    },
    spec: {
      // M9: inherited at adoption only, and only where the pool has none.
      ...(pool.spec.gateway === undefined && gateway !== undefined ? { gateway } : {}),
      ...(pool.spec.routes === undefined && routes !== undefined ? { routes } : {}),
    },
  };
  await stage.learned(stage.actor.patch({ kind: KINDS.SpiderIPPool, name }, patch));
}

/** U9: a deleted subnet takes its pools along, and stays until the last of them is gone. */
async function takeAlong(stage: Stage, subnet: SpiderSubnet): Promise<void> {
  const owned = ownedPools(stage, subnet);
  for (const { metadata } of owned.filter((pool) => !isTerminating(pool))) {
    await stage.actor.delete({ kind: KINDS.SpiderIPPool, name: metadata.name }, { uid: metadata.uid });
  }
  const { name, uid, resourceVersion, finalizers = [] } = subnet.metadata;
  if (owned.length > 0 || !finalizers.includes(KEYS.finalizer)) return;
  const kept = finalizers.filter((finalizer) => finalizer !== KEYS.finalizer);
  await stage.actor.patch({ kind: KINDS.SpiderSubnet, name }, { metadata: { uid, resourceVersion, finalizers: kept } });
}

/** T2, T3: what the pools of the subnet hold of it. */
async function report(stage: Stage, subnet: SpiderSubnet): Promise<void> {
  const live = stage.mirror("SpiderSubnet").get(subnet.metadata.name) as SpiderSubnet | undefined;
  if (live === undefined) return;
  const total = effectiveSet(live.spec);
  const before = controlledOf(live);
  const controlled: Record<string, Controlled> = {};
  let allocated = 0;
  for (const pool of ownedPools(stage, live)) {
    const held = intersect(effectiveSet(pool.spec), total);
    if (held.length === 0) continue;
    const application = isAutoPool(pool) ? before[pool.metadata.name]?.application : undefined;
    controlled[pool.metadata.name] = {
      ips: formatRangeSet(held),
      ...(application === undefined ? {} : { application }),
    };
    allocated += size(held);
  }
  await reportStatus(stage, KINDS.SpiderSubnet, live, {
    totalIPCount: Math.min(size(total), Number.MAX_SAFE_INTEGER),
    allocatedIPCount: Math.min(allocated, Number.MAX_SAFE_INTEGER),
    controlledIPPools: Object.keys(controlled).length === 0 ? undefined : JSON.stringify(controlled),
  });
}

function ownedPools(stage: Stage, subnet: SpiderSubnet): SpiderIPPool[] {
  return controlledBy(stage, "SpiderIPPool", subnet) as SpiderIPPool[];
}

/** What of a pool a subnet cares about. */
function meaning({ metadata, spec }: KubeObject): string {
  const { labels, ownerReferences, deletionTimestamp } = metadata;
  return JSON.stringify([labels, ownerReferences, deletionTimestamp, spec]);
}

function controlledOf(subnet: SpiderSubnet): Record<string, Controlled> {
  try {
    return JSON.parse(subnet.status?.controlledIPPools ?? "{}") as Record<string, Controlled>;
  } catch {
    return {};
  }
}

function pools(stage: Stage): SpiderIPPool[] {
  return stage.mirror("SpiderIPPool").all() as SpiderIPPool[];
}

function subnets(stage: Stage): SpiderSubnet[] {
  return stage.mirror("SpiderSubnet").all() as SpiderSubnet[];
}
