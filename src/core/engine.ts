import { allocate } from "./allocate/allocate.js";
import type { Lock } from "./allocate/allocation.js";
import { renamer } from "./allocate/moved.js";
import { workloadOf } from "./allocate/owner.js";
import { isOwnReservation } from "./allocate/promised.js";
import { trustOf } from "./allocate/trust.js";
import { allocatedUnlocked } from "./allocate/unlocked.js";
import { type OrderedStep, orderSteps } from "./change/order.js";
import type { SharedAnnotations } from "./change/shared-annotations.js";
import { type Step, stepKey } from "./change/step.js";
import { draftAnnotations, draftSteps } from "./change/steps.js";
import { namespaceEnd } from "./cluster/namespaces.js";
import { workloadKey } from "./cluster/workload-of.js";
import { type Binding, bindingOf } from "./desired/binding.js";
import { unknownNetworks } from "./desired/known-networks.js";
import { misspeltWorkloads } from "./desired/misspelt.js";
import { annotationText, desiredNetworks, namespaceAnnotations, workloadAnnotations } from "./desired/networks.js";
import { desiredPools } from "./desired/pools.js";
import { isOwnReservationStep } from "./desired/promised.js";
import { tellRest } from "./desired/quarantine-steps.js";
import { desiredReservations, desiredSubnets } from "./desired/subnets.js";
import { compareTemplates } from "./desired/template-warnings.js";
import type { Diagnostic } from "./diagnostics.js";
import type { Options, Outcome } from "./outcome.js";
import type { Plan } from "./plan/plan.js";
import { recordedOwner, type Snapshot } from "./snapshot.js";
import { resolveFacts } from "./spiderpool/facts.js";
import { KINDS, type KubeObject } from "./spiderpool/objects.js";
import { holdBackHarm } from "./verdict/block.js";
import { holdBackAll, withinBudget } from "./verdict/budget.js";
import { guard } from "./verdict/guard.js";
import { judgeRest } from "./verdict/half-done.js";
import { unknownSelections, withHolding } from "./verdict/holding.js";
import { type Judged, judgeSteps } from "./verdict/judge.js";
import { drainingPools, permitMigrations, tellMigrations } from "./verdict/migrate.js";
import { holdBackNamed, namersAfter } from "./verdict/named.js";
import { quarantineOf, withQuarantine } from "./verdict/quarantine.js";
import { passOver } from "./verdict/trust.js";
import { inDanger, summarize, untrustedTemplates, verdictOf } from "./verdict/verdict.js";
import { tellEndedNamespaces } from "./verdict/warnings/ended-namespaces.js";
import { tellRoutes } from "./verdict/warnings/routes.js";
import { planWarnings } from "./verdict/warnings/warnings.js";

/**
 * The story of spiderplan: what the plan wants, who gets which address, which objects that makes, how the cluster differs,
 * in which order it may change, and what of it is refused for the sake of those who run.
 * Pure: the same plan, lock, snapshot and options give the same outcome, byte for byte (FIXED-4).
 */
