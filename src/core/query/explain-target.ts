import { podFacts, templateFacts } from "../cluster/pod-facts.js";
import type { Snapshot } from "../snapshot.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";

/** The Pod a question is about: a live one, or the one a template would make. */
export interface ExplainTarget {
  /** As people name it: `Pod default/web-0`, `default/Deployment/app`. */
  readonly title: string;
  readonly pod: PodFacts;
  /** `namespace/name` of the live Pod. */
  readonly live?: string;
}

/** Finding a target can fail in ways a person can mend. */
export type Found = { readonly target: ExplainTarget } | { readonly error: string };

/**
 * Finds what is meant by `namespace/name` (a Pod, a workload that is the only one of that name, or a StatefulSet's Pod
 * that is not there yet) or `namespace/Kind/name`.
 * @param node where the Pod is supposed to run, in place of where it does
 */
export function findTarget(snapshot: Snapshot, name: string, node: string | undefined): Found {
  if (node !== undefined && snapshot.complete.has("Node") && !snapshot.nodes.has(node)) {
    return { error: `there is no node ${node}` };
  }
  const pod = snapshot.pods.get(name);
  if (pod !== undefined) {
    const asked = node === undefined ? pod : { ...pod, spec: { ...(pod.spec as object), nodeName: node } };
    return { target: { title: `Pod ${name}`, pod: podFacts(asked, snapshot), live: name } };
  }
  const keys = [...snapshot.workloads.keys()].filter((key) => key === name || isShort(key, name)).sort();
  if (keys.length > 1) return { error: `${name} may be any of ${keys.join(", ")}; write it in full` };
  const workload = keys[0] === undefined ? undefined : snapshot.workloads.get(keys[0]);
  if (workload !== undefined) {
    return { target: { title: keys[0]!, pod: templateFacts(workload, snapshot, undefined, node) } };
  }
  return futureOrdinal(snapshot, name, node) ?? { error: `the cluster has no Pod and no workload ${name}` };
}

/** `default/app` for `default/Deployment/app`. */
function isShort(key: string, name: string): boolean {
  const [namespace, , workload] = key.split("/");
  return `${namespace}/${workload}` === name;
}

/** A Pod that a StatefulSet would make: its name says which one and which ordinal. */
function futureOrdinal(snapshot: Snapshot, name: string, node: string | undefined): Found | undefined {
  const match = /^([^/]+)\/(.+)-(\d+)$/.exec(name);
  const workload = match === null ? undefined : snapshot.workloads.get(`${match[1]}/StatefulSet/${match[2]}`);
  if (match === null || workload === undefined) return undefined;
  return {
    target: { title: `Pod ${name} (not there yet)`, pod: templateFacts(workload, snapshot, Number(match[3]), node) },
  };
}
