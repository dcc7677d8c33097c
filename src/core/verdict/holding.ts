import { splitOwner } from "../allocate/owner.js";
import type { OrderedStep } from "../change/order.js";
import { type Step, stepKey } from "../change/step.js";
import { workloadKey } from "../cluster/workload-of.js";
import type { Diagnostic } from "../diagnostics.js";
import { formatCidr } from "../ip/range.js";
import type { Holding } from "../outcome.js";
import type { Plan } from "../plan/plan.js";
import { didYouMean } from "../plan/suggest.js";
import { recordedOwner } from "../snapshot.js";
import { KINDS, type KubeObject, OWN } from "../spiderpool/objects.js";
import { cidrOf, dependsOn, isNaming } from "./depends.js";
import { hold } from "./guard.js";

/**
 * Holds back what must wait, before anything is judged: the verdict is about what will really be written.
 * What needs a step that is held back is held back with it.
 */
export function withHolding(steps: readonly OrderedStep[], plan: Plan, holding: Holding = {}): readonly OrderedStep[] {
  const chosen = holding.only === undefined ? undefined : closure(steps, chosenBy(plan, holding.only));
  const marked = steps.map((step) => {
    if (step.blocked !== undefined) return step;
    const reason = pruneMark(step) ?? holding.objects?.get(stepKey(step)) ?? outside(step, chosen);
    return reason === undefined ? step : hold(step, "held", reason);
  });
  return withDependents(marked);
}

/** Selections that name nothing in the plan or the steps: most likely a typing error. */
export function unknownSelections(only: readonly string[], steps: readonly Step[], plan: Plan): Diagnostic[] {
  const unknown = only.filter((name) => !named(plan, name) && !steps.some(chosenBy(plan, [name])));
  if (unknown.length === 0) return [];
  const known = selectable(steps, plan);
  return unknown.map((name) => ({
    code: "SP2812",
    severity: "error",
    message: `nothing in the plan is called ${name}, so no part of it is chosen by that`,
    hint:
      meantSelection(name, known) ??
      "write subnet:NAME, pool:NAME, network:NAMESPACE/NAME, namespace:NAME, reserved:NAME or namespace/Kind/name",
  }));
}

/** Everything a selection could name. */
function selectable(steps: readonly Step[], plan: Plan): string[] {
  const named = (kind: string, names: Iterable<string>) => [...names].map((name) => `${kind}:${name}`);
  const subnets = new Map([...plan.subnets.values()].map((subnet) => [formatCidr(subnet.cidr), subnet.name]));
  const all = [
    ...named("subnet", plan.subnets.keys()),
    ...named("pool", plan.pools.keys()),
    ...named("network", plan.networks.keys()),
    ...named("namespace", plan.namespaces.keys()),
    ...named("reserved", plan.reserved.keys()),
    ...plan.workloads.keys(),
    ...steps.flatMap((step) => namesOf(step, subnets)),
  ];
  return [...new Set(all)];
}

/** The same name of another kind, or without its kind, before a name that is spelt nearly so. */
function meantSelection(written: string, known: readonly string[]): string | undefined {
  const bare = (name: string) => (/^[a-z]+:/.test(name) ? name.slice(name.indexOf(":") + 1) : shortKey(name));
  const found = known.filter((name) => bare(name) === bare(written) || bare(name).endsWith(`/${written}`));
  // A workload's name stands for all its NICs.
  const whole = found.filter((name) => !found.some((other) => name.startsWith(`${other}/`)));
  return whole.length === 0 ? didYouMean(written, known) : `did you mean ${whole.sort().slice(0, 3).join(" or ")}?`;
}

/** `shop/Deployment/web/eth0` -> `shop/web`. */
function shortKey(name: string): string {
  const [namespace, , workload] = name.split("/");
  return workload === undefined ? name : `${namespace}/${workload}`;
}

/** What a person wrote on an object about its end. */
function pruneMark({ action, live }: OrderedStep): string | undefined {
  if (action !== "delete") return undefined;
  const marks = live?.metadata.annotations ?? {};
  if (marks[OWN.prune] === "disabled") return `its annotation ${OWN.prune} says disabled`;
  if (marks[OWN.prune] !== "confirm" || marks[OWN.deletionApproved] !== undefined) return undefined;
  return `its annotation ${OWN.prune} asks for a person's word: set ${OWN.deletionApproved} to the time of it`;
}

