import { contains } from "../ip/range-set.js";
import { restarted } from "./after.js";
import type { TenantClass } from "./classes.js";
import { Competition, type Crowding } from "./competition.js";
import type { Competitor, Ranks } from "./competitor.js";
import type { Beside, Scene } from "./replay.js";
import { standingOf } from "./standing.js";
import type { Tenant } from "./tenants.js";

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
  const enter = (ways: readonly Ranks[], held?: string, count = 1): number => {
    const key = JSON.stringify([ways, held]);
    const number = known.get(key) ?? competitors.push({ ways, held, count: 0 }) - 1;
    known.set(key, number);
    competitors[number] = { ...competitors[number]!, count: competitors[number]!.count + count };
    return number;
  };
  // What a Pod asks for besides, each address of it does: it comes for that once.
  const counted = new Set<string>();
  const enterBeside = ({ pod }: Tenant, { nic, family, eligible }: Beside): Claim => {
    const key = `${pod} ${nic} ${family}`;
    const number = enter([eligible], undefined, counted.has(key) ? 0 : 1);
    counted.add(key);
    return { number, ranks: eligible };
  };
  const claims = new Map<Tenant, readonly Claim[]>();
  for (const tenant of classes.flatMap((one) => one.tenants)) {
    const { keepsOwn, outcome } = standingOf(scene, tenant, restarted(tenant, before.snapshot, scene.snapshot));
    // An address that nobody else could get (reserved, say) is taken from nobody.
    const held = isUsable(scene, tenant) ? tenant.pool : undefined;
    const { eligible, beside = [] } = outcome;
    const own = keepsOwn
      ? [held].flatMap((pool) => (pool === undefined ? [] : { number: enter([], pool) }))
      : [{ number: enter([eligible], held), ranks: eligible }];
    claims.set(tenant, [...own, ...beside.map((one) => enterBeside(tenant, one))]);
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

function isUsable(scene: Scene, { pool, address }: Tenant): boolean {
  const live = scene.snapshot.pools.get(pool);
  return live !== undefined && contains(scene.occupancy(live).usable, address);
}
