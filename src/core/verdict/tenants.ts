import { type Address, type Family, familyOf, parseAddress } from "../ip/address.js";
import { podTemplate, recordedOwner, type Snapshot, workloadKey } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { type PodFacts, podFacts, templateFacts } from "../spiderpool/ipam/pod-facts.js";
import { isOrdinalOf } from "../spiderpool/ipam/retain.js";
import { unreadableReason } from "../spiderpool/limits.js";
import type { EndpointIP, KubeObject, SpiderEndpoint } from "../spiderpool/objects.js";
import { type Holder, podShown } from "../usage.js";

/** Pools of both families that one NIC of a Pod has addresses of (T4). */
export type Recorded = Pick<EndpointIP, "interface" | "ipv4Pool" | "ipv6Pool">;

/** One address somebody has: one family of one NIC of a Pod, or of a StatefulSet ordinal or VM that may come back. */
export interface Tenant {
  /** `namespace/name`. */
  readonly pod: string;
  readonly nic: string;
  readonly family: Family;
  readonly address: Address;
  readonly pool: string;
  /** What its Pod has on every NIC, as recorded: A19 looks at all of it together. */
  readonly recorded: readonly Recorded[];
  /** `same`: it gets its own address back (StatefulSet ordinal, VM); `any`: whatever its pools have (A17-A21). */
  readonly keeps: "ordinal" | "vm" | "nothing";
  /** Undefined: Pod and workload are not in the snapshot; it is judged on the pool it holds. */
  readonly facts: PodFacts | undefined;
  /** `namespace/Kind/name` of the workload above it; undefined for a bare or unknown Pod. */
  readonly workload: string | undefined;
  readonly owner: string;
}

/**
 * Everybody who has an address, in order of address and Pod.
 * @param wanted of these holders only
 */
export function tenantsOf(
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  wanted: (holder: Holder) => boolean = () => true,
): Tenant[] {
  const known = new Map<string, { facts: PodFacts; workload: string | undefined } | undefined>();
  const about = (pod: string) => {
    if (!known.has(pod)) known.set(pod, factsAbout(pod, snapshot));
    return known.get(pod);
  };
  const tenants: Tenant[] = [];
  for (const holders of snapshot.use.byAddress.values()) {
    for (const holder of holders) {
      if (!wanted(holder)) continue;
      for (const nic of nicsWith(holder, snapshot)) {
        tenants.push(tenant({ ...holder, nic }, snapshot, facts, about(holder.pod)));
      }
    }
  }
  return tenants.sort(
    (a, b) => a.family - b.family || compare(a.address, b.address) || compare(a.pod, b.pod) || compare(a.nic, b.nic),
  );
}

/** The NICs of its Pod that have the address: several where they came for one pool (A15). */
function nicsWith({ pod, pool, address, nic }: Holder, snapshot: Snapshot): readonly string[] {
  const ips = snapshot.endpoints.get(pod)?.status?.current?.ips ?? [];
  if (nic === "" || ips.length < 2) return [nic];
  const family = familyOf(address);
  const shares = (ip: EndpointIP) => {
    const [text, from] = family === 4 ? [ip.ipv4, ip.ipv4Pool] : [ip.ipv6, ip.ipv6Pool];
    return from === pool && parseAddress(text?.split("/")[0] ?? "") === address;
  };
  return [...new Set([nic, ...ips.filter(shares).map((ip) => ip.interface)])];
}

function tenant(
  holder: Holder,
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  about: { facts: PodFacts; workload: string | undefined } | undefined,
): Tenant {
  const endpoint = snapshot.endpoints.get(holder.pod);
  return {
    pod: holder.pod,
    nic: holder.nic,
    family: familyOf(holder.address),
    address: holder.address,
    pool: holder.pool,
    recorded: endpoint?.status?.current?.ips ?? [],
    keeps: keeps(endpoint, facts),
    // Without an endpoint nobody knows which NIC it is, so it can only be judged on the pool.
    facts: holder.nic === "" ? undefined : about?.facts,
    workload: about?.workload,
    owner: ownerText(holder, snapshot),
  };
}

function keeps(endpoint: SpiderEndpoint | undefined, facts: SpiderpoolFacts): Tenant["keeps"] {
  const type = endpoint?.status?.ownerControllerType;
  if (type === "StatefulSet" && facts.enableStatefulSet) return "ordinal";
  return type === "VirtualMachineInstance" && facts.enableKubevirtStaticIP ? "vm" : "nothing";
}