function outside(step: OrderedStep, chosen: ReadonlySet<OrderedStep> | undefined): string | undefined {
  return chosen === undefined || chosen.has(step) ? undefined : "not part of this sync";
}

/** Whether a step is one of those a selection names. */
function chosenBy(plan: Plan, only: readonly string[]): (step: Step) => boolean {
  const subnets = new Map([...plan.subnets.values()].map((subnet) => [formatCidr(subnet.cidr), subnet.name]));
  return (step) => {
    const names = namesOf(step, subnets);
    return only.some((wanted) => names.some((name) => name === wanted || name.startsWith(`${wanted}/`)));
  };
}

/** Everything a step may be called in a selection. */
function namesOf(step: Step, subnets: ReadonlyMap<string, string>): string[] {
  const subnet = subnets.get(cidrOf(step) ?? "");
  const inSubnet = subnet === undefined ? [] : [`subnet:${subnet}`];
  switch (step.kind.kind) {
    case "SpiderSubnet":
      return inSubnet;
    case "SpiderIPPool":
      return [`pool:${step.name}`, ...ownerNames(step.live ?? step.object), ...ownerNames(step.object), ...inSubnet];
    case "SpiderReservedIP":
      return [`reserved:${step.name.replace(/-v[46]$/, "")}`, `reserved:${step.name}`];
    case "SpiderMultusConfig":
      return [`network:${step.namespace}/${step.name}`];
    case KINDS.Namespace.kind:
      return [`namespace:${step.name}`];
    default:
      return [workloadKey(step.object)];
  }
}

function ownerNames(pool: KubeObject): string[] {
  const recorded = recordedOwner(pool);
  return recorded === undefined ? [] : [recorded, splitOwner(recorded).owner];
}

/** Whether the plan has what a selection names, changed or not. */
function named(plan: Plan, name: string): boolean {
  const colon = name.indexOf(":");
  const rest = name.slice(colon + 1);
  switch (name.slice(0, Math.max(0, colon))) {
    case "subnet":
      return plan.subnets.has(rest);
    case "pool":
      return plan.pools.has(rest);
    case "network":
      return plan.networks.has(rest);
    case "namespace":
      return plan.namespaces.has(rest);
    case "reserved":
      return plan.reserved.has(rest);
    default:
      return [...plan.workloads.keys()].some((workload) => name === workload || name.startsWith(`${workload}/`));
  }
}

/** The chosen steps and all that they need, whoever asked for it. */
function closure(steps: readonly OrderedStep[], chosen: (step: OrderedStep) => boolean): ReadonlySet<OrderedStep> {
  const found = new Set(steps.filter((step) => chosen(step) || isAnchor(step)));
  const waiting = [...found];
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    for (const other of steps) {
      if (found.has(other) || !mayNeed(step, other) || dependsOn(step, other) === undefined) continue;
      found.add(other);
      waiting.push(other);
    }
  }
  return found;
}

/** Holding a step back may rob another of what it needs. */
function withDependents(steps: readonly OrderedStep[]): readonly OrderedStep[] {
  const held = steps.filter((step) => step.blocked?.type === "held");
  const result = [...steps];
  for (let undone = held.pop(); undone !== undefined; undone = held.pop()) {
    for (const [index, step] of result.entries()) {
      if (step.blocked !== undefined || !mayNeed(step, undone)) continue;
      const why = dependsOn(step, undone);
      if (why === undefined) continue;
      const waiting = hold(step, "held", `${why}, which is held back`);
      result[index] = waiting;
      held.push(waiting);
    }
  }
  return result;
}

/** Most steps are new pools, which need none of each other: they need not be compared with all of them. */
function mayNeed(step: OrderedStep, other: OrderedStep): boolean {
  const isNew = ({ action, kind }: OrderedStep) => action === "create" && kind === KINDS.SpiderIPPool;
  return !isNew(other) || isNaming(step) || step.action === "delete";
}

function isAnchor({ object }: OrderedStep): boolean {
  return object.metadata.labels?.[OWN.anchorLabel] !== undefined;
}
