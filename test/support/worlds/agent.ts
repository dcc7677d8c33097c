import {
  type EndpointIP,
  KEYS,
  type KubeObject,
  type LabelSelector,
  type SpiderEndpoint,
  type SpiderIPPool,
} from "../../../src/core/spiderpool/objects.js";
import { offeredBy, reservedBy } from "./addresses.js";
import { endpointsOf, keyOf, type Objects, poolsOf, recordsOf, reservedOf, withRecords } from "./objects.js";

/**
 * Spiderpool's agent, naive: address by address, sharing no line with the engine's model (A1-A19). Worlds have Pods with
 * one NIC, eth0, on a network their template names.
 */

/** What a Pod asks for, or undefined when Spiderpool fails it before any pool is tried. */
export interface Asked {
  readonly 4: readonly string[];
  readonly 6: readonly string[];
}

export type Family = 4 | 6;

/** Takes one of so many equals. */
export type Choose = (count: number) => number;

/** A1-A6. */
export function asked(objects: Objects, pod: KubeObject): Asked | undefined {
  const annotations = pod.metadata.annotations ?? {};
  const { [KEYS.ippools]: ippools, [KEYS.ippool]: ippool } = annotations;
  if (ippools !== undefined) {
    const items = JSON.parse(ippools) as { interface: string; ipv4?: string[]; ipv6?: string[] }[];
    const own = items.find((item) => item.interface === "eth0");
    return own && expanded(objects, own.ipv4 ?? [], own.ipv6 ?? []);
  }
  if (ippool !== undefined) {
    const own = JSON.parse(ippool) as { ipv4?: string[]; ipv6?: string[] };
    return expanded(objects, own.ipv4 ?? [], own.ipv6 ?? []);
  }
  const namespace = objects.all("Namespace").get(pod.metadata.namespace!)?.metadata.annotations ?? {};
  const [v4, v6] = [namespace[KEYS.namespaceDefaultV4], namespace[KEYS.namespaceDefaultV6]];
  const list = (text: string | undefined) => (text ? (JSON.parse(text) as string[]) : []);
  if (list(v4).length + list(v6).length > 0) return expanded(objects, list(v4), list(v6));
  const network = objects.all("SpiderMultusConfig").get(annotations[KEYS.defaultNetwork] ?? "");
  const spec = network?.spec as { macvlan?: { ippools?: { ipv4?: string[]; ipv6?: string[] } } } | undefined;
  const { ipv4 = [], ipv6 = [] } = spec?.macvlan?.ippools ?? {};
  if (ipv4.length + ipv6.length > 0) return expanded(objects, ipv4, ipv6);
  const marked = [...poolsOf(objects).values()].filter((pool) => pool.spec.default === true);
  if (marked.length === 0) return undefined;
  const names = (family: Family) =>
    marked.filter((pool) => pool.spec.ipVersion === family).map((pool) => pool.metadata.name);
  return { 4: names(4), 6: names(6) };
}

