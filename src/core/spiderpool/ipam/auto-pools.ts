import type { Family } from "../../ip/address.js";
import type { SpiderpoolFacts } from "../facts.js";
import { isFields, parseJson } from "../json.js";
import { KEYS, type SpiderIPPool } from "../objects.js";
import { malformed, readNames } from "./annotations.js";
import { FIRST_NIC } from "./networks.js";
import type { PodFacts } from "./pod-facts.js";

interface Found {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  readonly unmatched: readonly string[];
  readonly error?: string;
}

interface Item {
  readonly nic: string;
  readonly v4?: string;
  readonly v6?: string;
}

const NONE: Found = { v4: [], v6: [], unmatched: [] };

/** The auto pools a Pod with subnet annotations is to use on a NIC (A1, A2, B1-B6). */
export function autoPoolCandidates(
  pod: PodFacts,
  nic: string,
  pools: ReadonlyMap<string, SpiderIPPool>,
  facts: SpiderpoolFacts,
): Found {
  const fail = (error: string): Found => ({ ...NONE, error });
  if (!facts.enableAutoPoolForApplication) return fail("auto pools are off but the Pod has subnet annotations"); // A2
  if (pod.controller === undefined) return fail("a Pod without a controller may not have subnet annotations"); // A2
  const items = readItems(pod.annotations);
  if (typeof items === "string") return fail(items);
  const item = items.find((entry) => entry.nic === nic);
  if (item === undefined) return NONE; // B4
  const find = (family: Family, subnet: string | undefined) =>
    subnet === undefined
      ? []
      : [...pools.values()].filter((pool) => isPoolOf(pool, pod, nic, family, subnet)).map(nameOf);
  const found = { ...NONE, v4: find(4, item.v4), v6: find(6, item.v6) };
  const missing =
    (facts.enableIPv4 && found.v4.length === 0 && item.v4) || (facts.enableIPv6 && found.v6.length === 0 && item.v6);
  return missing ? fail(`the auto pool in subnet ${missing} does not exist yet`) : found;
}

/** A workload as the labels of its auto pools name it. */
interface Application {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Whether Spiderpool made a pool for a workload. Identity is by labels, not by name (B6, S21, S23, S24). */
export function isAutoPoolOf(pool: SpiderIPPool, { apiVersion, kind, namespace, name }: Application): boolean {
  const label = (key: string) => pool.metadata.labels?.[`ipam.spidernet.io/${key}`];
  return (
    label("owner-application-name") === name &&
    label("owner-application-kind") === kind &&
    label("owner-application-namespace") === namespace &&
    label("owner-application-gv") === apiVersion.replace("/", "_")
  );
}

function isPoolOf(pool: SpiderIPPool, pod: PodFacts, nic: string, family: Family, subnet: string): boolean {
  const label = (key: string) => pool.metadata.labels?.[`ipam.spidernet.io/${key}`];
  return (
    isAutoPoolOf(pool, { ...pod.controller!, namespace: pod.namespace }) &&
    label("interface") === nic &&
    label("ip-version") === `IPv${family}` &&
    label("owner-spider-subnet") === subnet
  );
}

/** `subnets` wins over `subnet`; one subnet a family and NIC, no NIC and no subnet twice (B1, B3). */
function readItems(annotations: Readonly<Record<string, string>>): Item[] | string {
  const many = annotations[KEYS.subnets];
  const key = many === undefined ? KEYS.subnet : KEYS.subnets;
  const value = parseJson(annotations[key] ?? "");
  const list = many === undefined ? [value] : value;
  if (!Array.isArray(list) || list.length === 0) return malformed(key);
  const items: Item[] = [];
  for (const entry of list) {
    const names = isFields(entry) ? readNames(entry) : undefined;
    if (names === undefined) return malformed(key);
    const nic = (entry as { interface?: unknown }).interface ?? (many === undefined ? FIRST_NIC : "");
    const [v4, v6] = [names.v4[0], names.v6[0]];
    if (typeof nic !== "string" || nic === "") return malformed(key);
    if ((v4 ?? v6) === undefined || v4 === "" || v6 === "") return `annotation ${key} names no subnet for ${nic}`;
    items.push({ nic, v4, v6 });
  }
  const doubled = (values: readonly (string | undefined)[]) =>
    values.find((item, index) => item !== undefined && values.indexOf(item) !== index);
  const twice = doubled(items.map((item) => item.nic)) ?? doubled(items.flatMap((item) => [item.v4, item.v6]));
  return twice === undefined ? items : `annotation ${key} names ${twice} twice`;
}

function nameOf(pool: SpiderIPPool): string {
  return pool.metadata.name;
}
