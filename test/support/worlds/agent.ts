import type { EndpointIP, KubeObject, SpiderEndpoint, SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { offeredBy, reservedBy } from "./addresses.js";
import { areUnnamed, asked, type Family, tried } from "./asking.js";
import { isNamed, isOrdinal } from "./life.js";
import { endpointsOf, keyOf, type Objects, poolsOf, recordsOf, reservedOf, withRecords } from "./objects.js";

/**
 * Spiderpool's agent, naive: address by address, sharing no line with the engine's model (A1-A19). Worlds have Pods with
 * one NIC, eth0, on a network their template names, or with a second, net1.
 */

/** Takes one of so many equals. */
export type Choose = (count: number) => number;

/**
 * The address a Pod gets of a pool: the one it has there already, whichever NIC has it (A15), else the first nobody has and
 * no reservation covers (A14); a Pod that gives its own back first may get that.
 */
export function freeIn(
  objects: Objects,
  pool: SpiderIPPool,
  { kept, givenBack }: { readonly kept: ReadonlySet<string>; readonly givenBack: ReadonlySet<string> },
): string | undefined {
  const records = recordsOf(pool);
  const own = Object.keys(records).find((address) => kept.has(address));
  if (own !== undefined) return own;
  const reserved = new Set([...reservedOf(objects).values()].flatMap(reservedBy));
  return offeredBy(pool).find(
    (address) => !reserved.has(address) && (records[address] === undefined || givenBack.has(address)),
  );
}

export interface Held {
  readonly nic: string;
  readonly family: Family;
  readonly address: string;
  readonly pool: string;
}

/** What a Pod has, as its endpoint says. */
export function heldBy(endpoint: SpiderEndpoint | undefined): Held[] {
  return (endpoint?.status?.current?.ips ?? []).flatMap((ip) => [
    ...(ip.ipv4
      ? [{ nic: ip.interface, family: 4 as const, address: ip.ipv4.split("/")[0]!, pool: ip.ipv4Pool! }]
      : []),
    ...(ip.ipv6
      ? [{ nic: ip.interface, family: 6 as const, address: ip.ipv6.split("/")[0]!, pool: ip.ipv6Pool! }]
      : []),
  ]);
}

/** The NICs on which a StatefulSet Pod that comes back takes over what its ordinal had: all of them or none (A18, A19). */
export function comeBack(objects: Objects, pod: KubeObject): ReadonlySet<string> {
  const endpoint = endpointsOf(objects).get(keyOf(pod));
  const names = asked(objects, pod);
  // Z5: where no item names its interface, no record is found under one.
  if (!isOrdinal(pod) || endpoint === undefined || names === undefined || areUnnamed(pod)) return new Set();
  const held = heldBy(endpoint);
  // Only NICs that ask are compared; one that left the template keeps its own (Z4).
  const named = held.every(({ nic, family, pool }) => !names.has(nic) || names.get(nic)![family].includes(pool));
  return new Set(named ? held.map(({ nic }) => nic) : []);
}

/** What one NIC gets: `own` = what it had, else pools by family. */
export type Prospect = "own" | ReadonlyMap<Family, ReadonlySet<string>>;

/**
 * What one Pod that restarts alone may get, by NIC; a NIC that starts without an address and without an error (A5) is not
 * there. Undefined = nothing at all, for at least one choice.
 */
export function prospects(objects: Objects, pod: KubeObject): Map<string, Prospect> | undefined {
  const names = asked(objects, pod);
  if (names === undefined) return undefined;
  const back = comeBack(objects, pod);
  const held = heldBy(endpointsOf(objects).get(keyOf(pod)));
  const addresses = (own: boolean) =>
    new Set(held.filter(({ nic }) => back.has(nic) === own).map(({ address }) => address));
  const own = { kept: addresses(true), givenBack: addresses(false) };
  const found = new Map<string, Prospect>();
  for (const [nic, lists] of names) {
    if (back.has(nic)) {
      found.set(nic, "own");
      continue;
    }
    const served = new Map<Family, Set<string>>();
    for (const family of [4, 6] as const) {
      if (lists[family].length === 0) continue;
      const group = tried(objects, pod, { nic, family }, lists[family])
        .map((pools) => pools.filter((pool) => freeIn(objects, pool, own) !== undefined))
        .find((pools) => pools.length > 0);
      if (group === undefined) return undefined; // A10
      served.set(family, new Set(group.map((pool) => pool.metadata.name)));
    }
    if (served.size > 0) found.set(nic, served);
  }
  return found.size === 0 ? undefined : found;
}

/** Frees what is recorded for a Pod that is over; its endpoint stays (Z2). */
export function free(objects: Objects, pod: KubeObject): void {
  for (const pool of poolsOf(objects).values()) {
    const records = recordsOf(pool);
    const left = Object.entries(records).filter(([, record]) => record.pod !== keyOf(pod));
    if (left.length < Object.keys(records).length) objects.put(withRecords(pool, Object.fromEntries(left)));
  }
}

/** Frees what is recorded for the Pod, but on NICs that keep theirs, and forgets it in its endpoint. */
export function release(objects: Objects, pod: KubeObject, kept: ReadonlySet<string> = new Set()): void {
  const key = keyOf(pod);
  const endpoint = endpointsOf(objects).get(key);
  const stay = new Set(
    heldBy(endpoint)
      .filter(({ nic }) => kept.has(nic))
      .map(({ address }) => address),
  );
  for (const pool of poolsOf(objects).values()) {
    const records = recordsOf(pool);
    const left = Object.entries(records).filter(([address, record]) => record.pod !== key || stay.has(address));
    if (left.length < Object.keys(records).length) objects.put(withRecords(pool, Object.fromEntries(left)));
  }
  if (endpoint === undefined) return;
  const ips = (endpoint.status?.current?.ips ?? []).filter((ip) => kept.has(ip.interface));
  if (ips.length === 0) objects.remove(endpoint);
  else objects.put({ ...endpoint, status: { ...endpoint.status!, current: { ...endpoint.status!.current!, ips } } });
}

/** Gives a Pod its addresses and writes them down; false when it gets none, because one of its NICs does not (A10). */
export function connect(objects: Objects, pod: KubeObject, choose: Choose): boolean {
  const names = asked(objects, pod);
  // Where no NIC asks nobody calls Spiderpool, and its records stay.
  if (names === undefined || names.size === 0) return false;
  const back = comeBack(objects, pod);
  release(objects, pod, back);
  const old = endpointsOf(objects).get(keyOf(pod));
  const ips: EndpointIP[] = [...(old?.status?.current?.ips ?? [])];
  const kept = new Set(heldBy(old).map(({ address }) => address));
  for (const [nic, lists] of names) {
    if (back.has(nic)) continue;
    const ip: EndpointIP = { interface: nic };
    for (const family of [4, 6] as const) {
      if (lists[family].length === 0) continue;
      const taken = take(objects, pod, { nic, family }, lists[family], { choose, kept });
      if (taken === undefined) {
        release(objects, pod, back);
        return false;
      }
      kept.add(taken.address);
      if (family === 4) Object.assign(ip, { ipv4: `${taken.address}/24`, ipv4Pool: taken.pool });
      else Object.assign(ip, { ipv6: `${taken.address}/64`, ipv6Pool: taken.pool });
    }
    if (ip.ipv4 !== undefined || ip.ipv6 !== undefined) ips.push(ip);
  }
  if (ips.length === 0) return false;
  for (const { address, pool } of heldBy(old)) record(objects, pool, address, pod);
  objects.put(
    endpointOf(
      pod,
      ips.sort((a, b) => (a.interface < b.interface ? -1 : 1)),
    ),
  );
  return true;
}

function take(
  objects: Objects,
  pod: KubeObject,
  wish: { readonly nic: string; readonly family: Family },
  names: readonly string[],
  { choose, kept }: { readonly choose: Choose; readonly kept: ReadonlySet<string> },
) {
  for (const group of tried(objects, pod, wish, names)) {
    const left = [...group];
    while (left.length > 0) {
      const [pool] = left.splice(choose(left.length), 1) as [SpiderIPPool];
      const address = freeIn(objects, pool, { kept, givenBack: new Set() });
      if (address === undefined) continue;
      record(objects, pool.metadata.name, address, pod);
      return { pool: pool.metadata.name, address };
    }
  }
  return undefined;
}

export function record(objects: Objects, name: string, address: string, pod: KubeObject): void {
  const pool = poolsOf(objects).get(name);
  if (pool === undefined) return;
  const entry = { pod: keyOf(pod), podUid: pod.metadata.uid! };
  objects.put(withRecords(pool, { ...recordsOf(pool), [address]: entry }));
}

function endpointOf(pod: KubeObject, ips: EndpointIP[]): SpiderEndpoint {
  const { namespace, name, uid = "", ownerReferences = [] } = pod.metadata;
  const [kind, owner] =
    ownerReferences[0]!.kind === "StatefulSet"
      ? ["StatefulSet", name.replace(/-\d+$/, "")]
      : ["Deployment", ownerReferences[0]!.name.replace(/-rs\d*$/, "")];
  const ofPod = { apiVersion: "v1", kind: "Pod", name, uid };
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderEndpoint",
    // Z1: only an ordinal of apps/v1 outlives its Pod.
    metadata: { namespace, name, ...(isNamed(pod) && !isOrdinal(pod) && { ownerReferences: [ofPod] }) },
    status: {
      ownerControllerType: kind,
      ownerControllerName: owner,
      current: { uid, node: (pod.spec as { nodeName: string }).nodeName, ips },
    },
  };
}
