import { formatRangeSet, intersect, overlaps, type RangeSet, subtract, union, unionAll } from "../ip/range-set.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { KINDS, type SpiderIPPool, type SpiderReservedIP } from "../spiderpool/objects.js";
import { selectorMeaning } from "./compare.js";
import { offered } from "./diff.js";
import { type Step, stepKey } from "./step.js";
import type { Draft } from "./steps.js";

/** The waves of DESIGN 7: room is made before it is used, and nothing narrows before its replacement stands. */
export const WAVES = {
  growSubnets: 1,
  widenPools: 2,
  networks: 3,
  annotations: 4,
  /** Addresses about to be released are reserved first, so that nobody can get them in between. */
  quarantine: 5,
  narrowPools: 6,
  takeReleased: 7,
  shrinkSubnets: 8,
} as const;

/** A step with its wave and what the verdict judges it by. */
export type OrderedStep = Step & { readonly steering: readonly string[] };

/**
 * Gives every draft its wave. A pool that both gives up and gains addresses which another live pool still offers becomes
 * two steps (release, then take), a subnet that moves becomes two (grow, then shrink): G21.
 * @param livePools every pool in the cluster, to know which addresses somebody still offers
 */
export function orderSteps(drafts: readonly Draft[], livePools: Iterable<SpiderIPPool>): OrderedStep[] {
  const occupied = occupiedBefore(drafts, livePools);
  return drafts.flatMap((draft) => waves(draft, occupied)).sort(byWave);
}

/** Wave, then kind, then namespace and name: the order people read and the digest covers. */
export function byWave(a: Step, b: Step): number {
  const rank = (step: Step) => Object.keys(KINDS).indexOf(step.kind.kind);
  const key = stepKey;
  return a.wave - b.wave || rank(a) - rank(b) || (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}

interface Occupied {
  readonly v4: RangeSet;
  readonly v6: RangeSet;
  /** What each live pool offers now. */
  readonly offered: readonly RangeSet[];
}

/** Addresses live pools offer now and give up in this plan: whoever needs one of them has to wait until then. */
function occupiedBefore(drafts: readonly Draft[], livePools: Iterable<SpiderIPPool>): Occupied {
  const giving = new Map(drafts.filter((d) => d.kind === KINDS.SpiderIPPool).map((d) => [d.name, d.removed]));
  const sets = { v4: [] as RangeSet[], v6: [] as RangeSet[] };
  const offers: RangeSet[] = [];
  for (const pool of livePools) {
    offers.push(offered(pool));
    const given = giving.get(pool.metadata.name);
    if (given !== undefined) (pool.spec.subnet.includes(":") ? sets.v6 : sets.v4).push(given);
  }
  return { v4: unionAll(sets.v4), v6: unionAll(sets.v6), offered: offers };
}

function waves(draft: Draft, occupied: Occupied): OrderedStep[] {
  switch (draft.kind.kind) {
    case "SpiderSubnet":
      return subnetWaves(draft);
    case "SpiderIPPool":
      return poolWaves(draft, occupied);
    case "SpiderReservedIP":
      return [{ ...draft, wave: reservationWave(draft, occupied.offered) }];
    case "SpiderMultusConfig":
      return [{ ...draft, wave: draft.action === "delete" ? WAVES.shrinkSubnets : WAVES.networks }];
    default:
      return [{ ...draft, wave: WAVES.annotations }];
  }
}

function subnetWaves(draft: Draft): OrderedStep[] {
  if (draft.action === "delete") return [{ ...draft, wave: WAVES.shrinkSubnets }];
  if (draft.removed.length === 0) return [{ ...draft, wave: WAVES.growSubnets }];
  if (draft.added.length === 0) return [{ ...draft, wave: WAVES.shrinkSubnets }];
  return inTwo(draft, union(offered(draft.live), draft.added), WAVES.growSubnets, WAVES.shrinkSubnets);
}

function poolWaves(draft: Draft, occupied: Occupied): OrderedStep[] {
  if (draft.action === "delete") return [{ ...draft, wave: WAVES.narrowPools }];
  const released = (draft.object as SpiderIPPool).spec.ipVersion === 6 ? occupied.v6 : occupied.v4;
  const waiting = overlaps(draft.added, released);
  const narrows = draft.removed.length > 0 || narrowsAffinity(draft);
  if (!waiting) return [{ ...draft, wave: narrows ? WAVES.narrowPools : WAVES.widenPools }];
  if (!narrows) return [{ ...draft, wave: WAVES.takeReleased }];
  const now = subtract(offered(draft.object), intersect(draft.added, released));
  return inTwo(draft, now, WAVES.narrowPools, WAVES.takeReleased);
}

/** A reservation stands before the pools it takes addresses from, unless somebody offers those already: then it narrows. */
function reservationWave(draft: Draft, offers: readonly RangeSet[]): number {
  if (draft.action === "delete") return WAVES.shrinkSubnets;
  const reserved = effectiveSet({ ips: (draft.object as SpiderReservedIP).spec.ips });
  return offers.some((set) => sameFamily(set, reserved) && overlaps(set, reserved))
    ? WAVES.narrowPools
    : WAVES.growSubnets;
}

function sameFamily(a: RangeSet, b: RangeSet): boolean {
  return typeof a[0]?.first === typeof b[0]?.first;
}

/** The same object written twice: first with `between` as its addresses, at last as the plan wants it. */
function inTwo(draft: Draft, between: RangeSet, first: number, second: number): OrderedStep[] {
  const spec = { ...(draft.object.spec as object), ips: formatRangeSet(between), excludeIPs: undefined };
  const before = offered(draft.live);
  const half = { ...draft.object, spec };
  const patch = draft.patch as { metadata?: object; spec?: Record<string, unknown> };
  const addresses = { ips: formatRangeSet(between), excludeIPs: null };
  const final = {
    ips: (draft.object.spec as SpiderIPPool["spec"]).ips ?? null,
    excludeIPs: patch.spec?.excludeIPs ?? null,
  };
  return [
    {
      ...draft,
      wave: first,
      object: half,
      patch: { ...patch, spec: { ...patch.spec, ...addresses } },
      added: subtract(between, before),
      removed: subtract(before, between),
    },
    {
      ...draft,
      wave: second,
      action: "update",
      patch: { spec: final },
      added: subtract(offered(draft.object), between),
      removed: subtract(between, offered(draft.object)),
      changes: [],
      steering: [],
    },
  ];
}

/** Whether any affinity closes: a requirement where none was, another one, `disable`, or `default` taken away. */
function narrowsAffinity(draft: Draft): boolean {
  const want = draft.object.spec as SpiderIPPool["spec"];
  const opened = (field: string): boolean => {
    switch (field) {
      case "disable":
        return want.disable !== true;
      case "default":
        return want.default === true;
      case "podAffinity":
      case "namespaceAffinity":
      case "nodeAffinity":
        return selectorMeaning(want[field]) === "";
      case "namespaceName":
      case "nodeName":
      case "multusName":
        return (want[field] ?? []).length === 0;
      default:
        return false;
    }
  };
  return draft.steering.some((field) => !opened(field));
}
