import { addressSet, type RangeSet } from "./ip/range-set.js";
import type { SpiderpoolFacts } from "./spiderpool/facts.js";
import { withinLimits } from "./spiderpool/limits.js";
import {
  type KubeObject,
  OWN,
  type SpiderEndpoint,
  type SpiderIPPool,
  type SpiderMultusConfig,
  type SpiderReservedIP,
  type SpiderSubnet,
} from "./spiderpool/objects.js";
import { type Usage, usageOf } from "./usage.js";

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
 * @param before an earlier snapshot: who uses what is most of the work, and is taken over where nothing of it changed
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
  for (const written of items) {
    const item = withinLimits(written);
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
    use: usageOf({ pools, endpoints }, before),
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

/** Addresses of one pool that are in use. */
export function usedInPool(snapshot: Snapshot, pool: string): RangeSet {
  return addressSet((snapshot.use.byPool.get(pool) ?? []).map((holder) => holder.address));
}

/** The owner text an object of ours carries, e.g. `default/Deployment/workload01/net1/app-v4`. */
export function recordedOwner(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[OWN.owner];
}
