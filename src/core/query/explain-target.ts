import {
  isDone,
  isFinished,
  isHostNetwork,
  isRetained,
  type Retention,
  retentionOf,
  startsAgain,
} from "../cluster/lifecycle.js";
import { namespaceEnd } from "../cluster/namespaces.js";
import { templateFacts } from "../cluster/pod-facts.js";
import { successorsOf, workloadsInForce } from "../cluster/successor.js";
import { shortKey, workloadOfPod } from "../cluster/workload-of.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { ordinalsOf } from "../spiderpool/ipam/retain.js";
import { isKind, type KubeObject } from "../spiderpool/objects.js";
import { findWorkload } from "./find-workload.js";

/** The Pod a question is about: the one that comes in place of a live one, or that a template would make. */
export interface ExplainTarget {
  /** As people name it: `Pod default/web-0`, `default/Deployment/app`. */
  readonly title: string;
  readonly pod: PodFacts;
  /** Why it asks Spiderpool for nothing at all; undefined if it does. */
  readonly asksNobody?: string;
  /** Under which name Spiderpool keeps what it has now: `namespace/name` of the live Pod or VM. */
  readonly live?: string;
  /** How that survives the Pod. */
  readonly keeps: Retention;
  /** Of a workload: its Pods, which have their addresses whatever one more would find. */
  readonly pods: readonly string[];
  /** Of a StatefulSet: its ordinals, each of which may have pools of its own. */
  readonly ordinals: readonly ExplainTarget[];
}

/** Finding a target can fail in ways a person can mend; several where several templates are in force. */
export type Found = { readonly targets: readonly ExplainTarget[] } | { readonly error: string };

/** More ordinals than a person reads are not asked one by one. */
const MOST_ORDINALS = 100;

/**
 * Finds what is meant by `namespace/name` (a Pod, a VM, a workload that is the only one of that name, or a StatefulSet's Pod
 * that is not there yet) or `namespace/Kind/name`.
 * @param node where the Pod is supposed to run, in place of where it does
 */
export function findTarget(snapshot: Snapshot, name: string, node: string | undefined, facts: SpiderpoolFacts): Found {
  if (node !== undefined && snapshot.complete.has("Node") && !snapshot.nodes.has(node)) {
    return { error: `there is no node ${node}` };
  }
  const pod = snapshot.pods.get(name);
  if (pod !== undefined)
    return { targets: ofPod(snapshot, `Pod ${name}`, pod, recordName(snapshot, name), node, facts) };
  const ordinal = futureOrdinal(snapshot, name, node, facts);
  const found = findWorkload(snapshot, name);
  if (!("error" in found)) return ofWorkload(snapshot, found.key, node, facts);
  if (ordinal !== undefined) return { targets: [ordinal] };
  return { error: found.error.replace("no workload", "no Pod and no workload") };
}

/** Spiderpool keeps what a VM has under the VM's name (T1). */
function recordName(snapshot: Snapshot, pod: string): string {
  for (const [machine, launchers] of snapshot.launchers) {
    if (launchers.some(({ metadata }) => `${metadata.namespace}/${metadata.name}` === pod)) return machine;
  }
  return pod;
}

function ofPod(
  snapshot: Snapshot,
  title: string,
  pod: KubeObject,
  live: string,
  node: string | undefined,
  facts: SpiderpoolFacts,
): ExplainTarget[] {
  const asked = node === undefined ? pod : { ...pod, spec: { ...(pod.spec as object), nodeName: node } };
  const successors = successorsOf(asked, snapshot);
  const keeps = retentionOf(snapshot, live, facts);
  const ended = keeps === "nothing" ? endOf(snapshot, pod) : undefined;
  return successors.map(({ facts: next, hostNetwork, followsTemplate }) => ({
    title: successors.length === 1 ? title : `${title} (by ${followsTemplate ? "the template" : "its own revision"})`,
    asksNobody: ended ?? (hostNetwork ? ON_HOST_NETWORK : undefined),
    ...{ pod: next, live, keeps, pods: [], ordinals: [] },
  }));
}

const IN_ENDING_NAMESPACE = "its Namespace is being deleted, and takes no new Pod";
const ON_HOST_NETWORK = "the Pod uses its node's network (hostNetwork)";

