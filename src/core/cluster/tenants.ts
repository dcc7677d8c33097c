import { type Address, type Family, familyOf, parseAddress } from "../ip/address.js";
import { podTemplate, recordedOwner, type Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { nicsOfPod } from "../spiderpool/ipam/nics.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { isOrdinalOf } from "../spiderpool/ipam/retain.js";
import { unreadableReason } from "../spiderpool/limits.js";
import { controllerOf, type EndpointIP, KINDS, type KubeObject } from "../spiderpool/objects.js";
import { type Holder, podShown } from "../usage.js";
import { isComing, isHostNetwork, type Retention, retentionOfNext } from "./lifecycle.js";
import { templateFacts } from "./pod-facts.js";
import { type Successor, successorsOf } from "./successor.js";
import { workloadOfPod } from "./workload-of.js";

/** Pools of both families that one NIC of a Pod has addresses of (T4). */
export type Recorded = Pick<EndpointIP, "interface" | "ipv4Pool" | "ipv6Pool">;

/**
 * One address somebody has: one family of one NIC of a Pod that starts again, or of a StatefulSet ordinal or VM that may come
 * back, in the person of its successor. Where two successors are possible there are two of them.
 */
export interface Tenant {
  /** `namespace/name`. */
  readonly pod: string;
  readonly nic: string;
  readonly family: Family;
  readonly address: Address;
  readonly pool: string;
  /** What its Pod has on every NIC, as recorded: A19 looks at all of it together. */
  readonly recorded: readonly Recorded[];
  /** `ordinal`, `vm`: it gets its own address back; `nothing`: whatever its pools have (A17-A21). */
  readonly keeps: Retention;
  /** Of its successor. Undefined: Pod and workload are not in the snapshot; it is judged on the pool it holds. */
  readonly facts: PodFacts | undefined;
  /** Whether an edit of its workload's template reaches its successor. */
  readonly followsTemplate: boolean;
  /** Another successor of the same Pod is as possible, and comes before this one. */
  readonly alternative: boolean;
  /** `namespace/Kind/name` of the workload above it; undefined for a bare or unknown Pod. */
  readonly workload: string | undefined;
  readonly owner: string;
}

/** One text for all successors of one address. */
export function tenantKey({ pod, nic, pool, address }: Pick<Tenant, "pod" | "nic" | "pool" | "address">): string {
  return `${pod} ${nic} ${pool} ${address}`;
}

/**
 * Everybody who has an address and starts again, in order of address and Pod (DESIGN 6, who is judged).
 * @param wanted of these holders only
 */
export function tenantsOf(
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  wanted: (holder: Holder) => boolean = () => true,
): Tenant[] {
  const known = new Map<string, Life>();
  const about = (pod: string) => {
    const life = known.get(pod) ?? lifeOf(pod, snapshot, facts);
    known.set(pod, life);
    return life;
  };
  const tenants: Tenant[] = [];
  for (const holders of snapshot.use.byAddress.values()) {
    for (const holder of holders) {
      if (!wanted(holder)) continue;
      const life = about(holder.pod);
      for (const nic of nicsWith(holder, snapshot)) {
        for (const tenant of tenantsAt({ ...holder, nic }, life, snapshot)) tenants.push(tenant);
      }
    }
  }
  return tenants.sort(
    (a, b) => a.family - b.family || compare(a.address, b.address) || compare(a.pod, b.pod) || compare(a.nic, b.nic),
  );
}

/** Workloads in these namespaces of which some Pod has an address and starts again. */
export function workloadsWithAddress(
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  namespaces: Iterable<string>,
): ReadonlySet<string | undefined> {
  const known = new Set(namespaces);
  const near = ({ pod }: Holder) => known.has(pod.slice(0, pod.indexOf("/")));
  return new Set(tenantsOf(snapshot, facts, near).map((one) => one.workload));
}

/** The NICs of its Pod that have the address: several where they came for one pool (A15). */
export function nicsWith({ pod, pool, address, nic }: Holder, snapshot: Snapshot): readonly string[] {
  const ips = snapshot.endpoints.get(pod)?.status?.current?.ips ?? [];
  if (nic === "" || ips.length < 2) return [nic];
  const family = familyOf(address);
  const shares = (ip: EndpointIP) => {
    const [text, from] = family === 4 ? [ip.ipv4, ip.ipv4Pool] : [ip.ipv6, ip.ipv6Pool];
    return from === pool && parseAddress(text?.split("/")[0] ?? "") === address;
  };
  return [...new Set([nic, ...ips.filter(shares).map((ip) => ip.interface)])];
}

/** Who comes back for what a Pod has. */
interface Life {
  readonly keeps: Retention;
  readonly successors: readonly PossibleSuccessor[];
  readonly workload: string | undefined;
}

type PossibleSuccessor = Pick<Tenant, "facts" | "followsTemplate">;

const UNKNOWN: PossibleSuccessor = { facts: undefined, followsTemplate: true };

function lifeOf(pod: string, snapshot: Snapshot, facts: SpiderpoolFacts): Life {
  const keeps = retentionOfNext(snapshot, pod, facts);
  const life = { keeps, workload: workloadOfPod(snapshot, pod) };
  const live = snapshot.pods.get(pod) ?? launcherOf(pod, snapshot);
  if (!isComing(snapshot, pod, live, keeps)) return { ...life, successors: [] };
  // What it asks for is not known, so that all that is certain is the pool it holds an address of.
  if (isUnreadable(pod, live, life.workload, snapshot)) return { ...life, successors: [UNKNOWN] };
  if (live === undefined) return { ...life, successors: withoutPod(pod, snapshot, life) };
  const successors = successorsOf(live, snapshot).filter(({ hostNetwork }) => !hostNetwork);
  return { ...life, successors };
}

/** Whether a text of what decides about a Pod's next start is longer than anybody reads. */
function isUnreadable(
  pod: string,
  live: KubeObject | undefined,
  workload: string | undefined,
  { namespaces, workloads, replicaSets }: Snapshot,
): boolean {
  const namespace = pod.slice(0, pod.indexOf("/"));
  const makers = [workloads.get(workload ?? ""), replicaSets.get(`${namespace}/${controllerOf(live)?.name}`)];
  return [live, namespaces.get(namespace), ...makers].some((one) => unreadableReason(one) !== undefined);
}

/** The Pod a VM runs in: of two that migrate, the one that stays. */
function launcherOf(pod: string, { launchers }: Snapshot): KubeObject | undefined {
  const all = launchers.get(pod) ?? [];
  return all.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? all[0];
}

function tenantsAt(holder: Holder, { keeps, successors, workload }: Life, snapshot: Snapshot): Tenant[] {
  const { pod, nic, pool, address } = holder;
  // A record of a NIC that the template has no more is nobody's (Z4). A VM keeps all of its own, whatever its template says.
  const left = ({ facts }: PossibleSuccessor) => keeps !== "vm" && facts !== undefined && lacks(facts, nic);
  const tenant = {
    ...{ pod, nic, pool, address, keeps, workload, family: familyOf(address) },
    recorded: snapshot.endpoints.get(pod)?.status?.current?.ips ?? [],
    owner: ownerText(holder, snapshot),
  };
  return successors
    .filter((one) => !left(one))
    .map(({ facts, followsTemplate }, index) => ({
      ...tenant,
      // Without an endpoint nobody knows which NIC it is, so it can only be judged on the pool.
      facts: nic === "" ? undefined : facts,
      followsTemplate,
      alternative: index > 0,
    }));
}

function lacks(facts: PodFacts, nic: string): boolean {
  return nic !== "" && nicsOfPod(facts)?.has(nic) === false;
}

/** Of a Pod that is not there an endpoint or a pool's record tells. */
function withoutPod(
  pod: string,
  snapshot: Snapshot,
  { keeps, workload }: Omit<Life, "successors">,
): PossibleSuccessor[] {
  const endpoint = snapshot.endpoints.get(pod);
  const maker = workload === undefined ? undefined : snapshot.workloads.get(workload);
  if (endpoint === undefined || maker === undefined) return [UNKNOWN];
  const node = endpoint.status?.current?.node;
  const { name, namespace } = endpoint.metadata;
  if (keeps === "ordinal" && isOrdinalOf(name, maker)) return betweenLives(maker, name, node, snapshot);
  // Where no Pods were read at all the template tells what they are; a Pod that is missing from them is nobody's.
  if (keeps !== "nothing" || snapshot.complete.has(KINDS.Pod.kind)) return [UNKNOWN];
  if (isHostNetwork(podTemplate(maker))) return [];
  return [
    {
      facts: { ...templateFacts(maker, snapshot, undefined, node), namespace: namespace ?? "" },
      followsTemplate: true,
    },
  ];
}

/** An ordinal between two lives is what the template in force for it makes it; undefined facts where nobody has that one. */
function betweenLives(
  maker: KubeObject,
  name: string,
  node: string | undefined,
  snapshot: Snapshot,
): PossibleSuccessor[] {
  const { apiVersion, kind, metadata } = maker;
  const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "", controller: true };
  const ordinal = Number(/\d+$/.exec(name)?.[0]);
  const { labels } = templateFacts(maker, snapshot, ordinal);
  const asPod: KubeObject = {
    ...{ apiVersion: "v1", kind: "Pod", spec: { nodeName: node } },
    metadata: { namespace: metadata.namespace, name, labels, ownerReferences: [owner] },
  };
  return successorsOf(asPod, snapshot)
    .filter(({ hostNetwork }) => !hostNetwork)
    .map(({ facts, followsTemplate, isTemplate }: Successor) => ({
      facts: isTemplate ? facts : undefined,
      followsTemplate,
    }));
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

function compare<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
