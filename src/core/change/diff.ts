import { EMPTY, formatRangeSet, type RangeSet, subtract } from "../ip/range-set.js";
import { canonicalMultus, effectiveSet } from "../spiderpool/canonical.js";
import { KINDS, type KubeObject, OWN, type SpiderIPPool, type SpiderMultusConfig } from "../spiderpool/objects.js";
import { type Field, mergePatchValue, opaque, POOL_FIELDS, SUBNET_FIELDS } from "./compare.js";
import type { DesiredObject } from "./desired-object.js";
import { changeTexts } from "./field-changes.js";

/** What of a live object differs from the desired one. */
export interface Difference {
  /** JSON merge patch without uid and resourceVersion. */
  readonly patch: { metadata?: object; spec?: Record<string, unknown> };
  readonly added: RangeSet;
  readonly removed: RangeSet;
  /** One entry a changed field, in words. */
  readonly changes: readonly string[];
  /** Changed fields of a pool that can move or strand running Pods (ANCHORS 0.2), by name; other kinds are judged whole. */
  readonly steering: readonly string[];
}

/** Addresses an object offers: `ips - excludeIPs` of pools and subnets, nothing for other kinds. */
export function offered(object: KubeObject | undefined): RangeSet {
  if (object === undefined || !hasAddresses(object.kind)) return EMPTY;
  return effectiveSet(object.spec as SpiderIPPool["spec"]);
}

/**
 * Compares a live object with the desired one by meaning: addresses as sets, lists of names in any order,
 * absent as empty; what Spiderpool fills in is never a difference (SPIDERPOOL.md section 7).
 * @param namespace Spiderpool's own namespace: what a multusName without one means (A9)
 * @returns the difference, or undefined where there is none.
 */
export function difference(desired: DesiredObject, live: KubeObject, namespace: string): Difference | undefined {
  const spec = specDifference(desired.object, liveCanonical(live, namespace));
  const metadata = metadataPatch(desired.object, live);
  if (spec === undefined && metadata === undefined) return undefined;
  return {
    patch: { ...(metadata && { metadata }), ...(spec && { spec: spec.patch }) },
    added: spec?.added ?? EMPTY,
    removed: spec?.removed ?? EMPTY,
    changes: [...(spec?.changes ?? []), ...markChanges(desired.object, live)],
    steering: spec?.steering ?? [],
  };
}

/** What hand-made objects may spell otherwise than the plan, in the plan's form; addresses are compared as sets anyway. */
function liveCanonical(live: KubeObject, namespace: string): KubeObject {
  if (live.kind === "SpiderMultusConfig") return canonicalMultus(live as SpiderMultusConfig);
  if (live.kind !== "SpiderIPPool") return live;
  const { spec } = live as SpiderIPPool;
  if (!spec.multusName?.some((name) => !name.includes("/"))) return live;
  const multusName = spec.multusName.map((name) => (name.includes("/") ? name : `${namespace}/${name}`));
  return { ...live, spec: { ...spec, multusName } };
}

interface SpecDifference {
  readonly patch: Record<string, unknown>;
  readonly added: RangeSet;
  readonly removed: RangeSet;
  readonly changes: string[];
  readonly steering: string[];
}

function specDifference(desired: KubeObject, live: KubeObject): SpecDifference | undefined {
  const want = (desired.spec ?? {}) as Record<string, unknown>;
  const have = (live.spec ?? {}) as Record<string, unknown>;
  const found: SpecDifference & { patch: Record<string, unknown> } = {
    patch: {},
    ...movedAddresses(desired, live),
    changes: [],
    steering: [],
  };
  const addressesDiffer = found.added.length > 0 || found.removed.length > 0;
  if (addressesDiffer || (desired.kind === "SpiderReservedIP" && reservedDiffer(want, have))) {
    found.patch.ips = want.ips ?? null;
    if (have.excludeIPs !== undefined) found.patch.excludeIPs = want.excludeIPs ?? null;
    else if (want.excludeIPs !== undefined) found.patch.excludeIPs = want.excludeIPs;
    if (desired.kind === "SpiderReservedIP") {
      for (const change of reservedChanges(want, have)) found.changes.push(change);
    }
  }
  for (const field of fieldsOf(desired.kind, want, have)) {
    if (have[field.name] === want[field.name]) continue;
    if (field.meaning(have[field.name]) === field.meaning(want[field.name])) continue;
    found.patch[field.name] = mergePatchValue(have[field.name], want[field.name]);
    for (const change of [field.describe(have[field.name], want[field.name])].flat()) found.changes.push(change);
    if (field.steers) found.steering.push(field.name);
  }
  return Object.keys(found.patch).length > 0 ? found : undefined;
}

