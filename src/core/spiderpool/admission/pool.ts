import { formatAddress } from "../../ip/address.js";
import { formatRange } from "../../ip/range.js";
import { contains, equal, formatRangeSet, type RangeSet, subtract } from "../../ip/range-set.js";
import { cidrLabel } from "../canonical.js";
import type { SpiderpoolFacts } from "../facts.js";
import { goAddress, goCidr, goFuse, goPoolSet, goTotal, goUnion, isGoCidr } from "../go-ip.js";
import { isAutoPool, isTerminating, KEYS, type SpiderIPPool, type SpiderSubnet } from "../objects.js";
import { selectorFaults } from "../selector.js";
import { adoptPool, controllerOf } from "./adoption.js";
import { type Denial, type FieldError, forbidden, internal, invalid, invalidObject, terminating } from "./denial.js";
import {
  cidrError,
  deleteError,
  familyError,
  gatewayError,
  hasFinalizer,
  immutableError,
  routesError,
  statusRecords,
  unversionedError,
} from "./network-spec.js";
import { indexWorld, type World } from "./world.js";

/** The five keys an auto pool's podAffinity may have (S26, P14). */
const APP_KEYS = ["group", "version"]
  .map((part) => `ipam.spidernet.io/app-api-${part}`)
  .concat(["kind", "namespace", "name"].map((part) => `ipam.spidernet.io/app-${part}`));

/** The mutating step on a pool (M2). It never rejects: what it cannot do it leaves, and stops. */
export function mutatePool(pool: SpiderIPPool, world: World, facts: SpiderpoolFacts): SpiderIPPool {
  if (isTerminating(pool)) return pool; // M1
  const next = { ...pool, metadata: { ...pool.metadata }, spec: { ...pool.spec } };
  const { metadata, spec } = next;
  if (!hasFinalizer(next)) metadata.finalizers = [...(metadata.finalizers ?? []), KEYS.finalizer];
  spec.ipVersion ??= goCidr(spec.subnet ?? "")?.family;
  if (spec.ipVersion === undefined || !isGoCidr(spec.ipVersion, spec.subnet ?? "")) return next;
  metadata.labels = { ...metadata.labels, [KEYS.poolCidr]: cidrLabel(spec.subnet) };
  if (facts.enableSpiderSubnet && !adopt(next, world)) return next;
  fuseLists(next.spec); // adoption may have replaced it
  return next;
}

/** Fuses ips, then excludeIPs; an unreadable list stays as it is and stops the step (M5). */
export function fuseLists(spec: SpiderSubnet["spec"]): void {
  for (const list of ["ips", "excludeIPs"] as const) {
    const entries = spec[list];
    if (!entries) continue;
    const fused = goFuse(spec.ipVersion!, entries);
    if (fused === undefined) return;
    spec[list] = fused;
  }
}

/** Makes the SpiderSubnet of the same CIDR the pool's owner (M7, M8); false if another controller is in the way (P24). */
function adopt(pool: SpiderIPPool, world: World): boolean {
  const { metadata, spec } = pool;
  const owner = controllerOf(pool);
  if (owner !== undefined && metadata.labels?.[KEYS.ownerSubnet] === owner.name) return true; // M8
  const subnet = (world.index ?? indexWorld(world)).subnetWithLabel(cidrLabel(spec.subnet));
  if (subnet === undefined) return true;
  const adopted = adoptPool(pool, subnet);
  if (adopted === undefined) return false;
  pool.metadata = adopted.metadata;
  pool.spec = adopted.spec;
  return true;
}

/** The validating step for a new pool, in Spiderpool's order (P1). */
export function validatePoolCreate(pool: SpiderIPPool, world: World, facts: SpiderpoolFacts): Denial | undefined {
  const { name } = pool.metadata;
  const indexed = world.index ? world : { ...world, index: indexWorld(world) };
  const version = pool.spec.ipVersion;
  const first = familyError("P3", version, facts) ?? cidrError("P5", version!, pool.spec.subnet);
  if (first !== undefined) return invalidObject("SpiderIPPool", name, [first]);
  if (world.pools.get(name)?.spec.ipVersion === version) {
    return {
      rule: "P7",
      reason: "AlreadyExists",
      message: `spiderippools.spiderpool.spidernet.io ${JSON.stringify(name)} already exists`,
    };
  }
  let errors = only(otherCidrError(pool, indexed));
  if (errors.length === 0) errors = [...only(specError(pool, indexed)), ...affinityErrors(pool)];
  if (errors.length === 0) errors = only(containmentError(pool, indexed, facts));
  return invalidObject("SpiderIPPool", name, errors);
}

