import { type Address, compareAddresses } from "../../ip/address.js";
import { intersect, type RangeSet } from "../../ip/range-set.js";
import { type GoSet, goPoolSet } from "../go-ip.js";
import {
  KEYS,
  type KubeObject,
  type SpiderIPPool,
  type SpiderMultusConfig,
  type SpiderReservedIP,
  type SpiderSubnet,
} from "../objects.js";
import { CidrIndex, type InTheWay } from "./cidr-index.js";

/** What is stored in the cluster a request meets. Maps are keyed by name, or `namespace/name`. */
export interface World {
  readonly pools: ReadonlyMap<string, SpiderIPPool>;
  readonly subnets: ReadonlyMap<string, SpiderSubnet>;
  readonly reserved: ReadonlyMap<string, SpiderReservedIP>;
  readonly multusConfigs: ReadonlyMap<string, SpiderMultusConfig>;
  readonly networkAttachments: ReadonlyMap<string, KubeObject>;
  /** Made by `indexWorld` for judging many requests in a row; who changes the maps tells the index. */
  readonly index?: WorldIndex;
}

/** Indexes a world, so that judging one pool costs its own ranges and not all pools. */
export function indexWorld(world: Omit<World, "index">): WorldIndex {
  const index = new WorldIndex();
  for (const pool of world.pools.values()) index.putPool(pool);
  for (const subnet of world.subnets.values()) index.putSubnet(subnet);
  return index;
}

interface Claim {
  readonly first: Address;
  readonly last: Address;
  readonly pool: string;
}

/** Pools with one `ippool-cidr` label: who claims which addresses (P9). */
class Siblings {
  private readonly pools = new Map<string, SpiderIPPool>();
  /** Built when first asked for: a single request needs one CIDR of a cluster only. */
  private sets: Map<string, GoSet> | undefined;
  /** Of those, the pools whose ranges cannot be read, and why. */
  private readonly broken = new Map<string, string>();
  private claims: Claim[] = [];
  /** Stored pools do not overlap unless somebody went round the webhook; then every claim is looked at. */
  private disjoint = true;

  put(pool: SpiderIPPool): void {
    this.pools.set(pool.metadata.name, pool);
    if (this.sets !== undefined) this.claim(pool);
  }

  delete(name: string): void {
    this.pools.delete(name);
    const set = this.sets?.get(name);
    this.sets?.delete(name);
    this.broken.delete(name);
    if (!this.disjoint) this.claims = this.claims.filter((claim) => claim.pool !== name);
    else if (set?.error === undefined) for (const { first } of set?.set ?? []) this.claims.splice(this.from(first), 1);
  }

  /** A pool other than `name` whose stored ranges cannot be read (P10). */
  unreadable(name: string): { pool: string; error: string } | undefined {
    this.built();
    for (const [pool, error] of this.broken) if (pool !== name) return { pool, error };
    return undefined;
  }

  /** A pool other than `name` that claims an address of the set, and what of it. */
  overlap(name: string, set: RangeSet): { pool: string; first: Address; last: Address } | undefined {
    this.built();
    for (const range of set) {
      for (let i = this.disjoint ? this.from(range.first) : 0; i < this.claims.length; i++) {
        const claim = this.claims[i]!;
        if (claim.first > range.last) break;
        if (claim.pool === name) continue;
        const [shared] = intersect([range], [claim]);
        if (shared !== undefined) return { pool: claim.pool, ...shared };
      }
    }
    return undefined;
  }

  private built(): Map<string, GoSet> {
    if (this.sets === undefined) {
      this.sets = new Map();
      for (const pool of this.pools.values()) this.claim(pool);
    }
    return this.sets;
  }

  private claim(pool: SpiderIPPool): void {
    const { name } = pool.metadata;
    const set = goPoolSet(pool.spec.subnet ?? "", pool.spec.ips ?? [], pool.spec.excludeIPs ?? []);
    this.sets!.set(name, set);
    if (set.error !== undefined) {
      this.broken.set(name, set.error);
      return;
    }
    for (const { first, last } of set.set) {
      const place = this.disjoint ? this.from(first) : this.claims.length;
      const next = this.claims[place];
      if (next !== undefined && next.first <= last) this.disjoint = false;
      this.claims.splice(place, 0, { first, last, pool: name });
      if (!this.disjoint) this.claims.sort((a, b) => compareAddresses(a.first, b.first));
    }
  }

