import { type Address, parseAddress } from "./ip/address.js";
import { addressSet, type RangeSet } from "./ip/range-set.js";
import type { SpiderpoolFacts } from "./spiderpool/facts.js";
import {
  type KubeObject,
  OWN,
  type SpiderEndpoint,
  type SpiderIPPool,
  type SpiderMultusConfig,
  type SpiderReservedIP,
  type SpiderSubnet,
} from "./spiderpool/objects.js";

/** The facts of a cluster as plain data. Maps are keyed by name, or `namespace/name` for namespaced kinds. */
export interface Snapshot {
  /** Kinds that were listed completely; of any other kind the absence of an object means nothing. */
  readonly complete: ReadonlySet<string>;
  readonly subnets: ReadonlyMap<string, SpiderSubnet>;
  readonly pools: ReadonlyMap<string, SpiderIPPool>;
  readonly reserved: ReadonlyMap<string, SpiderReservedIP>;
  readonly endpoints: ReadonlyMap<string, SpiderEndpoint>;
  readonly multusConfigs: ReadonlyMap<string, SpiderMultusConfig>;
  readonly networkAttachments: ReadonlyMap<string, KubeObject>;
  readonly namespaces: ReadonlyMap<string, KubeObject>;
  readonly nodes: ReadonlyMap<string, KubeObject>;
  readonly pods: ReadonlyMap<string, KubeObject>;
  readonly replicaSets: ReadonlyMap<string, KubeObject>;
  /** Workloads keyed `namespace/Kind/name`, Kind as owners spell it (`CloneSet.apps.kruise.io`). */
  readonly workloads: ReadonlyMap<string, KubeObject>;
  /** Facts F1 as read from the cluster; undefined where they could not be. */
  readonly facts: Partial<SpiderpoolFacts>;
  readonly use: Usage;
}

/** Who uses an address, from the pool's record, the endpoint, or both (T1, T4). */
export interface Holder {
  readonly address: Address;
  readonly pool: string;
  /** `namespace/name`. */
  readonly pod: string;
  readonly uid: string;
  /** Empty when only the pool's record is known. */
  readonly nic: string;
  readonly node: string;
}

/** Every address in use (FIXED-1): in a pool's status or in a SpiderEndpoint. */
export interface Usage {
  readonly byPool: ReadonlyMap<string, readonly Holder[]>;
  readonly byAddress: ReadonlyMap<Address, readonly Holder[]>;
}

/** An empty cluster of which nothing was read. */
export const EMPTY_SNAPSHOT: Snapshot = buildSnapshot([], []);

/**
 * Indexes Kubernetes objects of any kinds in any order; kinds spiderplan does not know are passed over.
 * @param complete kinds whose every object is among `items`
 * @param facts Spiderpool's configuration where it was read
 */
export function buildSnapshot(
  items: Iterable<KubeObject>,
  complete: Iterable<string>,
  facts: Partial<SpiderpoolFacts> = {},
): Snapshot {
  const maps = {
    SpiderSubnet: new Map<string, KubeObject>(),
    SpiderIPPool: new Map<string, KubeObject>(),
    SpiderReservedIP: new Map<string, KubeObject>(),
    SpiderEndpoint: new Map<string, KubeObject>(),
    SpiderMultusConfig: new Map<string, KubeObject>(),
    NetworkAttachmentDefinition: new Map<string, KubeObject>(),
    Namespace: new Map<string, KubeObject>(),
    Node: new Map<string, KubeObject>(),
    Pod: new Map<string, KubeObject>(),
    ReplicaSet: new Map<string, KubeObject>(),
  };
  const workloads = new Map<string, KubeObject>();
  for (const item of items) {
    const target = Object.hasOwn(maps, item.kind) ? maps[item.kind as keyof typeof maps] : undefined;
    const { namespace, name } = item.metadata;
    target?.set(namespace ? `${namespace}/${name}` : name, item);
    // A ReplicaSet of a Deployment or a Job of a CronJob is its owner's business, not a workload of its own.
    if (podTemplate(item) !== undefined && !item.metadata.ownerReferences?.some((owner) => owner.controller)) {
      workloads.set(workloadKey(item), item);
    }
  }
  const pools = maps.SpiderIPPool as Map<string, SpiderIPPool>;
  const endpoints = maps.SpiderEndpoint as Map<string, SpiderEndpoint>;
  return {
    complete: new Set(complete),
    subnets: maps.SpiderSubnet as Map<string, SpiderSubnet>,
    pools,
    reserved: maps.SpiderReservedIP as Map<string, SpiderReservedIP>,
    endpoints,
    multusConfigs: maps.SpiderMultusConfig as Map<string, SpiderMultusConfig>,
    networkAttachments: maps.NetworkAttachmentDefinition,
    namespaces: maps.Namespace,
    nodes: maps.Node,
    pods: maps.Pod,
    replicaSets: maps.ReplicaSet,
    workloads,
    facts,
    use: usage(pools, endpoints),
  };
}

