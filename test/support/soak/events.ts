import { isClusterError } from "../../../src/core/cluster-error.js";
import { SWITCHES } from "../../../src/core/plan-sync/switches.js";
import { KINDS, OWN, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import type { Chance } from "../worlds/chance.js";
import { recordsOf } from "../worlds/objects.js";
import { FIRST_PLAN, filesOf, type SoakPlan, TOWN, WEBS } from "./plans.js";
import { PLAN_SYNCS, type PlanSyncName, type SoakStage } from "./stage.js";

/** What events act on. */
export interface SoakWorld {
  readonly stage: SoakStage;
  readonly chance: Chance;
  /** What the last good commit says. */
  plan: SoakPlan;
  /** How often somebody wrote into a pool, by name: more than twice, and the operator takes it for a fight. */
  readonly drifts: Map<string, number>;
}

export type SoakEvent = (world: SoakWorld) => Promise<void>;

/** What may happen, with how often it does. */
export const EVENTS: readonly { readonly name: string; readonly weight: number; readonly happen: SoakEvent }[] = [
  { name: "commit: a workload grows", weight: 4, happen: (world) => resize(world, 1) },
  { name: "commit: a workload shrinks", weight: 4, happen: (world) => resize(world, -1) },
  { name: "commit: a new workload", weight: 3, happen: addWeb },
  { name: "commit: a workload is gone", weight: 3, happen: removeWeb },
  { name: "commit: other sizes elsewhere", weight: 3, happen: resizeRest },
  { name: "commit: an affinity that shuts users out", weight: 2, happen: shutOut },
  { name: "commit: a broken file", weight: 2, happen: breakFile },
  { name: "commit: emptied", weight: 2, happen: empty },
  { name: "force-push", weight: 2, happen: forcePush },
  { name: "scale", weight: 10, happen: scale },
  { name: "a Pod is deleted", weight: 10, happen: deletePod },
  { name: "drift: a pool is disabled", weight: 2, happen: disable },
  { name: "drift: a pool has another manager", weight: 1, happen: unmark },
  { name: "drift: an unused pool is deleted", weight: 2, happen: deletePool },
  { name: "suspended", weight: 1, happen: suspend },
  { name: "resumed", weight: 3, happen: resume },
];

/** Ends of the operator. */
export const RESTARTS: typeof EVENTS = [
  { name: "operator ended by SIGTERM", weight: 1, happen: ({ stage }) => stage.restart("SIGTERM") },
  { name: "operator ended by SIGKILL", weight: 1, happen: ({ stage }) => stage.restart("SIGKILL") },
];

/** One of them by chance. */
export function anEvent(events: typeof EVENTS, chance: Chance): (typeof EVENTS)[number] {
  let left = chance.below(events.reduce((sum, { weight }) => sum + weight, 0));
  return events.find(({ weight }) => {
    left -= weight;
    return left < 0;
  })!;
}

/** Commits a plan, and mostly tells the operator of it. */
export async function commit(world: SoakWorld, plan: SoakPlan): Promise<void> {
  world.plan = plan;
  world.stage.repository.commit(filesOf(plan));
  await told(world);
}

async function told({ stage, chance }: SoakWorld): Promise<void> {
  if (chance.below(5) > 0) await stage.hint();
}

function resize(world: SoakWorld, by: number): Promise<void> {
  const { plan, chance } = world;
  const webs = [...plan.webs.keys()];
  if (webs.length === 0) return addWeb(world);
  const web = webs[chance.below(webs.length)]!;
  const replicas = Math.min(6, Math.max(1, plan.webs.get(web)! + by * (1 + chance.below(2))));
  return commit(world, { ...plan, webs: new Map([...plan.webs, [web, replicas]]) });
}

function addWeb(world: SoakWorld): Promise<void> {
  const { plan, chance } = world;
  const webs = new Map([...plan.webs, [chance.below(WEBS), 1 + chance.below(4)]]);
  return commit(world, { ...plan, webs });
}

/** Its Pods may still run: then its addresses leave later. */
function removeWeb(world: SoakWorld): Promise<void> {
  const { plan, chance } = world;
  const webs = new Map(plan.webs);
  webs.delete([...webs.keys()][chance.below(Math.max(1, webs.size))] ?? 0);
  return commit(world, { ...plan, webs });
}

function resizeRest(world: SoakWorld): Promise<void> {
  const { plan, chance } = world;
  const [ordinals, shared, elastic] = [1 + chance.below(5), 4 + chance.below(15), 1 + chance.below(4)];
  return commit(world, { ...plan, ordinals, shared, elastic });
}

function shutOut(world: SoakWorld): Promise<void> {
  return commit(world, { ...world.plan, shutOut: !world.plan.shutOut });
}

async function breakFile(world: SoakWorld): Promise<void> {
  const { stage, chance } = world;
  const texts = [
    "spec: [",
    "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec: {pools: {x: {subnet: no}}}\n",
  ];
  stage.repository.commit({ "plan/b.yaml": texts[chance.below(texts.length)]! });
  await told(world);
  await pause(1_000 + chance.below(2_000));
  stage.repository.commit({ "plan/b.yaml": null });
  await told(world);
}

async function empty(world: SoakWorld): Promise<void> {
  const { stage, chance, plan } = world;
  const nothing = "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec: {}\n";
  stage.repository.commit({ "plan/a.yaml": nothing, "team/a.yaml": chance.below(2) === 0 ? null : nothing });
  await told(world);
  await pause(1_000 + chance.below(2_000));
  await commit(world, plan);
}

async function forcePush(world: SoakWorld): Promise<void> {
  const { stage, chance } = world;
  if (chance.below(2) === 0) world.plan = FIRST_PLAN;
  stage.repository.rewrite(filesOf(world.plan));
  await told(world);
}

async function scale({ stage, chance }: SoakWorld): Promise<void> {
  const webs = Array.from({ length: WEBS }, (_, web) => ["Deployment", `web${web}`] as const);
  const sets = ["db", "kv"].map((name) => ["StatefulSet", name] as const);
  const all = [...webs, ...sets, ["Deployment", "auto"], ["Deployment", "user"]] as const;
  const [kind, name] = all[chance.below(all.length)]!;
  await stage.cluster.patch(kind, `${TOWN}/${name}`, { spec: { replicas: chance.below(5) } });
}

async function deletePod({ stage, chance }: SoakWorld): Promise<void> {
  const pods = await stage.cluster.pods();
  const { namespace, name } = pods[chance.below(Math.max(1, pods.length))]?.metadata ?? { name: "" };
  if (name !== "") await unlessGone(stage.cluster.remove("Pod", `${namespace}/${name}`));
}

async function disable(world: SoakWorld): Promise<void> {
  const pool = await aPool(world);
  if (pool !== undefined)
    await unlessGone(world.stage.cluster.patch("SpiderIPPool", pool, { spec: { disable: true } }));
}

/** The label alone: the tracking id and the owner are the record of who has the addresses where there is no lock. */
async function unmark(world: SoakWorld): Promise<void> {
  const pool = await aPool(world);
  const metadata = { labels: { [OWN.managedByLabel]: "somebody" } };
  if (pool !== undefined) await unlessGone(world.stage.cluster.patch("SpiderIPPool", pool, { metadata }));
}

/**
 * Only declared pools and those of which a lock in the cluster tells: without a lock the live pools are it, and who takes
 * one away takes the record of who has its addresses.
 */
async function deletePool(world: SoakWorld): Promise<void> {
  const known = (pool: SpiderIPPool) =>
    pool.metadata.name === "spare" || pool.metadata.annotations?.[OWN.trackingId]?.startsWith("net/team:") === true;
  const pool = await aPool(world, (one) => known(one) && Object.keys(recordsOf(one)).length === 0);
  if (pool !== undefined) await unlessGone(world.stage.cluster.remove("SpiderIPPool", pool));
}

async function aPool(
  { stage, chance, drifts }: SoakWorld,
  wanted: (pool: SpiderIPPool) => boolean = () => true,
): Promise<string | undefined> {
  const { items } = await stage.cluster.actor.list(KINDS.SpiderIPPool);
  const names = (items as readonly SpiderIPPool[])
    .filter((pool) => pool.metadata.annotations?.[OWN.trackingId] !== undefined && wanted(pool))
    .map(({ metadata }) => metadata.name)
    .filter((name) => (drifts.get(name) ?? 0) < 2);
  const name = names[chance.below(Math.max(1, names.length))];
  if (name !== undefined) drifts.set(name, (drifts.get(name) ?? 0) + 1);
  return name;
}

async function suspend({ stage, chance }: SoakWorld): Promise<void> {
  const names = Object.keys(PLAN_SYNCS) as PlanSyncName[];
  await stage.annotate(names[chance.below(names.length)]!, { [SWITCHES.suspend]: "the soak" });
}

/** Ends every suspension. */
export async function resume({ stage }: Pick<SoakWorld, "stage">): Promise<void> {
  for (const name of Object.keys(PLAN_SYNCS) as PlanSyncName[])
    await stage.annotate(name, { [SWITCHES.suspend]: null });
}

async function unlessGone(writing: Promise<unknown>): Promise<void> {
  await writing.catch((error: unknown) => {
    if (!isClusterError(error)) throw error;
  });
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
