import type { Diagnostic } from "../diagnostics.js";
import { formatAddress } from "../ip/address.js";
import { addressSet, EMPTY, type RangeSet, rangeSet, size, subtract, union } from "../ip/range-set.js";
import type { Entry } from "./collect.js";
import type { PlanReservation, PlanSubnet } from "./plan.generated.js";
import type { Reservation, Subnet } from "./plan.js";
import { insideCidr, readCidr, readGateway, readRanges, readRoutes, type WrittenRange } from "./read-addresses.js";
import { readAffinity, sorted } from "./read-affinity.js";
import { fail, into, named, type Scope, warn } from "./scope.js";
import { didYouMean } from "./suggest.js";

/** Spiderpool expands every range of a subnet or reservation address by address (R10). */
const WIDE = 1_000_000;

/** One subnet as one cluster sees it; undefined if its CIDR cannot be read. */
export function readSubnet(
  entry: Entry<PlanSubnet>,
  cluster: string | undefined,
  found: Diagnostic[],
): Subnet | undefined {
  const { name, value, source } = entry;
  const scope: Scope = { at: source, about: `subnet:${name}`, found };
  const cidr = readCidr(value.cidr, into(scope, "cidr"));
  if (cidr === undefined) return undefined;
  const gateway = value.gateway === undefined ? undefined : readGateway(value.gateway, cidr, into(scope, "gateway"));
  const written = readRanges(...rangesOf(value, cluster, scope));
  const ranges = insideCidr(written, cidr, `subnet ${name}`);
  const exclude = insideCidr(readRanges(value.exclude ?? [], into(scope, "exclude")), cidr, `subnet ${name}`);
  warnWide(ranges, into(scope, "ranges"), `subnet ${name}`);
  return {
    name,
    source,
    meta: sorted(value.meta ?? {}),
    objectName: value.object ?? name,
    family: cidr.family,
    cidr,
    gateway,
    vlan: value.vlan,
    ranges,
    exclude,
    usable: subtract(subtract(ranges, exclude), gateway === undefined ? EMPTY : addressSet([gateway])),
    routes: readRoutes(value.routes ?? [], cidr, into(scope, "routes")),
    nodes: value.nodes === undefined ? undefined : readAffinity(value.nodes, into(scope, "nodes")),
    networks: value.networks ?? [],
  };
}

/** The ranges this cluster may use, with their place; a cluster without any is an error. */
function rangesOf(value: PlanSubnet, cluster: string | undefined, scope: Scope): [readonly string[], Scope] {
  const here = into(scope, "ranges");
  if (Array.isArray(value.ranges)) return [value.ranges, here];
  const own = cluster !== undefined && Object.hasOwn(value.ranges, cluster) ? value.ranges[cluster] : undefined;
  if (own !== undefined) return [own, into(here, cluster!)];
  fail(named(here), "SP2034", `there are no ranges for cluster ${cluster ?? "(none named)"}`, {
    hint:
      didYouMean(cluster ?? "", Object.keys(value.ranges)) ??
      `add ranges for it; there are some for ${Object.keys(value.ranges).sort().join(", ")}`,
  });
  return [[], here];
}

/** One reservation; both families may stand in it. */
export function readReservation(entry: Entry<PlanReservation>, found: Diagnostic[]): Reservation {
  const { name, value, source } = entry;
  const scope: Scope = { at: source, found };
  const addresses = byFamily(readRanges(value.addresses, into(scope, "addresses")));
  warnWide(union(addresses.v4), into(scope, "addresses"), `reservation ${name}`);
  warnWide(union(addresses.v6), into(scope, "addresses"), `reservation ${name}`);
  return { name, source, meta: sorted(value.meta ?? {}), addresses, reason: value.reason, until: value.until };
}

/** Ranges of both families, sorted apart. */
export function byFamily(written: readonly WrittenRange[]): { v4: RangeSet; v6: RangeSet } {
  const ranges = written.map(({ range }) => range);
  const of = (kind: "number" | "bigint") => rangeSet(ranges.filter((range) => typeof range.first === kind));
  return { v4: of("number"), v6: of("bigint") };
}

function warnWide(set: RangeSet, scope: Scope, what: string): void {
  if (size(set) <= WIDE) return;
  const first = formatAddress(set[0]!.first);
  warn(scope, "SP2038", `${what} holds over a million addresses from ${first}: Spiderpool expands each (R10)`, {
    hint: "narrow it to what the cluster needs",
  });
}
