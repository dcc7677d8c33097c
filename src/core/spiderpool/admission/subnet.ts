import { formatRangeSet, type RangeSet, subtract } from "../../ip/range-set.js";
import { cidrLabel } from "../canonical.js";
import type { SpiderpoolFacts } from "../facts.js";
import { goCidr, goRange, goTotal, goUnion, isGoCidr } from "../go-ip.js";
import { isTerminating, KEYS, type SpiderSubnet } from "../objects.js";
import { type Denial, type FieldError, forbidden, internal, invalid, invalidObject, terminating } from "./denial.js";
import {
  cidrError,
  deleteError,
  familyError,
  gatewayError,
  hasFinalizer,
  immutableError,
  inside,
  routesError,
  statusRecords,
  unversionedError,
} from "./network-spec.js";
import { fuseLists } from "./pool.js";
import { indexWorld, type World } from "./world.js";

/** The mutating step on a subnet (M3); what it cannot do it leaves, and stops. */
export function mutateSubnet(subnet: SpiderSubnet): SpiderSubnet {
  if (isTerminating(subnet)) return subnet; // M1
  const next = { ...subnet, metadata: { ...subnet.metadata }, spec: { ...subnet.spec } };
  const { metadata, spec } = next;
  if (!hasFinalizer(next)) metadata.finalizers = [...(metadata.finalizers ?? []), KEYS.finalizer];
  spec.ipVersion ??= goCidr(spec.subnet ?? "")?.family;
  if (spec.ipVersion === undefined || !isGoCidr(spec.ipVersion, spec.subnet ?? "")) return next;
  metadata.labels = { ...metadata.labels, [KEYS.subnetCidr]: cidrLabel(spec.subnet) };
  fuseLists(spec);
  return next;
}

/** The validating step for a new subnet. */
export function validateSubnetCreate(subnet: SpiderSubnet, world: World, facts: SpiderpoolFacts): Denial | undefined {
  const { name } = subnet.metadata;
  const version = subnet.spec.ipVersion;
  const first = familyError("U1", version, facts) ?? cidrError("U2", version!, subnet.spec.subnet);
  if (first !== undefined) return invalidObject("SpiderSubnet", name, [first]);
  if (world.subnets.get(name)?.spec.ipVersion === version) {
    return {
      rule: "U3",
      reason: "AlreadyExists",
      message: `spidersubnets.spiderpool.spidernet.io ${JSON.stringify(name)} already exists`,
    };
  }
  const error = otherSubnetError(subnet, world) ?? orphanPoolError(subnet, world) ?? specError(subnet);
  return invalidObject("SpiderSubnet", name, error === undefined ? [] : [error]);
}

/** The validating step for a changed subnet; pools are asked only through controlledIPPools (U10). */
export function validateSubnetUpdate(
  old: SpiderSubnet | undefined,
  subnet: SpiderSubnet,
  facts: SpiderpoolFacts,
): Denial | undefined {
  if (isTerminating(subnet)) {
    return hasFinalizer(subnet) ? terminating("U8", "Subnet") : undefined;
  }
  const error =
    immutableError("U1", old?.spec, subnet.spec) ??
    familyError("U1", subnet.spec.ipVersion, facts) ??
    specError(subnet) ??
    inUseError(subnet);
  return invalidObject("SpiderSubnet", subnet.metadata.name, error === undefined ? [] : [error]);
}

/** The validating step for a deletion: the count is of addresses given to pools (U8). */
export function validateSubnetDelete(subnet: SpiderSubnet, facts: SpiderpoolFacts): Denial | undefined {
  const error = deleteError("U8", subnet, facts);
  return invalidObject("SpiderSubnet", subnet.metadata.name, error === undefined ? [] : [error]);
}

/** No other subnet of the family shares an address, the same CIDR included (U2). */
function otherSubnetError(subnet: SpiderSubnet, world: World): FieldError | undefined {
  const { ipVersion, subnet: cidr } = subnet.spec;
  const index = world.index ?? indexWorld(world);
  const found = index.subnetInTheWay(ipVersion!, cidr);
  if (found === undefined) return undefined;
  const other = world.subnets.get(found.key)?.spec;
  if (other?.ipVersion === undefined) return unversionedError("U2", "SpiderSubnet", found.key);
  return found.readable
    ? invalid("U2", "spec.subnet", cidr, `overlaps with Subnet ${found.key}, ${other.subnet}`)
    : internal("U2", "spec.subnet", `the stored SpiderSubnet ${found.key} has an unreadable subnet`);
}