/** The validating step for a changed pool, in Spiderpool's order (P2). */
export function validatePoolUpdate(
  old: SpiderIPPool | undefined,
  pool: SpiderIPPool,
  world: World,
  facts: SpiderpoolFacts,
): Denial | undefined {
  if (isTerminating(pool)) return hasFinalizer(pool) ? terminating("P19", "IPPool") : undefined;
  const indexed = world.index ? world : { ...world, index: indexWorld(world) };
  const first =
    immutableError("P4", old?.spec, pool.spec) ??
    familyError("P3", pool.spec.ipVersion, facts) ??
    specError(pool, indexed);
  let errors = only(first);
  if (errors.length === 0) errors = affinityErrors(pool);
  if (errors.length === 0) errors = only(inUseError(pool));
  if (errors.length === 0) errors = only(containmentError(pool, indexed, facts));
  return invalidObject("SpiderIPPool", pool.metadata.name, errors);
}

/** The validating step for a deletion (P20). */
export function validatePoolDelete(pool: SpiderIPPool, facts: SpiderpoolFacts): Denial | undefined {
  return invalidObject("SpiderIPPool", pool.metadata.name, only(deleteError("P20", pool, facts)));
}

/** No pool of the family has another CIDR that shares addresses (P6); same CIDR is fine. */
function otherCidrError(pool: SpiderIPPool, world: World): FieldError | undefined {
  const { subnet, ipVersion } = pool.spec;
  const unversioned = world.index!.unversionedPool();
  if (unversioned !== undefined) return unversionedError("P6", "SpiderIPPool", unversioned);
  const other = world.index!.poolCidrInTheWay(ipVersion!, subnet);
  if (other === undefined) return undefined;
  const [holder] = world.index!.poolsByCidr(ipVersion!).get(other.key)!.keys();
  return other.readable
    ? invalid("P6", "spec.subnet", subnet, `overlaps with IPPool ${holder} whose subnet is ${other.key}`)
    : internal("P6", "spec.subnet", `the stored SpiderIPPool ${holder} has the unreadable subnet ${other.key}`);
}

function specError(pool: SpiderIPPool, world: World): FieldError | undefined {
  return addressError(pool, world) ?? gatewayError("P11", pool.spec) ?? routesError("P13", pool.spec);
}

/** Every entry inside the CIDR (P8), no address that a pool of the same CIDR label has (P9, P10). */
function addressError(pool: SpiderIPPool, world: World): FieldError | undefined {
  const { name } = pool.metadata;
  const { subnet, ips = [], excludeIPs = [] } = pool.spec;
  const own = goPoolSet(subnet ?? "", ips ?? [], excludeIPs ?? []);
  if (own.error !== undefined) return invalid("P8", "spec.ips", ips, own.error);
  const siblings = world.index!.siblingsOf(cidrLabel(subnet));
  const broken = siblings?.unreadable(name);
  if (broken !== undefined) return internal("P10", "spec.subnet", `the stored IPPool ${broken.pool}: ${broken.error}`);
  const clash = siblings?.overlap(name, own.set);
  if (clash === undefined) return undefined;
  return forbidden(
    "P9",
    "spec.ips",
    `overlaps with IPPool ${clash.pool} in ${formatRange(clash)} (ips minus excludeIPs)`,
  );
}

