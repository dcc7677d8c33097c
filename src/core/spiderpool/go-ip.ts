import { type Address, compareAddresses, type Family, familyOf, formatAddress, parseAddress } from "../ip/address.js";
import type { Range } from "../ip/range.js";
import { formatRangeSet, type RangeSet, rangeSet, subtract } from "../ip/range-set.js";

/*
 * Addresses as Spiderpool's Go code reads them, leniently where core/ip is strict: this file is the only place that
 * knows the differences (R2, R4, R7, P12, P23), so that the admission model says what the real webhook says.
 */

const GROUP = /^[0-9a-f]{1,4}$/i;
const MAPPED = 0xffffn;

/** Go's net.ParseIP: an IPv4-mapped IPv6 text is the IPv4 address it maps (R7). */
export function goAddress(text: string): Address | undefined {
  if (!text.includes(":")) return parseAddress(text);
  const value = parseV6(text);
  return value !== undefined && value >> 32n === MAPPED ? Number(value & 0xffff_ffffn) : value;
}

/** Whether the text passes Spiderpool's test for an address of the family: it parses, and has a dot or a colon in it (R2, R7). */
export function isGoAddress(family: number, text: string): boolean {
  return text.includes(family === 4 ? "." : ":") && goAddress(text) !== undefined;
}

/** A range entry as Spiderpool's strict reader takes it: ascending, both ends of the family (R1); else `undefined`. */
export function goRange(family: number, text: string): Range | undefined {
  const ends = text.split("-");
  if (ends.length > 2 || !ends.every((end) => isGoAddress(family, end))) return undefined;
  const first = goAddress(ends[0]!)!;
  const last = goAddress(ends.at(-1)!)!;
  return first <= last ? { first, last } : undefined;
}

/** A CIDR as Go's net.ParseCIDR reads it. */
export interface GoCidr {
  readonly family: Family;
  readonly range: Range;
  readonly prefix: number;
  /** The spelling Spiderpool asks for (P5). */
  readonly canonical: string;
}

/** Reads a CIDR in any spelling, host bits allowed; `undefined` if it is not one. */
export function goCidr(text: string): GoCidr | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? undefined : goAddress(text.slice(0, slash));
  if (address === undefined || !/^\d{1,6}$/.test(text.slice(slash + 1))) return undefined;
  const mapped = text.includes(":") && familyOf(address) === 4;
  const prefix = Number(text.slice(slash + 1)) - (mapped ? 96 : 0);
  const bits = familyOf(address) === 4 ? 32 : 128;
  if (prefix < 0 || prefix > bits) return undefined;
  const range = network(address, prefix);
  return { family: familyOf(address), range, prefix, canonical: `${formatAddress(range.first)}/${prefix}` };
}

/** Whether the text is a CIDR of the family. */
export function isGoCidr(family: number, text: string): boolean {
  return goCidr(text)?.family === family;
}

/**
 * Whether an entry covers an address, as the gateway check asks it: an entry without a dash is compared as text (P12),
 * an unreadable entry covers nothing.
 */
export function goEntryCovers(family: number, entry: string, address: string): boolean {
  const range = goRange(family, entry);
  if (range === undefined || !isGoAddress(family, address)) return false;
  if (!entry.includes("-")) return entry === address;
  const value = goAddress(address)!;
  return range.first <= value && value <= range.last;
}

/** Either the addresses, or why the lists cannot be read. */
export type GoSet = { readonly set: RangeSet; readonly error?: undefined } | { readonly error: string };

/**
 * ips minus excludeIPs by the reader of the pool path (P8): every entry inside the CIDR, ips not overlapping, ends of
 * a descending range swapped (P23), a descending exclusion excluding nothing.
 */
