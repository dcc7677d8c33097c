import { compareAddresses, formatAddress } from "../../core/ip/address.js";
import { formatRange, type Range } from "../../core/ip/range.js";
import { contains } from "../../core/ip/range-set.js";
import type { Snapshot } from "../../core/snapshot.js";
import { effectiveSet } from "../../core/spiderpool/canonical.js";
import { KINDS, type SpiderIPPool } from "../../core/spiderpool/objects.js";
import { type Holder, poolRecords } from "../../core/usage.js";
import type { Cluster } from "../../ports/cluster.js";
import type { ApplyCheck } from "./apply-report.js";
import { readEndpoints, readPod, useWithoutLeftovers } from "./usage.js";

/**
 * Pools and who uses them, read now.
 * @param before an earlier reading: whether an address that only an endpoint tells of is in use matters where its pool has
 * gone since
 */
export async function readUse(cluster: Cluster, before?: Snapshot): Promise<Snapshot> {
  const [{ items }, endpoints] = await Promise.all([cluster.list(KINDS.SpiderIPPool), readEndpoints(cluster)]);
  const pools = items as SpiderIPPool[];
  const names = new Set(pools.map(({ metadata }) => metadata.name));
  const lostPool = ({ pool }: Holder) => before?.pools.has(pool) === true && !names.has(pool);
  return useWithoutLeftovers([...pools, ...endpoints], lostPool, (pod) => readPod(cluster, pod));
}

/**
 * Whether the touched CIDRs hold what DESIGN 7 promises after the last wave: no two pools offer one address, and
 * every address in use is where it was.
 * @param before as it was before the first write; undefined when the run could take nothing away
 */
export function checkAfter(cidrs: readonly string[], before: Snapshot | undefined, after: Snapshot): ApplyCheck {
  const touched = new Set(cidrs);
  const pools = [...after.pools.values()].filter((pool) => touched.has(pool.spec.subnet));
  return {
    cidrs: [...cidrs].sort(),
    overlaps: overlapsIn(pools),
    displaced: [...unoffered(pools), ...moved(touched, before, after)].sort(),
  };
}

function overlapsIn(pools: readonly SpiderIPPool[]): string[] {
  const found: string[] = [];
  const all = pools.flatMap((pool) =>
    effectiveSet(pool.spec).map((range) => ({ range, cidr: pool.spec.subnet, pool: pool.metadata.name })),
  );
  all.sort((a, b) => (a.cidr < b.cidr ? -1 : a.cidr > b.cidr ? 1 : compareAddresses(a.range.first, b.range.first)));
  let reach: (typeof all)[number] | undefined;
  for (const one of all) {
    if (reach?.cidr === one.cidr && compareAddresses(one.range.first, reach.range.last) <= 0) {
      found.push(`${reach.pool} and ${one.pool} both offer ${formatRange(common(reach.range, one.range))}`);
    }
    if (reach?.cidr !== one.cidr || compareAddresses(one.range.last, reach.range.last) > 0) reach = one;
  }
  return found;
}

function common(a: Range, b: Range): Range {
  return { first: b.first, last: compareAddresses(a.last, b.last) < 0 ? a.last : b.last };
}

function unoffered(pools: readonly SpiderIPPool[]): string[] {
  return pools.flatMap((pool) => {
    const offers = effectiveSet(pool.spec);
    return poolRecords(pool)
      .filter(({ address }) => !contains(offers, address))
      .map(
        ({ address, pod }) => `${formatAddress(address)}, in use by ${pod}, is not offered by ${pool.metadata.name}`,
      );
  });
}

function moved(touched: ReadonlySet<string>, before: Snapshot | undefined, after: Snapshot): string[] {
  const found: string[] = [];
  for (const [name, holders] of before?.use.byPool ?? []) {
    if (!touched.has(before?.pools.get(name)?.spec.subnet ?? "")) continue;
    for (const { address, pod, uid } of holders) {
      const now = after.use.byAddress.get(address)?.find((other) => other.uid === uid && other.pod === pod);
      const text = `${formatAddress(address)}, in use by ${pod}`;
      if (now !== undefined && now.pool !== name) found.push(`${text}, went from ${name} to ${now.pool}`);
      else if (now !== undefined && !after.pools.has(name)) found.push(`${text}, lost its pool ${name}`);
    }
  }
  return found;
}
