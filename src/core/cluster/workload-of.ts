import { controllerOf, isKind, KINDS, type KubeObject, kindText, type OwnerReference } from "../spiderpool/objects.js";
import type { Snapshot } from "./snapshot.js";

/** `namespace/Kind/name` of a workload, the kind as owners spell it. */
export function workloadKey(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${kindText(object)}/${object.metadata.name}`;
}

/** The same of the workload that a reference in this namespace points at. */
export function referencedKey(
  namespace: string,
  { apiVersion, kind, name }: Pick<OwnerReference, "apiVersion" | "kind" | "name">,
): string {
  return workloadKey({ apiVersion, kind, metadata: { namespace, name } });
}

/** The kind of a VM, and of what a VM runs as. */
export const VIRTUAL_MACHINE = KINDS.VirtualMachine;
const INSTANCE = KINDS.VirtualMachineInstance;

type Known = Pick<Snapshot, "pods" | "replicaSets" | "jobs" | "workloads" | "endpoints" | "instances">;

/**
 * Whether Spiderpool looks through this object to the one above it, so that it is no workload of its own: a ReplicaSet of a
 * Deployment, a Job of a CronJob, and the ReplicaSet of any other controller that has the Pod template itself.
 */
export function isLookedThrough(object: KubeObject, isWorkload: (key: string) => boolean): boolean {
  const above = controllerOf(object);
  if (above === undefined) return false;
  if (isKind(object, "batch", "Job")) return isKind(above, "batch", "CronJob");
  if (!isKind(object, "apps", "ReplicaSet")) return false;
  return isKind(above, "apps", "Deployment") || isWorkload(referencedKey(object.metadata.namespace ?? "", above));
}

/**
 * The workload a Pod belongs to, `namespace/Kind/name` as owners spell it: its direct controller, or what stands above that
 * where Spiderpool looks through it (B2, A20); else what its SpiderEndpoint recorded (T4); undefined for a bare or unknown Pod.
 * @param pod `namespace/name`; of a VM its own name, under which Spiderpool keeps it (T1)
 */
export function workloadOfPod(snapshot: Known, pod: string): string | undefined {
  const namespace = pod.slice(0, pod.indexOf("/"));
  const live = snapshot.pods.get(pod);
  if (live === undefined) return recordedWorkload(snapshot, pod);
  const controller = controllerOf(live);
  if (controller === undefined) return undefined;
  if (isKind(controller, "kubevirt.io", INSTANCE.kind)) return virtualMachine(snapshot, namespace, controller.name);
  if (isKind(controller, "apps", "ReplicaSet")) {
    const replicaSet = snapshot.replicaSets.get(`${namespace}/${controller.name}`);
    if (replicaSet !== undefined) return through(snapshot, replicaSet);
    // It is not in the snapshot, but Spiderpool wrote down whose it was.
    const recorded = recordedWorkload(snapshot, pod);
    if (recorded?.startsWith(`${namespace}/Deployment/`)) return recorded;
  }
  if (isKind(controller, "batch", "Job")) {
    const job = snapshot.jobs.get(`${namespace}/${controller.name}`);
    if (job !== undefined) return through(snapshot, job);
  }
  return referencedKey(namespace, controller);
}

function through(snapshot: Known, object: KubeObject): string {
  const above = controllerOf(object);
  return above !== undefined && isLookedThrough(object, (key) => snapshot.workloads.has(key))
    ? referencedKey(object.metadata.namespace ?? "", above)
    : workloadKey(object);
}

/** Everybody above a Pod that a plan may call its workload: what is looked through and what is above it, too. */
export function workloadsAbove(snapshot: Known, pod: string): readonly string[] {
  const namespace = pod.slice(0, pod.indexOf("/"));
  const own = workloadOfPod(snapshot, pod);
  const direct = controllerOf(snapshot.pods.get(pod));
  const replicaSet = snapshot.replicaSets.get(`${namespace}/${direct?.name}`);
  const chain = [direct, direct && isKind(direct, "apps", "ReplicaSet") ? controllerOf(replicaSet) : undefined];
  const keys = chain.flatMap((reference) => (reference === undefined ? [] : [referencedKey(namespace, reference)]));
  const machine = own?.startsWith(`${namespace}/${kindText(INSTANCE)}/`)
    ? [`${namespace}/${kindText(VIRTUAL_MACHINE)}/${own.slice(own.lastIndexOf("/") + 1)}`]
    : [];
  const instance = snapshot.instances.get(pod);
  const itself = instance === undefined ? [] : [workloadKey(instance)];
  return [...new Set([...(own === undefined ? [] : [own]), ...keys, ...itself, ...machine])];
}

/**
 * The workload Spiderpool wrote down for an endpoint. It records no group (T4): a StatefulSet is one of apps/v1 unless the
 * endpoint belongs to its Pod, which no apps/v1 StatefulSet's does (Z1).
 */
function recordedWorkload(snapshot: Known, pod: string): string | undefined {
  const endpoint = snapshot.endpoints.get(pod);
  const { ownerControllerType: kind, ownerControllerName: name } = endpoint?.status ?? {};
  if (!kind || !name || kind === "Pod") return undefined;
  const namespace = pod.slice(0, pod.indexOf("/"));
  if (kind === INSTANCE.kind) return virtualMachine(snapshot, namespace, name);
  const plain = `${namespace}/${kind}/${name}`;
  const foreign = endpoint !== undefined && kind === "StatefulSet" && belongsToPod(endpoint);
  if (!foreign && (snapshot.workloads.has(plain) || kind in BUILT_IN)) return plain;
  return grouped(snapshot, namespace, kind, name) ?? plain;
}

const BUILT_IN: Readonly<Record<string, true>> = {
  ...{ Deployment: true, ReplicaSet: true, StatefulSet: true, DaemonSet: true, Job: true, CronJob: true },
};

/** Whether the endpoint goes with its Pod: so it is with all but those of apps/v1 StatefulSets and VMs (T4, Z1). */
export function belongsToPod({ metadata }: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === "Pod") ?? false;
}

/** The workload of a kind outside apps and batch: Spiderpool recorded its kind and name only. */
function grouped({ workloads }: Known, namespace: string, kind: string, name: string): string | undefined {
  const found = (namesakes(workloads).get(`${namespace}/${name}`) ?? []).filter((key) =>
    key.startsWith(`${namespace}/${kind}.`),
  );
  return found.length === 1 ? found[0] : undefined;
}

const remembered = new WeakMap<ReadonlyMap<string, KubeObject>, ReadonlyMap<string, readonly string[]>>();

/** Keys of workloads of any kind by `namespace/name`, in order. */
export function namesakes(workloads: ReadonlyMap<string, KubeObject>): ReadonlyMap<string, readonly string[]> {
  const known = remembered.get(workloads);
  if (known !== undefined) return known;
  const index = new Map<string, string[]>();
  for (const key of [...workloads.keys()].sort()) {
    const name = shortKey(key);
    const same = index.get(name);
    if (same === undefined) index.set(name, [key]);
    else same.push(key);
  }
  remembered.set(workloads, index);
  return index;
}

/** `default/Deployment/app` -> `default/app`. */
export function shortKey(key: string): string {
  const [namespace, , ...name] = key.split("/");
  return `${namespace}/${name.join("/")}`;
}

/** What controls a VM's instance, or a VM of its name; else the instance, which is what Spiderpool recorded. */
function virtualMachine({ workloads, instances }: Known, namespace: string, name: string): string {
  const machine = `${namespace}/${kindText(VIRTUAL_MACHINE)}/${name}`;
  const above = controllerOf(instances.get(`${namespace}/${name}`));
  if (above !== undefined) return referencedKey(namespace, above);
  return workloads.has(machine) ? machine : `${namespace}/${kindText(INSTANCE)}/${name}`;
}
