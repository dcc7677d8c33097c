import { child, type Diagnostic, type SourceRef } from "../diagnostics.js";
import { compareAddresses, familyOf } from "../ip/address.js";
import { cidrRange, formatCidr, type Range } from "../ip/range.js";
import { formatRangeSet, intersect } from "../ip/range-set.js";
import type { Plan } from "./plan.js";
import { compareText, fail } from "./scope.js";

/** A run of addresses that somebody claims. */
interface Claim {
  readonly range: Range;
  /** `slice`: a wish inside the pool it is cut from. */
  readonly kind: "subnet" | "pool" | "wish" | "slice" | "reserved";
  /** Who claims it, as shown. */
  readonly owner: string;
  readonly about?: string;
  readonly source: SourceRef;
}

/** Which later claim clashes with which earlier one. A reservation may cover addresses of a pool (DESIGN 3). */
const CLASHES = new Set([
  "pool pool",
  "wish wish",
  "wish pool",
  "pool wish",
  "wish reserved",
  "reserved wish",
  "slice slice",
  "slice reserved",
  "reserved slice",
]);

/** No two subnets, no two pools, no two wishes share an address; no wish lies over a pool or reservation. */
export function checkOverlaps(plan: Plan, found: Diagnostic[]): void {
  checkSubnets(plan, found);
  for (const [earlier, later] of clashes([...poolClaims(plan), ...reservedClaims(plan), ...wishClaims(plan)])) {
    const [first, second] = inReportOrder(earlier, later);
    const code = CODES[`${second.kind} ${first.kind}`] ?? "SP2015";
    const shared = formatRangeSet(intersect([first.range], [second.range])).join();
    fail(
      { at: second.source, about: second.about, found },
      code,
      `${shared} of ${second.owner} is also ${VERB[first.kind]} ${first.owner}`,
      { hint: "give it to one of them", related: [{ note: `${first.owner} is at`, source: first.source }] },
    );
  }
}

const CODES: Record<string, string> = {
  "pool pool": "SP2015",
  "wish wish": "SP2030",
  "wish pool": "SP2031",
  "wish reserved": "SP2031",
  "slice slice": "SP2030",
  "slice reserved": "SP2031",
};
const VERB = { subnet: "in", pool: "in", wish: "wished by", slice: "wished by", reserved: "in" };

/** The wish is at fault where it meets a pool or a reservation; of two alike the one with the later name. */
function inReportOrder(a: Claim, b: Claim): [Claim, Claim] {
  const wished = ({ kind }: Claim) => kind === "wish" || kind === "slice";
  if (wished(a) !== wished(b)) return wished(b) ? [a, b] : [b, a];
  return compareText(a.owner, b.owner) <= 0 ? [a, b] : [b, a];
}

/** P6, U2: CIDRs of subnets never meet; one SpiderSubnet has one entry. */
function checkSubnets(plan: Plan, found: Diagnostic[]): void {
  const objects = new Map<string, SourceRef>();
  const claims: Claim[] = [];
  for (const { name, objectName, cidr, source } of plan.subnets.values()) {
    const claim = { kind: "subnet", owner: `subnet ${name}`, about: `subnet:${name}`, source } as const;
    claims.push({ ...claim, range: cidrRange(cidr) });
    const first = objects.get(objectName);
    if (first === undefined) objects.set(objectName, source);
    else {
      fail({ at: source, about: claim.about, found }, "SP2037", `two subnets are the one SpiderSubnet ${objectName}`, {
        hint: "give each its own `object`",
        related: [{ note: "the other is at", source: first }],
      });
    }
  }
  const cidrs = new Map([...plan.subnets.values()].map((subnet) => [`subnet ${subnet.name}`, formatCidr(subnet.cidr)]));
  for (const [a, b] of clashes(claims)) {
    const [first, second] = inReportOrder(a, b);
    const text = `CIDR ${cidrs.get(second.owner)} of ${second.owner} overlaps ${cidrs.get(first.owner)} of ${first.owner}`;
    fail({ at: child(second.source, "cidr"), about: second.about, found }, "SP2014", text, {
      hint: "declare one subnet and give it both sets of ranges (U2)",
      related: [{ note: `${first.owner} is at`, source: child(first.source, "cidr") }],
    });
  }
}

function* poolClaims(plan: Plan): Generator<Claim> {
  for (const pool of plan.pools.values()) {
    const source = child(pool.source, "addresses");
    const claim = { kind: "pool", owner: `pool ${pool.name}`, about: `pool:${pool.name}`, source } as const;
    for (const range of pool.addresses ?? []) yield { ...claim, range };
  }
}

function* reservedClaims(plan: Plan): Generator<Claim> {
  for (const { name, addresses, source } of plan.reserved.values()) {
    const claim = { kind: "reserved", owner: `reservation ${name}`, source: child(source, "addresses") } as const;
    for (const range of [...addresses.v4, ...addresses.v6]) yield { ...claim, range };
  }
}

function* wishClaims(plan: Plan): Generator<Claim> {
  for (const workload of plan.workloads.values()) {
    for (const nic of workload.interfaces.values()) {
      if (nic.ask.type !== "fixed") continue;
      const kind = nic.ask.slices === undefined ? "wish" : "slice";
      const claim = { kind, owner: `${workload.name}/${nic.name}`, about: workload.name } as const;
      const source = child(nic.source, "fixed", "addresses");
      for (const range of nic.ask.wishes.flat()) yield { ...claim, source, range };
      for (const [ordinal, address] of nic.ask.perPod ?? []) {
        const at = child(nic.source, "fixed", "perPod", String(ordinal));
        yield { ...claim, source: at, range: { first: address, last: address } };
      }
    }
  }
}

/**
 * Pairs of claims of different owners that share an address: one sweep, each claim against the one of each kind that
 * reaches furthest so far. If it overlaps any earlier claim of that kind it overlaps that one, so no claim that
 * clashes is missed, and a thousand claims on one address give a thousand pairs, not half a million.
 */
function* clashes(claims: readonly Claim[]): Generator<[Claim, Claim]> {
  for (const family of [4, 6]) {
    const furthest = new Map<Claim["kind"], Claim>();
    const sorted = claims
      .filter((claim) => familyOf(claim.range.first) === family)
      .sort((a, b) => compareAddresses(a.range.first, b.range.first) || compareText(a.owner, b.owner));
    for (const claim of sorted) {
      for (const other of furthest.values()) {
        const clash = claim.kind === "subnet" || CLASHES.has(`${claim.kind} ${other.kind}`);
        if (clash && other.owner !== claim.owner && other.range.last >= claim.range.first) yield [other, claim];
      }
      const best = furthest.get(claim.kind);
      if (best === undefined || claim.range.last > best.range.last) furthest.set(claim.kind, claim);
    }
  }
}
