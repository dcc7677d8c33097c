import { type Address, familyOf } from "../../ip/address.js";
import type { SpiderpoolFacts } from "../facts.js";
import { type GoCidr, goAddress, goCidr, goEntryCovers, isGoAddress, isGoCidr } from "../go-ip.js";
import { KEYS, type KubeObject, type SpiderSubnet } from "../objects.js";
import { type FieldError, forbidden, internal, invalid } from "./denial.js";

/*
 * Checks that pools, subnets and reservations share. Each takes the rule it stands for, as the same check is P11 on a
 * pool and U6 on a subnet.
 */

type AddressSpec = SpiderSubnet["spec"];

/** ipVersion is 4 or 6 and that family is switched on (P3, U1, V1). */
export function familyError(rule: string, version: number | undefined, facts: SpiderpoolFacts): FieldError | undefined {
  const path = "spec.ipVersion";
  if (version === undefined || version === null) {
    return invalid(rule, path, version, "was not derived, the address it is derived from may be invalid");
  }
  if (version !== 4 && version !== 6) return invalid(rule, path, version, 'supported values: "4", "6"');
  const enabled = version === 4 ? facts.enableIPv4 : facts.enableIPv6;
  return enabled ? undefined : forbidden(rule, path, `IPv${version} is disabled`);
}

/** subnet is a CIDR of the family in canonical form (P5, U2). */
export function cidrError(rule: string, version: number, subnet: string | undefined): FieldError | undefined {
  const text = subnet ?? "";
  if (!isGoCidr(version, text)) return invalid(rule, "spec.subnet", text, `not a CIDR of IPv${version}`);
  const { canonical } = goCidr(text)!;
  return canonical === text
    ? undefined
    : invalid(rule, "spec.subnet", text, `not in canonical form, write ${canonical}`);
}

/** ipVersion and subnet never change (P4, U1); a version that was absent may appear. */
export function immutableError(rule: string, old: AddressSpec | undefined, next: AddressSpec): FieldError | undefined {
  if (old === undefined) return undefined;
  const both = old.ipVersion !== undefined && next.ipVersion !== undefined;
  if (both && old.ipVersion !== next.ipVersion) return forbidden(rule, "spec.ipVersion", "is not changeable");
  return old.subnet === next.subnet ? undefined : forbidden(rule, "spec.subnet", "is not changeable");
}

/** gateway is inside the subnet and not on offer, unless an exclusion covers it (P11, U6). */
export function gatewayError(rule: string, spec: AddressSpec): FieldError | undefined {
  const { gateway, ipVersion } = spec;
  if (gateway === undefined || gateway === null) return undefined;
  const outside = insideError(rule, "spec.gateway", ipVersion!, spec.subnet, gateway);
  if (outside !== undefined) return outside;
  if (spec.excludeIPs?.some((entry) => goEntryCovers(ipVersion!, entry, gateway))) return undefined;
  const clash = spec.ips?.findIndex((entry) => goEntryCovers(ipVersion!, entry, gateway)) ?? -1;
  if (clash < 0) return undefined;
  return invalid(
    rule,
    `spec.ips[${clash}]`,
    spec.ips![clash],
    `holds spec.gateway ${gateway}; take it out of spec.ips or add it to spec.excludeIPs`,
  );
}

/** routes: no default route, no destination twice as text, a CIDR each, next hop inside the subnet (P13, U6). */
export function routesError(rule: string, spec: AddressSpec): FieldError | undefined {
  const version = spec.ipVersion!;
  const seen = new Set<string>();
  for (const [index, route] of (spec.routes ?? []).entries()) {
    const path = `spec.routes[${index}]`;
    const dst = route.dst ?? "";
    if (dst === (version === 4 ? "0.0.0.0/0" : "::/0")) {
      return invalid(rule, `${path}.dst`, dst, "the default route is set with spec.gateway");
    }
    if (seen.has(dst)) return invalid(rule, `${path}.dst`, dst, "a route to this destination is there already");
    seen.add(dst);
    if (!isGoCidr(version, dst)) return invalid(rule, `${path}.dst`, dst, `not a CIDR of IPv${version}`);
    const outside = insideError(rule, `${path}.gw`, version, spec.subnet, route.gw ?? "");
    if (outside !== undefined) return outside;
  }
  return undefined;
}

function insideError(
  rule: string,
  path: string,
  version: number,
  subnet: string,
  text: string,
): FieldError | undefined {
  const cidr = goCidr(subnet);
  if (cidr?.family !== version)
    return invalid(rule, path, text, `'spec.subnet' ${subnet} is not a CIDR of IPv${version}`);
  if (!isGoAddress(version, text)) return invalid(rule, path, text, `not an IPv${version} address`);
  return inside(cidr, goAddress(text)!) ? undefined : invalid(rule, path, text, `not inside 'spec.subnet' ${subnet}`);
}

/** Whether the CIDR holds the address; one of the other family never is inside. */
export function inside(cidr: GoCidr, address: Address): boolean {
  return familyOf(address) === cidr.family && cidr.range.first <= address && address <= cidr.range.last;
}

/** Whether the object still carries Spiderpool's finalizer (S17). */
export function hasFinalizer(object: KubeObject): boolean {
  return object.metadata.finalizers?.includes(KEYS.finalizer) ?? false;
}

/** What the guard against deleting used objects says, where it is switched on (P20, U8). */
export function deleteError(
  rule: string,
  object: { status?: { allocatedIPCount?: number } },
  facts: SpiderpoolFacts,
): FieldError | undefined {
  const used = object.status?.allocatedIPCount ?? 0;
  if (!facts.enableValidatingResourcesDeletedWebhook || used <= 0) return undefined;
  return forbidden(rule, "status.allocatedIPCount", `cannot be deleted while ${used} addresses are in use`);
}

/** A status text that holds a JSON object of objects (T1, T2); `undefined` if it is anything else. */
export function statusRecords(text: string | undefined | null): Record<string, Record<string, unknown>> | undefined {
  if (text === undefined || text === null) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (value === null) return {};
    if (typeof value !== "object" || Array.isArray(value)) return undefined;
    const records = Object.entries(value).map(([key, record]) => [key, record ?? {}] as const);
    if (!records.every(([, record]) => typeof record === "object" && !Array.isArray(record))) return undefined;
    return Object.fromEntries(records) as Record<string, Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** A stored object of unknown family makes every comparison with it fail (I26). */
export function unversionedError(rule: string, kind: string, name: string): FieldError {
  return internal(rule, "spec.subnet", `the stored ${kind} ${name} has no ipVersion`);
}
