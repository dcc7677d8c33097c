import { OWN, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { offeredBy, reservedBy } from "./addresses.js";
import { heldBy } from "./agent.js";
import { isOver } from "./life.js";
import { endpointsOf, type Objects, poolsOf, recordsOf, reservedOf } from "./objects.js";

/** Faults of a cluster, address by address, that no step of ours may add to. */
export function faultsOf(objects: Objects): Map<string, string> {
  const found = new Map<string, string>();
  const offers = new Map([...poolsOf(objects)].map(([name, pool]) => [name, new Set(offeredBy(pool))]));
  const outside = (address: string, pool: string, pod: string) => {
    if (!offers.get(pool)?.has(address))
      found.set(`use ${address} ${pool} ${pod}`, `${address}, in use by ${pod}, is not offered by ${pool}`);
  };
  for (const [name, pool] of poolsOf(objects)) {
    for (const [address, { pod }] of Object.entries(recordsOf(pool))) outside(address, name, pod);
  }
  for (const [pod, endpoint] of endpointsOf(objects)) {
    if (isLeftover(objects, pod)) continue;
    for (const { address, pool } of heldBy(endpoint)) outside(address, pool, pod);
  }
  const owners = new Map<string, string>();
  for (const [name, set] of [...offers].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const address of set) {
      const other = owners.get(address);
      if (other !== undefined)
        found.set(`twice ${address} ${other} ${name}`, `${address} is in ${other} and in ${name}`);
      owners.set(address, name);
    }
  }
  for (const pool of poolsOf(objects).values()) {
    if (pool.metadata.deletionTimestamp !== undefined && Object.keys(recordsOf(pool)).length > 0)
      found.set(`deleted ${pool.metadata.name}`, `${pool.metadata.name} is being deleted though it is in use`);
  }
  return found;
}

/** Whether the endpoint is of a Pod that is over: no use (FIXED-1). */
export function isLeftover(objects: Objects, key: string): boolean {
  const pod = objects.all("Pod").get(key);
  return pod !== undefined && isOver(pod);
}

/** The owner a pool is for, without its subnet; undefined for a declared or foreign pool. */
export function ownerNow(pool: SpiderIPPool): string | undefined {
  const text = pool.metadata.annotations?.[OWN.owner];
  return text === undefined || text.startsWith("pool:") ? undefined : text.slice(0, text.lastIndexOf("/"));
}

/** The same under the name it was born with. */
export function ownerOf(pool: SpiderIPPool): string | undefined {
  const owner = ownerNow(pool);
  return owner === undefined ? undefined : bornAs(owner);
}

/** Workload `m3` is `w3` after a renaming. */
export function bornAs(owner: string): string {
  return owner.replace(/\/m(\d+)\//, "/w$1/");
}

/** Every address a reservation covers. */
export function reservedAll(objects: Objects): Set<string> {
  return new Set([...reservedOf(objects).values()].flatMap(reservedBy));
}

/** What every object of Spiderpool says, without what Spiderpool keeps for itself. */
export function specTexts(objects: Objects): Map<string, string> {
  const found = new Map<string, string>();
  for (const kind of ["SpiderIPPool", "SpiderSubnet", "SpiderReservedIP", "SpiderMultusConfig"]) {
    for (const [key, { spec, metadata }] of objects.all(kind)) {
      const gone = metadata.deletionTimestamp !== undefined;
      found.set(`${kind} ${key}`, JSON.stringify([spec, metadata.annotations?.[OWN.trackingId] ?? "", gone]));
    }
  }
  for (const [key, { metadata }] of objects.all("Namespace")) {
    found.set(`Namespace ${key}`, JSON.stringify(metadata.annotations ?? {}));
  }
  return found;
}
