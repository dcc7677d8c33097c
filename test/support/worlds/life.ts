import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { type PlainNode, type PlainPod, startsNaively } from "../naive-scheduling.js";
import { KRUISE_SET, type Objects } from "./objects.js";

/** What a Pod's successor is made of, where it may start, and whether there will be one; by what Kubernetes wrote down. */

export interface Template {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
}

interface SetSpec {
  template?: Template;
  paused?: boolean;
  updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
}

/** Whether the Pod is one of a set with names, of apps/v1 or of Kruise. */
export function isNamed(pod: KubeObject): boolean {
  return pod.metadata.ownerReferences?.[0]?.kind === "StatefulSet";
}

/** Whether its set keeps its addresses: only apps/v1's does (Z1). */
export function isOrdinal(pod: KubeObject): boolean {
  return isNamed(pod) && (pod.metadata.ownerReferences?.[0]?.apiVersion ?? "").startsWith("apps/");
}

/** The workload above a Pod. */
export function workloadOf(objects: Objects, pod: KubeObject): KubeObject | undefined {
  const kind = isOrdinal(pod) ? "StatefulSet" : isNamed(pod) ? KRUISE_SET : "Deployment";
  return objects.all(kind).get(`${pod.metadata.namespace}/${pod.metadata.labels?.app}`);
}

/** The template of the Pod that comes in a Pod's place. */
export function templateFor(objects: Objects, pod: KubeObject): Template | undefined {
  const workload = workloadOf(objects, pod);
  const { template, paused, updateStrategy } = (workload?.spec ?? {}) as SetSpec;
  const { namespace, name, ownerReferences } = pod.metadata;
  if (paused) {
    const set = objects.all("ReplicaSet").get(`${namespace}/${ownerReferences?.[0]?.name}`);
    return (set?.spec as SetSpec | undefined)?.template ?? template;
  }
  const { currentRevision } = (workload?.status ?? {}) as { currentRevision?: string };
  const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
  if (currentRevision !== undefined && updateStrategy?.type !== "OnDelete" && ordinalOf(name) < partition) {
    const before = objects.all("ControllerRevision").get(`${namespace}/${currentRevision}`);
    return (before?.data as unknown as { spec: { template: Template } } | undefined)?.spec.template ?? template;
  }
  return template;
}

export function ordinalOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}

/** Whether nothing will ever start in this Pod again, and its workload has another in its place (Z2). */
export function isOver(pod: KubeObject): boolean {
  const { phase } = (pod.status ?? {}) as { phase?: string };
  const going = pod.metadata.deletionTimestamp !== undefined && !isOrdinal(pod);
  return phase === "Failed" || phase === "Succeeded" || going;
}

/** Whether it hangs on its node's network. */
export function isOnHost(pod: KubeObject): boolean {
  return (pod.spec as { hostNetwork?: boolean } | undefined)?.hostNetwork === true;
}

/** Names of the nodes where a Pod of the template may start now, in order. */
export function nodesFor(objects: Objects, template: Template | undefined): string[] {
  return fitting(objects, template, (node) => node);
}

/** The same once dead nodes are back. */
export function nodesInTime(objects: Objects, template: Template | undefined): string[] {
  return fitting(objects, template, (node) => ({ ...node, ready: true }));
}

function fitting(objects: Objects, template: Template | undefined, seen: (node: PlainNode) => PlainNode): string[] {
  const pod = plainPod(template?.spec ?? {});
  return [...objects.all("Node").values()]
    .filter((node) => startsNaively(pod, seen(plainNode(node))))
    .map(({ metadata }) => metadata.name)
    .sort();
}

function plainPod(spec: Record<string, unknown>): PlainPod {
  const affinity = spec.affinity as
    | { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: PlainPod["terms"] } } }
    | undefined;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return {
    daemon: false,
    hostNetwork: false,
    nodeSelector: (spec.nodeSelector ?? {}) as Record<string, string>,
    tolerations: (spec.tolerations ?? []) as PlainPod["tolerations"],
    ...(terms !== undefined && { terms }),
  };
}

function plainNode({ metadata, spec, status }: KubeObject): PlainNode {
  const { taints = [], unschedulable = false } = (spec ?? {}) as Partial<PlainNode>;
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  const ready = conditions.every(({ type, status }) => type !== "Ready" || status === "True");
  return { name: metadata.name, labels: metadata.labels ?? {}, taints, unschedulable, ready };
}
