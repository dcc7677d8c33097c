import { type ClusterError, isClusterError } from "../../core/cluster-error.js";
import { formatAddress } from "../../core/ip/address.js";
import { contains, type RangeSet } from "../../core/ip/range-set.js";
import { buildSnapshot, type Snapshot } from "../../core/snapshot.js";
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

/** More Pods than this are not asked for one by one: then their endpoints count. */
const MOST_ASKED = 100;

/** The Pod of an endpoint as it is now; undefined where it is not there, or nobody may look. */
export async function readPod(cluster: Cluster, pod: string): Promise<KubeObject | undefined> {
  const [namespace = "", name = ""] = pod.split("/");
  return cluster.get({ kind: KINDS.Pod, namespace, name }).catch((error: unknown) => {
    if (isClusterError(error, "NotFound", "Forbidden")) return undefined;
    throw error;
  });
}

/**
 * Who uses what by these pools and endpoints. Where only an endpoint tells of an address that is asked about, its Pod is
 * looked at: what one left behind that finished or is being replaced is no use (FIXED-1).
 */
export async function useWithoutLeftovers(
  items: readonly (SpiderIPPool | SpiderEndpoint)[],
  isAsked: (holder: Holder) => boolean,
  podOf: (pod: string) => Promise<KubeObject | undefined>,
): Promise<Snapshot> {
  const complete = [KINDS.SpiderIPPool.kind, KINDS.SpiderEndpoint.kind];
  const told = buildSnapshot(items, complete);
  const { unrecorded, byAddress } = told.use;
  const holders = [...unrecorded].flatMap((address) => byAddress.get(address) ?? []).filter(isAsked);
  const asked = [...new Set(holders.map(({ pod }) => pod))];
  if (asked.length === 0 || asked.length > MOST_ASKED) return told;
  const pods = await Promise.all(asked.map(podOf));
  return buildSnapshot([...items, ...pods.filter((pod) => pod !== undefined)], complete);
}

/**
 * Why addresses cannot be taken from a pool as it is now: its own record, which the write's resourceVersion pins, and
 * the endpoints, which keep the addresses of StatefulSet Pods that are down (T4).
 * @param taken what the step takes away; undefined = the whole pool goes
 * @param podOf tells whether an endpoint without a record is only left over from a Pod that finished (FIXED-1)
 * @returns undefined when nobody uses them
 */
export async function poolObstacle(
  live: SpiderIPPool,
  taken: RangeSet | undefined,
  endpoints: readonly SpiderEndpoint[],
  podOf: (pod: string) => Promise<KubeObject | undefined>,
): Promise<string | undefined> {
  const name = live.metadata.name;
  const goes = taken ?? effectiveSet(live.spec);
  const { use } = await useWithoutLeftovers([live, ...endpoints], ({ address }) => contains(goes, address), podOf);
  const unreadable = use.unreadable.get(name);
  if (unreadable !== undefined) return `nobody can tell who uses ${name}: ${unreadable} cannot be read`;
  const users = new Map<string, Holder>();
  const add = (holder: Holder) => users.set(`${formatAddress(holder.address)} ${holder.pod}`, holder);
  for (const [address, holders] of use.byAddress) if (contains(goes, address)) for (const one of holders) add(one);
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