/** A5. */
function expanded(objects: Objects, v4: readonly string[], v6: readonly string[]): Asked | undefined {
  const pools = poolsOf(objects);
  const family = (version: Family, names: readonly string[]) =>
    names.flatMap((name) => {
      if (!name.includes("*")) return [name];
      const like = new RegExp(`^${name.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
      return [...pools.values()]
        .filter((pool) => pool.spec.ipVersion === version && like.test(pool.metadata.name))
        .map((pool) => pool.metadata.name);
    });
  const found = { 4: family(4, v4), 6: family(6, v6) };
  for (const names of [found[4], found[6]]) {
    if (new Set(names).size < names.length || names.some((name) => !pools.has(name))) return undefined;
  }
  return found;
}

function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    exact &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      if (operator === "Exists") return key in labels;
      if (operator === "DoesNotExist") return !(key in labels);
      const has = labels[key] !== undefined && values.includes(labels[key]);
      return operator === "In" ? has : !has;
    })
  );
}

/** A7, A9. */
export function admits(objects: Objects, pool: SpiderIPPool, pod: KubeObject, family: Family): boolean {
  const { spec, metadata } = pool;
  if (metadata.deletionTimestamp !== undefined || spec.disable === true || spec.ipVersion !== family) return false;
  const node = (pod.spec as { nodeName: string }).nodeName;
  const labels = (kind: string, name: string) => objects.all(kind).get(name)?.metadata.labels ?? {};
  if (spec.nodeName?.length) {
    if (!spec.nodeName.includes(node)) return false;
  } else if (spec.nodeAffinity && !selects(spec.nodeAffinity, labels("Node", node))) return false;
  const namespace = pod.metadata.namespace!;
  if (spec.namespaceName?.length) {
    if (!spec.namespaceName.includes(namespace)) return false;
  } else if (spec.namespaceAffinity && !selects(spec.namespaceAffinity, labels("Namespace", namespace))) return false;
  if (spec.podAffinity && !selects(spec.podAffinity, pod.metadata.labels ?? {})) return false;
  const network = pod.metadata.annotations?.[KEYS.defaultNetwork] ?? "";
  return !spec.multusName?.length || spec.multusName.includes(network);
}

/** A11: which of the six are there, most important first. */
function rankOf({ spec }: SpiderIPPool): string {
  return [
    spec.podAffinity,
    spec.nodeName?.length,
    spec.nodeAffinity,
    spec.namespaceName?.length,
    spec.namespaceAffinity,
    spec.multusName?.length,
  ]
    .map((there) => (there ? "1" : "0"))
    .join("");
}

/** Pools that admit the Pod, in the order they are tried; within one list any order may come (A12). */
export function tried(objects: Objects, pod: KubeObject, family: Family, names: readonly string[]): SpiderIPPool[][] {
  const groups = new Map<string, SpiderIPPool[]>();
  for (const name of names) {
    const pool = poolsOf(objects).get(name);
    if (pool === undefined || !admits(objects, pool, pod, family)) continue;
    groups.set(rankOf(pool), [...(groups.get(rankOf(pool)) ?? []), pool]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, pools]) => pools);
}

/** The first address nobody has, no reservation covers (A14); a Pod that gives its own back first may get that. */
function freeIn(objects: Objects, pool: SpiderIPPool, givenBack: ReadonlySet<string>): string | undefined {
  const records = recordsOf(pool);
  const reserved = new Set([...reservedOf(objects).values()].flatMap(reservedBy));
  return offeredBy(pool).find(
    (address) => !reserved.has(address) && (records[address] === undefined || givenBack.has(address)),
  );
}

/** What a Pod has, as its endpoint says. */
export function heldBy(endpoint: SpiderEndpoint | undefined): { family: Family; address: string; pool: string }[] {
  return (endpoint?.status?.current?.ips ?? []).flatMap((ip) => [
    ...(ip.ipv4 ? [{ family: 4 as const, address: ip.ipv4.split("/")[0]!, pool: ip.ipv4Pool! }] : []),
    ...(ip.ipv6 ? [{ family: 6 as const, address: ip.ipv6.split("/")[0]!, pool: ip.ipv6Pool! }] : []),
  ]);
}

/** Whether a StatefulSet Pod that comes back takes over what its ordinal had (A18, A19). */
export function comesBack(objects: Objects, pod: KubeObject): boolean {
  const endpoint = endpointsOf(objects).get(keyOf(pod));
  const names = asked(objects, pod);
  if (endpoint?.status?.ownerControllerType !== "StatefulSet" || names === undefined) return false;
  return heldBy(endpoint).every(({ family, pool }) => names[family].includes(pool));
}

/** What one Pod that restarts alone may get: `own`, or pools by family; undefined = nothing, for at least one choice. */
export function prospects(objects: Objects, pod: KubeObject): "own" | Map<Family, Set<string>> | undefined {
  const names = asked(objects, pod);
  if (names === undefined) return undefined;
  if (comesBack(objects, pod)) return "own";
  const held = heldBy(endpointsOf(objects).get(keyOf(pod)));
  const back = new Set(held.map(({ address }) => address));
  const found = new Map<Family, Set<string>>();
  for (const family of [4, 6] as const) {
    if (names[family].length === 0) continue;
    const group = tried(objects, pod, family, names[family])
      .map((pools) => pools.filter((pool) => freeIn(objects, pool, back) !== undefined))
      .find((pools) => pools.length > 0);
    if (group === undefined) return undefined; // A10
    found.set(family, new Set(group.map((pool) => pool.metadata.name)));
  }
  return found.size === 0 ? undefined : found; // A5: started without an address and without an error
}

/** Frees what is recorded for the Pod and forgets its endpoint. */
export function release(objects: Objects, pod: KubeObject): void {
  const key = keyOf(pod);
  for (const pool of poolsOf(objects).values()) {
    const records = recordsOf(pool);
    const kept = Object.entries(records).filter(([, record]) => record.pod !== key);
    if (kept.length < Object.keys(records).length) objects.put(withRecords(pool, Object.fromEntries(kept)));
  }
  const endpoint = endpointsOf(objects).get(key);
  if (endpoint !== undefined) objects.remove(endpoint);
}

/** Gives a Pod its addresses and writes them down; false when it gets none. */
export function connect(objects: Objects, pod: KubeObject, choose: Choose): boolean {
  const endpoint = endpointsOf(objects).get(keyOf(pod));
  const names = asked(objects, pod);
  if (names === undefined) return false;
  if (endpoint !== undefined && comesBack(objects, pod)) {
    for (const { address, pool } of heldBy(endpoint)) record(objects, pool, address, pod);
    objects.put(endpointOf(pod, endpoint.status!.current!.ips));
    return true;
  }
  release(objects, pod);
  const ip: EndpointIP = { interface: "eth0" };
  for (const family of [4, 6] as const) {
    if (names[family].length === 0) continue;
    const taken = take(objects, pod, family, names[family], choose);
    if (taken === undefined) {
      release(objects, pod);
      return false;
    }
    if (family === 4) Object.assign(ip, { ipv4: `${taken.address}/24`, ipv4Pool: taken.pool });
    else Object.assign(ip, { ipv6: `${taken.address}/64`, ipv6Pool: taken.pool });
  }
  if (ip.ipv4 === undefined && ip.ipv6 === undefined) return false;
  objects.put(endpointOf(pod, [ip]));
  return true;
}

function take(objects: Objects, pod: KubeObject, family: Family, names: readonly string[], choose: Choose) {
  for (const group of tried(objects, pod, family, names)) {
    const left = [...group];
    while (left.length > 0) {
      const [pool] = left.splice(choose(left.length), 1) as [SpiderIPPool];
      const address = freeIn(objects, pool, new Set());
      if (address === undefined) continue;
      record(objects, pool.metadata.name, address, pod);
      return { pool: pool.metadata.name, address };
    }
  }
  return undefined;
}

function record(objects: Objects, name: string, address: string, pod: KubeObject): void {
  const pool = poolsOf(objects).get(name);
  if (pool === undefined) return;
  const entry = { pod: keyOf(pod), podUid: pod.metadata.uid! };
  objects.put(withRecords(pool, { ...recordsOf(pool), [address]: entry }));
}

function endpointOf(pod: KubeObject, ips: EndpointIP[]): SpiderEndpoint {
  const { namespace, name, uid = "", ownerReferences = [] } = pod.metadata;
  const [kind, owner] =
    ownerReferences[0]!.kind === "StatefulSet"
      ? ["StatefulSet", name.replace(/-\d+$/, "")]
      : ["Deployment", ownerReferences[0]!.name.replace(/-rs$/, "")];
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderEndpoint",
    metadata: { namespace, name },
    status: {
      ownerControllerType: kind,
      ownerControllerName: owner,
      current: { uid, node: (pod.spec as { nodeName: string }).nodeName, ips },
    },
  };
}
