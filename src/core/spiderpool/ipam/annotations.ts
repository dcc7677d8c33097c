import { isFields, parseJson } from "../json.js";
import { KEYS } from "../objects.js";
import { additionalNics, FIRST_NIC } from "./networks.js";
import type { PodFacts } from "./pod-facts.js";

/** Names of pools by family as an annotation or default lists them, patterns not yet expanded. */
export interface Names {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

/** Pools one NIC asks for. */
export interface NicPools extends Names {
  readonly nic: string;
  readonly cleanGateway: boolean;
}

type Fields = Record<string, unknown>;

/** `ipam.spidernet.io/ippool`: one set of pools for whichever NIC asks (A3); a text says what is wrong. */
export function readPoolAnnotation(text: string): Names | string {
  const value = parseJson(text);
  const names = isFields(value) ? readNames(value) : undefined;
  return names ?? malformed(KEYS.ippool);
}

/**
 * `ipam.spidernet.io/ippools`: pools for every NIC (A3, A4). Items without an interface are matched by position,
 * first eth0, then the networks annotation in order.
 */
export function readPoolsAnnotation(
  text: string,
  pod: Pick<PodFacts, "namespace" | "annotations">,
): NicPools[] | string {
  const value = parseJson(text);
  if (!Array.isArray(value)) return malformed(KEYS.ippools);
  if (value.length === 0) return `annotation ${KEYS.ippools} is empty`;
  const items: NicPools[] = [];
  for (const item of value) {
    const names = isFields(item) ? readNames(item) : undefined;
    if (names === undefined) return malformed(KEYS.ippools);
    const { interface: nic = "", cleangateway = false } = item as Fields;
    if (typeof nic !== "string" || typeof cleangateway !== "boolean") return malformed(KEYS.ippools);
    items.push({ ...names, nic, cleanGateway: cleangateway });
  }
  const named = items.filter((item) => item.nic !== "");
  if (named.length === 0) return byPosition(items, pod);
  if (named.length < items.length) return `annotation ${KEYS.ippools} names the interface of some items only`;
  const doubled = items.find((item, index) => items.findIndex((other) => other.nic === item.nic) !== index);
  return doubled === undefined ? items : `annotation ${KEYS.ippools} names ${doubled.nic} twice`;
}

/** What a Pod says of its pools itself, by the one annotation that counts; a text says why Spiderpool refuses it. */
export type OwnChoice =
  | { readonly source: "ippools annotation"; readonly read: readonly NicPools[] | string }
  | { readonly source: "ippool annotation"; readonly read: Names | string };

/** `ippools`, else `ippool` (A1): the other one beside it means nothing. Undefined where it has neither. */
export function ownChoice(pod: Pick<PodFacts, "namespace" | "annotations">): OwnChoice | undefined {
  const { [KEYS.ippools]: many, [KEYS.ippool]: one } = pod.annotations;
  if (many !== undefined) return { source: "ippools annotation", read: readPoolsAnnotation(many, pod) };
  return one === undefined ? undefined : { source: "ippool annotation", read: readPoolAnnotation(one) };
}

/** Whether a Pod asks for auto pools, which come before all others where the subnet feature is on (A1). */
export function hasSubnetAnnotation(annotations: Readonly<Record<string, string>>): boolean {
  return KEYS.subnets in annotations || KEYS.subnet in annotations;
}

/** The choice as a text: equal texts in Pods of one Namespace on the same networks mean the same. */
export function ownChoiceText(annotations: Readonly<Record<string, string>>): string | undefined {
  const { [KEYS.ippools]: many, [KEYS.ippool]: one } = annotations;
  return many === undefined ? one && `one ${one}` : `many ${many}`;
}

/** Whether `ippools` names no interface at all: an ordinal's records then match nothing, and it keeps none (Z5). */
export function namesNoInterface({ annotations }: Pick<PodFacts, "annotations">): boolean {
  const items = parseJson(annotations[KEYS.ippools] ?? "");
  const named = (item: unknown) => isFields(item) && typeof item.interface === "string" && item.interface !== "";
  return Array.isArray(items) && items.length > 0 && !items.some(named);
}

/** The names in an annotation whatever its shape, as far as there are any: for who asks what somebody meant. */
export function meantNames(annotations: Readonly<Record<string, string>>): Names {
  const { [KEYS.ippools]: many, [KEYS.ippool]: one } = annotations;
  const value = parseJson(many ?? one ?? "");
  const items = (Array.isArray(value) ? value : [value]).filter(isFields);
  const texts = (list: unknown) => (Array.isArray(list) ? list.filter((name) => typeof name === "string") : []);
  return { v4: items.flatMap(({ ipv4 }) => texts(ipv4)), v6: items.flatMap(({ ipv6 }) => texts(ipv6)) };
}

/** The Namespace annotations of default pools (A3, A6): either family makes the source chosen. */
export function readDefaultPools(annotations: Readonly<Record<string, string>>): Names | string {
  const lists: string[][] = [];
  for (const key of [KEYS.namespaceDefaultV4, KEYS.namespaceDefaultV6]) {
    const text = annotations[key];
    const value = text === undefined ? null : parseJson(text);
    const list = value === undefined ? undefined : readTexts(value);
    if (list === undefined) return malformed(key);
    lists.push(list);
  }
  return { v4: lists[0]!, v6: lists[1]! };
}

/** Reads `{"ipv4": [...], "ipv6": [...]}`; `undefined` if it is something else. */
export function readNames(value: Fields): Names | undefined {
  const [v4, v6] = [readTexts(value.ipv4), readTexts(value.ipv6)];
  return v4 && v6 && { v4, v6 };
}

/** What people are told about an annotation of the wrong shape. */
export function malformed(key: string): string {
  return `annotation ${key} has an invalid format`;
}

function byPosition(items: readonly NicPools[], pod: Pick<PodFacts, "namespace" | "annotations">): NicPools[] {
  const nics = [FIRST_NIC, ...(additionalNics(pod) ?? []).map((entry) => entry.nic)];
  return items.map((item, index) => ({ ...item, nic: nics[index] ?? `net${index}` }));
}

function readTexts(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}