/** Pools of the family have this very CIDR and lie inside the subnet, or share nothing with it (U4). */
function orphanPoolError(subnet: SpiderSubnet, world: World): FieldError | undefined {
  const { ipVersion, subnet: cidr, ips, excludeIPs } = subnet.spec;
  const index = world.index ?? indexWorld(world);
  const unversioned = index.unversionedPool();
  if (unversioned !== undefined) return unversionedError("U4", "SpiderIPPool", unversioned);
  const pools = index.poolsByCidr(ipVersion!);
  const other = index.poolCidrInTheWay(ipVersion!, cidr);
  if (other !== undefined) {
    const [holder] = pools.get(other.key)!.keys();
    return other.readable
      ? invalid("U4", "spec.subnet", cidr, `overlaps with IPPool ${holder}, ${other.key}`)
      : internal("U4", "spec.subnet", `the stored IPPool ${holder} has an unreadable subnet`);
  }
  const same = pools.get(cidr);
  if (same === undefined) return undefined;
  const offered = goTotal(ipVersion!, ips ?? [], excludeIPs ?? []);
  if (offered === undefined) return internal("U5", "spec.ips", "the ranges cannot be expanded");
  return poolsInsideError(same, offered);
}

function poolsInsideError(
  pools: ReadonlyMap<string, { spec: SpiderSubnet["spec"] }>,
  offered: RangeSet,
): FieldError | undefined {
  for (const [name, { spec }] of pools) {
    const held = goTotal(spec.ipVersion!, spec.ips ?? [], spec.excludeIPs ?? []);
    if (held === undefined) return internal("U4", "spec.ips", `the ranges of the stored IPPool ${name} cannot be read`);
    const outside = subtract(held, offered);
    if (outside.length > 0) {
      const what = formatRangeSet(outside);
      return invalid("U4", "spec.ips", what, `IPPool ${name} has addresses the subnet would not offer`);
    }
  }
  return undefined;
}

function specError(subnet: SpiderSubnet): FieldError | undefined {
  const { spec } = subnet;
  return (
    rangesError("spec.ips", spec, spec.ips) ??
    rangesError("spec.excludeIPs", spec, spec.excludeIPs) ??
    gatewayError("U6", spec) ??
    routesError("U6", spec)
  );
}

/** Ascending ranges of the family inside the CIDR (U5). */
function rangesError(
  path: string,
  spec: SpiderSubnet["spec"],
  entries: readonly string[] | undefined,
): FieldError | undefined {
  const cidr = goCidr(spec.subnet ?? "");
  for (const [index, text] of (entries ?? []).entries()) {
    const range = goRange(spec.ipVersion!, text);
    if (range === undefined) return invalid("U5", `${path}[${index}]`, text, `not an IPv${spec.ipVersion} range`);
    if (cidr === undefined || !inside(cidr, range.first) || !inside(cidr, range.last)) {
      return invalid("U5", `${path}[${index}]`, text, `not inside 'spec.subnet' ${spec.subnet}`);
    }
  }
  return undefined;
}

/** Every address given to a pool stays, whether a Pod uses it or not (U7). */
function inUseError(subnet: SpiderSubnet): FieldError | undefined {
  const { ipVersion, ips, excludeIPs } = subnet.spec;
  const path = "status.controlledIPPools";
  const records = statusRecords(subnet.status?.controlledIPPools);
  if (records === undefined) return internal("U7", path, "cannot be read");
  const offered = goTotal(ipVersion!, ips ?? [], excludeIPs ?? []);
  if (offered === undefined) return internal("U7", "spec.ips", "the ranges cannot be expanded");
  for (const [pool, record] of Object.entries(records)) {
    const given = goUnion(ipVersion!, (record.ips ?? []) as string[]);
    if (given === undefined) return internal("U7", path, `the ranges of IPPool ${pool} cannot be read`);
    const removed = subtract(given, offered);
    if (removed.length > 0) {
      return forbidden("U7", "spec.ips", `removes ${formatRangeSet(removed).join(", ")} which IPPool ${pool} has`);
    }
  }
  return undefined;
}
