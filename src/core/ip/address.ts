import ipaddr from "ipaddr.js";

/**
 * One IP address as an integer. The type is the family: a `number` (unsigned 32 bits) is IPv4, a `bigint`
 * (unsigned 128 bits) is IPv6, so the two can never be mixed by accident: `1 < 2n` compares, but no set holds both.
 */
export type Address = number | bigint;

/** IP family as Spiderpool's `ipVersion` spells it (S8, S10). */
export type Family = 4 | 6;

const MAX_V4 = 0xffff_ffff;
const MAX_V6 = (1n << 128n) - 1n;

/** The family an address belongs to. */
export function familyOf(address: Address): Family {
  return typeof address === "number" ? 4 : 6;
}

/**
 * Reads one full address. IPv4 as a dotted quad without leading zeros, IPv6 in any legal spelling without a zone (R2).
 * IPv4-mapped IPv6 (`::ffff:a.b.c.d`) is refused (R7).
 * @returns the address, or `undefined` if the text is not one.
 */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): number | undefined {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (octet < 0 || dots === 3) return undefined;
      value = value * 256 + octet;
      octet = -1;
      dots++;
    } else if (code >= 48 && code <= 57) {
      if (octet === 0) return undefined; // leading zero (R2)
      octet = octet < 0 ? code - 48 : octet * 10 + code - 48;
      if (octet > 255) return undefined;
    } else return undefined;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : undefined;
}

function parseV6(text: string): bigint | undefined {
  // ipaddr.js takes zones and groups of more than four digits, Go does not.
  if (/[%]|[0-9a-f]{5}/i.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const parsed = ipaddr.IPv6.parse(text);
  if (text.includes(".") || parsed.isIPv4MappedAddress()) return undefined;
  let value = 0n;
  for (const part of parsed.parts) value = (value << 16n) | BigInt(part);
  return value;
}

/** Canonical text: dotted quad, or RFC 5952 lower case with the leftmost longest zero run compressed (R6). */
export function formatAddress(address: Address): string {
  if (typeof address === "number") {
    return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  }
  const parts: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) parts.push(Number((address >> shift) & 0xffffn));
  const run = longestZeroRun(parts);
  const hex = (from: number, to: number) =>
    parts
      .slice(from, to)
      .map((part) => part.toString(16))
      .join(":");
  return run.length < 2 ? hex(0, 8) : `${hex(0, run.start)}::${hex(run.start + run.length, 8)}`;
}

function longestZeroRun(parts: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let i = 0; i < parts.length; ) {
    let end = i;
    while (end < parts.length && parts[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    i = end + 1;
  }
  return best;
}

/** The address after this one, or `undefined` at the end of the family's space. */
export function nextAddress(address: Address): Address | undefined {
  if (typeof address === "number") return address === MAX_V4 ? undefined : address + 1;
  return address === MAX_V6 ? undefined : address + 1n;
}

/** The address before this one, or `undefined` at the start of the family's space. */
export function previousAddress(address: Address): Address | undefined {
  if (typeof address === "number") return address === 0 ? undefined : address - 1;
  return address === 0n ? undefined : address - 1n;
}

/** The address `steps` after this one (steps may be negative); the caller keeps it inside the family's space. */
export function offsetAddress(address: Address, steps: number): Address {
  return typeof address === "number" ? address + steps : address + BigInt(steps);
}

/** Order of addresses of one family, for `sort`. */
export function compareAddresses(a: Address, b: Address): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