export function decide(plan: Plan, lock: Lock, snapshot: Snapshot, options: Options): Outcome {
  // Who gets which address: what is held stays held, the rest comes from what is free (DESIGN 5).
  const allocation = allocate({ plan, lock, snapshot, install: options.install, mode: "plan" });
  const binding = bindingOf(plan, snapshot, allocation.names);
  const { facts } = binding;

  // Which objects say so to Spiderpool, in the form it would store them (DESIGN 4).
  const pools = desiredPools(plan, allocation.allocations, allocation.lock, snapshot, options.install);
  const desired = [
    ...desiredSubnets(plan, facts, options.install),
    ...desiredReservations(plan, options.install),
    ...desiredNetworks(plan, snapshot, options.install),
    ...pools.objects,
  ];
  const annotations = [
    ...namespaceAnnotations(plan, snapshot, binding),
    ...workloadAnnotations(plan, snapshot, binding),
  ];

  // How the cluster differs from that. What belongs to a broken part of the plan, to an owner that is kept as it is, or to a
  // Namespace that goes away, stays.
  const networks = unknownNetworks(plan, snapshot, options.purpose);
  const broken = new Set([
    ...brokenParts([...allocation.diagnostics, ...pools.diagnostics, ...networks]),
    ...allocation.allocations.filter(({ frozen }) => frozen).map(({ owner }) => workloadPart(owner)),
  ]);
  const rename = renamer(allocation.plan);
  const whole = draftSteps(desired, snapshot, {
    install: options.install,
    namespace: facts.namespace,
    prune: options.prune,
    keep: (object) =>
      broken.has(partOf(object, rename) ?? "") ||
      isOwnReservation(object, options.install) ||
      namespaceEnd(snapshot, object.metadata.namespace) !== undefined,
  });
  const left = ({ kind, live, name, namespace }: SharedAnnotations) =>
    (live !== undefined && broken.has(workloadKey(live))) ||
    namespaceEnd(snapshot, kind === KINDS.Namespace ? name : namespace) !== undefined;
  const shared = draftAnnotations(
    annotations.filter((one) => !left(one)),
    options.install,
    annotationText,
  );

  // In which order it may change, and what is refused: held by people, in use, unknown to Spiderpool's admission, over budget.
  const wanted = orderSteps([...whole.drafts, ...shared.drafts], snapshot.pools.values());
  const ordered = withHolding(wanted, plan, options.holding);
  const trust = trustOf(plan, snapshot, facts, rename);
  const kept = guard(ordered, snapshot, namersAfter(ordered, snapshot, facts, trust.heeds), rename);
  const draining = drainingPools(allocation.allocations, snapshot);
  const guarded = { ...kept, leaving: [...kept.leaving, ...draining] };
  const leavingPools = new Set(guarded.leaving.map((one) => one.pool));
  const budget = withinBudget(guarded.steps, snapshot, options.install, plan.settings.pruneBudget, options.pruneBudget);
  const rehearsed = holdBackNamed(budget.steps, snapshot, facts, leavingPools, trust.heeds);

  // What is released rests, reserved before its pool lets go of it (DESIGN 5); a pool that keeps its addresses needs none.
  // What the lock promises and no pool offers after this run is reserved as well.
  const resting = (steps: readonly OrderedStep[]) =>
    quarantineOf(steps, { plan, lock, allocation, snapshot, facts, options });

  // What it would do to everybody who has an address; groups that harm somebody are held back, then what needs those, until
  // what is left harms nobody.
  const judge = (of: readonly OrderedStep[]) =>
    passOver(permitMigrations(judgeSteps(of, snapshot, facts), plan, of, snapshot), trust, facts);
  const expected = withQuarantine(rehearsed, resting(rehearsed));
  const judged = judge(expected);
  let safe: readonly OrderedStep[] = rehearsed;
  for (let left = withoutHarm(expected, judged); heldBack(left) > heldBack(safe); ) {
    safe = holdBackNamed(left, snapshot, facts, leavingPools, trust.heeds);
    const rest = withQuarantine(safe, resting(safe));
    left = withoutHarm(rest, judge(rest));
  }
  const quarantine = resting(safe);
  const told = withQuarantine(tellRest(safe, quarantine, plan.settings.quarantineSeconds), quarantine);
  const steps = tellRoutes(options.atomic ? holdBackAll(told) : told, snapshot);

  // What blocks nobody, but should be known.
  const { allocations } = allocation;
  const warnings = [
    ...inDanger(judged),
    ...untrustedTemplates(judged),
    ...tellMigrations(judged, expected, snapshot),
    ...compareTemplates(
      plan,
      snapshot,
      binding,
      allocations.map(({ pool }) => pool),
    ),
    ...misspeltWorkloads(plan, snapshot),
    ...planWarnings({ plan, allocations, steps, snapshot, facts }, broken),
  ];
  return {
    verdict: verdictOf(steps, guarded, judged),
    summary: summarize(steps, whole.unchanged + shared.unchanged + quarantine.unchanged),
    steps,
    allocations: allocation.allocations,
    lock: allocation.lock,
    usage: allocation.usage,
    diagnostics: [
      ...allocation.diagnostics,
      ...pools.diagnostics,
      ...networks,
      ...whole.diagnostics,
      ...unknownSelections(options.holding?.only ?? [], wanted, plan),
      ...tellEndedNamespaces(desired, annotations, snapshot),
      ...shared.diagnostics,
      ...quarantine.diagnostics,
      ...allocatedUnlocked(lock, allocation.allocations),
      ...warnings,
    ],
    ...(budget.exceeded && { pruneBudgetExceeded: budget.exceeded }),
    ...(allocation.plan !== plan && { returned: allocation.plan }),
  };
}