/** Why a Pod never starts again; undefined if it does. */
function endOf(snapshot: Snapshot, pod: KubeObject): string | undefined {
  if (startsAgain(snapshot, pod)) return undefined;
  if (namespaceEnd(snapshot, pod.metadata.namespace) === "terminating") return IN_ENDING_NAMESPACE;
  const workload = workloadOfPod(snapshot, `${pod.metadata.namespace}/${pod.metadata.name}`);
  const next = workload === undefined ? "" : `; for the next Pod of its workload, explain ${workload}`;
  return isFinished(pod)
    ? `the Pod has finished and never starts again${next}`
    : `the Pod is being deleted, and another one takes its place${next}`;
}

function asksNobody(workload: KubeObject, snapshot: Snapshot): string | undefined {
  if (namespaceEnd(snapshot, workload.metadata.namespace) === "terminating") return IN_ENDING_NAMESPACE;
  if (isDone(workload)) return "the Job is done and makes no Pod any more";
  return isHostNetwork(podTemplate(workload)) ? ON_HOST_NETWORK : undefined;
}

function ofWorkload(snapshot: Snapshot, key: string, node: string | undefined, facts: SpiderpoolFacts): Found {
  const workload = snapshot.workloads.get(key);
  const pods = podsOf(snapshot, key);
  const machine = key.split("/")[1]?.startsWith("VirtualMachine") ?? false;
  if (workload === undefined || machine) {
    // Only its Pods tell what it asks for; of a VM the one it runs in.
    const [first] = pods;
    const live = first === undefined ? undefined : (snapshot.pods.get(first) ?? snapshot.launchers.get(first)?.[0]);
    if (live !== undefined) return { targets: ofPod(snapshot, key, live, first!, node, facts).slice(0, 1) };
    if (workload === undefined) return { error: `of ${key} the cluster has neither a template nor a Pod` };
    return { targets: [stoppedMachine(snapshot, key, workload, node, facts)] };
  }
  const targets = workloadsInForce(workload, snapshot).map((one): ExplainTarget => {
    const target = { title: key, keeps: "nothing" as const, pods, asksNobody: asksNobody(one, snapshot) };
    const ordinals = isKind(one, "apps", "StatefulSet") ? ordinalsOf(one, MOST_ORDINALS) : [];
    return {
      ...target,
      pod: templateFacts(one, snapshot, undefined, node),
      ordinals: ordinals.map((ordinal) => ordinalTarget(snapshot, one, ordinal, node, facts)),
    };
  });
  return { targets };
}

/** A VM that does not run: Spiderpool keeps its address under its name as long as it is there (A21, Z7). */
function stoppedMachine(
  snapshot: Snapshot,
  key: string,
  workload: KubeObject,
  node: string | undefined,
  facts: SpiderpoolFacts,
): ExplainTarget {
  const live = shortKey(key);
  const keeps = retentionOf(snapshot, live, facts);
  return {
    ...{ title: key, pod: templateFacts(workload, snapshot, undefined, node), live, pods: [], ordinals: [] },
    keeps: isRetained(snapshot, live, keeps) ? keeps : "nothing",
  };
}

function ordinalTarget(
  snapshot: Snapshot,
  workload: KubeObject,
  ordinal: number,
  node: string | undefined,
  facts: SpiderpoolFacts,
): ExplainTarget {
  const name = `${workload.metadata.namespace}/${workload.metadata.name}-${ordinal}`;
  const pod = snapshot.pods.get(name);
  const [live] = pod === undefined ? [] : ofPod(snapshot, `Pod ${name}`, pod, name, node, facts);
  if (live !== undefined) return live;
  return {
    title: `Pod ${name}`,
    pod: templateFacts(workload, snapshot, ordinal, node),
    ...{ asksNobody: asksNobody(workload, snapshot), live: name, pods: [], ordinals: [] },
    keeps: retentionOf(snapshot, name, facts),
  };
}

/** Who of a workload has addresses, in order. */
function podsOf(snapshot: Snapshot, key: string): string[] {
  return [...snapshot.endpoints.keys()].filter((pod) => workloadOfPod(snapshot, pod) === key).sort();
}

/** A Pod that a StatefulSet would make: its name says which one and which ordinal. */
function futureOrdinal(
  snapshot: Snapshot,
  name: string,
  node: string | undefined,
  facts: SpiderpoolFacts,
): ExplainTarget | undefined {
  const match = /^([^/]+)\/(.+)-(\d+)$/.exec(name);
  const workload = match === null ? undefined : snapshot.workloads.get(`${match[1]}/StatefulSet/${match[2]}`);
  if (match === null || workload === undefined) return undefined;
  return {
    ...ordinalTarget(snapshot, workload, Number(match[3]), node, facts),
    title: `Pod ${name} (not there yet)`,
  };
}
