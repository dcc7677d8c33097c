import { lockText } from "../../../src/adapters/plan-files/lock-text.js";
import { formatRangeSet } from "../../../src/core/ip/range-set.js";
import {
  KINDS,
  type Kind,
  type KubeObject,
  type SpiderEndpoint,
  type SpiderIPPool,
  type SpiderReservedIP,
} from "../../../src/core/spiderpool/objects.js";
import type { Cluster } from "../../../src/ports/cluster.js";
import { everyAddress, offeredBy, reservedBy } from "../worlds/addresses.js";

/** What the rules look at, read at one moment. */
interface Seen {
  readonly pools: readonly SpiderIPPool[];
  readonly reserved: readonly SpiderReservedIP[];
  readonly endpoints: readonly SpiderEndpoint[];
  readonly locks: readonly KubeObject[];
}

/**
 * Every break of FIXED-1 (no address in use left its pool) and FIXED-2 (no address of one owner offered by another's pool),
 * address by address, as one line each.
 * @param actor in-process, which answers lists asked for together from one moment
 * @param poolOfOwner name of the pool of an owner the locks tell of
 */
export async function fixedRulesBroken(actor: Cluster, poolOfOwner: (owner: string) => string): Promise<string[]> {
  const kinds: readonly Kind[] = [KINDS.SpiderIPPool, KINDS.SpiderReservedIP, KINDS.SpiderEndpoint, KINDS.ConfigMap];
  const [pools, reserved, endpoints, maps] = await Promise.all(
    kinds.map(async (kind) => (await actor.list(kind)).items),
  );
  const seen = {
    pools,
    reserved,
    endpoints,
    locks: maps!.filter(({ data }) => data?.["lock.yaml"]),
  } as unknown as Seen;
  const offerers = offerersOf(seen);
  return [...inUseLeft(seen), ...offeredTwice(offerers), ...stolen(seen, offerers, poolOfOwner)];
}

/** FIXED-1, by what pools record and by what endpoints say. */
function inUseLeft({ pools, endpoints }: Seen): string[] {
  const found: string[] = [];
  const offers = new Map(pools.map((pool) => [pool.metadata.name, new Set(offeredBy(pool))]));
  for (const { metadata, status } of pools) {
    for (const [address, { pod }] of recordsOf(status?.allocatedIPs)) {
      if (!offers.get(metadata.name)!.has(address))
        found.push(`FIXED-1: ${address} of ${pod} is recorded in ${metadata.name}, which does not offer it`);
    }
  }
  for (const { metadata, status } of endpoints) {
    for (const { ipv4, ipv4Pool = "" } of status?.current?.ips ?? []) {
      const address = ipv4?.split("/")[0];
      if (address !== undefined && !offers.get(ipv4Pool)?.has(address))
        found.push(`FIXED-1: ${address} of Pod ${metadata.name} is not offered by its pool ${ipv4Pool}`);
    }
  }
  return found;
}

/** FIXED-2, of pools: what two of them offer. */
function offeredTwice(offerers: Offerers): string[] {
  const found: string[] = [];
  for (const [address, names] of offerers)
    if (names.length > 1) found.push(`FIXED-2: ${address} is offered by ${names.join(" and ")}`);
  return found;
}

/** FIXED-2, of owners: what the lock gives to one, or lets rest after one, and another's pool offers. */
function stolen({ locks }: Seen, offerers: Offerers, poolOfOwner: (owner: string) => string): string[] {
  return locks.flatMap(({ metadata, data }) => {
    const { lock } = lockText.parse(metadata.name, metadata.name, data!["lock.yaml"]!);
    return [...lock.held].flatMap(([owner, addresses]) =>
      everyAddress(formatRangeSet(addresses)).flatMap((address) =>
        (offerers.get(address) ?? [])
          .filter((pool) => pool !== poolOfOwner(owner))
          .map((pool) => `FIXED-2: ${address} of ${owner} is offered by ${pool}`),
      ),
    );
  });
}

/** Pools that offer an address, what is reserved left out. */
type Offerers = ReadonlyMap<string, readonly string[]>;

function offerersOf({ pools, reserved }: Seen): Offerers {
  const kept = new Set(reserved.flatMap(reservedBy));
  const found = new Map<string, string[]>();
  for (const pool of pools) {
    for (const address of offeredBy(pool)) {
      if (kept.has(address)) continue;
      const names = found.get(address);
      if (names === undefined) found.set(address, [pool.metadata.name]);
      else names.push(pool.metadata.name);
    }
  }
  return found;
}

function recordsOf(text = ""): [string, { readonly pod: string }][] {
  return Object.entries(JSON.parse(text || "{}") as Record<string, { pod: string }>);
}
