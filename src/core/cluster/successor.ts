import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { controllerOf, isKind, type KubeObject, type OwnerReference } from "../spiderpool/objects.js";
import { isDone, isHostNetwork, isKeptForHistory } from "./lifecycle.js";
import { podFacts, withTemplate } from "./pod-facts.js";
import { type PodTemplate, podTemplate, type Snapshot } from "./snapshot.js";
import { referencedKey } from "./workload-of.js";

/** A Pod that may come in the place of a live one. */
export interface Successor {
  readonly facts: PodFacts;
  /** It uses its node's network and asks nobody for an address. */
  readonly hostNetwork: boolean;
  /** An edit of the workload's template changes it: not so for an old revision that is still in force. */
  readonly followsTemplate: boolean;
  /** Made from a template that is known; else as the live Pod is. */
  readonly isTemplate: boolean;
}

type Facts = Pick<Snapshot, "pods" | "nodes" | "namespaces" | "replicaSets" | "jobs" | "workloads" | "revisions">;

/** A template a controller may make the next Pod from; undefined = as the live Pod is. */
interface Revision {
  readonly template: PodTemplate | undefined;
  readonly followsTemplate: boolean;
}

/** As the live Pod is: nobody knows a template, and an edit of one reaches it all the same. */
const AS_IT_IS: Revision = { template: undefined, followsTemplate: true };

/**
 * Who comes in the place of a live Pod, by the template its controller makes the next one from; several where either may be
 * (DESIGN 6). What people or webhooks wrote on the live Pod alone is nothing to its successor.
 */
export function successorsOf(pod: KubeObject, snapshot: Facts): readonly Successor[] {
  return revisionsFor(pod, snapshot).map(({ template, followsTemplate }) => {
    const live = podFacts(pod, snapshot);
    return {
      facts: template === undefined ? live : withTemplate(live, template, ownLabels(pod)),
      hostNetwork: isHostNetwork(template ?? pod),
      followsTemplate,
      isTemplate: template !== undefined,
    };
  });
}

/** The annotations that the next Pod in place of a live one may have. */
export function templatesFor(pod: KubeObject, snapshot: Facts): readonly Readonly<Record<string, string>>[] {
  return revisionsFor(pod, snapshot).map(({ template }) =>
    template === undefined ? (pod.metadata.annotations ?? {}) : (template.metadata?.annotations ?? {}),
  );
}

/** Labels that controllers give each Pod beside those of its template. */
const CONTROLLERS_LABELS = [
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "batch.kubernetes.io/job-completion-index",
];

function ownLabels({ metadata }: KubeObject): Record<string, string> {
  const found = CONTROLLERS_LABELS.flatMap((key) => {
    const value = metadata.labels?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(found);
}

function revisionsFor(pod: KubeObject, snapshot: Facts): readonly Revision[] {
  const controller = controllerOf(pod);
  if (controller === undefined) return [AS_IT_IS];
  const namespace = pod.metadata.namespace ?? "";
  const workload = snapshot.workloads.get(referencedKey(namespace, controller));
  if (isKind(controller, "apps", "ReplicaSet")) return ofReplicaSet(pod, controller, snapshot);
  if (isKind(controller, "batch", "Job")) return newest(snapshot.jobs.get(`${namespace}/${controller.name}`));
  if (workload === undefined || isKind(controller, "kubevirt.io", "VirtualMachineInstance")) return [AS_IT_IS];
  if (isKind(controller, "apps", "StatefulSet")) return ofStatefulSet(pod, workload, snapshot);
  // The DaemonSet controller knows one template, OnDelete or not.
  if (isKind(controller, "apps", "DaemonSet")) return newest(workload);
  return holdsBack(workload) ? [...newest(workload), { ...AS_IT_IS, followsTemplate: false }] : newest(workload);
}

function newest(maker: KubeObject | undefined): readonly Revision[] {
  const template = maker && templateOf(maker);
  return template === undefined ? [AS_IT_IS] : [{ template, followsTemplate: true }];
}

/** Its ReplicaSet makes the next Pod; while a rollout goes on, the Deployment's new one may as well. */
function ofReplicaSet(pod: KubeObject, controller: OwnerReference, snapshot: Facts): readonly Revision[] {
  const namespace = pod.metadata.namespace ?? "";
  const replicaSet = snapshot.replicaSets.get(`${namespace}/${controller.name}`);
  const above = controllerOf(replicaSet);
  const workload = above && snapshot.workloads.get(referencedKey(namespace, above));
  const own = replicaSet && templateOf(replicaSet);
  const wanted = workload && templateOf(workload);
  if (workload === undefined || wanted === undefined) return [{ template: own, followsTemplate: true }];
  const paused = (workload.spec as { paused?: boolean }).paused === true;
  if (paused) return [{ template: own, followsTemplate: false }];
  if (isSame(wanted, own ?? asTemplate(pod), own === undefined)) return [{ template: own, followsTemplate: true }];
  return [
    { template: wanted, followsTemplate: true },
    { template: own, followsTemplate: true },
  ];
}

interface StatefulSetParts {
  readonly ordinals?: { readonly start?: number };
  readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } };
}

const REVISION = "controller-revision-hash";