function factsAbout(pod: string, snapshot: Snapshot): { facts: PodFacts; workload: string | undefined } | undefined {
  const live = snapshot.pods.get(pod);
  const [namespace = ""] = pod.split("/");
  // What it asks for is not known, so that all that is certain is the pool it holds an address of.
  if ([live, snapshot.namespaces.get(namespace)].some((one) => unreadableReason(one) !== undefined)) return undefined;
  if (live !== undefined) {
    const facts = podFacts(live, snapshot);
    return { facts, workload: workloadAbove(facts, snapshot.endpoints.get(pod)) };
  }
  const endpoint = snapshot.endpoints.get(pod);
  const workload = recordedWorkload(endpoint);
  const template = workload === undefined ? undefined : snapshot.workloads.get(workload);
  if (endpoint === undefined || template === undefined || unreadableReason(template) !== undefined) return undefined;
  const node = endpoint.status?.current?.node;
  if (template.kind === "StatefulSet") {
    // An ordinal between two lives is what its template makes it.
    if (!isOrdinalOf(endpoint.metadata.name, template)) return undefined;
    const ordinal = Number(/\d+$/.exec(endpoint.metadata.name)?.[0]);
    return { facts: templateFacts(template, snapshot, ordinal, node), workload };
  }
  // Where no Pods were read at all the template tells what they are; a Pod that is missing from them is nobody's.
  return snapshot.complete.has("Pod")
    ? undefined
    : { facts: templateFacts(template, snapshot, undefined, node), workload };
}

/** `namespace/Kind/name` of the workload Spiderpool wrote down for an endpoint (T4). */
function recordedWorkload(endpoint: SpiderEndpoint | undefined): string | undefined {
  const { ownerControllerType: type, ownerControllerName: name } = endpoint?.status ?? {};
  return type === undefined || name === undefined ? undefined : `${endpoint!.metadata.namespace}/${type}/${name}`;
}

function workloadAbove({ controller, namespace }: PodFacts, endpoint: SpiderEndpoint | undefined): string | undefined {
  if (controller === undefined) return undefined;
  // The ReplicaSet is not in the snapshot, but Spiderpool wrote down whose it was.
  if (controller.kind === "ReplicaSet") {
    const recorded = recordedWorkload(endpoint);
    if (recorded?.startsWith(`${namespace}/Deployment/`)) return recorded;
  }
  return workloadKey({ ...controller, metadata: { name: controller.name, namespace } } as KubeObject);
}

/** Whose address it is: `default/Deployment/app/net1`, with the subnet where the pool is one of ours. */
export function ownerText(holder: Holder, snapshot: Snapshot): string {
  const pool = snapshot.pools.get(holder.pool);
  const recorded = pool && recordedOwner(pool);
  if (recorded !== undefined && !recorded.startsWith("pool:")) return recorded;
  if (holder.pod === "") return podShown(holder.pod);
  const [namespace, name] = holder.pod.split("/");
  const { ownerControllerType = "Pod", ownerControllerName = name } = snapshot.endpoints.get(holder.pod)?.status ?? {};
  return [namespace, ownerControllerType, ownerControllerName, ...(holder.nic === "" ? [] : [holder.nic])].join("/");
}

/**
 * Live templates none of whose Pods has an address: judged by a Pod that does not exist yet.
 * @param wanted of these templates only
 */
export function idleTemplates(
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  wanted: (workload: KubeObject) => boolean,
): KubeObject[] {
  const found = [...snapshot.workloads].filter(
    ([, object]) =>
      podTemplate(object)?.metadata !== undefined && unreadableReason(object) === undefined && wanted(object),
  );
  if (found.length === 0) return [];
  const namespaces = new Set(found.map(([, object]) => object.metadata.namespace ?? ""));
  const near = ({ pod }: Holder) => namespaces.has(pod.slice(0, pod.indexOf("/")));
  const busy = new Set(tenantsOf(snapshot, facts, near).map((one) => one.workload));
  return found
    .filter(([key]) => !busy.has(key))
    .sort(([a], [b]) => compare(a, b))
    .map(([, object]) => object);
}

function compare<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
