import { formatAddress, parseAddress } from "../ip/address.js";
import { formatCidr, parseCidr } from "../ip/range.js";
import type { LabelSelector, Route } from "../spiderpool/objects.js";
import { arrow, changeTexts, shortText } from "./field-changes.js";
import { sortedJson } from "./ownership.js";

/** How one field of a spec is compared by meaning and told to a person. */
export interface Field {
  readonly name: string;
  /** A text that is the same exactly when the meaning is the same; "" stands for absent and empty alike (G9). */
  readonly meaning: (value: unknown) => string;
  /** Whether a change of it can move or strand running Pods at their next restart (ANCHORS 0.2). */
  readonly steers: boolean;
  readonly describe: (live: unknown, desired: unknown) => string | readonly string[];
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const plain = (value: unknown): string => (value === undefined ? "" : sortedJson(value));

/** Names in any order. */
const sorted = (value: unknown): string[] => list(value).map(String).sort();

/** A selector in any order of keys, expressions and values. */
export function selectorMeaning(value: unknown): string {
  const selector = (value ?? {}) as LabelSelector;
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, text]) => `${key}=${text}`);
  const expressions = (selector.matchExpressions ?? []).map((expression) => {
    const values = [...(expression.values ?? [])].sort().join(",");
    return `${expression.key} ${expression.operator}${values === "" ? "" : ` (${values})`}`;
  });
  return [...labels.sort(), ...expressions.sort()].join(", ");
}

/** One route in canonical spelling: destination as network, gateway as address. */
export function routeMeaning(route: Route): string {
  const cidr = parseCidr(route.dst);
  const gateway = parseAddress(route.gw);
  return `${cidr ? formatCidr(cidr) : route.dst} via ${gateway === undefined ? route.gw : formatAddress(gateway)}`;
}

function addressMeaning(value: unknown): string {
  const address = typeof value === "string" ? parseAddress(value) : undefined;
  return address === undefined ? String(value ?? "") : String(address);
}

const routes = (value: unknown): string[] =>
  list(value)
    .map((route) => routeMeaning(route as Route))
    .sort();

const text = (name: string): Field => ({
  name,
  meaning: addressMeaning,
  steers: false,
  describe: (live, desired) => arrow(name, String(live ?? ""), String(desired ?? "")),
});

const names = (name: string): Field => ({
  name,
  meaning: (value) => sorted(value).join(","),
  steers: true,
  describe: (live, desired) => arrow(name, sorted(live), sorted(desired)),
});

const selector = (name: string): Field => ({
  name,
  meaning: selectorMeaning,
  steers: true,
  describe: (live, desired) => arrow(name, selectorMeaning(live), selectorMeaning(desired)),
});

const flag = (name: string): Field => ({
  name,
  meaning: (value) => (value === true ? "true" : ""), // G8: absent = false
  steers: true,
  describe: (live, desired) => arrow(name, String(live ?? false), String(desired ?? false)),
});

const routesField: Field = {
  name: "routes",
  meaning: (value) => routes(value).join("; "),
  steers: false,
  describe: (live, desired) => {
    const before = list(live) as Route[];
    const after = list(desired) as Route[];
    const told = (a: Route[], b: Route[], sign: string) => {
      const other = new Set(b.map(routeMeaning));
      return a
        .filter((route) => !other.has(routeMeaning(route)))
        .map((route) => `${sign} ${route.dst} via ${route.gw}`);
    };
    return `routes: ${shortText([...told(after, before, "+"), ...told(before, after, "-")], ", ")}`;
  },
};

/** Modelled fields of SpiderIPPool.spec besides its addresses, which are compared as one set (G6-G9). */
export const POOL_FIELDS: readonly Field[] = [
  text("gateway"),
  routesField,
  selector("podAffinity"),
  selector("namespaceAffinity"),
  selector("nodeAffinity"),
  names("namespaceName"),
  names("nodeName"),
  names("multusName"),
  flag("default"),
  flag("disable"),
];

/** Modelled fields of SpiderSubnet.spec besides its addresses (U10: none of them reaches a pool). */
export const SUBNET_FIELDS: readonly Field[] = [text("gateway"), routesField];

/** Any field whose parts have no meaning of their own to us: compared as JSON with sorted keys, told part by part. */
export function opaque(name: string): Field {
  return { name, meaning: plain, steers: false, describe: (live, desired) => changeTexts(name, live, desired) };
}

/**
 * The JSON merge patch (RFC 7396) that turns one value into the other: keys that go are nulled, lists are replaced.
 */
export function mergePatchValue(live: unknown, desired: unknown): unknown {
  if (!isObject(desired)) return desired ?? null;
  if (!isObject(live)) return desired;
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(desired)])) {
    if (plain(live[key]) !== plain(desired[key])) patch[key] = mergePatchValue(live[key], desired[key]);
  }
  return patch;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
