import type { OrderedStep } from "../change/order.js";
import { tenantKey, tenantsOf } from "../cluster/tenants.js";
import type { Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { snapshotAfter } from "./after.js";
import { classesOf, type TenantClass } from "./classes.js";
import { judgeIdle, type StrandedTemplate } from "./idle.js";
import { idleTemplates } from "./idle-templates.js";
import { type Effect, type Judgement, judgeTenant } from "./impact.js";
import { type Reach, reachOf } from "./reach.js";
import { type Scene, sceneOf } from "./replay.js";
import { rivalsOf } from "./rivals.js";
import { touchedBy } from "./touched.js";

/** What the steps do to everybody who has an address. */
export interface Judged {
  /** Everybody for whom something changes and who does not simply stay. */
  readonly judgements: readonly Judgement[];
  /** How many addresses there are whose holders stay. */
  readonly stays: number;
  /** Templates without a Pod that would find no pool any more. */
  readonly idle: readonly StrandedTemplate[];
  /** The same of those that may hold nothing back: told, never a reason to block. */
  readonly untrusted?: readonly StrandedTemplate[];
  /** For every class with a tenant who does not stay: the steps that concern it. */
  readonly classes: readonly { readonly steps: readonly number[]; readonly harmed: readonly Judgement[] }[];
}

const WORST: readonly Effect[] = ["stays", "in danger already", "moves", "strands"];

/**
 * Replays Spiderpool's allocation for every live tenant that the steps concern, before them and after each of their waves:
 * a crash may leave the cluster after any (FIXED-5, FIXED-8).
 * @param snapshot the cluster to compare with
 * @param carriedOutOn the cluster the steps begin with, with the same users, if earlier steps are done already
 */
export function judgeSteps(
  steps: readonly OrderedStep[],
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  carriedOutOn: Snapshot = snapshot,
): Judged {
  const touched = touchedBy(steps, carriedOutOn);
  const before = sceneOf(snapshot, facts);
  const last = sceneOf(snapshotAfter(carriedOutOn, steps), facts);
  const stay = steps.filter((step) => step.action !== "delete" || step.blocked !== undefined);
  const between = stay.length === steps.length ? last : sceneOf(snapshotAfter(carriedOutOn, stay), facts);
  const classesAround = (reach: Reach) =>
    classesOf(tenantsOf(snapshot, facts, reach.holder), before, { after: last, between }, touched);
  const reach = reachOf(snapshot, touched, touched.pools.keys());
  const concerned = classesAround(reach).filter((one) => one.steps.length > 0);
  const idle = idleTemplates(snapshot, facts, reach.template).flatMap((workload) =>
    judgeIdle(workload, before, last, touched),
  );
  const everybody = [...snapshot.use.byAddress.values()].reduce((sum, holders) => sum + holders.length, 0);
  if (concerned.length === 0) return { judgements: [], idle, stays: everybody, classes: [] };
  const after = scenesByWave(steps, concerned, carriedOutOn, facts, last);
  const { classes: group, crowds } = rivalsOf(concerned, [before, ...after], (pools) =>
    classesAround(reachOf(snapshot, touched, pools)),
  );
  const was = { scene: before, crowd: crowds[0]! };
  const worst = new Map<string, Judgement>();
  for (const [index, scene] of after.entries()) {
    const will = { scene, crowd: crowds[index + 1]! };
    for (const tenant of group.flatMap((one) => one.tenants)) {
      const key = tenantKey(tenant);
      worst.set(key, worse(worst.get(key), judgeTenant(tenant, was, will, touched.changesOf)));
    }
  }
  const judgements = [...worst.values()].filter((one) => one.effect !== "stays");
  const harmed = new Map(
    judgements.filter((one) => one.effect !== "in danger already").map((judged) => [tenantKey(judged.tenant), judged]),
  );
  return {
    judgements,
    idle,
    stays:
      everybody -
      new Set([...harmed.values()].map(({ tenant: { pod, pool, address } }) => `${pod} ${pool} ${address}`)).size,
    classes: group.map((one) => ({
      steps: one.steps,
      harmed: one.tenants.flatMap((tenant) => harmed.get(tenantKey(tenant)) ?? []),
    })),
  };
}

/** Of two waves the worse effect counts; who moves in both may go wherever either leads, so a migration must allow both. */
function worse(known: Judgement | undefined, judged: Judgement): Judgement {
  if (known === undefined || WORST.indexOf(judged.effect) > WORST.indexOf(known.effect)) return judged;
  return known.next === undefined ? known : { ...known, next: [...new Set([...known.next, ...(judged.next ?? [])])] };
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
  const final = [...waves].reduce((latest, wave) => Math.max(latest, wave));
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