/** Lists that read the same are the same set: of 10,000 unchanged pools none has to be taken apart. */
function movedAddresses(desired: KubeObject, live: KubeObject): Pick<SpecDifference, "added" | "removed"> {
  if (sameTexts(desired, live, "ips") && sameTexts(desired, live, "excludeIPs"))
    return { added: EMPTY, removed: EMPTY };
  const [want, have] = [offered(desired), offered(live)];
  return { added: subtract(want, have), removed: subtract(have, want) };
}

function sameTexts(a: KubeObject, b: KubeObject, field: "ips" | "excludeIPs"): boolean {
  const [x, y] = [a, b].map(({ spec }) => (spec as SpiderIPPool["spec"] | undefined)?.[field] ?? []);
  return x!.length === y!.length && x!.every((text, index) => text === y![index]);
}

function reservedDiffer(want: Record<string, unknown>, have: Record<string, unknown>): boolean {
  const a = effectiveSet({ ips: want.ips as string[] | undefined });
  const b = effectiveSet({ ips: have.ips as string[] | undefined });
  return subtract(a, b).length > 0 || subtract(b, a).length > 0;
}

/** `addresses: + 10.6.0.2, - 10.6.0.9`, as routes are told. */
function reservedChanges(want: Record<string, unknown>, have: Record<string, unknown>): string[] {
  const [a, b] = [have, want].map(({ ips }) => effectiveSet({ ips: ips as string[] | undefined }));
  const told = (sign: string, set: RangeSet) => formatRangeSet(set).map((range) => `${sign} ${range}`);
  const parts = [...told("+", subtract(b!, a!)), ...told("-", subtract(a!, b!))];
  return parts.length === 0 ? [] : [`addresses: ${shortened(parts)}`];
}

function shortened(parts: readonly string[]): string {
  const rest = parts.length - MOST_RANGES;
  return `${parts.slice(0, MOST_RANGES).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

const MOST_RANGES = 6;

/** What the plan's own marks say otherwise: who owns it, and the free text of `meta`. */
function markChanges(desired: KubeObject, live: KubeObject): string[] {
  const [have, want] = [live.metadata.annotations ?? {}, desired.metadata.annotations ?? {}];
  if (have[OWN.trackingId] === undefined) return [];
  return [
    ...changeTexts("meta", have[OWN.meta] ?? {}, want[OWN.meta] ?? {}),
    ...changeTexts("owner", have[OWN.owner], want[OWN.owner]),
  ];
}

function fieldsOf(kind: string, want: Record<string, unknown>, have: Record<string, unknown>): readonly Field[] {
  switch (kind) {
    case "SpiderIPPool":
      return POOL_FIELDS;
    case "SpiderSubnet":
      return SUBNET_FIELDS;
    case "SpiderMultusConfig": // both sides are canonical already (G14), so every field may be compared as it stands
      return [...new Set([...Object.keys(want), ...Object.keys(have)])].sort().map(opaque);
    default:
      return [];
  }
}

/** Labels and annotations are ours key by key; what others put there stays (DESIGN 4). */
function metadataPatch(desired: KubeObject, live: KubeObject): object | undefined {
  const labels = changedKeys(desired.metadata.labels ?? {}, live.metadata.labels ?? {});
  const wanted = desired.metadata.annotations ?? {};
  const annotations = changedKeys(wanted, live.metadata.annotations ?? {});
  for (const key of [OWN.owner, OWN.meta, OWN.applied]) {
    if (live.metadata.annotations?.[key] !== undefined && wanted[key] === undefined && wanted[OWN.trackingId]) {
      annotations[key] = null;
    }
  }
  const patch = {
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
  return Object.keys(patch).length > 0 ? patch : undefined;
}

function changedKeys(wanted: Record<string, string>, live: Record<string, string>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => live[key] !== value));
}

function hasAddresses(kind: string): boolean {
  return kind === KINDS.SpiderIPPool.kind || kind === KINDS.SpiderSubnet.kind;
}
