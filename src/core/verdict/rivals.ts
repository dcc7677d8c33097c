import { type Tenant, tenantKey } from "../cluster/tenants.js";
import { contains } from "../ip/range-set.js";
import { restarted } from "./after.js";
import type { TenantClass } from "./classes.js";
import { Competition, type Crowding } from "./competition.js";
import type { Competitor, Ranks } from "./competitor.js";
import type { Scene } from "./replay.js";
import { standingOf } from "./standing.js";

/** Why others may leave nothing for a tenant, in a family it has or in one it asks for besides (A10). */
export type Crowd = (tenant: Tenant) => Crowding | undefined;

/** Those whose restarts may touch each other, and what they leave for each other in every scene. */
export interface Rivals {
  /** With the steps of those they share a pool with: the newcomers may take what they need (DESIGN 6). */
  readonly classes: readonly TenantClass[];
  /** In the order of the scenes. */
  readonly crowds: readonly Crowd[];
}

/**
 * Everybody who shares a pool with somebody concerned, and on: who is pushed out of one pool comes for another.
 * @param scenes the cluster before the change, and after each of its waves
 * @param around the classes that may depend on some pools
 */
export function rivalsOf(
  concerned: readonly TenantClass[],
  scenes: readonly [Scene, ...Scene[]],
  around: (pools: Iterable<string>) => readonly TenantClass[],
): Rivals {
  // One step stands for all that touch users of the pool: each of those classes holds it together with its own.
  const byPool = new Map<string, number>();
  const reach = (pools: Iterable<string>, step: number) => {
    for (const pool of pools) if (!byPool.has(pool)) byPool.set(pool, step);
  };
  for (const { pools, steps } of concerned) reach(pools, steps[0]!);
  for (;;) {
    const known = byPool.size;
    const near = around(byPool.keys()).filter((one) => [...one.pools].some((pool) => byPool.has(pool)));
    const classes = near.map((one) => {
      const shared = [...one.pools].flatMap((pool) => byPool.get(pool) ?? []);
      return { ...one, steps: [...new Set([...one.steps, ...shared])].sort((a, b) => a - b) };
    });
    const met = scenes.map((scene) => competitionIn(scene, scenes[0], classes));
    for (const { competition, claims } of met) {
      for (const { tenants, steps } of classes) {
        for (const tenant of tenants) {
          for (const { number } of claims.get(tenant)!) reach(competition.places(number), steps[0]!);
        }
      }
    }
    if (byPool.size === known) return { classes, crowds: met.map(({ crowd }) => crowd) };
  }
}

/** One thing a tenant comes for: its number among the competitors, and what it tries; nothing where it takes its own back. */
interface Claim {
  readonly number: number;
  readonly ranks?: Ranks;
}

function competitionIn(scene: Scene, before: Scene, classes: readonly TenantClass[]) {
  const competitors: Competitor[] = [];
  const known = new Map<string, number>();
  const enter = (ways: readonly Ranks[], held?: string): number => {
    const key = JSON.stringify([ways, held]);
    const number = known.get(key) ?? competitors.push({ ways, held, count: 0 }) - 1;
    known.set(key, number);
    competitors[number] = { ...competitors[number]!, count: competitors[number]!.count + 1 };
    return number;
  };
  // What a Pod has or comes for once, on whichever of its NICs: they share an address of a pool (A15).
  const shared = new Map<string, number>();
  const once = (key: string, entered: () => number): number => {
    const number = shared.get(key) ?? entered();
    shared.set(key, number);
    return number;
  };
  const tenants = classes.flatMap((one) => one.tenants);
  const claims = new Map<Tenant, Claim[]>();
  const asking = possibleSuccessors(tenants).flatMap((successors) => {
    const standings = successors.map((tenant) => ({
      tenant,
      ...standingOf(scene, tenant, restarted(tenant, before.snapshot, scene.snapshot)),
    }));
    const [{ tenant }] = standings as [(typeof standings)[number]];
    // An address that nobody else could get (reserved, say) is taken from nobody.
    const held = isUsable(scene, tenant) ? tenant.pool : undefined;
    const coming = standings.filter(({ keepsOwn }) => !keepsOwn).map(({ outcome }) => outcome.eligible);
    const ways = [...new Map(coming.map((ranks) => [JSON.stringify(ranks), ranks])).values()];
    for (const one of standings) claims.set(one.tenant, []);
    const [ranks] = ways;
    if (ranks !== undefined) {
      const number = once(`${sharing(tenant, ranks)} ${held} ${tenant.address}`, () => enter(ways, held));
      if (isOrdered(ranks)) shared.set(sharing(tenant, ranks), number);
      for (const one of standings) {
        if (!one.keepsOwn) claims.get(one.tenant)!.push({ number, ranks: one.outcome.eligible });
      }
    } else if (held !== undefined) {
      const number = once(`${tenant.pod} ${held} ${tenant.address}`, () => enter([], held));
      for (const one of standings) claims.get(one.tenant)!.push({ number });
    }
    return standings.map((one) => ({ tenant: one.tenant, beside: one.outcome.beside ?? [] }));
  });
  for (const { tenant, beside } of asking) {
    for (const { nic, family, eligible: ranks } of beside) {
      const key = sharing({ ...tenant, nic, family }, ranks);
      claims.get(tenant)!.push({ number: once(key, () => enter([ranks])), ranks });
    }
  }
  const competition = new Competition(scene, competitors);
  const crowd: Crowd = (tenant) => {
    for (const { number, ranks } of claims.get(tenant)!) {
      const crowding = ranks && competition.tooMany(number, ranks);
      if (crowding !== undefined) return crowding;
    }
    return undefined;
  };
  return { competition, claims, crowd };
}

/** All that may come for one address, which only one of them will: they are one rival. */
function possibleSuccessors(tenants: readonly Tenant[]): Tenant[][] {
  const found = new Map<string, Tenant[]>();
  for (const tenant of tenants) {
    const key = tenantKey(tenant);
    const same = found.get(key);
    if (same === undefined) found.set(key, [tenant]);
    else same.push(tenant);
  }
  return [...found.values()];
}

/** NICs of a Pod that try the same pools one by one end in the same; where Spiderpool chooses among equals, each may not. */
function sharing({ pod, nic, family }: Pick<Tenant, "pod" | "nic" | "family">, ranks: Ranks): string {
  return isOrdered(ranks) ? `${pod} ${JSON.stringify(ranks)}` : `${pod} ${nic} ${family}`;
}

function isOrdered(ranks: Ranks): boolean {
  return ranks.every((rank) => rank.length === 1);
}

function isUsable(scene: Scene, { pool, address }: Tenant): boolean {
  const live = scene.snapshot.pools.get(pool);
  return live !== undefined && contains(scene.occupancy(live).usable, address);
}
