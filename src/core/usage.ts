import { type Address, parseAddress } from "./ip/address.js";
import type { SpiderEndpoint, SpiderIPPool } from "./spiderpool/objects.js";

/** Who uses an address, from the pool's record, the endpoint, or both (T1, T4). */
export interface Holder {
  readonly address: Address;
  readonly pool: string;
  /** `namespace/name`. */
  readonly pod: string;
  readonly uid: string;
  /** Empty when only the pool's record is known. */
  readonly nic: string;
  readonly node: string;
}

/** A Pod in words; Spiderpool's record may have lost its name. */
export function podShown(pod: string): string {
  return pod === "" ? "a Pod without a name" : pod;
}

/** Every address in use (FIXED-1): in a pool's status or in a SpiderEndpoint. */
export interface Usage {
  readonly byPool: ReadonlyMap<string, readonly Holder[]>;
  readonly byAddress: ReadonlyMap<Address, readonly Holder[]>;
  /** Pools of which nobody can tell all users, with what cannot be read; nothing may then be taken from them. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** Addresses that an endpoint tells of and no pool has on record: Spiderpool takes them for free (T1, A14). */
  readonly unrecorded: ReadonlySet<Address>;
  /** Pods whose endpoints are left over: of them only pools' records count (FIXED-1). */
  readonly leftovers: ReadonlySet<string>;
}

/** What tells who uses an address. */
interface UseSources {
  readonly pools: ReadonlyMap<string, SpiderIPPool>;
  readonly endpoints: ReadonlyMap<string, SpiderEndpoint>;
  /** Endpoints that tell of no use by themselves: what a Pod left behind that finished or was replaced (FIXED-1). */
  readonly leftovers: ReadonlySet<string>;
}

/** One address and who has it, as Spiderpool records it in a pool's status (T1). */
export function poolRecords(pool: SpiderIPPool): { address: Address; pod: string; uid: string }[] {
  const records: { address: Address; pod: string; uid: string }[] = [];
  readRecords(pool, (address, pod, uid) => records.push({ address, pod, uid }));
  return records;
}

/** Tells every record with a readable address; false if there is anything else in it. */
function readRecords(pool: SpiderIPPool, tell: (address: Address, pod: string, uid: string) => void): boolean {
  const text = pool.status?.allocatedIPs;
  if (!text) return true;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof value !== "object" || value === null) return false;
  const records = value as Record<string, { pod?: unknown; podUid?: unknown } | null>;
  let readable = !Array.isArray(value);
  for (const ip of Object.keys(records)) {
    const address = parseAddress(ip);
    if (address === undefined) readable = false;
    else tell(address, textOf(records[ip]?.pod), textOf(records[ip]?.podUid));
  }
  return readable;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function same<T>(one: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>): boolean {
  if (one.size !== other.size) return false;
  for (const [key, value] of other) if (one.get(key) !== value) return false;
  return true;
}

function sameNames(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...other].every((name) => one.has(name));
}

/** Whether pools tell of the same users; a pool without any tells nothing. */
function sameRecords(one: ReadonlyMap<string, SpiderIPPool>, other: ReadonlyMap<string, SpiderIPPool>): boolean {
  for (const [name, pool] of other) if (recordText(one.get(name)) !== recordText(pool)) return false;
  for (const [name, pool] of one) if (!other.has(name) && recordText(pool) !== "") return false;
  return true;
}

function recordText(pool: SpiderIPPool | undefined): string {
  return pool?.status?.allocatedIPs || "";
}

/**
 * Who uses what, by the records of pools and by endpoints.
 * @param before what an earlier look came to: taken over where the very same endpoints and records tell of it, whatever
 * else became of the pools
 */
export function usageOf(
  { pools, endpoints, leftovers }: UseSources,
  before?: Omit<UseSources, "leftovers"> & { readonly use: Usage },
): Usage {
  if (
    before &&
    sameRecords(before.pools, pools) &&
    same(before.endpoints, endpoints) &&
    sameNames(before.use.leftovers, leftovers)
  ) {
    return before.use;
  }
  const byAddress = new Map<Address, Holder[]>();
  const byPool = new Map<string, Holder[]>();
  const unreadable = new Map<string, string>();
  const unrecorded = new Set<Address>();
  const left = new Map<string, { readonly nic: string; readonly node: string }>();
  const add = (address: Address, pool: string, pod: string, uid: string, nic: string, node: string) => {
    const same = byAddress.get(address);
    // The pool's record and the endpoint tell of the same Pod: the endpoint knows more (NIC, node).
    if (same?.some((other) => other.pod === pod && other.pool === pool)) return;
    const holder = { address, pool, pod, uid, nic, node };
    if (same === undefined) byAddress.set(address, [holder]);
    else same.push(holder);
    const inPool = byPool.get(pool);
    if (inPool === undefined) byPool.set(pool, [holder]);
    else inPool.push(holder);
  };
  for (const [pod, endpoint] of endpoints) {
    const current = endpoint.status?.current;
    for (const ip of current?.ips ?? []) {
      const [uid, node] = [current?.uid ?? "", current?.node ?? ""];
      const hold = (text: string | undefined, pool: string) => {
        if (!text) return;
        const address = parseAddress(withoutPrefix(text));
        if (address !== undefined && leftovers.has(pod)) {
          left.set(`${address} ${pool} ${pod}`, { nic: ip.interface, node });
        } else if (address !== undefined) {
          add(address, pool, pod, uid, ip.interface, node);
          unrecorded.add(address);
        } else if (!unreadable.has(pool)) unreadable.set(pool, `the address "${text}" of SpiderEndpoint ${pod}`);
      };
      hold(ip.ipv4, ip.ipv4Pool ?? "");
      hold(ip.ipv6, ip.ipv6Pool ?? "");
    }
  }
  for (const pool of pools.values()) {
    const { name } = pool.metadata;
    const readable = readRecords(pool, (address, pod, uid) => {
      // Of what a leftover tells only the pool's own record counts; which NIC it was, the endpoint still knows.
      const { nic = "", node = "" } = left.get(`${address} ${name} ${pod}`) ?? {};
      add(address, name, pod, uid, nic, node);
      unrecorded.delete(address);
    });
    if (!readable) unreadable.set(name, `status.allocatedIPs of ${name}`);
  }
  for (const holders of byAddress.values()) if (holders.length > 1) holders.sort(byAddressAndPod);
  for (const holders of byPool.values()) if (holders.length > 1) holders.sort(byAddressAndPod);
  return { byPool, byAddress, unreadable, unrecorded, leftovers };
}

function byAddressAndPod(a: Holder, b: Holder): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : a.pod < b.pod ? -1 : 1;
}

/** `10.6.0.1/16` -> `10.6.0.1`. */
function withoutPrefix(text: string): string {
  const slash = text.indexOf("/");
  return slash < 0 ? text : text.slice(0, slash);
}
