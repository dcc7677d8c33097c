import type { Snapshot } from "./snapshot.js";
import type { KubeObject, OwnerReference } from "./spiderpool/objects.js";

/**
 * The workload a Pod belongs to, `namespace/Kind/name` as owners spell it: up its controllers as far as the snapshot
 * knows them, else what its SpiderEndpoint recorded (T4); undefined for a bare or unknown Pod.
 * @param pod `namespace/name`
 */
export function workloadOfPod(snapshot: Snapshot, pod: string): string | undefined {
  const namespace = pod.slice(0, pod.indexOf("/"));
  const controller = controllerOf(snapshot.pods.get(pod));
  if (controller !== undefined) {
    const above =
      controller.kind === "ReplicaSet"
        ? controllerOf(snapshot.replicaSets.get(`${namespace}/${controller.name}`))
        : undefined;
    const top = above ?? controller;
    return `${namespace}/${kindText(top)}/${top.name}`;
  }
  const { ownerControllerType: kind, ownerControllerName: name } = snapshot.endpoints.get(pod)?.status ?? {};
  return kind && name && kind !== "Pod" ? `${namespace}/${kind}/${name}` : undefined;
}

function controllerOf(object: KubeObject | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find((reference) => reference.controller);
}

/** Kinds outside apps and batch carry their group (DESIGN 1, owner). */
function kindText(reference: OwnerReference): string {
  const slash = reference.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : reference.apiVersion.slice(0, slash);
  return group === "" || group === "apps" || group === "batch" ? reference.kind : `${reference.kind}.${group}`;
}
