import { isClusterError } from "../core/cluster-error.js";
import { size } from "../core/ip/range-set.js";
import { effectiveSet } from "../core/spiderpool/canonical.js";
import { keepsRecord } from "../core/spiderpool/ipam/retain.js";
import { KEYS, KINDS, type KubeObject, type SpiderEndpoint, type SpiderIPPool } from "../core/spiderpool/objects.js";
import type { Stage } from "./player.js";

/** A pool's record of its users, as its status holds it (T1). */
export type Records = Record<string, { pod: string; podUid: string }>;

/** The records of a pool; unreadable text is no record. */
export function recordsOf(pool: SpiderIPPool): Records {
  try {
    return (JSON.parse(pool.status?.allocatedIPs ?? "{}") ?? {}) as Records;
  } catch {
    return {};
  }
}

const CONFLICT_RETRIES = 5;

/**
 * Changes a pool's records and stores them, reading the pool anew when somebody else wrote it meanwhile (A16).
 * @param change returns the new records, or undefined to leave the pool as it is
 * @throws ClusterError `Conflict` when it was lost too often
 */
export async function writeRecords(
  stage: Stage,
  name: string,
  change: (pool: SpiderIPPool, records: Records) => Records | undefined,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const pool = (await stage.actor.get({ kind: KINDS.SpiderIPPool, name })) as SpiderIPPool;
    const records = change(pool, recordsOf(pool));
    if (records === undefined) return;
    try {
      await stage.learned(stage.actor.replaceStatus({ ...pool, status: statusOf(pool, records) }, KINDS.SpiderIPPool));
      return;
    } catch (error) {
      if (!isClusterError(error, "Conflict") || attempt === CONFLICT_RETRIES) throw error;
    }
  }
}

function statusOf(pool: SpiderIPPool, records: Records): NonNullable<SpiderIPPool["status"]> {
  const { allocatedIPs: _old, ...rest } = pool.status ?? {};
  const count = Object.keys(records).length;
  return {
    ...rest,
    totalIPCount: poolTotal(pool), // R9
    allocatedIPCount: count,
    // Absent, not "{}", when nothing is allocated (T1).
    ...(count === 0 ? {} : { allocatedIPs: JSON.stringify(records) }),
  };
}

/** How many addresses a pool offers; reservations are not subtracted (R9). */
export function poolTotal(pool: SpiderIPPool): number {
  return Math.min(size(effectiveSet(pool.spec)), Number.MAX_SAFE_INTEGER);
}

/** Pools with a record of a Pod; of any uid but `exceptUid`. */
export function poolsHolding(stage: Stage, pod: string, exceptUid?: string): string[] {
  const holding = (pool: KubeObject) =>
    // Most pools never heard of the Pod: no need to parse what they hold.
    (pool as SpiderIPPool).status?.allocatedIPs?.includes(JSON.stringify(pod)) &&
    Object.values(recordsOf(pool as SpiderIPPool)).some((record) => record.pod === pod && record.podUid !== exceptUid);
  return stage
    .mirror("SpiderIPPool")
    .all()
    .filter(holding)
    .map(({ metadata }) => metadata.name);
}

/**
 * Frees every address recorded for a Pod; its endpoint stays, as that of a finished Pod does (Z2).
 * @param pod `namespace/name`
 * @param exceptUid records of this Pod stay: a new one may have taken the name meanwhile
 */
export async function freeRecords(stage: Stage, pod: string, exceptUid?: string): Promise<void> {
  for (const name of poolsHolding(stage, pod, exceptUid)) {
    await writeRecords(stage, name, (_pool, records) => {
      const kept = Object.entries(records).filter(
        ([, { pod: holder, podUid }]) => holder !== pod || podUid === exceptUid,
      );
      return kept.length === Object.keys(records).length ? undefined : Object.fromEntries(kept);
    });
  }
}

/** The same, and forgets its endpoint. */
export async function release(stage: Stage, pod: string, exceptUid?: string): Promise<void> {
  await freeRecords(stage, pod, exceptUid);
  const endpoint = stage.mirror("SpiderEndpoint").get(pod) as SpiderEndpoint | undefined;
  if (endpoint !== undefined && endpoint.status?.current?.uid !== exceptUid) await dropEndpoint(stage, endpoint);
}

async function dropEndpoint(stage: Stage, endpoint: SpiderEndpoint): Promise<void> {
  const { namespace, name, uid, finalizers = [] } = endpoint.metadata;
  const ref = { kind: KINDS.SpiderEndpoint, namespace, name };
  try {
    const kept = finalizers.filter((finalizer) => finalizer !== KEYS.finalizer);
    if (kept.length !== finalizers.length) await stage.actor.patch(ref, { metadata: { uid, finalizers: kept } });
    await stage.actor.delete(ref, { uid });
  } catch (error) {
    // Gone already: its Pod's garbage collection was faster.
    if (!isClusterError(error, "NotFound")) throw error;
  }
}

/** Whether a Pod that is gone keeps its addresses for its successor (A18); no VM lives on the clusters played here. */
export function isRetained(stage: Stage, endpoint: SpiderEndpoint): boolean {
  const set = stage.mirror("StatefulSet").get(`${endpoint.metadata.namespace}/${endpoint.status?.ownerControllerName}`);
  const statefulSet = set === undefined || set.metadata.deletionTimestamp !== undefined ? undefined : set;
  return keepsRecord(endpoint, { statefulSet }, stage.facts);
}
