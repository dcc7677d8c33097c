import { type Address, type Family, familyOf, formatAddress, parseAddress } from "./address.js";

/** An inclusive run of addresses of one family, `first <= last`. */
export interface Range {
  readonly first: Address;
  readonly last: Address;
}

/** A network in CIDR form; `network` is the lowest address of it. */
export interface Cidr {
  readonly family: Family;
  readonly network: Address;
  /** The address as it was written, host bits included; equal to `network` in canonical form. */
  readonly address: Address;
  readonly prefix: number;
}

/**
 * Reads Spiderpool's range notation: `IP` or `IP-IP`, one family, ascending, no blanks (R1).
 * @returns the range, or `undefined` if the text is not one.
 */
export function parseRange(text: string): Range | undefined {
  const dash = text.indexOf("-");
  if (dash < 0) {
    const only = parseAddress(text);
    return only === undefined ? undefined : { first: only, last: only };
  }
  const first = parseAddress(text.slice(0, dash));
  const last = parseAddress(text.slice(dash + 1));
  if (first === undefined || last === undefined || familyOf(first) !== familyOf(last) || first > last) return undefined;
  return { first, last };
}

/** Spiderpool's notation: one address bare, else `first-last` in canonical spelling (M5, R6). */
export function formatRange(range: Range): string {
  return range.first === range.last
    ? formatAddress(range.first)
    : `${formatAddress(range.first)}-${formatAddress(range.last)}`;
}

/**
 * How many addresses a range holds: exact up to 2^53, an approximation beyond (only IPv6 gets there).
 */
export function rangeSize(range: Range): number {
  return typeof range.first === "number"
    ? (range.last as number) - range.first + 1
    : Number((range.last as bigint) - range.first) + 1;
}

/**
 * Reads a CIDR, host bits allowed.
 * @returns the CIDR, or `undefined` if the text is not one.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const prefix = Number(digits);
  const bits = typeof address === "number" ? 32 : 128;
  if (prefix > bits) return undefined;
  return { family: familyOf(address), network: networkAddress(address, prefix), address, prefix };
}

/** Canonical text of the network, e.g. `10.6.0.0/16` (P5). */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.network)}/${cidr.prefix}`;
}

/** All addresses of the network, ends included (R5). */
export function cidrRange(cidr: Cidr): Range {
  if (typeof cidr.network === "number") {
    return { first: cidr.network, last: cidr.network + 2 ** (32 - cidr.prefix) - 1 };
  }
  return { first: cidr.network, last: cidr.network + (1n << BigInt(128 - cidr.prefix)) - 1n };
}

/** Whether two runs of addresses share one; ranges of different families never do. */
export function rangesOverlap(a: Range, b: Range): boolean {
  return familyOf(a.first) === familyOf(b.first) && a.first <= b.last && b.first <= a.last;
}

/** Whether the address lies inside the range. */
export function rangeContains(range: Range, address: Address): boolean {
  return familyOf(range.first) === familyOf(address) && range.first <= address && address <= range.last;
}

/** The first address of the network of a prefix length that an address lies in. */
export function networkAddress(address: Address, prefix: number): Address {
  if (typeof address === "number") {
    const size = 2 ** (32 - prefix);
    return Math.floor(address / size) * size;
  }
  const shift = BigInt(128 - prefix);
  return (address >> shift) << shift;
}
