import type { Diagnostic } from "../diagnostics.js";
import type { Route } from "../spiderpool/objects.js";
import type { Entry } from "./collect.js";
import type { PlanWorkload } from "./plan.generated.js";
import type { Nic, Workload } from "./plan.js";
import { readRoute } from "./read-addresses.js";
import { readSelector, sorted } from "./read-affinity.js";
import { readNic } from "./read-nics.js";
import { checkSize } from "./read-pools.js";
import type { References } from "./references.js";
import { compareText, fail, into, named, type Scope } from "./scope.js";
import { nearest } from "./suggest.js";

/** Kinds owners spell without their group (DESIGN 1). */
const PLAIN = new Set([
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "ReplicationController",
  "Job",
  "CronJob",
]);
/** Kinds of others that people write without their group. */
const GROUPED: ReadonlyMap<string, string> = new Map([
  ["CloneSet", "apps.kruise.io"],
  ["Rollout", "argoproj.io"],
  ["VirtualMachine", "kubevirt.io"],
  ["VirtualMachineInstance", "kubevirt.io"],
]);
/** A KubeVirt VM: one Pod at a time, which keeps its address by itself (A21). */
const VM = "VirtualMachine.kubevirt.io";
/** Kinds whose object has no selector of its Pods to read. */
const NO_SELECTOR = new Set(["Job", "CronJob", VM, "VirtualMachineInstance.kubevirt.io"]);

/** Whether a plan has to say which Pods and, but for a VM, how many: an object of this kind does not tell. */
export function mustState(kind: string): { readonly pods: boolean; readonly replicas: boolean } {
  const pods = NO_SELECTOR.has(kind);
  return { pods, replicas: pods && kind !== VM };
}

/** One workload. Interfaces that cannot be read are left out, with an error about the workload. */
export function readWorkload(entry: Entry<PlanWorkload>, references: References, found: Diagnostic[]): Workload {
  const { name, value, source } = entry;
  const scope: Scope = { at: source, about: name, found };
  const [namespace, kind, workload] = name.split("/") as [string, string, string];
  checkKind(kind, scope);
  const bound = value.maxReplicas ?? value.maxNodes ?? value.replicas ?? (kind === VM ? 1 : undefined);
  if (bound !== undefined) checkSize(bound, `each pool of ${name}`, named(scope));
  const interfaces = new Map<string, Nic>();
  for (const [nic, written] of Object.entries(value.interfaces).sort(([a], [b]) => compareText(a, b))) {
    const read = readNic(nic, written, kind, references, into(scope, "interfaces", nic));
    if (read !== undefined) interfaces.set(nic, read);
  }
  if (mustState(kind).pods) checkStated(value, kind, scope);
  return {
    name,
    source,
    meta: sorted(value.meta ?? {}),
    namespace,
    kind,
    workload,
    bound,
    pods: value.pods === undefined ? undefined : readSelector(value.pods, into(scope, "pods")),
    interfaces,
    routes: readRoutes(value, into(scope, "routes")),
    annotate: value.annotate ?? false,
  };
}

/** A kind outside apps and batch carries its group, one inside never does: an owner has one spelling only. */
function checkKind(kind: string, scope: Scope): void {
  const dot = kind.indexOf(".");
  const plain = dot < 0 ? kind : kind.slice(0, dot);
  const group = dot < 0 ? "" : kind.slice(dot + 1);
  const plainGroup = group === "apps" || group === "batch";
  const meant = dot < 0 || plainGroup ? nearest(plain, [...PLAIN, ...GROUPED.keys()]) : undefined;
  if ((dot < 0 || plainGroup) && !PLAIN.has(plain) && !GROUPED.has(plain) && meant !== undefined) {
    const hint = `did you mean ${GROUPED.has(meant) ? `${meant}.${GROUPED.get(meant)}` : meant}?`;
    fail(named(scope), "SP2040", `there is no kind ${kind}`, { hint });
  } else if (dot < 0 && GROUPED.has(kind)) {
    fail(named(scope), "SP2040", `kind ${kind} needs its API group`, { hint: `write ${kind}.${GROUPED.get(kind)}` });
  } else if (dot < 0 && !PLAIN.has(kind)) {
    fail(named(scope), "SP2040", `kind ${kind} needs its API group`, {
      hint: `write it like CloneSet.apps.kruise.io; only ${[...PLAIN].join(", ")} go without`,
    });
  } else if (plainGroup && PLAIN.has(plain)) {
    fail(named(scope), "SP2040", `kind ${kind} is written without its group`, { hint: `write ${plain}` });
  }
}

/** What spiderplan cannot read from a live object of this kind must stand in the plan. */
function checkStated(value: PlanWorkload, kind: string, scope: Scope): void {
  if (!Object.values(value.interfaces).some((nic) => nic.fixed !== undefined)) return;
  if (value.pods === undefined) {
    fail(named(scope), "SP2027", `pods is missing: a ${kind} has no selector to read`, {
      hint: "add `pods: {labels: {...}}` with labels only its Pods carry",
    });
  }
  if (!mustState(kind).replicas) return; // a VM is one Pod
  if (value.replicas === undefined && value.maxReplicas === undefined && value.maxNodes === undefined) {
    fail(named(scope), "SP2028", `replicas is missing: a ${kind} has none to read`, {
      hint: "add `replicas: n`, the most Pods it runs at once",
    });
  }
}

function readRoutes(value: PlanWorkload, scope: Scope): Route[] {
  const seen = new Set<string>();
  return (value.routes ?? []).flatMap((route, index) => {
    const read = readRoute(route, into(scope, index));
    if (read === undefined) return [];
    if (seen.has(route.to)) fail(into(scope, index, "to"), "SP2016", `there are two routes to ${route.to}`);
    seen.add(route.to);
    return [read.route];
  });
}
