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
  /** The most replicas a HorizontalPodAutoscaler may give a workload, by `namespace/Kind/name`. */
  readonly autoscaled?: ReadonlyMap<string, number>;
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

/** A Pod in words; Spiderpool's record may have lost its name. */
export function podShown(pod: string): string {
  return pod === "" ? "a Pod without a name" : pod;
}

/** Every address in use (FIXED-1): in a pool's status or in a SpiderEndpoint. */
export interface Usage {
  readonly byPool: ReadonlyMap<string, readonly Holder[]>;
  readonly byAddress: ReadonlyMap<Address, readonly Holder[]>;
  /** Pools of which nobody can tell all users, with what cannot be read; nothing may then be taken from them. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** The same cluster with only those users of addresses whose pool is asked for. */
export function usersOf(snapshot: Snapshot, wanted: (pool: string) => boolean): Snapshot {
  const byPool = new Map([...snapshot.use.byPool].filter(([pool]) => wanted(pool)));
  const byAddress = new Map(
    [...snapshot.use.byAddress].flatMap(([address, holders]) => {
      const kept = holders.filter((holder) => wanted(holder.pool));
      return kept.length > 0 ? [[address, kept] as const] : [];
    }),
  );
  return { ...snapshot, use: { ...snapshot.use, byPool, byAddress } };
}

/** An empty cluster of which nothing was read. */
export const EMPTY_SNAPSHOT: Snapshot = buildSnapshot([], []);

/**
 * Indexes Kubernetes objects of any kinds in any order; kinds spiderplan does not know are passed over.
 * @param complete kinds whose every object is among `items`
 * @param facts Spiderpool's configuration where it was read
 * @param before an earlier snapshot: who uses what is most of the work, and is taken over where the very same endpoints and
 * records of pools tell of it, whatever else became of the pools
 */
export function buildSnapshot(
  items: Iterable<KubeObject>,
  complete: Iterable<string>,
  facts: Partial<SpiderpoolFacts> = {},
  before?: Pick<Snapshot, "pools" | "endpoints" | "use">,
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
  const autoscaled = new Map<string, number>();
  for (const item of items) {
    const target = Object.hasOwn(maps, item.kind) ? maps[item.kind as keyof typeof maps] : undefined;
    target?.set(objectPath(item), item);
    if (item.kind === "HorizontalPodAutoscaler") readAutoscaler(item, autoscaled);
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
    autoscaled,
    workloads,
    facts,
    use:
      before && sameRecords(before.pools, pools) && same(before.endpoints, endpoints)
        ? before.use
        : usage(pools, endpoints),
  };
}

/**
 * Objects in one order whatever order they came in: by kind, then as the API server lists them. Of an object that is
 * there twice the last one counts. Costs next to nothing where the API server or kubectl has ordered them.
 */
export function inKindOrder(items: Iterable<KubeObject>): KubeObject[] {
  const byKind = new Map<string, KubeObject[]>();
  let same: KubeObject[] = [];
  for (const item of items) {
    if (item.kind !== same[0]?.kind || item.apiVersion !== same[0].apiVersion) {
      const kind = `${item.kind} ${item.apiVersion}`;
      same = byKind.get(kind) ?? [];
      byKind.set(kind, same);
    }
    same.push(item);
  }
  const ordered: KubeObject[] = [];
  for (const key of [...byKind.keys()].sort()) for (const item of inPathOrder(byKind.get(key)!)) ordered.push(item);
  return ordered;
}

function inPathOrder(items: readonly KubeObject[]): readonly KubeObject[] {
  if (items.every((item, index) => index === 0 || precedes(items[index - 1]!, item))) return items;
  const byPath = new Map(items.map((item) => [objectPath(item), item]));
  return [...byPath.keys()].sort().map((path) => byPath.get(path)!);
}

function precedes(a: KubeObject, b: KubeObject): boolean {
  if (a.metadata.namespace === b.metadata.namespace) return a.metadata.name < b.metadata.name;
  return objectPath(a) < objectPath(b);
}

/** `namespace/name`, or the name alone where there is no namespace. */
function objectPath({ metadata: { namespace, name } }: KubeObject): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** `namespace/Kind/name` of a workload; kinds outside apps and batch carry their group (DESIGN 1, owner). */
export function workloadKey(object: KubeObject): string {
  const group = object.apiVersion.includes("/") ? object.apiVersion.slice(0, object.apiVersion.indexOf("/")) : "";
  const kind = group === "apps" || group === "batch" || group === "" ? object.kind : `${object.kind}.${group}`;
  return `${object.metadata.namespace ?? ""}/${kind}/${object.metadata.name}`;
}

/** Of several that scale one workload, which Kubernetes does not forbid, the largest counts. */
function readAutoscaler({ metadata, spec }: KubeObject, found: Map<string, number>): void {
  const { scaleTargetRef: target, maxReplicas } = (spec ?? {}) as {
    scaleTargetRef?: { apiVersion?: string; kind: string; name: string };
    maxReplicas?: number;
  };
  if (target === undefined || typeof maxReplicas !== "number") return;
  const { apiVersion = "apps/v1", kind, name } = target;
  const key = workloadKey({ apiVersion, kind, metadata: { namespace: metadata.namespace, name } });
  found.set(key, Math.max(found.get(key) ?? 0, maxReplicas));
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
  const records: { address: Address; pod: string; uid: string }[] = [];
  readRecords(pool, (address, pod, uid) => records.push({ address, pod, uid }));
  return records;
}

/** Addresses of one pool that are in use. */
export function usedInPool(snapshot: Snapshot, pool: string): RangeSet {
  return addressSet((snapshot.use.byPool.get(pool) ?? []).map((holder) => holder.address));
}

/** The owner text an object of ours carries, e.g. `default/Deployment/workload01/net1/app-v4`. */
export function recordedOwner(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[OWN.owner];
}

/** Tells every record with a readable address; false if there is anything else in it. */
function readRecords(pool: SpiderIPPool, tell: (address: Address, pod: string, uid: string) => void): boolean {
  const text = pool.status?.allocatedIPs;
  if (!text) return true;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof value !== "object" || value === null) return false;
  const records = value as Record<string, { pod?: unknown; podUid?: unknown } | null>;
  let readable = !Array.isArray(value);
  for (const ip of Object.keys(records)) {
    const address = parseAddress(ip);
    if (address === undefined) readable = false;
    else tell(address, textOf(records[ip]?.pod), textOf(records[ip]?.podUid));
  }
  return readable;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function same<T>(one: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>): boolean {
  if (one.size !== other.size) return false;
  for (const [key, value] of other) if (one.get(key) !== value) return false;
  return true;
}

/** Whether pools tell of the same users; a pool without any tells nothing. */
function sameRecords(one: ReadonlyMap<string, SpiderIPPool>, other: ReadonlyMap<string, SpiderIPPool>): boolean {
  for (const [name, pool] of other) if (recordText(one.get(name)) !== recordText(pool)) return false;
  for (const [name, pool] of one) if (!other.has(name) && recordText(pool) !== "") return false;
  return true;
}

function recordText(pool: SpiderIPPool | undefined): string {
  return pool?.status?.allocatedIPs || "";
}

function usage(pools: ReadonlyMap<string, SpiderIPPool>, endpoints: ReadonlyMap<string, SpiderEndpoint>): Usage {
  const byAddress = new Map<Address, Holder[]>();
  const byPool = new Map<string, Holder[]>();
  const unreadable = new Map<string, string>();
  const add = (address: Address, pool: string, pod: string, uid: string, nic: string, node: string) => {
    const same = byAddress.get(address);
    // The pool's record and the endpoint tell of the same Pod: the endpoint knows more (NIC, node).
    if (same?.some((other) => other.pod === pod && other.pool === pool)) return;
    const holder = { address, pool, pod, uid, nic, node };
    if (same === undefined) byAddress.set(address, [holder]);
    else same.push(holder);
    const inPool = byPool.get(pool);
    if (inPool === undefined) byPool.set(pool, [holder]);
    else inPool.push(holder);
  };
  for (const [pod, endpoint] of endpoints) {
    const current = endpoint.status?.current;
    for (const ip of current?.ips ?? []) {
      const [uid, node] = [current?.uid ?? "", current?.node ?? ""];
      const hold = (text: string | undefined, pool: string) => {
        if (!text) return;
        const address = parseAddress(withoutPrefix(text));
        if (address !== undefined) add(address, pool, pod, uid, ip.interface, node);
        else if (!unreadable.has(pool)) unreadable.set(pool, `the address "${text}" of SpiderEndpoint ${pod}`);
      };
      hold(ip.ipv4, ip.ipv4Pool ?? "");
      hold(ip.ipv6, ip.ipv6Pool ?? "");
    }
  }
  for (const pool of pools.values()) {
    const { name } = pool.metadata;
    const readable = readRecords(pool, (address, pod, uid) => add(address, name, pod, uid, "", ""));
    if (!readable) unreadable.set(name, `status.allocatedIPs of ${name}`);
  }
  for (const holders of byAddress.values()) if (holders.length > 1) holders.sort(byAddressAndPod);
  for (const holders of byPool.values()) if (holders.length > 1) holders.sort(byAddressAndPod);
  return { byPool, byAddress, unreadable };
}

function byAddressAndPod(a: Holder, b: Holder): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : a.pod < b.pod ? -1 : 1;
}

/** `10.6.0.1/16` -> `10.6.0.1`. */
function withoutPrefix(text: string): string {
  const slash = text.indexOf("/");
  return slash < 0 ? text : text.slice(0, slash);
}
