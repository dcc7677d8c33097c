import type { Diagnostic } from "../../diagnostics.js";
import { compareAddresses, type Family } from "../../ip/address.js";
import { formatRange, type Range } from "../../ip/range.js";
import { effectiveSet } from "../../spiderpool/canonical.js";
import { isTerminating, type SpiderIPPool } from "../../spiderpool/objects.js";
import type { Watch } from "./watch.js";
import { pods, some } from "./words.js";

/** Pools in the plan's subnets that are in danger whatever the plan does: being deleted in use, or overlapping. */
export function poolsInDanger(watch: Watch): Diagnostic[] {
  return [...terminatingInUse(watch), ...overlapping(watch), ...crashing(watch)];
}

function terminatingInUse(watch: Watch): Diagnostic[] {
  return byName(watch)
    .filter(isTerminating)
    .flatMap((pool): Diagnostic[] => {
      const { name } = pool.metadata;
      const users = new Set((watch.snapshot.use.byPool.get(name) ?? []).map((holder) => holder.pod)).size;
      if (users === 0 || !watch.inPlan(pool)) return [];
      return [
        {
          code: "SP4220",
          severity: "warning",
          message: `SpiderIPPool ${name} is being deleted while ${pods(users)} ${users === 1 ? "has an address" : "have addresses"} of it: after a restart ${users === 1 ? "it gets" : "they get"} none from it`,
          hint: "give them another pool before they restart; a deletion cannot be taken back",
          about: `pool:${name}`,
        },
      ];
    });
}

/** Two pools with one address: Spiderpool hands it out twice, and refuses every edit of either (P9, I5). */
function overlapping(watch: Watch): Diagnostic[] {
  const pairs = new Map<string, { pools: readonly [string, string]; range: Range }>();
  for (const family of [4, 6] as const) {
    let open: { pool: string; range: Range }[] = [];
    for (const one of rangesOf(watch, family)) {
      open = open.filter(({ range }) => range.last >= one.range.first);
      for (const other of open) {
        const pools = [other.pool, one.pool].sort() as [string, string];
        const ends = [one.range.last, other.range.last].sort(compareAddresses);
        const range = { first: one.range.first, last: ends[0]! };
        if (!pairs.has(pools.join(" "))) pairs.set(pools.join(" "), { pools, range });
      }
      open.push(one);
    }
  }
  return [...pairs.values()].map(({ pools: [a, b], range }) => ({
    code: "SP4221",
    severity: "warning",
    message: `SpiderIPPools ${a} and ${b} share ${formatRange(range)}: two Pods may get one address, and Spiderpool refuses every edit of either (P9)`,
    hint: "give the workloads that use the smaller one another pool, restart their Pods, then delete it: Spiderpool takes the delete (P20)",
    about: `pool:${a}`,
  }));
}

function rangesOf(watch: Watch, family: Family): { pool: string; range: Range }[] {
  const found = byName(watch).flatMap((pool) =>
    pool.spec.ipVersion === family && watch.inPlan(pool)
      ? effectiveSet(pool.spec).map((range) => ({ pool: pool.metadata.name, range }))
      : [],
  );
  return found.sort((a, b) => compareAddresses(a.range.first, b.range.first));
}

/** What Spiderpool's controllers fall over at every start, anywhere in the cluster (I26). */
function crashing({ snapshot }: Watch): Diagnostic[] {
  const pools = [...snapshot.pools.values()]
    .filter(({ spec }) => spec.ipVersion === undefined || spec.default === undefined)
    .map((pool) => `SpiderIPPool ${pool.metadata.name}`);
  const reserved = [...snapshot.reserved.values()]
    .filter(({ spec }) => spec.ipVersion === undefined)
    .map((one) => `SpiderReservedIP ${one.metadata.name}`);
  const names = [...pools, ...reserved].sort();
  if (names.length === 0) return [];
  return [
    {
      code: "SP4226",
      severity: "warning",
      message: `stored without ipVersion or default, which makes every Spiderpool controller crash at its start: ${some(names)}`,
      hint: "write spec.ipVersion, and spec.default of pools, with kubectl edit",
    },
  ];
}

function byName({ after }: Watch): SpiderIPPool[] {
  return [...after.pools.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