/** Of the newest revision, but for ordinals below the partition, which stay with the current one. */
function ofStatefulSet(pod: KubeObject, workload: KubeObject, snapshot: Facts): readonly Revision[] {
  const { ordinals, updateStrategy } = (workload.spec ?? {}) as StatefulSetParts;
  const partition = updateStrategy?.type === "OnDelete" ? 0 : (updateStrategy?.rollingUpdate?.partition ?? 0);
  const ordinal = Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? Number.NaN);
  if (!(ordinal < (ordinals?.start ?? 0) + partition)) return newest(workload);
  const { currentRevision, updateRevision } = (workload.status ?? {}) as {
    currentRevision?: string;
    updateRevision?: string;
  };
  const recorded = snapshot.revisions.get(`${pod.metadata.namespace}/${currentRevision}`);
  const same = currentRevision !== undefined && currentRevision === updateRevision;
  const template = (recorded && revisionTemplate(recorded)) ?? (same ? templateOf(workload) : undefined);
  // An edit of the template makes a new revision, which an ordinal below the partition does not get.
  if (template !== undefined) return [{ template, followsTemplate: false }];
  const hash = pod.metadata.labels?.[REVISION];
  const pinned: Revision = { template: undefined, followsTemplate: false };
  // The live Pod is one of the revision in force, unless it says that it is not.
  if (hash === undefined || currentRevision === undefined || hash === currentRevision) return [pinned];
  return [...newest(workload), pinned];
}

/** The Pod template a ControllerRevision keeps. */
function revisionTemplate(revision: KubeObject): PodTemplate | undefined {
  const { data } = revision as { data?: unknown };
  return templateOf({ ...revision, spec: (data as { spec?: unknown } | undefined)?.spec });
}

/** Whether a custom controller may make Pods of an older revision: paused, or with a part of them left behind. */
function holdsBack(workload: KubeObject): boolean {
  const { paused, updateStrategy } = (workload.spec ?? {}) as {
    paused?: boolean;
    updateStrategy?: {
      paused?: boolean;
      partition?: unknown;
      rollingUpdate?: { paused?: boolean; partition?: unknown };
    };
  };
  const parts = [updateStrategy, updateStrategy?.rollingUpdate];
  const left = parts.some((part) => part?.paused === true || !NOTHING_LEFT.has(part?.partition));
  return paused === true || left;
}

const NOTHING_LEFT: ReadonlySet<unknown> = new Set([undefined, null, 0, "0", "0%"]);

/** The template of a controller that still makes Pods from it; undefined where a snapshot left out what they are. */
function templateOf(maker: KubeObject): PodTemplate | undefined {
  if (isDone(maker) || isKeptForHistory(maker)) return undefined;
  const template = podTemplate(maker);
  return template?.metadata === undefined && template?.spec === undefined ? undefined : template;
}

function asTemplate({ metadata: { labels, annotations }, spec }: KubeObject): PodTemplate {
  return { metadata: { labels, annotations }, spec: spec as PodTemplate["spec"] };
}

/** What controllers add to the labels of a ReplicaSet's template: Kubernetes' and Argo's. */
const HASHES: ReadonlySet<string> = new Set(["pod-template-hash", "rollouts-pod-template-hash"]);

/**
 * Whether two templates make Pods that are the same to Spiderpool.
 * @param partly the second is a live Pod, which may have more labels and annotations than its template
 */
function isSame(wanted: PodTemplate, own: PodTemplate, partly: boolean): boolean {
  if (isHostNetwork(wanted) !== isHostNetwork(own)) return false;
  const [labels, others] = [wanted.metadata?.labels ?? {}, own.metadata?.labels ?? {}];
  const [notes, otherNotes] = [wanted.metadata?.annotations ?? {}, own.metadata?.annotations ?? {}];
  const has = (one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>) =>
    Object.entries(one).every(([key, value]) => HASHES.has(key) || other[key] === value);
  if (!has(labels, others) || !has(notes, otherNotes)) return false;
  return partly || (has(others, labels) && has(otherNotes, notes));
}

/**
 * A workload once for every template that its next Pods may come from: of a paused Deployment those of its ReplicaSets,
 * of any other its own.
 */
export function workloadsInForce(workload: KubeObject, snapshot: Pick<Snapshot, "replicaSets">): readonly KubeObject[] {
  const paused = (workload.spec as { paused?: boolean } | undefined)?.paused === true;
  if (!paused || !isKind(workload, "apps", "Deployment")) return [workload];
  const active =
    activeReplicaSets(snapshot.replicaSets).get(`${workload.metadata.namespace}/${workload.metadata.name}`) ?? [];
  const templates = active.flatMap((one) => templateOf(one) ?? []);
  if (templates.length === 0) return [workload];
  return templates.map((template) => ({ ...workload, spec: { ...(workload.spec as object), template } }));
}

const remembered = new WeakMap<Snapshot["replicaSets"], ReadonlyMap<string, readonly KubeObject[]>>();

/** ReplicaSets that run Pods, by the namespace and name of their Deployment. */
function activeReplicaSets(replicaSets: Snapshot["replicaSets"]): ReadonlyMap<string, readonly KubeObject[]> {
  const known = remembered.get(replicaSets);
  if (known !== undefined) return known;
  const byDeployment = new Map<string, KubeObject[]>();
  for (const one of replicaSets.values()) {
    const above = controllerOf(one);
    const replicas = (one.spec as { replicas?: number } | undefined)?.replicas ?? 0;
    if (above?.kind !== "Deployment" || replicas <= 0) continue;
    const key = `${one.metadata.namespace}/${above.name}`;
    const others = byDeployment.get(key);
    if (others === undefined) byDeployment.set(key, [one]);
    else others.push(one);
  }
  remembered.set(replicaSets, byDeployment);
  return byDeployment;
}
