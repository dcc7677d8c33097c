import { type Address, type Family, familyOf, formatAddress, parseAddress } from "../ip/address.js";
import { type Cidr, cidrRange, formatCidr, formatRange, parseCidr, parseRange, type Range } from "../ip/range.js";
import { type RangeSet, rangeSet } from "../ip/range-set.js";
import type { Route } from "../spiderpool/objects.js";
import type { PlanRoute } from "./plan.generated.js";
import { fail, into, type Scope } from "./scope.js";
import { unwritten } from "./unwritten.js";

/** One range and the place it was written at. */
export interface WrittenRange {
  readonly range: Range;
  readonly scope: Scope;
}

/** Reads a list of ranges entry by entry (R1-R7); a bad one is noted and left out. */
export function readRanges(texts: readonly string[], scope: Scope): WrittenRange[] {
  const written: WrittenRange[] = [];
  texts.forEach((text, index) => {
    const range = parseRange(text);
    if (range !== undefined) written.push({ range, scope: into(scope, index) });
    else {
      fail(into(scope, index), "SP2008", `${shown(text)} is no address or range: ${addressFault(text)}`, {
        hint: "write 10.6.124.10 or 10.6.124.10-10.6.124.49",
      });
    }
  });
  return written;
}

/** The ranges that lie in the CIDR, as a set; each that does not is noted (P8, U5). */
export function insideCidr(written: readonly WrittenRange[], cidr: Cidr, of: string): RangeSet {
  const whole = cidrRange(cidr);
  return rangeSet(
    written.flatMap(({ range, scope }) => {
      if (familyOf(range.first) === cidr.family && range.first >= whole.first && range.last <= whole.last) return range;
      fail(scope, "SP2010", `${formatRange(range)} lies outside ${formatCidr(cidr)}, the CIDR of ${of}`);
      return [];
    }),
  );
}

/** One address; undefined, and noted, if the text is none. */
export function readAddress(text: string, scope: Scope): Address | undefined {
  const address = parseAddress(text);
  if (address === undefined) fail(scope, "SP2008", `${shown(text)} is no address: ${addressFault(text)}`);
  return address;
}

/** A CIDR in canonical form (P5); undefined, and noted, if the text is none; host bits are noted and dropped. */
export function readCidr(text: string, scope: Scope): Cidr | undefined {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    const slash = text.indexOf("/");
    const fault =
      unwritten(text) ??
      (slash < 0 ? "the /prefix is missing" : cidrFault(text.slice(0, slash), text.slice(slash + 1)));
    fail(scope, "SP2009", `${shown(text)} is no CIDR: ${fault}`, { hint: "write it like 10.6.124.0/24" });
    return undefined;
  }
  const canonical = formatCidr(cidr);
  if (text !== canonical) {
    fail(scope, "SP2009", `${text} is not written as the network it means`, { hint: `write ${canonical} (P5)` });
  }
  return { ...cidr, address: cidr.network };
}

/** A gateway inside the CIDR (P11); undefined, and noted, if it is not. */
export function readGateway(text: string, cidr: Cidr, scope: Scope): Address | undefined {
  const address = readAddress(text, scope);
  if (address === undefined) return undefined;
  if (liesIn(address, cidr)) return address;
  fail(scope, "SP2012", `gateway ${text} lies outside ${formatCidr(cidr)}`);
  return undefined;
}

/** Whether an address lies in a CIDR. */
export function liesIn(address: Address, cidr: Cidr): boolean {
  const whole = cidrRange(cidr);
  return familyOf(address) === cidr.family && address >= whole.first && address <= whole.last;
}

/** Routes inside one subnet (P13): no default route, each destination once, gateways inside the CIDR. */
export function readRoutes(routes: readonly PlanRoute[], cidr: Cidr, scope: Scope): Route[] {
  const seen = new Set<string>();
  return routes.flatMap((route, index) => {
    const here = into(scope, index);
    const read = readRoute(route, here);
    if (read === undefined) return [];
    if (seen.has(route.to)) {
      fail(into(here, "to"), "SP2016", `there are two routes to ${route.to}`);
      return [];
    }
    seen.add(route.to);
    if (read.family !== cidr.family || !liesIn(read.gateway, cidr)) {
      fail(into(here, "via"), "SP2016", `route gateway ${route.via} lies outside ${formatCidr(cidr)}`);
      return [];
    }
    return [read.route];
  });
}

/** One route by itself: both ends of one family, not the default route. */
export function readRoute(
  route: PlanRoute,
  scope: Scope,
): { route: Route; gateway: Address; family: Family } | undefined {
  const to = parseCidr(route.to);
  if (to === undefined) {
    fail(into(scope, "to"), "SP2016", `route destination ${shown(route.to)} is no CIDR`, {
      hint: "write it like 10.7.0.0/16",
    });
  } else if (to.prefix === 0) {
    fail(into(scope, "to"), "SP2016", `${route.to} is the default route, which only \`gateway\` can set (P13)`);
  }
  const gateway = readAddress(route.via, into(scope, "via"));
  if (to === undefined || to.prefix === 0 || gateway === undefined) return undefined;
  if (to.family !== familyOf(gateway)) {
    fail(into(scope, "via"), "SP2016", `route to ${route.to} has a gateway of the other family, ${route.via}`);
    return undefined;
  }
  return { route: { dst: route.to, gw: formatAddress(gateway) }, gateway, family: to.family };
}

/** Why a text is no address or range, in words (R1, R2, R7). */
function addressFault(text: string): string {
  const never = unwritten(text);
  if (never !== undefined) return never;
  if (/\s/.test(text)) return "it holds a blank";
  if (text.includes("/")) return "a CIDR is not allowed here";
  if (text.includes("*")) return "wildcards are not allowed";
  const ends = text.split("-");
  if (ends.length > 2) return "it has more than one dash";
  for (const end of ends) {
    const fault = endFault(end);
    if (fault !== undefined) return fault;
  }
  const [first, last] = ends.map(parseAddress) as [Address, Address];
  if (familyOf(first) !== familyOf(last)) return "its ends are of two families";
  return "its start is above its end";
}

function endFault(end: string): string | undefined {
  if (parseAddress(end) !== undefined) return undefined;
  if (end === "") return "an end is missing";
  if (/^\d{1,3}$/.test(end)) return `write both ends in full, not just ${end}`;
  if (/^[\d.]+$/.test(end) && /(^|\.)0\d/.test(end)) return "octets with leading zeros are ambiguous";
  if (/^::ffff:/i.test(end)) return "IPv4-mapped IPv6 is refused (R7)";
  if (end.includes("%")) return "a zone is not allowed";
  return `${shown(end)} is not an IP address`;
}

function cidrFault(address: string, prefix: string): string {
  const fault = endFault(address);
  return fault ?? `/${prefix.slice(0, 20)} is no prefix length of it`;
}

function shown(text: string): string {
  return text.length > 60 ? `${JSON.stringify(text.slice(0, 57))}...` : JSON.stringify(text);
}
