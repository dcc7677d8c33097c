import { isFields } from "../spiderpool/json.js";
import { isKind, type KubeObject, type LabelSelector } from "../spiderpool/objects.js";
import { matches } from "../spiderpool/selector.js";
import {
  follows,
  holds,
  isEmpty,
  items,
  type Requirement,
  requirementsOf,
  type Term,
  termHolds,
  termOf,
  text,
  valuesOf,
} from "./node-selector.js";
import { podTemplate } from "./snapshot.js";

/*
 * On which nodes may a Pod of this template run? The one answer, as Kubernetes decides it: nodeName, nodeSelector, required
 * node affinity, taints and tolerations, cordons. Not judged, here or anywhere: room on a node, preferences, the node
 * affinity of PersistentVolumes, affinity and anti-affinity to other Pods, topology spread, scheduling gates, and what a
 * RuntimeClass adds. Each of them only forbids more nodes, and changes with what else runs.
 */

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

interface Toleration {
  readonly key: string;
  readonly operator: string;
  readonly value: string;
  readonly effect: string;
}

/** What of a Pod decides on which nodes it may run. */
export interface Placement {
  /** Given by the template: no scheduler is asked. */
  readonly nodeName: string | undefined;
  readonly nodeSelector: readonly Requirement[];
  /** Required node affinity, one of which must hold; undefined = none is asked for. */
  readonly terms: readonly Term[] | undefined;
  readonly tolerations: readonly Toleration[];
  /** Made by the DaemonSet controller, which looks at taints where no scheduler does. */
  readonly daemon: boolean;
}

/** Nodes as pools and subnets choose them: by name, else by label. */
interface NodeAffinity {
  readonly names?: readonly string[];
  readonly selector?: LabelSelector;
}

const HOSTNAME = "kubernetes.io/hostname";
const NAME = "metadata.name";

/** What Kubernetes taints a node with while it is in trouble or just coming: none of it lasts. */
const PASSING: ReadonlySet<string> = new Set([
  ...["not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "network-unavailable"].map(
    nodeKey,
  ),
  ...["unschedulable", "out-of-service"].map(nodeKey),
  "node.cloudprovider.kubernetes.io/uninitialized",
  "node.cloudprovider.kubernetes.io/shutdown",
]);

/** What every Pod of a DaemonSet tolerates. */
const OF_DAEMONS: readonly Toleration[] = [
  ...["not-ready", "unreachable"].map((name) => tolerating(name, "NoExecute")),
  ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map((name) =>
    tolerating(name, "NoSchedule"),
  ),
];

/** Whether it keeps one Pod on each node; Kruise's DaemonSets place their Pods as those of apps do, tolerations and all. */
export function isDaemonSet(ref: Pick<KubeObject, "apiVersion" | "kind">): boolean {
  return isKind(ref, "apps", "DaemonSet") || isKind(ref, "apps.kruise.io", "DaemonSet");
}

/** Where the Pods of a workload may run, by its template; anywhere if it has none. */
export function placementOf(workload: KubeObject | undefined): Placement {
  const daemon = workload !== undefined && isDaemonSet(workload);
  return placementOfPod(workload && podTemplate(workload)?.spec, daemon);
}

/**
 * Where a Pod of this spec may run. A part of another shape than Kubernetes accepts counts as absent.
 * @param daemon whether the DaemonSet controller makes it
 */
export function placementOfPod(spec: unknown, daemon = false): Placement {
  const { nodeName, nodeSelector, affinity, tolerations, hostNetwork } = isFields(spec) ? spec : {};
  const nodeAffinity = isFields(affinity) && isFields(affinity.nodeAffinity) ? affinity.nodeAffinity : {};
  const required = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  return {
    nodeName: typeof nodeName === "string" && nodeName !== "" ? nodeName : undefined,
    nodeSelector: Object.entries(isFields(nodeSelector) ? nodeSelector : {}).map(([key, value]) => ({
      key,
      operator: "In",
      values: [text(value)],
    })),
    terms: isFields(required) ? items(required.nodeSelectorTerms).map(termOf) : undefined,
    tolerations: [
      ...items(tolerations).map(tolerationOf),
      ...(daemon ? OF_DAEMONS : []),
      ...(daemon && hostNetwork === true ? [tolerating("network-unavailable", "NoSchedule")] : []),
    ],
    daemon,
  };
}

/** Whether a Pod may start on the node as the node is now. */
export function mayStartOn(placement: Placement, node: KubeObject): boolean {
  return isReady(node) && suits(placement, node) && tolerates(placement, taintsOf(node));
}

