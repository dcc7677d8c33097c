import { type RangeSet, rangeSet, size, subtract, takeLowest, union } from "../../ip/range-set.js";
import { effectiveSet } from "../canonical.js";
import { controlledRanges } from "../controlled.js";
import type { SpiderIPPool, SpiderReservedIP, SpiderSubnet } from "../objects.js";

/** Addresses beside the replicas where no annotation says how many: none in this Spiderpool (F2). */
const DEFAULT_SPARE = 0;

/**
 * How many addresses an auto pool shall have (B7): `N`, or `+N` beside the replicas.
 * @param rule the annotation `ipam.spidernet.io/ippool-ip-number` of the Pod template
 * @returns undefined for a rule Spiderpool refuses
 */
export function autoPoolSize(rule: string | undefined, replicas: number): number | undefined {
  if (rule === undefined) return replicas + DEFAULT_SPARE;
  const [, plus, digits] = /^(\+?)(\d{1,9})$/.exec(rule.trim()) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) + (plus === "+" ? replicas : 0);
}

/**
 * What a subnet can give to auto pools (B8): its addresses less what its pools hold and what is reserved. A pool whose record
 * the subnet's status lacks yet counts too: the webhook refuses an overlap (P9).
 */
export function freeForAutoPools(
  subnet: SpiderSubnet,
  pools: Iterable<SpiderIPPool>,
  reserved: Iterable<SpiderReservedIP>,
): RangeSet {
  const v6 = subnet.spec.subnet.includes(":");
  const offered = [...pools].filter(({ spec }) => spec.subnet === subnet.spec.subnet);
  const taken = [
    ...controlledRanges(subnet),
    ...offered.flatMap(({ spec }) => effectiveSet(spec)),
    ...[...reserved].flatMap(({ spec }) => effectiveSet({ ips: spec.ips })),
  ];
  return subtract(effectiveSet(subnet.spec), rangeSet(taken.filter(({ first }) => (typeof first === "bigint") === v6)));
}

/**
 * The addresses of an auto pool after a resize (B8): growing keeps the old ones and adds the lowest free ones, shrinking
 * drops the lowest ones that no Pod holds.
 * @returns undefined where there are not enough of them: it stays as it is and is tried again (B10)
 */
export function resizedAutoPool(
  offers: RangeSet,
  wanted: number,
  free: RangeSet,
  held: RangeSet,
): RangeSet | undefined {
  const missing = wanted - size(offers);
  if (missing >= 0) {
    const more = takeLowest(free, missing);
    return size(more) < missing ? undefined : union(offers, more);
  }
  const idle = subtract(offers, held);
  return size(idle) < -missing ? undefined : subtract(offers, takeLowest(idle, -missing));
}
