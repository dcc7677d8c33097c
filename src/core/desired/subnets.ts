import type { DesiredObject } from "../change/desired-object.js";
import { identity } from "../change/ownership.js";
import { type Family, formatAddress } from "../ip/address.js";
import { addressesText } from "../ip/amount.js";
import { formatCidr } from "../ip/range.js";
import { addressSet, formatRangeSet, intersect, size, subtract } from "../ip/range-set.js";
import type { Plan, Reservation, Subnet } from "../plan/plan.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { KINDS, type SpiderSubnet } from "../spiderpool/objects.js";

/** The SpiderSubnets of a plan; none where Spiderpool's subnet feature is off: they stay in the plan only (F6). */
export function desiredSubnets(plan: Plan, facts: SpiderpoolFacts, install: string): DesiredObject[] {
  if (!facts.enableSpiderSubnet) return [];
  return [...plan.subnets.values()].map((subnet) => ({
    kind: KINDS.SpiderSubnet,
    object: {
      ...identity(install, KINDS.SpiderSubnet, subnet.objectName, { meta: subnet.meta }),
      spec: subnetSpec(subnet),
    },
    reason: `${formatCidr(subnet.cidr)}, ${addressesText(size(subnet.usable))}`,
    source: subnet.source,
    scope: "whole",
  }));
}

function subnetSpec(subnet: Subnet): SpiderSubnet["spec"] {
  const spec: SpiderSubnet["spec"] = {
    subnet: formatCidr(subnet.cidr),
    ipVersion: subnet.family,
    ips: formatRangeSet(
      subnet.gateway === undefined ? subnet.ranges : subtract(subnet.ranges, addressSet([subnet.gateway])),
    ), // U6
  };
  const excluded = intersect(subnet.exclude, subnet.ranges);
  if (excluded.length > 0) spec.excludeIPs = formatRangeSet(excluded);
  if (subnet.gateway !== undefined) spec.gateway = formatAddress(subnet.gateway);
  if (subnet.routes.length > 0) spec.routes = [...subnet.routes];
  return spec;
}

/** The SpiderReservedIPs of a plan: one a reservation, or one a family where it holds both. */
export function desiredReservations(plan: Plan, install: string): DesiredObject[] {
  return [...plan.reserved.values()].flatMap((reservation) => {
    const { v4, v6 } = reservation.addresses;
    const both = v4.length > 0 && v6.length > 0;
    return [
      ...(v4.length > 0 ? [reservedObject(reservation, 4, both ? "-v4" : "", install)] : []),
      ...(v6.length > 0 ? [reservedObject(reservation, 6, both ? "-v6" : "", install)] : []),
    ];
  });
}

function reservedObject(reservation: Reservation, family: Family, suffix: string, install: string): DesiredObject {
  const addresses = family === 4 ? reservation.addresses.v4 : reservation.addresses.v6;
  const kind = KINDS.SpiderReservedIP;
  return {
    kind,
    object: {
      ...identity(install, kind, `${reservation.name}${suffix}`, { meta: reservation.meta }),
      spec: { ipVersion: family, ips: formatRangeSet(addresses) },
    },
    reason: [formatRangeSet(addresses).join(", "), reservation.reason].filter((part) => part !== undefined).join(": "),
    source: reservation.source,
    scope: "whole",
  };
}
