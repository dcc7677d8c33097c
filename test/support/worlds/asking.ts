import { KEYS, type KubeObject, type LabelSelector, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { isOnHost } from "./life.js";
import { type Objects, poolsOf } from "./objects.js";

/** Which pools Spiderpool's agent tries for a Pod, naive (A1-A12). */

/** What a NIC asks for. */
export interface Asked {
  readonly 4: readonly string[];
  readonly 6: readonly string[];
}

export type Family = 4 | 6;

/** The NICs of a Pod and the network each hangs on (A4, A9). */
export function networksOf(pod: KubeObject): Map<string, string> {
  const { [KEYS.defaultNetwork]: first, [KEYS.networks]: more } = pod.metadata.annotations ?? {};
  const others = more === undefined ? [] : more.split(",");
  // Without an annotation eth0 hangs on the cluster's own network.
  const own: [string, string][] = first === undefined ? [] : [["eth0", first]];
  return new Map([...own, ...others.map((one, index): [string, string] => [`net${index + 1}`, one])]);
}

/** What each NIC of a Pod asks for; undefined when Spiderpool fails the Pod before any pool is tried. */
export function asked(objects: Objects, pod: KubeObject): Map<string, Asked> | undefined {
  const found = new Map<string, Asked>();
  if (isOnHost(pod)) return found;
  for (const [nic, network] of networksOf(pod)) {
    const config = objects.all("SpiderMultusConfig").get(network);
    // Multus finds no such network: the Pod does not start.
    if (config === undefined) return undefined;
    const { spec } = config;
    if ((spec as { disableIPAM?: boolean } | undefined)?.disableIPAM) continue;
    const names = askedBy(objects, pod, nic);
    if (names === undefined) return undefined;
    found.set(nic, names);
  }
  return found.size > 0 && isAnyItemBad(objects, pod) ? undefined : found;
}

/** T5: all items of `ippools` are served in one go, also those of NICs that do not ask: one bad name fails them all. */
function isAnyItemBad(objects: Objects, pod: KubeObject): boolean {
  return itemsOf(pod).some(({ ipv4 = [], ipv6 = [] }) => expanded(objects, ipv4, ipv6) === undefined);
}

interface Item {
  readonly interface?: string;
  readonly ipv4?: string[];
  readonly ipv6?: string[];
}

function itemsOf(pod: KubeObject): Item[] {
  return JSON.parse(pod.metadata.annotations?.[KEYS.ippools] ?? "[]") as Item[];
}

/** Whether the items of a Pod's `ippools` name no interface. */
export function areUnnamed(pod: KubeObject): boolean {
  const items = itemsOf(pod);
  return items.length > 0 && items.every((item) => item.interface === undefined);
}

/** A1-A6. */
function askedBy(objects: Objects, pod: KubeObject, nic: string): Asked | undefined {
  const annotations = pod.metadata.annotations ?? {};
  const { [KEYS.ippools]: ippools, [KEYS.ippool]: ippool } = annotations;
  if (ippools !== undefined) {
    const items = itemsOf(pod);
    // Unnamed items are matched by position (A4).
    const own = areUnnamed(pod) ? items[nic === "eth0" ? 0 : 1] : items.find((item) => item.interface === nic);
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
  const network = objects.all("SpiderMultusConfig").get(networksOf(pod).get(nic) ?? "");
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
export function admits(
  objects: Objects,
  pool: SpiderIPPool,
  pod: KubeObject,
  { nic, family }: { readonly nic: string; readonly family: Family },
): boolean {
  const { spec, metadata } = pool;
  if (metadata.deletionTimestamp !== undefined || spec.disable === true || spec.ipVersion !== family) return false;
  const node = (pod.spec as { nodeName?: string }).nodeName;
  const labels = (kind: string, name: string) => objects.all(kind).get(name)?.metadata.labels ?? {};
  // What nobody knows of a node counts as matching.
  if (node !== undefined) {
    if (spec.nodeName?.length) {
      if (!spec.nodeName.includes(node)) return false;
    } else if (spec.nodeAffinity && !selects(spec.nodeAffinity, labels("Node", node))) return false;
  }
  const namespace = pod.metadata.namespace!;
  if (spec.namespaceName?.length) {
    if (!spec.namespaceName.includes(namespace)) return false;
  } else if (spec.namespaceAffinity && !selects(spec.namespaceAffinity, labels("Namespace", namespace))) return false;
  if (spec.podAffinity && !selects(spec.podAffinity, pod.metadata.labels ?? {})) return false;
  return !spec.multusName?.length || spec.multusName.includes(networksOf(pod).get(nic) ?? "");
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
export function tried(
  objects: Objects,
  pod: KubeObject,
  wish: { readonly nic: string; readonly family: Family },
  names: readonly string[],
): SpiderIPPool[][] {
  const groups = new Map<string, SpiderIPPool[]>();
  for (const name of names) {
    const pool = poolsOf(objects).get(name);
    if (pool === undefined || !admits(objects, pool, pod, wish)) continue;
    groups.set(rankOf(pool), [...(groups.get(rankOf(pool)) ?? []), pool]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, pools]) => pools);
}
