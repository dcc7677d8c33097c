import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { isOrdinalOf } from "../spiderpool/ipam/retain.js";
import { controllerOf, isKind, isTerminating, type KubeObject, type SpiderEndpoint } from "../spiderpool/objects.js";
import { namespaceEnd } from "./namespaces.js";
import { isDaemonSet, isReady } from "./scheduling.js";
import type { Snapshot } from "./snapshot.js";
import { belongsToPod, VIRTUAL_MACHINE } from "./workload-of.js";

/** What of a cluster tells how long a Pod and its addresses live. */
export type LifeFacts = Pick<
  Snapshot,
  "complete" | "namespaces" | "pods" | "endpoints" | "workloads" | "nodes" | "instances" | "launchers"
>;

/** Whether a Pod has ended for good: Succeeded or Failed, Evicted too (A17). Its controller makes another one if it wants one. */
export function isFinished(pod: KubeObject): boolean {
  const { phase } = (pod.status ?? {}) as { phase?: string };
  return phase === "Succeeded" || phase === "Failed";
}

/** Whether a Pod uses its node's network, so that nobody asks the CNI for it (B1). */
export function isHostNetwork(podOrTemplate: { readonly spec?: unknown } | undefined): boolean {
  return (podOrTemplate?.spec as { hostNetwork?: boolean } | undefined)?.hostNetwork === true;
}