/** podAffinity is absent, or a legal selector with something in it; auto pools may have the app keys only (P14). */
function affinityErrors(pool: SpiderIPPool): FieldError[] {
  const { podAffinity } = pool.spec;
  if (podAffinity === undefined || podAffinity === null) return [];
  const path = "spec.podAffinity";
  const keys = Object.keys(podAffinity.matchLabels ?? {});
  const expressions = podAffinity.matchExpressions ?? [];
  if (isAutoPool(pool)) {
    const foreign = keys.filter((key) => !APP_KEYS.includes(key)).map((key) => `matchLabels ${key}`);
    if (expressions.length > 0) foreign.push("matchExpressions");
    return foreign.map((what) => invalid("P14", path, podAffinity, `an auto-created pool may not have ${what}`));
  }
  const faults: FieldError[] = selectorFaults(podAffinity).map((text) => ({ rule: "P14", text: `${path}.${text}` }));
  if (keys.length + expressions.length === 0) faults.push(invalid("P14", path, podAffinity, "must not be empty"));
  return faults;
}

/** Every address in use stays in ips minus excludeIPs (P16); lists the strict reader refuses fail here (P23). */
function inUseError(pool: SpiderIPPool): FieldError | undefined {
  const { ipVersion, ips, excludeIPs } = pool.spec;
  const records = statusRecords(pool.status?.allocatedIPs);
  if (records === undefined) return internal("P16", "spec.ips", "status.allocatedIPs cannot be read");
  const total = goTotal(ipVersion!, ips ?? [], excludeIPs ?? []);
  if (total === undefined) return internal("P23", "spec.ips", "the ranges cannot be expanded");
  for (const [text, record] of Object.entries(records)) {
    const address = goAddress(text);
    // The record is looked up as text, in canonical spelling.
    if (address !== undefined && formatAddress(address) === text && containsSame(total, ipVersion!, address)) continue;
    return forbidden("P16", "spec.ips", `removes ${text} which is in use by Pod ${record.pod ?? "unknown"}`);
  }
  return undefined;
}

function containsSame(set: RangeSet, version: number, address: number | bigint): boolean {
  return (typeof address === "number") === (version === 4) && contains(set, address);
}

/** The pool lies inside the SpiderSubnet its controller names (P17); an auto pool is exactly what the subnet recorded (P18). */
function containmentError(pool: SpiderIPPool, world: World, facts: SpiderpoolFacts): FieldError | undefined {
  const owner = facts.enableSpiderSubnet ? controllerOf(pool) : undefined;
  if (owner === undefined) return undefined;
  const { ipVersion, ips, excludeIPs } = pool.spec;
  const total = goTotal(ipVersion!, ips ?? [], excludeIPs ?? []);
  if (total === undefined) return internal("P17", "spec.ips", "the ranges cannot be expanded");
  if (total.length === 0) return undefined;
  const subnet = world.subnets.get(owner.name);
  if (subnet === undefined) return internal("P17", "spec.subnet", `there is no SpiderSubnet ${owner.name}`);
  const offered = goTotal(subnet.spec.ipVersion ?? ipVersion!, subnet.spec.ips ?? [], subnet.spec.excludeIPs ?? []);
  if (offered === undefined)
    return internal("P17", "spec.ips", `the ranges of SpiderSubnet ${owner.name} cannot be read`);
  const outside = subtract(total, offered);
  if (outside.length > 0) {
    return forbidden(
      "P17",
      "spec.ips",
      `${formatRangeSet(outside).join(", ")} is not offered by SpiderSubnet ${owner.name}`,
    );
  }
  return isAutoPool(pool) ? autoPoolError(pool, subnet, total) : undefined;
}

function autoPoolError(pool: SpiderIPPool, subnet: SpiderSubnet, total: RangeSet): FieldError | undefined {
  const record = statusRecords(subnet.status?.controlledIPPools)?.[pool.metadata.name];
  const ips = Array.isArray(record?.ips) ? (record.ips as string[]) : [];
  const recorded = goUnion(pool.spec.ipVersion!, ips);
  if (recorded !== undefined && equal(recorded, total)) return undefined;
  return forbidden(
    "P18",
    "spec.ips",
    `an auto-created pool has what SpiderSubnet ${subnet.metadata.name} recorded for it`,
  );
}

function only(error: FieldError | undefined): FieldError[] {
  return error === undefined ? [] : [error];
}
