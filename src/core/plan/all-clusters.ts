import { child, type Diagnostic } from "../diagnostics.js";
import { type Address, compareAddresses, type Family } from "../ip/address.js";
import { formatRangeSet, intersect, type RangeSet, subtract } from "../ip/range-set.js";
import type { Subnet } from "./plan.js";
import { fail } from "./scope.js";

interface Part {
  readonly cluster: string;
  readonly subnet: Subnet;
  /** What this cluster may hand out there. */
  readonly addresses: RangeSet;
  readonly first: Address;
  readonly last: Address;
}

/** Subnets as one cluster sees them. */
export interface ClusterSubnets {
  readonly cluster: string;
  readonly subnets: Iterable<Subnet>;
}

/** Judges every pair of clusters: addresses that two of them may hand out are an error. */
export function compareClusters(clusters: readonly ClusterSubnets[], found: Diagnostic[]): void {
  const parts = clusters.flatMap(({ cluster, subnets }) => [...subnets].flatMap((subnet) => partOf(cluster, subnet)));
  for (const family of [4, 6] as const) for (const [a, b] of meeting(parts, family)) tell(a, b, found);
}

function partOf(cluster: string, subnet: Subnet): Part[] {
  const addresses = subtract(subnet.ranges, subnet.exclude);
  const [first, last] = [addresses.at(0)?.first, addresses.at(-1)?.last];
  return first === undefined || last === undefined ? [] : [{ cluster, subnet, addresses, first, last }];
}

/** Pairs of parts of different clusters whose spans meet, by one sweep over their starts. */
function* meeting(parts: readonly Part[], family: Family): Generator<[Part, Part]> {
  let open: Part[] = [];
  const sorted = parts
    .filter((part) => part.subnet.family === family)
    .sort((a, b) => compareAddresses(a.first, b.first) || (a.cluster < b.cluster ? -1 : 1));
  for (const part of sorted) {
    open = open.filter((other) => other.last >= part.first);
    for (const other of open) if (other.cluster !== part.cluster) yield [other, part];
    open.push(part);
  }
}

function tell(a: Part, b: Part, found: Diagnostic[]): void {
  const shared = intersect(a.addresses, b.addresses);
  if (shared.length === 0) return;
  const [one, other] = a.cluster < b.cluster ? [a, b] : [b, a];
  const scope = { at: child(other.subnet.source, "ranges"), about: `subnet:${other.subnet.name}`, found };
  const texts = formatRangeSet(shared);
  const addresses = texts.length > 3 ? `${texts.slice(0, 3).join(", ")} and more` : texts.join(", ");
  const message = `clusters ${one.cluster} and ${other.cluster} may both hand out ${addresses}`;
  fail(scope, "SP2035", `${message} (subnets ${one.subnet.name} and ${other.subnet.name})`, {
    hint: "give each cluster ranges of its own: `ranges: {CLUSTER: [...]}`",
    related: [{ note: `${one.cluster} has them at`, source: child(one.subnet.source, "ranges") }],
  });
}
