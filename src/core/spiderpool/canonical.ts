import { familyOf, formatAddress, parseAddress } from "../ip/address.js";
import { formatCidr, parseCidr, type Range } from "../ip/range.js";
import { formatRangeSet, type RangeSet, rangeSet, subtract } from "../ip/range-set.js";
import type { SpiderpoolFacts } from "./facts.js";
import { goCidr, goRange, goUnion } from "./go-ip.js";
import { multusSpecWithDefaults } from "./multus-defaults.js";
import type {
  LabelSelector,
  Route,
  SpiderIPPool,
  SpiderMultusConfig,
  SpiderReservedIP,
  SpiderSubnet,
} from "./objects.js";
import { applySchema } from "./structural.js";

/*
 * One form for everything that means the same (section 7): applied to the desired and to the live side alike, two
 * objects are equal by meaning exactly if their canonical specs are equal as data.
 */

/**
 * ips minus excludeIPs, the addresses a pool or subnet really offers (P9). Entries Spiderpool cannot read yield
 * nothing (P23); a list of mixed families is read in the family of its first readable entry.
 */
export function effectiveSet(spec: {
  readonly ips?: readonly string[];
  readonly excludeIPs?: readonly string[];
}): RangeSet {
  const included = readable(spec.ips ?? []);
  const family = included[0] && familyOf(included[0].first);
  const same = (range: Range) => familyOf(range.first) === family && familyOf(range.last) === family;
  const excluded = readable(spec.excludeIPs ?? []).filter(same);
  return subtract(rangeSet(included.filter(same)), rangeSet(excluded));
}

/** The value of the labels `ippool-cidr` and `subnet-cidr` for a CIDR: 172.18.40.0/24 -> 172-18-40-0-24 (S19, S20). */
export function cidrLabel(cidrText: string): string {
  return replaceFirst(replaceFirst(replaceFirst(cidrText, ".", 3), ":", 7), "/", 1);
}

/** A pool in stored form: ipVersion, default and disable written, lists fused, nothing empty (M2, M5, M11, S16). */
export function canonicalPool(pool: SpiderIPPool, facts: SpiderpoolFacts): SpiderIPPool {
  const { spec } = pool;
  return {
    ...pool,
    spec: withoutEmpty({
      ...addressing(spec),
      podAffinity: spec.podAffinity && canonicalSelector(spec.podAffinity),
      namespaceAffinity: spec.namespaceAffinity && canonicalSelector(spec.namespaceAffinity),
      nodeAffinity: spec.nodeAffinity && canonicalSelector(spec.nodeAffinity),
      namespaceName: names(spec.namespaceName),
      nodeName: names(spec.nodeName),
      // A9: without a namespace the entry means Spiderpool's own.
      multusName: names(spec.multusName?.map((name) => (name.includes("/") ? name : `${facts.namespace}/${name}`))),
      default: spec.default ?? false,
      disable: spec.disable ?? false,
    }),
  };
}

/** A subnet in stored form (M3, M5, M11). */
export function canonicalSubnet(subnet: SpiderSubnet, _facts: SpiderpoolFacts): SpiderSubnet {
  return { ...subnet, spec: withoutEmpty(addressing(subnet.spec)) };
}

/** A reservation in stored form: the family is that of the first entry unless given (M4, M5). */
export function canonicalReserved(reserved: SpiderReservedIP, _facts: SpiderpoolFacts): SpiderReservedIP {
  const ips = reserved.spec.ips ?? [];
  const first = ips[0];
  const derived = first === undefined ? undefined : goRange(4, first) ? 4 : goRange(6, first) ? 6 : undefined;
  const ipVersion = reserved.spec.ipVersion ?? derived;
  return { ...reserved, spec: withoutEmpty({ ipVersion, ips: fused(ipVersion, ips) }) };
}

/** A SpiderMultusConfig in stored form: schema defaults, then what the webhook fills, then defaults of what it made (M14, M15, S16). */
export function canonicalMultus(config: SpiderMultusConfig): SpiderMultusConfig {
  const defaulted = applySchema("SpiderMultusConfig", config).object;
  const filled = { ...defaulted, spec: multusSpecWithDefaults(defaulted.spec ?? {}) };
  const stored = applySchema("SpiderMultusConfig", filled).object;
  return { ...stored, spec: dropEmptyLists(stored.spec) as SpiderMultusConfig["spec"] };
}

function addressing(spec: SpiderSubnet["spec"]): SpiderSubnet["spec"] {
  const ipVersion = spec.ipVersion ?? goCidr(spec.subnet)?.family;
  return {
    subnet: spec.subnet,
    ipVersion,
    ips: fused(ipVersion, spec.ips ?? []),
    excludeIPs: fused(ipVersion, spec.excludeIPs ?? []),
    gateway: spec.gateway === undefined ? undefined : canonicalAddress(spec.gateway),
    routes: spec.routes && canonicalRoutes(spec.routes),
  };
}

function fused(ipVersion: number | undefined, entries: readonly string[]): string[] {
  const set = ipVersion === undefined ? undefined : goUnion(ipVersion, entries);
  return set === undefined ? [...entries] : formatRangeSet(set);
}

function canonicalRoutes(routes: readonly Route[]): Route[] {
  return routes
    .map(({ dst, gw }) => ({ dst: canonicalCidr(dst), gw: canonicalAddress(gw) }))
    .sort((a, b) => compareText(a.dst, b.dst) || compareText(a.gw, b.gw));
}

function canonicalSelector(selector: LabelSelector): LabelSelector {
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) =>
    withoutEmpty({ key, operator, values: values && names(values) }),
  );
  return withoutEmpty({
    matchLabels:
      selector.matchLabels && Object.keys(selector.matchLabels).length > 0 ? selector.matchLabels : undefined,
    matchExpressions: expressions.sort((a, b) => compareText(JSON.stringify(a), JSON.stringify(b))),
  });
}

function canonicalAddress(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : formatAddress(address);
}

function canonicalCidr(text: string): string {
  const cidr = parseCidr(text);
  return cidr === undefined ? text : formatCidr(cidr);
}

/** A list whose order means nothing. */
function names(list: readonly string[] | undefined): string[] | undefined {
  return list && [...new Set(list)].sort(compareText);
}

function readable(entries: readonly string[]): Range[] {
  return entries.map((entry) => goRange(4, entry) ?? goRange(6, entry)).filter((range) => range !== undefined);
}

/** Absent and empty are equal (G9, M11); a present but empty selector is not: it ranks a pool higher (A11). */
function withoutEmpty<T extends object>(fields: T): T {
  const kept = Object.entries(fields).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(kept) as T;
}

function dropEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropEmptyLists);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, item]) => !(Array.isArray(item) && item.length === 0));
  return Object.fromEntries(kept.map(([key, item]) => [key, dropEmptyLists(item)]));
}

function replaceFirst(text: string, part: string, times: number): string {
  let out = text;
  for (let i = 0; i < times; i++) out = out.replace(part, "-");
  return out;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