export function goPoolSet(subnet: string, ips: readonly string[], excludeIPs: readonly string[]): GoSet {
  const cidr = goCidr(subnet);
  if (cidr === undefined) return { error: `invalid CIDR address: ${subnet}` };
  const included: { range: Range; text: string }[] = [];
  for (const text of ips) {
    const ends = endsInside(cidr, text);
    if (typeof ends === "string") return { error: ends };
    const [a, b] = ends;
    included.push({ text, range: a <= b ? { first: a, last: b } : { first: b, last: a } });
  }
  const overlap = firstOverlap(included);
  if (overlap !== undefined) return { error: overlap };
  const excluded: Range[] = [];
  for (const text of excludeIPs) {
    const ends = endsInside(cidr, text);
    if (typeof ends === "string") return { error: ends };
    if (ends[0] <= ends[1]) excluded.push({ first: ends[0], last: ends[1] });
  }
  return { set: subtract(rangeSet(included.map(({ range }) => range)), rangeSet(excluded)) };
}

/** ips minus excludeIPs by the strict reader: `undefined` if one entry of either is not an ascending range of the family. */
export function goTotal(family: number, ips: readonly string[], excludeIPs: readonly string[]): RangeSet | undefined {
  const included = goUnion(family, ips);
  const excluded = goUnion(family, excludeIPs);
  return included && excluded && subtract(included, excluded);
}

/** All addresses of the entries, or `undefined` if one is not an ascending range of the family. */
export function goUnion(family: number, entries: readonly string[]): RangeSet | undefined {
  const ranges: Range[] = [];
  for (const entry of entries) {
    const range = goRange(family, entry);
    // A mapped address passes the text test for IPv6 but is none (R7).
    if (range === undefined || familyOf(range.first) !== family || familyOf(range.last) !== family) return undefined;
    ranges.push(range);
  }
  return rangeSet(ranges);
}

/** The list as the mutating step stores it (M5): two or more entries fused, one entry as it is; `undefined` if it cannot. */
export function goFuse(family: number, entries: readonly string[]): string[] | undefined {
  if (entries.length < 2) return [...entries];
  const set = goUnion(family, entries);
  return set && formatRangeSet(set);
}

function endsInside(cidr: GoCidr, text: string): [Address, Address] | string {
  const ends = text.split("-");
  if (ends.length > 2 || text.includes("/")) return `invalid range: ${text}`;
  const values: Address[] = [];
  for (const end of ends) {
    const value = goAddress(end);
    if (value === undefined) return `invalid IP address: ${end}`;
    if (familyOf(value) !== cidr.family || value < cidr.range.first || value > cidr.range.last) {
      return `not match base subnet: ${end}`;
    }
    values.push(value);
  }
  return [values[0]!, values.at(-1)!];
}

function firstOverlap(entries: readonly { range: Range; text: string }[]): string | undefined {
  const sorted = [...entries].sort((a, b) => compareAddresses(a.range.first, b.range.first));
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i]!.range.first <= sorted[i - 1]!.range.last) {
      return `range ${sorted[i]!.text} overlaps with ${sorted[i - 1]!.text}`;
    }
  }
  return undefined;
}

function network(address: Address, prefix: number): Range {
  if (typeof address === "number") {
    const size = 2 ** (32 - prefix);
    const first = Math.floor(address / size) * size;
    return { first, last: first + size - 1 };
  }
  const shift = BigInt(128 - prefix);
  const first = (address >> shift) << shift;
  return { first, last: first + (1n << shift) - 1n };
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const parsed = halves.map((half, i) => groups(half, i === halves.length - 1));
  const [head, tail] = parsed;
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])]) {
    value = (value << 16n) | BigInt(group);
  }
  return value;
}

function groups(half: string, last: boolean): number[] | undefined {
  if (half === "") return [];
  const out: number[] = [];
  const parts = half.split(":");
  for (const [i, part] of parts.entries()) {
    const dotted = last && i === parts.length - 1 ? parseAddress(part) : undefined;
    if (typeof dotted === "number") out.push(dotted >>> 16, dotted & 0xffff);
    else if (GROUP.test(part)) out.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return out;
}
