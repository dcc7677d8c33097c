import { type ClusterError, isClusterError } from "../../core/cluster-error.js";
import { formatAddress } from "../../core/ip/address.js";
import { contains, type RangeSet } from "../../core/ip/range-set.js";
import { buildSnapshot } from "../../core/snapshot.js";
import { effectiveSet } from "../../core/spiderpool/canonical.js";
import { KINDS, type KubeObject, type SpiderEndpoint, type SpiderIPPool } from "../../core/spiderpool/objects.js";
import { type Holder, podShown } from "../../core/usage.js";
import type { Cluster } from "../../ports/cluster.js";

/** How many users a message names. */
const NAMED = 3;

/** Every SpiderEndpoint, read once for all the steps of a wave that take addresses away (FIXED-1). */
export async function readEndpoints(cluster: Cluster): Promise<readonly SpiderEndpoint[]> {
  const { items } = await cluster.list(KINDS.SpiderEndpoint).catch((error: ClusterError) => {
    if (isClusterError(error, "NotFound")) return { items: [] as KubeObject[] };
    throw error;
  });
  return items as SpiderEndpoint[];
}

/**
 * Why addresses cannot be taken from a pool as it is now: its own record, which the write's resourceVersion pins, and
 * the endpoints, which keep the addresses of StatefulSet Pods that are down (T4).
 * @param taken what the step takes away; undefined = the whole pool goes
 * @returns undefined when nobody uses them
 */
export function poolObstacle(
  live: SpiderIPPool,
  taken: RangeSet | undefined,
  endpoints: readonly SpiderEndpoint[],
): string | undefined {
  const name = live.metadata.name;
  const use = buildSnapshot([live, ...endpoints], []).use;
  const unreadable = use.unreadable.get(name);
  if (unreadable !== undefined) return `nobody can tell who uses ${name}: ${unreadable} cannot be read`;
  const users = new Map<string, Holder>();
  const add = (holder: Holder) => users.set(`${formatAddress(holder.address)} ${holder.pod}`, holder);
  const gone = taken ?? effectiveSet(live.spec);
  for (const [address, holders] of use.byAddress) if (contains(gone, address)) for (const one of holders) add(one);
  // A record outside the pool's own addresses is an old fault; deleting the pool would still evict it.
  if (taken === undefined) for (const holder of use.byPool.get(name) ?? []) add(holder);
  return users.size === 0 ? undefined : inUse([...users.values()]);
}

function inUse(holders: readonly Holder[]): string {
  const named = holders
    .slice(0, NAMED)
    .map(({ address, pod }) => `${formatAddress(address)} is in use by ${podShown(pod)}`);
  const more = holders.length > NAMED ? ` and ${holders.length - NAMED} more` : "";
  return `${named.join(", ")}${more}`;
}
