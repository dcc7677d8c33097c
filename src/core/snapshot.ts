import { isLeftover } from "./cluster/lifecycle.js";
import { podTemplate, type Snapshot } from "./cluster/snapshot.js";
import { templateKeeper, withTemplateOf } from "./cluster/template-reference.js";
import { isLookedThrough, workloadKey } from "./cluster/workload-of.js";
import { addressSet, type RangeSet } from "./ip/range-set.js";
import type { SpiderpoolFacts } from "./spiderpool/facts.js";
import { withinLimits } from "./spiderpool/limits.js";
import {
  controllerOf,
  isKind,
  type KubeObject,
  OWN,
  type SpiderEndpoint,
  type SpiderIPPool,
  type SpiderMultusConfig,
  type SpiderReservedIP,
  type SpiderSubnet,
} from "./spiderpool/objects.js";
import { usageOf } from "./usage.js";

export { type PodTemplate, podTemplate, type Snapshot } from "./cluster/snapshot.js";

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
    Job: new Map<string, KubeObject>(),
    ControllerRevision: new Map<string, KubeObject>(),
    VirtualMachineInstance: new Map<string, KubeObject>(),
  };
  const makers = new Map<string, KubeObject>();
  const users: KubeObject[] = [];
  const autoscaled = new Map<string, number>();
  const launchers = new Map<string, KubeObject[]>();
  for (const written of items) {
    const item = withinLimits(written);
    const target = Object.hasOwn(maps, item.kind) ? maps[item.kind as keyof typeof maps] : undefined;
    target?.set(objectPath(item), item);
    if (item.kind === "HorizontalPodAutoscaler") readAutoscaler(item, autoscaled);
    if (item.kind === "Pod") addLauncher(item, launchers);
    if (templateKeeper(item) !== undefined) users.push(item);
    else if (podTemplate(item) !== undefined) makers.set(workloadKey(item), item);
  }
  for (const user of users) {
    const maker = withTemplateOf(user, makers);
    if (maker !== undefined) makers.set(workloadKey(user), maker);
  }
  const workloads = withoutLookedThrough(makers);
  const pools = maps.SpiderIPPool as Map<string, SpiderIPPool>;
  const endpoints = maps.SpiderEndpoint as Map<string, SpiderEndpoint>;
  const known = {
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
    jobs: maps.Job,
    revisions: maps.ControllerRevision,
    instances: maps.VirtualMachineInstance,
    launchers,
    autoscaled,
    workloads,
    facts,
  };
  return { ...known, use: usageOf({ pools, endpoints, leftovers: leftoversIn(known) }, before) };
}

/** A ReplicaSet of a Deployment or a Job of a CronJob is its owner's business, not a workload of its own. */
function withoutLookedThrough(makers: ReadonlyMap<string, KubeObject>): ReadonlyMap<string, KubeObject> {
  const isWorkload = (key: string) => makers.has(key);
  return new Map([...makers].filter(([, maker]) => !isLookedThrough(maker, isWorkload)));
}

/** A VM's Pod is known by the VM's name to Spiderpool, and by another to Kubernetes (T1). */
function addLauncher(pod: KubeObject, launchers: Map<string, KubeObject[]>): void {
  const controller = controllerOf(pod);
  if (controller === undefined || !isKind(controller, "kubevirt.io", "VirtualMachineInstance")) return;
  const key = `${pod.metadata.namespace}/${controller.name}`;
  const same = launchers.get(key);
  if (same === undefined) launchers.set(key, [pod]);
  else same.push(pod);
}

/** Endpoints, by Pod, of Pods that finished or were replaced. */
function leftoversIn(known: Parameters<typeof isLeftover>[0]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [pod, endpoint] of known.endpoints) if (isLeftover(known, pod, endpoint)) found.add(pod);
  return found;
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

/** Addresses of one pool that are in use. */
export function usedInPool(snapshot: Snapshot, pool: string): RangeSet {
  return addressSet((snapshot.use.byPool.get(pool) ?? []).map((holder) => holder.address));
}

/** The owner text an object of ours carries, e.g. `default/Deployment/workload01/net1/app-v4`. */
export function recordedOwner(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[OWN.owner];
}