/** `namespace/Kind/name` of a workload; kinds outside apps and batch carry their group (DESIGN 1, owner). */
export function workloadKey(object: KubeObject): string {
  const group = object.apiVersion.includes("/") ? object.apiVersion.slice(0, object.apiVersion.indexOf("/")) : "";
  const kind = group === "apps" || group === "batch" || group === "" ? object.kind : `${object.kind}.${group}`;
  return `${object.metadata.namespace ?? ""}/${kind}/${object.metadata.name}`;
}

/** What of a Pod template spiderplan reads. */
export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
}

/** The Pod template of a workload; a CronJob's lies one level deeper (S31). */
export function podTemplate(object: KubeObject): PodTemplate | undefined {
  const spec = object.spec as
    | { template?: PodTemplate; jobTemplate?: { spec?: { template?: PodTemplate } } }
    | undefined;
  return spec?.jobTemplate?.spec?.template ?? spec?.template;
}

/** One address and who has it, as Spiderpool records it in a pool's status (T1). */
export function poolRecords(pool: SpiderIPPool): { address: Address; pod: string; uid: string }[] {
  const text = pool.status?.allocatedIPs;
  if (!text) return [];
  const records: { address: Address; pod: string; uid: string }[] = [];
  for (const [ip, record] of Object.entries(parseRecords(text))) {
    const address = parseAddress(ip);
    if (address !== undefined) records.push({ address, pod: record?.pod ?? "", uid: record?.podUid ?? "" });
  }
  return records;
}

/** Whether a pool's record of its users cannot be read; nothing may then be taken from it. */
export function recordsUnreadable(pool: SpiderIPPool): boolean {
  const text = pool.status?.allocatedIPs;
  if (!text) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value !== "object" || value === null || Array.isArray(value);
  } catch {
    return true;
  }
}

/** Addresses of one pool that are in use. */
export function usedInPool(snapshot: Snapshot, pool: string): RangeSet {
  return addressSet((snapshot.use.byPool.get(pool) ?? []).map((holder) => holder.address));
}

/** The owner text an object of ours carries, e.g. `default/Deployment/workload01/net1/app-v4`. */
export function recordedOwner(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[OWN.owner];
}

function parseRecords(text: string): Record<string, { pod?: string; podUid?: string } | null> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Record<string, { pod?: string; podUid?: string }>)
      : {};
  } catch {
    return {};
  }
}

function usage(pools: ReadonlyMap<string, SpiderIPPool>, endpoints: ReadonlyMap<string, SpiderEndpoint>): Usage {
  const byAddress = new Map<Address, Holder[]>();
  const byPool = new Map<string, Holder[]>();
  const add = (holder: Holder) => {
    const same = byAddress.get(holder.address);
    if (same === undefined) byAddress.set(holder.address, [holder]);
    else {
      // The pool's record and the endpoint tell of the same Pod: the endpoint knows more (NIC, node).
      if (same.some((other) => other.pod === holder.pod && other.pool === holder.pool)) return;
      same.push(holder);
    }
    const inPool = byPool.get(holder.pool);
    if (inPool === undefined) byPool.set(holder.pool, [holder]);
    else inPool.push(holder);
  };
  for (const [key, endpoint] of endpoints) {
    const current = endpoint.status?.current;
    for (const ip of current?.ips ?? []) {
      const seen = { pod: key, uid: current?.uid ?? "", nic: ip.interface, node: current?.node ?? "" };
      const v4 = ip.ipv4 ? parseAddress(ip.ipv4.split("/")[0]!) : undefined;
      const v6 = ip.ipv6 ? parseAddress(ip.ipv6.split("/")[0]!) : undefined;
      if (v4 !== undefined) add({ ...seen, address: v4, pool: ip.ipv4Pool ?? "" });
      if (v6 !== undefined) add({ ...seen, address: v6, pool: ip.ipv6Pool ?? "" });
    }
  }
  for (const pool of pools.values()) {
    for (const { address, pod, uid } of poolRecords(pool)) {
      add({ address, pod, uid, pool: pool.metadata.name, nic: "", node: "" });
    }
  }
  for (const holders of [...byAddress.values(), ...byPool.values()]) {
    if (holders.length > 1)
      holders.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.pod < b.pod ? -1 : 1));
  }
  return { byPool, byAddress };
}