/** Whether a Pod may come to run on the node once what passes has passed: it is ready again and not cordoned any more. */
export function mayComeTo(placement: Placement, node: KubeObject): boolean {
  const lasting = taintsOf(node).filter(({ key }) => !PASSING.has(key));
  return suits(placement, node) && tolerates(placement, lasting);
}

/** Whether a Pod of a DaemonSet that runs on the node is left there. */
export function mayStayOn(placement: Placement, node: KubeObject): boolean {
  return suits(placement, node) && !isEvictedFrom(placement, node);
}

/** Whether the node's taints drive out a Pod that runs on it. */
export function isEvictedFrom(placement: Placement, node: KubeObject): boolean {
  const evicting = taintsOf(node).filter(({ effect }) => effect === "NoExecute");
  return !tolerates(placement, evicting);
}

/** Whether the node's kubelet reports; a node that says nothing of it counts as alive. */
export function isReady(node: KubeObject): boolean {
  const conditions = isFields(node.status) ? items(node.status.conditions) : [];
  const ready = conditions.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True";
}

/**
 * Whether Pods can only run where the affinity holds, whatever nodes there will be; what is not certain is no. An affinity
 * that asks for nothing confines nobody.
 * @param nodes what is known of nodes that the placement names
 */
export function isConfinedTo(
  { names, selector = {} }: NodeAffinity,
  placement: Placement,
  nodes: ReadonlyMap<string, KubeObject>,
): boolean {
  const { nodeName, nodeSelector, terms = [{ labels: [], fields: [] }] } = placement;
  const wanted = requirementsOf(selector);
  const ways = terms.filter((term) => placement.terms === undefined || !isEmpty(term));
  return (
    ways.length > 0 &&
    ways.every(({ labels, fields }) => {
      const all = [...nodeSelector, ...labels];
      const hosts = nodeName === undefined ? (valuesOf(fields, NAME) ?? valuesOf(all, HOSTNAME)) : [nodeName];
      if (names !== undefined) return hosts?.every((host) => names.includes(host)) ?? false;
      if (wanted.length === 0) return false;
      const meets = (host: string) => nodes.has(host) && matches(selector, labelsOf(nodes.get(host)!));
      return wanted.every((one) => follows(one, all)) || (hosts?.every(meets) ?? false);
    })
  );
}

/** nodeName, nodeSelector and required affinity; a kubelet refuses what its node does not suit, scheduled or not. */
function suits({ nodeName, nodeSelector, terms }: Placement, node: KubeObject): boolean {
  const labels = labelsOf(node);
  if (nodeName !== undefined && nodeName !== node.metadata.name) return false;
  if (!nodeSelector.every((one) => holds(one, labels))) return false;
  return terms?.some((term) => termHolds(term, labels, { [NAME]: node.metadata.name })) ?? true;
}

/** PreferNoSchedule keeps nobody out; what a template puts on a node itself meets no scheduler, only who evicts. */
function tolerates({ nodeName, tolerations, daemon }: Placement, taints: readonly Taint[]): boolean {
  const effects = nodeName === undefined || daemon ? ["NoSchedule", "NoExecute"] : ["NoExecute"];
  return taints
    .filter(({ effect }) => effects.includes(effect))
    .every((taint) => tolerations.some((toleration) => covers(toleration, taint)));
}

function covers({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== "" && effect !== taint.effect) return false;
  if (key === "") return operator === "Exists";
  if (key !== taint.key) return false;
  return operator === "Exists" || ((operator === "" || operator === "Equal") && value === (taint.value ?? ""));
}

/** A cordon is a taint, also before Kubernetes has written it. */
function taintsOf({ spec }: KubeObject): Taint[] {
  const { unschedulable, taints } = isFields(spec) ? spec : {};
  const written = items(taints).map(({ key, value, effect }) => ({
    key: text(key),
    value: text(value),
    effect: text(effect),
  }));
  return unschedulable === true ? [...written, { key: nodeKey("unschedulable"), effect: "NoSchedule" }] : written;
}

/** Every kubelet labels its node with a hostname; a cluster file written by hand may have left it out. */
function labelsOf({ metadata: { name, labels } }: KubeObject): Readonly<Record<string, string>> {
  return { [HOSTNAME]: name, ...labels };
}

function tolerationOf({ key, operator, value, effect }: Record<string, unknown>): Toleration {
  return { key: text(key), operator: text(operator), value: text(value), effect: text(effect) };
}

function tolerating(name: string, effect: string): Toleration {
  return { key: nodeKey(name), operator: "Exists", value: "", effect };
}

function nodeKey(name: string): string {
  return `node.kubernetes.io/${name}`;
}
