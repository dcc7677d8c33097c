import type { PlanRun } from "../../../src/app/plan-run.js";
import { project } from "../../../src/app/watch/projection.js";
import type { Lock } from "../../../src/core/allocate/allocation.js";
import { hasErrors } from "../../../src/core/diagnostics.js";
import type { Outcome } from "../../../src/core/outcome.js";
import type { NetworkPlanSpec } from "../../../src/core/plan/plan.generated.js";
import { buildSnapshot, type Snapshot } from "../../../src/core/snapshot.js";
import { resolveFacts } from "../../../src/core/spiderpool/facts.js";
import { type KubeObject, OWN } from "../../../src/core/spiderpool/objects.js";
import { offeredBy } from "./addresses.js";
import { heldBy } from "./agent.js";
import { falseAlarms, statesOf } from "./alarms.js";
import type { Chance } from "./chance.js";
import { changesLeft, pendingOffered, permission, wishesGranted } from "./changes.js";
import type { WorldCluster } from "./cluster.js";
import type { Edit } from "./edit-spec.js";
import { explainFaults } from "./explained.js";
import type { Violation } from "./findings.js";
import { shortages } from "./fixed.js";
import { idleFaults } from "./idle.js";
import { machineFaults } from "./machines.js";
import { endpointsOf, type Objects, poolsOf, recordsOf } from "./objects.js";
import type { FixedWorkload, PlanModel } from "./plan-model.js";
import { blockedChanged, restartFaults } from "./restarts.js";
import { bornAs, isLeftover, ownerOf, reservedAll, specTexts } from "./standing.js";
import { decideNow, decideOn, type Install, type Synced } from "./sync.js";

/** The cluster before a sync. */
export interface Before {
  readonly objects: Objects;
  readonly texts: ReadonlyMap<string, string>;
  readonly lock: Lock;
  readonly time: number;
}

export interface CheckContext {
  readonly cluster: WorldCluster;
  readonly install: Install;
  readonly spec: NetworkPlanSpec;
  readonly model: PlanModel;
  readonly workloads: readonly FixedWorkload[];
  readonly chance: Chance;
  /** Somebody restarted while it wrote. */
  readonly restarted: boolean;
  /** What was edited, if everything was at rest before. */
  readonly edits: readonly Edit[] | undefined;
}

/** Every promise after a sync, or after half of one. */
export async function afterSync(
  before: Before,
  done: Synced,
  context: CheckContext,
): Promise<{ violations: Violation[]; atRest: boolean }> {
  const { outcome } = done.run.decided!;
  const { objects } = context.cluster;
  const texts = specTexts(objects);
  const found: Violation[] = [...othersTouched(before, texts, context), ...theft(before, objects, done.run, context)];
  if (!context.restarted) {
    found.push(...restartFaults(before.objects, objects, context.chance, permission(objects, context)));
    found.push(...blockedChanged(before.texts, texts, outcome.steps));
    // A pool that is renamed is not there under either name for a while, since two may not have one address (P9): who has no
    // Pod yet waits for the next sync, which goes on.
    const end = done.crashed ? statesOf(before.objects, outcome.steps, []).at(-1) : undefined;
    found.push(...idleFaults(before.objects, end ?? objects), ...machineFaults(before.objects, objects));
  }
  // Who has an address no record tells of counts as a user; Spiderpool would hand it out a second time.
  if (recordsComplete(before.objects)) found.push(...falseAlarms(before.objects, outcome, context.chance));
  if (!done.crashed && !context.restarted) found.push(...refusedSteps(done));
  const facts = resolveFacts(done.run.snapshot.facts, done.run.decided!.plan.settings.spiderpool);
  found.push(...explainFaults(before.objects, done.run.snapshot, facts));
  found.push(...shortages(before, done.run, context), ...pendingOffered(before, objects, context));
  if (!done.crashed) {
    found.push(...changesLeft(before, objects, done.run, context));
    found.push(...wishesGranted(before, objects, done.run, context));
  }
  if (context.edits !== undefined && !done.crashed) found.push(...farEffects(before, objects, context.edits, context));
  let atRest = false;
  if (!done.crashed && !context.restarted && done.report !== undefined) {
    const same = done.writes.length === 0 && outcome.steps.every((step) => step.blocked !== undefined);
    const again = same ? done.run : await decideNow(context.cluster, context.install, context.spec);
    const held = outcome.steps.some((step) => step.blocked !== undefined) || hasErrors(done.run.diagnostics);
    const left = held ? [] : (again.decided?.outcome.steps ?? []).filter((step) => step.blocked === undefined);
    if (left.length > 0) {
      const told = left.map((step) => `${step.action} ${step.kind.kind} ${step.name} (${step.changes.join("; ")})`);
      found.push({ invariant: "FIXED-7", message: `a second plan still wants: ${told.join(", ")}` });
    }
    atRest =
      (again.decided?.outcome.steps.length ?? 1) === 0 &&
      !hasErrors(again.diagnostics) &&
      again.decided!.outcome.verdict.leaving.length === 0;
  }
  return { violations: found, atRest };
}