/** Our own reservations follow from what the steps do, and are made anew for those that are left. */
function withoutHarm(steps: readonly OrderedStep[], judged: Judged): readonly OrderedStep[] {
  return holdBackHarm(steps, judged).filter((step) => !isOwnReservationStep(step));
}

function heldBack(steps: readonly Step[]): number {
  return steps.filter((step) => step.blocked !== undefined).length;
}

/**
 * Judges steps of an earlier decision on the cluster as it is now: Pods may have come, and the steps before them are done.
 * @param decidedOn the cluster of that decision; what only a half-done sync gave is not protected
 * @returns why a step must not be carried out any more, for those that must not
 */
export function judgeAgain(
  plan: Plan,
  steps: readonly Step[],
  snapshot: Snapshot,
  decidedOn: Snapshot,
): ReadonlyMap<Step, string> {
  const facts = resolveFacts(snapshot.facts, plan.settings.spiderpool);
  const due = steps.map((step): OrderedStep => ({ steering: [], ...step }));
  const rename = renamer(plan);
  const trust = trustOf(plan, snapshot, facts, rename);
  const guarded = guard(due, snapshot, namersAfter(due, snapshot, facts, trust.heeds), rename).steps;
  const judged = judgeRest(guarded, { snapshot, decidedOn }, facts, (one) =>
    passOver(permitMigrations(one, plan, guarded, snapshot), trust, facts),
  );
  const allowed = new Map(holdBackHarm(guarded, judged).map((step) => [waveKey(step), step]));
  const refused = new Map<Step, string>();
  for (const step of steps) {
    const again = allowed.get(waveKey(step));
    if (isOwnReservationStep(step)) continue;
    if (again === undefined) refused.set(step, "somebody needs it again");
    else if (again.blocked !== undefined) refused.set(step, again.blocked.message);
  }
  return refused;
}

function waveKey(step: Step): string {
  return `${step.wave} ${stepKey(step)}`;
}

/** How the Pod templates of a plan name their pools, without deciding anything. */
export function bind(plan: Plan, lock: Lock, snapshot: Snapshot, install: string): Binding {
  return bindingOf(plan, snapshot, allocate({ plan, lock, snapshot, install, mode: "plan" }).names);
}

/** Parts of the plan that have an error of their own: `namespace/Kind/name` of a workload, or `pool:name`. */
function brokenParts(diagnostics: readonly Diagnostic[]): ReadonlySet<string> {
  return new Set(
    diagnostics
      .filter((one) => one.severity === "error" && one.about !== undefined)
      .map((one) => workloadPart(one.about!)),
  );
}

/** The part of the plan a pool of ours belongs to, a renamed workload's under its new name; other objects have none. */
function partOf(object: KubeObject, rename: (owner: string) => string): string | undefined {
  if (object.kind !== KINDS.SpiderIPPool.kind) return undefined;
  return workloadPart(rename(recordedOwner(object) ?? `pool:${object.metadata.name}`));
}

/** `default/Deployment/app/net1/app-v4` -> `default/Deployment/app`; `pool:x/app-v4` -> `pool:x`. */
function workloadPart(owner: string): string {
  return owner.startsWith("pool:") ? owner.split("/", 1)[0]! : workloadOf(owner);
}