  /** Index of the first claim that ends at or behind the address; claims are disjoint. */
  private from(address: Address): number {
    let low = 0;
    let high = this.claims.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.claims[middle]!.last < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Lookup tables of a world; mutable, so that a caller that applies what it judged can keep them true. */
export class WorldIndex {
  private readonly siblings = new Map<string, Siblings>();
  private readonly labels = new Map<string, string>();
  private readonly poolCidrs = new Map<number, Map<string, Map<string, SpiderIPPool>>>();
  private readonly poolCidrIndex = new Map<number, CidrIndex>();
  private readonly poolPlaces = new Map<string, { version: number; subnet: string }>();
  private readonly subnetsByLabel = new Map<string, Map<string, SpiderSubnet>>();
  private readonly subnetLabels = new Map<string, string>();
  private readonly subnetCidrIndex = new Map([4, 6].map((version) => [version, new CidrIndex(version)]));

  /** Takes a pool that was created or replaced. */
  putPool(pool: SpiderIPPool): void {
    const { name } = pool.metadata;
    this.deletePool(name);
    const label = pool.metadata.labels?.[KEYS.poolCidr];
    if (label !== undefined) {
      entry(this.siblings, label, () => new Siblings()).put(pool);
      this.labels.set(name, label);
    }
    // 0 stands for a pool without a family (I26).
    const place = { version: pool.spec.ipVersion ?? 0, subnet: pool.spec.subnet ?? "" };
    const byCidr = entry(this.poolCidrs, place.version, () => new Map<string, Map<string, SpiderIPPool>>());
    if (!byCidr.has(place.subnet))
      entry(this.poolCidrIndex, place.version, () => new CidrIndex(place.version)).put(place.subnet, place.subnet);
    entry(byCidr, place.subnet, () => new Map<string, SpiderIPPool>()).set(name, pool);
    this.poolPlaces.set(name, place);
  }

  /** Forgets a pool that is gone. */
  deletePool(name: string): void {
    const label = this.labels.get(name);
    if (label !== undefined) this.siblings.get(label)?.delete(name);
    this.labels.delete(name);
    const place = this.poolPlaces.get(name);
    if (place === undefined) return;
    const byCidr = this.poolCidrs.get(place.version)!;
    const same = byCidr.get(place.subnet)!;
    same.delete(name);
    if (same.size === 0) {
      byCidr.delete(place.subnet);
      this.poolCidrIndex.get(place.version)!.delete(place.subnet);
    }
    this.poolPlaces.delete(name);
  }

  /** Takes a subnet that was created or replaced. */
  putSubnet(subnet: SpiderSubnet): void {
    const { name } = subnet.metadata;
    this.forgetLabel(name);
    const { ipVersion, subnet: cidr } = subnet.spec;
    for (const [version, index] of this.subnetCidrIndex) {
      if (ipVersion === undefined || ipVersion === version)
        index.put(name, ipVersion === undefined ? "" : (cidr ?? ""));
      else index.delete(name);
    }
    const label = subnet.metadata.labels?.[KEYS.subnetCidr];
    if (label === undefined) return;
    entry(this.subnetsByLabel, label, () => new Map<string, SpiderSubnet>()).set(name, subnet);
    this.subnetLabels.set(name, label);
  }

  /** Forgets a subnet that is gone. */
  deleteSubnet(name: string): void {
    for (const index of this.subnetCidrIndex.values()) index.delete(name);
    this.forgetLabel(name);
  }

  private forgetLabel(name: string): void {
    const label = this.subnetLabels.get(name);
    if (label !== undefined) this.subnetsByLabel.get(label)?.delete(name);
    this.subnetLabels.delete(name);
  }

  /** The first stored CIDR of pools that stands in the way of another one of the family; pools of the same text do not. */
  poolCidrInTheWay(version: number, text: string): InTheWay | undefined {
    return this.poolCidrIndex.get(version)?.inTheWay(text, text);
  }

  /** The first stored subnet, by name, that stands in the way of a CIDR; one without ipVersion always does (I26). */
  subnetInTheWay(version: number, text: string): InTheWay | undefined {
    return this.subnetCidrIndex.get(version)?.inTheWay(text);
  }

  /** Pools with this `ippool-cidr` label. */
  siblingsOf(label: string): Siblings | undefined {
    return this.siblings.get(label);
  }

  /** Pools of a family by the text of their CIDR. */
  poolsByCidr(version: number): ReadonlyMap<string, ReadonlyMap<string, SpiderIPPool>> {
    return this.poolCidrs.get(version) ?? new Map();
  }

  /** The name of a stored pool without ipVersion (I26). */
  unversionedPool(): string | undefined {
    for (const pools of this.poolCidrs.get(0)?.values() ?? []) for (const name of pools.keys()) return name;
    return undefined;
  }

  /** The subnet that adopts pools with this CIDR label: the first by name (M7). */
  subnetWithLabel(label: string): SpiderSubnet | undefined {
    let found: SpiderSubnet | undefined;
    for (const subnet of this.subnetsByLabel.get(label)?.values() ?? []) {
      if (found === undefined || subnet.metadata.name < found.metadata.name) found = subnet;
    }
    return found;
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
