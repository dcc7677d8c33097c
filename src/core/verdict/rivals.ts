import { contains } from "../ip/range-set.js";
import { restarted } from "./after.js";
import type { TenantClass } from "./classes.js";
import { Competition, type Crowding } from "./competition.js";
import type { Competitor, Ranks } from "./competitor.js";
import type { Scene } from "./replay.js";
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
    for (const { competition, numbers } of met) {
      for (const { tenants, steps } of classes) {
        for (const tenant of tenants) {
          const { own, beside } = numbers.get(tenant)!;
          for (const number of [own, beside]) if (number !== undefined) reach(competition.places(number), steps[0]!);
        }
      }
    }
    if (byPool.size === known) return { classes, crowds: met.map(({ crowd }) => crowd) };
  }
}

/** A tenant's numbers among the competitors: for its address, and for a family it asks for besides. */
interface Numbers {
  readonly own?: number;
  readonly beside?: number;
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
  const numbers = new Map<Tenant, Numbers>();
  const asked = new Map<Tenant, { readonly eligible: Ranks; readonly beside?: Ranks }>();
  for (const tenant of classes.flatMap((one) => one.tenants)) {
    const { keepsOwn, outcome } = standingOf(scene, tenant, restarted(tenant, before.snapshot, scene.snapshot));
    // An address that nobody else could get (reserved, say) is taken from nobody.
    const held = isUsable(scene, tenant) ? tenant.pool : undefined;
    const { eligible, beside } = outcome;
    asked.set(tenant, { eligible, beside });
    numbers.set(tenant, {
      own: keepsOwn && held === undefined ? undefined : enter(keepsOwn ? [] : [eligible], held),
      beside: beside && enter([beside]),
    });
  }
  const competition = new Competition(scene, competitors);
  const crowd: Crowd = (tenant) => {
    const { own, beside } = numbers.get(tenant)!;
    const { eligible, beside: more = [] } = asked.get(tenant)!;
    return (
      (own === undefined ? undefined : competition.tooMany(own, eligible)) ??
      (beside === undefined ? undefined : competition.tooMany(beside, more))
    );
  };
  return { competition, numbers, crowd };
}

function isUsable(scene: Scene, { pool, address }: Tenant): boolean {
  const live = scene.snapshot.pools.get(pool);
  return live !== undefined && contains(scene.occupancy(live).usable, address);
}