/** Whether a Job is complete or failed for good: it makes no Pod any more. */
export function isDone(workload: KubeObject): boolean {
  if (!isKind(workload, "batch", "Job")) return false;
  const { conditions } = (workload.status ?? {}) as { conditions?: { type?: string; status?: string }[] };
  const ends = conditions?.filter(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  return ends !== undefined && ends.length > 0;
}

/** Whether a workload is being deleted: no controller makes Pods of it any more. One that leaves orphans is only let go. */
function isEnding({ metadata: { deletionTimestamp, finalizers = [] } }: KubeObject): boolean {
  return deletionTimestamp !== undefined && !finalizers.includes("orphan");
}

/** Whether it is a ReplicaSet of an earlier revision, which makes Pods again only when somebody rolls back. */
export function isKeptForHistory(workload: KubeObject): boolean {
  const { replicas } = (workload.spec ?? {}) as { replicas?: number };
  return isKind(workload, "apps", "ReplicaSet") && replicas === 0 && controllerOf(workload) !== undefined;
}

/** Whether a workload may still make a Pod. */
export function makesPods(workload: KubeObject): boolean {
  return !isDone(workload) && !isKeptForHistory(workload) && !isEnding(workload);
}

/** How an address survives its Pod: an ordinal or a VM gets the same one again, everybody else any (A17-A21). */
export type Retention = "ordinal" | "vm" | "nothing";

/**
 * How the addresses of an endpoint survive its Pod. Only StatefulSets of apps/v1 keep ordinals' (A18, A20, Z1); Spiderpool
 * records no group, so the Pod's controller tells, or the workload of that name, or whether the endpoint goes with its Pod.
 */
export function retentionOf(snapshot: LifeFacts, pod: string, facts: SpiderpoolFacts): Retention {
  const endpoint = snapshot.endpoints.get(pod);
  const { ownerControllerType: type, ownerControllerName: name } = endpoint?.status ?? {};
  if (type === "VirtualMachineInstance") return facts.enableKubevirtStaticIP ? "vm" : "nothing";
  if (!facts.enableStatefulSet) return "nothing";
  const controller = controllerOf(snapshot.pods.get(pod));
  if (controller !== undefined) return isKind(controller, "apps", "StatefulSet") ? "ordinal" : "nothing";
  if (type !== "StatefulSet") return "nothing";
  const known = snapshot.workloads.has(`${endpoint!.metadata.namespace}/StatefulSet/${name}`);
  return known || !belongsToPod(endpoint!) ? "ordinal" : "nothing";
}

/**
 * Whether somebody comes back for what an endpoint has: an ordinal its StatefulSet wants (A18), a VM that is there (A21, Z7).
 * Where StatefulSets or VMs were not read, they count as there.
 */
export function isRetained(snapshot: LifeFacts, pod: string, retention: Retention): boolean {
  if (retention === "nothing") return false;
  const [namespace, name] = [pod.slice(0, pod.indexOf("/")), pod.slice(pod.indexOf("/") + 1)];
  if (retention === "vm") return isMachineThere(snapshot, namespace, name);
  const set = snapshot.endpoints.get(pod)?.status?.ownerControllerName;
  const statefulSet = snapshot.workloads.get(`${namespace}/StatefulSet/${set}`);
  if (statefulSet === undefined) return !snapshot.complete.has("StatefulSet");
  return isOrdinalOf(name, statefulSet);
}

/** Of a VM that nobody read, its launchers tell: while the only one terminates, nobody may come back (Z7). */
function isMachineThere(snapshot: LifeFacts, namespace: string, name: string): boolean {
  const instance = snapshot.instances.get(`${namespace}/${name}`);
  const machine = snapshot.workloads.get(`${namespace}/${VIRTUAL_MACHINE.kind}.kubevirt.io/${name}`);
  const alive = [instance, machine].some((object) => object !== undefined && !isTerminating(object));
  if (alive) return true;
  if (snapshot.complete.has(VIRTUAL_MACHINE.kind) && snapshot.complete.has("VirtualMachineInstance")) return false;
  const launchers = snapshot.launchers.get(`${namespace}/${name}`) ?? [];
  return launchers.length === 0 || !launchers.every((pod) => isTerminating(pod) || isFinished(pod));
}

/**
 * Whether a live Pod's place is taken again by a Pod that asks for addresses on its node or elsewhere. Not so for one that
 * finished, and for one that is being replaced: its controller counts it out as soon as it is told to go. Of a DaemonSet the
 * next Pod comes only when this one is gone, so it is its successor, unless the node is gone, too. In a Namespace that goes
 * away the API server takes no new Pod.
 */
export function startsAgain(snapshot: LifeFacts, pod: KubeObject): boolean {
  if (isFinished(pod) || namespaceEnd(snapshot, pod.metadata.namespace) === "terminating") return false;
  if (!isTerminating(pod)) return true;
  const controller = controllerOf(pod);
  return controller !== undefined && isDaemonSet(controller) && isOnLiveNode(snapshot, pod);
}

function isOnLiveNode({ nodes, complete }: LifeFacts, pod: KubeObject): boolean {
  const { nodeName = "" } = (pod.spec ?? {}) as { nodeName?: string };
  const node = nodes.get(nodeName);
  return node === undefined ? !complete.has("Node") : isReady(node);
}

/**
 * Whether an endpoint is left over from a Pod that finished or was replaced: Spiderpool frees the pool's record and keeps the
 * endpoint (Z2). With no record in a pool its addresses are in nobody's use (FIXED-1).
 */
export function isLeftover(snapshot: LifeFacts, pod: string, endpoint: SpiderEndpoint): boolean {
  const retention = retentionOf(snapshot, pod, RETAINING);
  if (retention !== "nothing" && isRetained(snapshot, pod, retention)) return false;
  if (retention === "vm") return snapshot.complete.has(VIRTUAL_MACHINE.kind);
  const live = snapshot.pods.get(pod);
  if (live === undefined) return false;
  const uid = endpoint.status?.current?.uid;
  const replaced = Boolean(uid) && live.metadata.uid !== undefined && live.metadata.uid !== uid;
  return replaced || isFinished(live) || isTerminating(live);
}

/** Whether an endpoint is that of a Pod that is gone, and nobody comes back for it. */
function isVanished(snapshot: LifeFacts, pod: string): boolean {
  if (!snapshot.endpoints.has(pod) || snapshot.pods.has(pod) || !snapshot.complete.has("Pod")) return false;
  return !isRetained(snapshot, pod, retentionOf(snapshot, pod, RETAINING));
}

/**
 * Whether a SpiderEndpoint is all that is left of a Pod that is gone or finished (I20): its addresses count as in use for as
 * long as it is there, and nothing that a Pod does mends it.
 */
export function isOrphaned(snapshot: LifeFacts & Pick<Snapshot, "use">, pod: string): boolean {
  return snapshot.use.leftovers.has(pod) || isVanished(snapshot, pod);
}

/** An endpoint of an ordinal or VM is rather no leftover: whether Spiderpool keeps them is known where its settings are. */
const RETAINING = { enableStatefulSet: true, enableKubevirtStaticIP: true } as SpiderpoolFacts;
