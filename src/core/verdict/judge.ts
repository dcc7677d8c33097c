import type { OrderedStep } from "../change/order.js";
import { contains } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { snapshotAfter } from "./after.js";
import { classesOf, type TenantClass } from "./classes.js";
import { Competition } from "./competition.js";
import { judgeIdle, type StrandedTemplate } from "./idle.js";
import { type Effect, type Judgement, judgeTenant, restarted } from "./impact.js";
import { type Reach, reachOf } from "./reach.js";
import { type Scene, sceneOf } from "./replay.js";
import { standingOf } from "./standing.js";
import { idleTemplates, type Tenant, tenantsOf } from "./tenants.js";
import { touchedBy } from "./touched.js";

/** What the steps do to everybody who has an address. */
export interface Judged {
  /** Everybody for whom something changes and who does not simply stay. */
  readonly judgements: readonly Judgement[];
  /** How many addresses there are whose holders stay. */
  readonly stays: number;
  /** Templates without a Pod that would find no pool any more. */
  readonly idle: readonly StrandedTemplate[];
  /** For every class with a tenant who does not stay: the steps that concern it. */
  readonly classes: readonly { readonly steps: readonly number[]; readonly harmed: readonly Judgement[] }[];
}

const WORST: readonly Effect[] = ["stays", "in danger already", "moves", "strands"];

/**
 * Replays Spiderpool's allocation for every live tenant that the steps concern, before them and after each of their waves:
 * a crash may leave the cluster after any (FIXED-5, FIXED-8).
 */
export function judgeSteps(steps: readonly OrderedStep[], snapshot: Snapshot, facts: SpiderpoolFacts): Judged {
  const touched = touchedBy(steps, snapshot);
  const before = sceneOf(snapshot, facts);
  const last = sceneOf(snapshotAfter(snapshot, steps), facts);
  const classesAround = (reach: Reach) => classesOf(tenantsOf(snapshot, facts, reach.holder), before, last, touched);
  const reach = reachOf(snapshot, touched, touched.pools.keys());
  const concerned = classesAround(reach).filter((one) => one.steps.length > 0);
  const idle = idleTemplates(snapshot, facts, reach.template).flatMap((workload) =>
    judgeIdle(workload, before, last, touched),
  );
  const everybody = [...snapshot.use.byAddress.values()].reduce((sum, holders) => sum + holders.length, 0);
  if (concerned.length === 0) return { judgements: [], idle, stays: everybody, classes: [] };
  const pools = new Set(concerned.flatMap((one) => [...one.pools]));
  const around = classesAround(reachOf(snapshot, touched, pools));
  const rivals = around.filter((one) => [...one.pools].some((pool) => pools.has(pool)));
  const group = withRivals(concerned, rivals);
  const was = { scene: before, competition: competitionIn(before, before, rivals) };
  const worst = new Map<Tenant, Judgement>();
  for (const scene of scenesByWave(steps, concerned, snapshot, facts, last)) {
    const will = { scene, competition: competitionIn(scene, before, rivals) };
    for (const tenant of group.flatMap((one) => one.tenants)) {
      const judged = judgeTenant(tenant, was, will, touched.changesOf);
      const known = worst.get(tenant);
      if (known === undefined || WORST.indexOf(judged.effect) > WORST.indexOf(known.effect)) worst.set(tenant, judged);
    }
  }
  const judgements = [...worst.values()].filter((one) => one.effect !== "stays");
  const harmed = new Map(
    judgements.filter((one) => one.effect !== "in danger already").map((judged) => [judged.tenant, judged]),
  );
  return {
    judgements,
    idle,
    stays: everybody - harmed.size,
    classes: group.map((one) => ({
      steps: one.steps,
      harmed: one.tenants.flatMap((tenant) => harmed.get(tenant) ?? []),
    })),
  };
}

/** Who shares a pool with somebody concerned is in the same group: the newcomers may take what they need (DESIGN 6). */
function withRivals(concerned: readonly TenantClass[], rivals: readonly TenantClass[]): TenantClass[] {
  // One step stands for all that touch users of the pool: each of those classes holds it together with its own.
  const byPool = new Map<string, number>();
  for (const { pools, steps } of concerned) {
    for (const pool of pools) if (!byPool.has(pool)) byPool.set(pool, steps[0]!);
  }
  return rivals.map((one) => {
    const shared = [...one.pools].flatMap((pool) => byPool.get(pool) ?? []);
    return { ...one, steps: [...new Set([...one.steps, ...shared])].sort((a, b) => a - b) };
  });
}

/** The cluster after each wave in which a step concerns somebody; the last wave is the end. */
function scenesByWave(
  steps: readonly OrderedStep[],
  concerned: readonly TenantClass[],
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  last: Scene,
): Scene[] {
  const waves = new Set(concerned.flatMap((one) => one.steps.map((index) => steps[index]!.wave)));
  const final = Math.max(...waves);
  return [...waves]
    .sort((a, b) => a - b)
    .map((wave) =>
      wave === final
        ? last
        : sceneOf(
            snapshotAfter(
              snapshot,
              steps.filter((step) => step.wave <= wave),
            ),
            facts,
          ),
    );
}

/**
 * Who may be in which pools: counted once with every rank, then with the ranks that can be reached at all. Until it restarts
 * a Pod is where it is, even if that pool would not take it again.
 */
function competitionIn(scene: Scene, before: Scene, classes: readonly TenantClass[]): Competition {
  const asked = new Map<string, { ranks: readonly (readonly string[])[]; held: readonly string[]; count: number }>();
  const ask = (ranks: readonly (readonly string[])[], held: readonly string[]) => {
    const key = JSON.stringify([ranks, held]);
    asked.set(key, { ranks, held, count: (asked.get(key)?.count ?? 0) + 1 });
  };
  for (const tenant of classes.flatMap((one) => one.tenants)) {
    const standing = standingOf(scene, tenant, restarted(tenant, before.snapshot, scene.snapshot));
    // An address that nobody else could get (reserved, say) is taken from nobody.
    const held = isUsable(scene, tenant) ? [tenant.pool] : [];
    ask(standing.keepsOwn ? [] : standing.outcome.eligible, held);
    if (standing.outcome.beside !== undefined) ask(standing.outcome.beside, []);
  }
  const wide = new Competition(scene);
  for (const { ranks, held, count } of asked.values()) wide.add(count, [...ranks.flat(), ...held]);
  const narrow = new Competition(scene);
  for (const { ranks, held, count } of asked.values()) narrow.add(count, [...wide.reachable(ranks), ...held]);
  return narrow;
}

function isUsable(scene: Scene, { pool, address }: Tenant): boolean {
  const live = scene.snapshot.pools.get(pool);
  return live !== undefined && contains(scene.occupancy(live).usable, address);
}
