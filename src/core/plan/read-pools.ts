import type { Diagnostic } from "../diagnostics.js";
import type { Address } from "../ip/address.js";
import { addressesText } from "../ip/amount.js";
import { formatCidr, formatRange } from "../ip/range.js";
import {
  addressSet,
  EMPTY,
  formatRangeSet,
  intersect,
  type RangeSet,
  size,
  startingAt,
  subtract,
} from "../ip/range-set.js";
import { MAX_RECORDS } from "../spiderpool/ipam/allocate.js";
import type { Entry } from "./collect.js";
import type { PlanNamespace, PlanPool, Take } from "./plan.generated.js";
import type { DeclaredPool, NamespaceDefaults, Subnet } from "./plan.js";
import {
  insideCidr,
  liesIn,
  readAddress,
  readGateway,
  readRanges,
  readRoutes,
  type WrittenRange,
} from "./read-addresses.js";
import { readAffinity, readSelector, sorted } from "./read-affinity.js";
import { checkPoolNames, type References, resolveSubnet } from "./references.js";
import { fail, into, named, type Scope, warn } from "./scope.js";

/** F4: what one Spiderpool pool can hold, and where it becomes slow. */
const LARGE = 1000;

/** One declared pool; undefined if its subnet is unknown. */
export function readPool(
  entry: Entry<PlanPool>,
  references: References,
  found: Diagnostic[],
): DeclaredPool | undefined {
  const { name, value, source } = entry;
  const scope: Scope = { at: source, about: `pool:${name}`, found };
  const subnet = resolveSubnet(value.subnet, references, into(scope, "subnet"));
  if (subnet === undefined) return undefined;
  const gateway =
    value.gateway === undefined ? subnet.gateway : readGateway(value.gateway, subnet.cidr, into(scope, "gateway"));
  const given = readContent(value, subnet, gateway, scope);
  return {
    name,
    source,
    meta: sorted(value.meta ?? {}),
    subnet: subnet.name,
    ...given,
    namespaces: value.namespaces === undefined ? undefined : readAffinity(value.namespaces, into(scope, "namespaces")),
    pods: value.pods === undefined ? undefined : readSelector(value.pods, into(scope, "pods")),
    nodes: value.nodes === undefined ? subnet.nodes : readAffinity(value.nodes, into(scope, "nodes")),
    networks: value.networks ?? subnet.networks,
    gateway,
    routes: value.routes === undefined ? subnet.routes : readRoutes(value.routes, subnet.cidr, into(scope, "routes")),
    default: value.default ?? false,
    disabled: value.disabled ?? false,
    slicesOnly: value.slicesOnly ?? false,
  };
}

/** The default pools of one namespace. */
export function readNamespace(
  entry: Entry<PlanNamespace>,
  references: References,
  found: Diagnostic[],
): NamespaceDefaults {
  const { name, value, source } = entry;
  const scope: Scope = { at: source, found };
  const defaultPools = checkPoolNames(value.defaultPools, references, into(scope, "defaultPools"));
  return { name, source, meta: sorted(value.meta ?? {}), defaultPools };
}

/** Warns over 1,000 addresses and refuses over 5,000 (F4). */
export function checkSize(count: number, what: string, scope: Scope): void {
  if (count > MAX_RECORDS) {
    fail(scope, "SP2020", `${what} would have ${addressesText(count)}; Spiderpool holds at most ${MAX_RECORDS} (F4)`, {
      hint: "split it into several pools",
    });
  } else if (count > LARGE) {
    warn(scope, "SP2021", `${what} would have ${addressesText(count)}; over ${LARGE} Spiderpool becomes slow (F4)`);
  }
}

function readContent(
  value: PlanPool,
  subnet: Subnet,
  gateway: Address | undefined,
  scope: Scope,
): Pick<DeclaredPool, "addresses" | "take"> {
  if ((value.addresses === undefined) === (value.take === undefined)) {
    const fault = value.take === undefined ? "neither addresses nor take" : "both addresses and take";
    fail(named(scope), "SP2019", `the pool has ${fault}`, {
      hint: "give `addresses` to write them out, or `take: {count: n}` to have them chosen",
    });
  }
  if (value.addresses !== undefined) {
    return { addresses: readAddresses(value.addresses, subnet, gateway, into(scope, "addresses")) };
  }
  return { take: readTake(value.take ?? { count: 0 }, subnet, into(scope, "take")) };
}

function readAddresses(texts: readonly string[], subnet: Subnet, gateway: Address | undefined, scope: Scope): RangeSet {
  const written = readRanges(texts, scope);
  const inside = insideCidr(written, subnet.cidr, `subnet ${subnet.name}`);
  for (const entry of written) checkUsable(entry, subnet, gateway);
  checkSize(size(inside), "the pool", named(scope));
  return inside;
}

/** `take` starts inside the subnet and asks for at least one address that exists. */
function readTake(take: Take, subnet: Subnet, scope: Scope): DeclaredPool["take"] {
  checkSize(take.count, "the pool", into(scope, "count"));
  if (take.from === undefined) return { count: take.count };
  const here = into(scope, "from");
  const from = readAddress(take.from, here);
  if (from === undefined) return { count: take.count };
  if (!liesIn(from, subnet.cidr)) {
    fail(here, "SP2010", `${take.from} lies outside ${formatCidr(subnet.cidr)}, the CIDR of subnet ${subnet.name}`);
    return { count: take.count };
  }
  if (startingAt(subnet.usable, from).length === 0) {
    fail(here, "SP2011", `no address of subnet ${subnet.name} lies at or after ${take.from}`);
  }
  return { from, count: take.count };
}

/** P11, P17: addresses lie inside what their subnet may hand out, and never hold the gateway. */
export function checkUsable(written: WrittenRange, subnet: Subnet, gateway: Address | undefined): void {
  const { range, scope } = written;
  if (!liesIn(range.first, subnet.cidr) || !liesIn(range.last, subnet.cidr)) return; // SP2010 said so
  const own = gateway === undefined ? EMPTY : intersect([range], addressSet([gateway]));
  const related = [{ note: `subnet ${subnet.name} is at`, source: subnet.source }];
  if (own.length > 0) {
    fail(scope, "SP2013", `${formatRange(range)} holds the gateway ${list(own)}`, { hint: "leave it out (P11)" });
  }
  const outside = subtract(subtract([range], subnet.ranges), own);
  if (outside.length > 0) {
    const where = `subnet ${subnet.name} (${list(subnet.ranges) || "none"})`;
    fail(scope, "SP2011", `${list(outside)} lies outside the ranges of ${where}`, {
      hint: "choose addresses inside them, or widen the subnet's ranges",
      related,
    });
  }
  const excluded = intersect([range], subnet.exclude);
  if (excluded.length > 0) {
    fail(scope, "SP2011", `${list(excluded)} is excluded by subnet ${subnet.name}`, {
      hint: "leave it out, or change the subnet's exclude",
      related,
    });
  }
}

/** The first few ranges of a set, for a message. */
export function list(set: RangeSet): string {
  const texts = formatRangeSet(set);
  return texts.length <= 3 ? texts.join(", ") : `${texts.slice(0, 3).join(", ")} and ${texts.length - 3} more`;
}
