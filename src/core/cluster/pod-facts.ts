import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { controllerOf, isKind, KEYS, type KubeObject, type OwnerReference } from "../spiderpool/objects.js";
import { type PodTemplate, podTemplate, type Snapshot } from "./snapshot.js";

type Labels = Readonly<Record<string, string>>;
type Facts = Pick<Snapshot, "nodes" | "namespaces" | "replicaSets"> & Partial<Pick<Snapshot, "jobs">>;

/** The same Pod as made anew from a template, with labels its controller adds. */
export function withTemplate(pod: PodFacts, { metadata }: PodTemplate, added: Labels): PodFacts {
  return { ...pod, labels: { ...metadata?.labels, ...added }, annotations: metadata?.annotations ?? {} };
}

/** The facts of a live Pod. */
export function podFacts(pod: KubeObject, world: Facts): PodFacts {
  const { namespace = "", name, labels, annotations } = pod.metadata;
  const node = (pod.spec as { nodeName?: string } | undefined)?.nodeName || undefined;
  return {
    namespace,
    name,
    labels: labels ?? {},
    annotations: annotations ?? {},
    ...nodeFacts(node, world),
    ...namespaceFacts(namespace, world),
    controller: topController(pod, world),
  };
}

/**
 * The facts of a Pod a workload's template would make.
 * @param ordinal number of the Pod of a StatefulSet, which labels it with its name; else it is any, the first for one
 * @param node where it is supposed to run, if that is the question
 */
export function templateFacts(workload: KubeObject, world: Facts, ordinal?: number, node?: string): PodFacts {
  const { namespace = "", name } = workload.metadata;
  const template = podTemplate(workload)?.metadata;
  const podName = ordinal === undefined ? name : `${name}-${ordinal}`;
  const own: Labels =
    workload.kind === "StatefulSet" ? { [KEYS.podName]: `${name}-${ordinal ?? firstOrdinal(workload)}` } : {};
  return {
    namespace,
    name: podName,
    labels: { ...template?.labels, ...own },
    annotations: template?.annotations ?? {},
    ...nodeFacts(node, world),
    ...namespaceFacts(namespace, world),
    controller: { apiVersion: workload.apiVersion, kind: workload.kind, name },
  };
}

/** Where a StatefulSet begins to count. */
function firstOrdinal(statefulSet: KubeObject): number {
  return (statefulSet.spec as { ordinals?: { start?: number } } | undefined)?.ordinals?.start ?? 0;
}

function nodeFacts(node: string | undefined, world: Facts): Pick<PodFacts, "node" | "nodeLabels"> {
  const found = node === undefined ? undefined : world.nodes.get(node);
  return { node, nodeLabels: found && (found.metadata.labels ?? {}) };
}

function namespaceFacts(namespace: string, world: Facts): Pick<PodFacts, "namespaceLabels" | "namespaceAnnotations"> {
  const found = world.namespaces.get(namespace);
  return {
    namespaceLabels: found && (found.metadata.labels ?? {}),
    namespaceAnnotations: found && (found.metadata.annotations ?? {}),
  };
}

function topController(pod: KubeObject, world: Facts): OwnerReference | undefined {
  const direct = controllerOf(pod);
  if (direct === undefined) return undefined;
  const path = `${pod.metadata.namespace}/${direct.name}`;
  if (isKind(direct, "apps", "ReplicaSet")) return controllerOf(world.replicaSets.get(path)) ?? direct;
  return isKind(direct, "batch", "Job") ? (controllerOf(world.jobs?.get(path)) ?? direct) : direct;
}