function recordsComplete(objects: Objects): boolean {
  return [...endpointsOf(objects)].every(
    ([key, endpoint]) =>
      isLeftover(objects, key) ||
      heldBy(endpoint).every(({ address, pool }) => {
        const live = poolsOf(objects).get(pool);
        return live !== undefined && recordsOf(live)[address] !== undefined;
      }),
  );
}

/** Objects of another install are as they were. */
function othersTouched(before: Before, texts: ReadonlyMap<string, string>, { install }: CheckContext): Violation[] {
  return [...before.texts]
    .filter(([, text]) => /"(default|other):/.test(text) && !text.includes(`"${install.name}:`))
    .filter(([key, text]) => texts.get(key) !== text)
    .map(([key]) => ({ invariant: "two installs", message: `${key} of another install changed` }));
}

/** FIXED-5: Spiderpool accepts every step we decided on, as long as nobody else acts. */
function refusedSteps({ report }: Synced): Violation[] {
  if (report === undefined) return [];
  const told = [...report.failed, ...report.withheld].map(
    ({ step, message }) => `${step.action} ${step.kind.kind} ${step.name}: ${message}`,
  );
  const check = [...(report.check?.overlaps ?? []), ...(report.check?.displaced ?? [])];
  return [...told, ...check].map((message) => ({ invariant: "FIXED-5", message: `not carried out: ${message}` }));
}

/** FIXED-2: what a fixed owner has and still wants goes to nobody else. */
function theft(before: Before, objects: Objects, run: PlanRun, { model }: CheckContext): Violation[] {
  const now = new Map<string, { pool: string; owner: string | undefined }>();
  for (const pool of poolsOf(objects).values()) {
    for (const address of offeredBy(pool)) now.set(address, { pool: pool.metadata.name, owner: ownerOf(pool) });
  }
  const reserved = reservedAll(objects);
  const found: Violation[] = [];
  const counts = new Map<string, number>();
  for (const { owner } of now.values()) if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const wanted = new Set(
    (run.decided?.outcome.allocations ?? []).filter((one) => !one.leaving).map((one) => one.owner),
  );
  for (const pool of poolsOf(before.objects).values()) {
    const owner = ownerOf(pool);
    if (owner === undefined || pool.metadata.annotations?.[OWN.trackingId] === undefined) continue;
    for (const address of offeredBy(pool)) {
      const taker = now.get(address);
      if (taker === undefined || taker.owner === owner) continue;
      const robbed = wanted.has(owner) && (counts.get(owner) ?? 0) === 0;
      // Back in its declared pool a slice's address may rest: reserved.
      const rests = taker.owner === undefined && reserved.has(address);
      if (robbed || (model.quarantine !== "0" && !rests)) {
        found.push({ invariant: "FIXED-2", message: `${address} went from ${owner} to ${taker.pool} at once` });
      }
    }
  }
  return found;
}

/** Tells the owners that edits are about; undefined where one of them is about something else. */
export function editedBy(edits: readonly Edit[], model: PlanModel): ((owner: string) => boolean) | undefined {
  const own = new Set<string>();
  for (const one of edits) {
    if (!("fixed" in one)) return undefined;
    const fixed = model.fixed[one.fixed % Math.max(1, model.fixed.length)];
    const all = one.type === "scale" || one.type === "moved";
    if (fixed !== undefined) own.add(`/w${fixed.workload}/${all ? "" : `${fixed.nic}/`}`);
  }
  return (owner) => [...own].some((text) => owner.includes(text));
}

/** FIXED-3: an edit of one fixed NIC changes the addresses of no other, and one of a workload those of no other one. */
function farEffects(before: Before, objects: Objects, edits: readonly Edit[], { model }: CheckContext): Violation[] {
  const mine = editedBy(edits, model);
  if (mine === undefined) return [];
  const found: Violation[] = [];
  for (const [name, pool] of poolsOf(before.objects)) {
    const owner = bornAs(pool.metadata.annotations?.[OWN.owner] ?? "");
    // A slice comes out of its declared pool.
    if (owner === "" && model.fixed.some((one) => one.slice !== undefined)) continue;
    if (mine(owner) || pool.metadata.annotations?.[OWN.trackingId] === undefined) continue;
    const now = poolsOf(objects).get(name);
    if (now === undefined || offeredBy(now).join() !== offeredBy(pool).join())
      found.push({
        invariant: "FIXED-3",
        message: `${name} changed from ${offeredBy(pool).join()} to ${now ? offeredBy(now).join() : "nothing"} though only ${edits.map((one) => JSON.stringify(one)).join()} was edited`,
      });
  }
  return found;
}

/** FIXED-4: the order of files, keys and API items means nothing. */
export function compareOrders(run: PlanRun, install: Install, spec: NetworkPlanSpec, chance: Chance): Violation[] {
  const { snapshot } = run;
  const items = inMaps(snapshot);
  const again = buildSnapshot(chance.shuffled(items), snapshot.complete, snapshot.facts);
  const now = 1_800_000_000_000;
  const one = decideOn(snapshot, install, spec, now);
  const other = decideOn(again, install, shuffledKeys(spec, chance), now);
  const text = (each: PlanRun) => outcomeText(each.decided?.outcome);
  if (text(one) === text(other)) return [];
  return [
    { invariant: "FIXED-4", message: `another order gives another outcome: ${textDifference(text(one), text(other))}` },
  ];
}

/** The objects of a snapshot. */
export function inMaps(snapshot: Snapshot): KubeObject[] {
  return [
    snapshot.subnets,
    snapshot.pools,
    snapshot.reserved,
    snapshot.endpoints,
    snapshot.multusConfigs,
    snapshot.networkAttachments,
    snapshot.namespaces,
    snapshot.nodes,
    snapshot.pods,
    snapshot.replicaSets,
    snapshot.jobs,
    snapshot.revisions,
    snapshot.instances,
    snapshot.workloads,
  ].flatMap((map) => [...map.values()]);
}

function shuffledKeys<T>(value: T, chance: Chance): T {
  if (Array.isArray(value)) return value.map((one: unknown) => shuffledKeys(one, chance)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    chance.shuffled(Object.entries(value)).map(([key, one]) => [key, shuffledKeys(one as unknown, chance)]),
  ) as T;
}

/** An outcome without what it was decided on, and what counts of its objects, for comparing. */
export function outcomeText(outcome: Outcome | undefined): string {
  return (
    JSON.stringify(outcome, (key, value: unknown) => {
      if (key === "source" || key === "live" || key === "kind") return undefined;
      if (key === "object") return project(value as KubeObject);
      if (typeof value === "bigint") return `${value}n`;
      return value instanceof Map ? [...value] : value;
    }) ?? ""
  );
}

/** Where two texts part. */
export function textDifference(a: string, b: string): string {
  let at = 0;
  while (a[at] === b[at]) at++;
  return `${a.slice(Math.max(0, at - 120), at + 200)} <> ${b.slice(Math.max(0, at - 120), at + 200)}`;
}
