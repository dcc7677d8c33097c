import pLimit from "p-limit";
import type { Step } from "../../core/change/step.js";
import { isClusterError } from "../../core/cluster-error.js";
import type { Snapshot } from "../../core/snapshot.js";
import { KINDS, type Kind, type SpiderIPPool } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import { type ObserveOptions, observe } from "../observe.js";
import { project } from "../watch/projection.js";
import type { WatchedCluster } from "./parts.js";

/** Pools that are read one by one; of more steps at once a list is no slower. Reads in flight at a time. */
const ONE_BY_ONE = { most: 64, inFlight: 16 };

export interface LookAgainContext {
  readonly cluster: Cluster;
  readonly watched: Pick<WatchedCluster, "observation" | "caughtUp" | "isWatched">;
  readonly needs: ObserveOptions;
}

/**
 * The cluster as it is now, for judging steps again before a wave: everything is listed, but for the pools where the watch
 * can be relied on. Listing thousands of them takes seconds, in which they grow older than a watch lets them.
 *
 * What makes the watch good enough for pools and for nothing else: whoever takes an address of a pool writes that pool, so
 * of the pools the steps change, read one by one, none may be newer than the watch says; and who holds addresses of any
 * other pool stands in the endpoints, which are listed. Where the watch was found behind, is not alive or has not seen our
 * own writes, and for steps on other kinds, which such a reading says nothing about, the pools are listed too.
 * @throws ClusterError as `observe` does
 */
export async function lookAgain(remaining: readonly Step[], context: LookAgainContext): Promise<Snapshot> {
  const { cluster, needs } = context;
  // Projected page by page, as watches are: a tenant's Pods of 250 kB each are never in memory as a whole.
  const known = async (kind: Kind) =>
    (kind.kind === KINDS.SpiderIPPool.kind ? await watchedPools(remaining, context) : undefined) ??
    (await cluster.list(kind, { project })).items;
  return (await observe(cluster, needs, known)).snapshot;
}

/** Every pool as the watch knows it; undefined where that must not be relied on. */
async function watchedPools(
  remaining: readonly Step[],
  { cluster, watched }: LookAgainContext,
): Promise<readonly SpiderIPPool[] | undefined> {
  if (!remaining.every(({ kind }) => kind === KINDS.SpiderIPPool)) return undefined;
  const names = new Set(remaining.map(({ name }) => name));
  if (names.size > ONE_BY_ONE.most || !(await watched.caughtUp())) return undefined;
  const limit = pLimit(ONE_BY_ONE.inFlight);
  const versions = await Promise.all(
    [...names].map((name) => limit(async () => [name, await versionOf(name, cluster)] as const)),
  );
  if (!watched.isWatched(KINDS.SpiderIPPool)) return undefined;
  const { pools } = watched.observation().snapshot;
  const behind = versions.some(([name, version]) => !isAsNew(pools.get(name), version));
  return behind ? undefined : [...pools.values()];
}

/** The version of a pool in the cluster; undefined when there is none of that name. */
async function versionOf(name: string, cluster: Cluster): Promise<string | undefined> {
  try {
    return (await cluster.get({ kind: KINDS.SpiderIPPool, name })).metadata.resourceVersion;
  } catch (error) {
    if (isClusterError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Versions are numbers in every API server there is; where they are not, only the same one is as new. */
function isAsNew(pool: SpiderIPPool | undefined, version: string | undefined): boolean {
  const known = pool?.metadata.resourceVersion;
  return known === version || (known !== undefined && version !== undefined && Number(known) > Number(version));
}
