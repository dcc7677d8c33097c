import { type Address, type Family, familyOf, formatAddress } from "../../ip/address.js";
import { addressSet, EMPTY, type RangeSet, rangeSet, subtract, union } from "../../ip/range-set.js";
import { poolRecords } from "../../usage.js";
import { goRange, goUnion } from "../go-ip.js";
import type { SpiderIPPool, SpiderReservedIP } from "../objects.js";

/** Records one pool can hold (F4). */
export const MAX_RECORDS = 5000;

/** The address a Pod gets from a pool; `undefined` if the pool is full and the next one is to be tried (A13). */
export interface Choice {
  readonly address: Address;
  /** Whether the pool had it recorded for this Pod already (A15). */
  readonly reused: boolean;
}

/**
 * Spiderpool's choice inside one pool: the record of the same Pod UID, else the lowest free address, entry by entry
 * of `ips` (A14, A15). Costs ranges, not addresses.
 * @param reserved all addresses of SpiderReservedIPs of the pool's family
 */
export function chooseAddress(pool: SpiderIPPool, uid: string, reserved: RangeSet): Choice | undefined {
  const records = poolRecords(pool);
  const own = records.find((record) => record.uid === uid);
  if (own !== undefined) return { address: own.address, reused: true };
  if (records.length >= MAX_RECORDS) return undefined;
  const family = (pool.spec.ipVersion ?? 4) as Family;
  const excluded = goUnion(family, pool.spec.excludeIPs ?? []) ?? EMPTY;
  const recorded = addressSet(
    records.map((record) => record.address).filter((address) => familyOf(address) === family),
  );
  const taken = union(excluded, reserved, recorded);
  for (const entry of pool.spec.ips ?? []) {
    const range = goRange(family, entry); // P23: a descending range yields nothing
    if (range === undefined || familyOf(range.first) !== family) continue;
    const [free] = subtract([range], taken);
    if (free !== undefined) return { address: free.first, reused: false };
  }
  return undefined;
}

/** All reserved addresses of one family. */
export function reservedAddresses(reserved: Iterable<SpiderReservedIP>, family: Family): RangeSet {
  const ranges = [];
  for (const { spec } of reserved) {
    if (spec.ipVersion !== undefined && spec.ipVersion !== family) continue;
    for (const entry of spec.ips ?? []) {
      const range = goRange(family, entry);
      if (range !== undefined && familyOf(range.first) === family) ranges.push(range);
    }
  }
  return rangeSet(ranges);
}

/** `status.allocatedIPs` with one more record (T1); the text is that of a JSON object keyed by address. */
export function withRecord(text: string | undefined, address: Address, pod: string, uid: string): string {
  const all = { ...records(text), [formatAddress(address)]: { pod, podUid: uid } };
  return JSON.stringify(Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** `status.allocatedIPs` without the records of these addresses; absent when nothing is left (T1). */
export function withoutRecords(text: string | undefined, addresses: Iterable<Address>): string | undefined {
  const left = records(text);
  for (const address of addresses) delete left[formatAddress(address)];
  return Object.keys(left).length === 0 ? undefined : JSON.stringify(left);
}

function records(text: string | undefined): Record<string, unknown> {
  return text ? (JSON.parse(text) as Record<string, unknown>) : {};
}
