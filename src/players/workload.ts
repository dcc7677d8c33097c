import { KINDS, type Kind, type KubeObject, type OwnerReference } from "../core/spiderpool/objects.js";
import type { Stage } from "./player.js";

export interface PodTemplateSpec {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
}

/** What the players read of a workload's spec. */
export interface WorkloadSpec {
  replicas?: number;
  selector?: { matchLabels?: Record<string, string> };
  template?: PodTemplateSpec;
}

export interface PodStatus {
  phase?: string;
  podIP?: string;
  conditions?: { type: string; status: string }[];
}

/** The controller of an object, if it has one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

/** Key of the controller of an object if it is of the kind, for a role's `on`. */
export function controllerKey(kind: Kind): (object: KubeObject) => readonly string[] {
  return (object) => {
    const owner = controllerOf(object);
    if (owner?.kind !== kind.kind || owner.apiVersion !== kind.apiVersion) return [];
    return [`${object.metadata.namespace}/${owner.name}`];
  };
}

/** Objects of a kind that another controls, by name. */
export function controlledBy(
  stage: Stage,
  kind: "Pod" | "ReplicaSet" | "SpiderIPPool" | "ControllerRevision",
  owner: KubeObject,
): KubeObject[] {
  return stage.mirror(kind).controlledBy(owner.metadata.uid ?? "");
}

/** The reference that makes `owner` the controller of what carries it. */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Makes a Pod of the owner's template; without a name the server makes one up. */
export async function createPod(
  stage: Stage,
  owner: KubeObject,
  template: PodTemplateSpec,
  more: { name?: string; labels?: Record<string, string>; nodeName?: string } = {},
): Promise<void> {
  const metadata = {
    ...(more.name === undefined ? { generateName: `${owner.metadata.name}-` } : { name: more.name }),
    namespace: owner.metadata.namespace,
    labels: { ...template.metadata?.labels, ...more.labels },
    annotations: { ...template.metadata?.annotations },
    ownerReferences: [controllerReference(owner)],
  };
  const spec = { ...template.spec, ...(more.nodeName === undefined ? {} : { nodeName: more.nodeName }) };
  const { apiVersion, kind } = KINDS.Pod;
  // `generateName` stands in for the name, which every object read back has.
  const pod = { apiVersion, kind, metadata, spec } as unknown as KubeObject;
  await stage.learned(stage.actor.create(pod, KINDS.Pod));
}

/** Asks for a Pod's end; its kubelet (the agent) finishes it. */
export async function deletePod(stage: Stage, pod: KubeObject): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  await stage.actor.delete({ kind: KINDS.Pod, namespace, name }, { uid });
}

/** Where a Pod runs or will; undefined while nobody has said. */
export function nodeOf(pod: KubeObject): string | undefined {
  return (pod.spec as { nodeName?: string }).nodeName || undefined;
}

export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function isOver(pod: KubeObject): boolean {
  const { phase } = (pod.status ?? {}) as PodStatus;
  return phase === "Succeeded" || phase === "Failed";
}

/** Whether a Pod runs and may take traffic. */
export function isReady(pod: KubeObject): boolean {
  const conditions = ((pod.status ?? {}) as PodStatus).conditions ?? [];
  return !isTerminating(pod) && conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** Writes a workload's status if it differs from what is stored. */
export async function reportStatus(stage: Stage, kind: Kind, object: KubeObject, status: object): Promise<void> {
  const before = (object.status ?? {}) as Record<string, unknown>;
  if (Object.entries(status).every(([key, value]) => stableText(before[key]) === stableText(value))) return;
  // JSON knows no undefined: a field that is not known any more goes.
  const told = Object.fromEntries(Object.entries({ ...before, ...status }).filter(([, value]) => value !== undefined));
  await stage.learned(stage.actor.replaceStatus({ ...object, status: told }, kind));
}

/** JSON with sorted keys: equal text, equal value. */
export function stableText(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
        : part,
    ) ?? ""
  );
}

/** A short name for a template's content, stable over processes (FNV-1a in ten characters kubectl users are used to). */
export function templateHash(template: unknown): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of stableText(template)) {
    hash = ((hash ^ BigInt(character.codePointAt(0)!)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn;
  }
  return hash.toString(16).padStart(16, "0").slice(0, 10);
}

/** A count or a percentage of the replicas, as `maxSurge` and `maxUnavailable` give them. */
export function countOf(value: number | string | undefined, replicas: number, round: (x: number) => number): number {
  if (typeof value === "string" && value.endsWith("%")) return round((Number(value.slice(0, -1)) * replicas) / 100);
  return Number(value ?? 0);
}

/** Label that tells which template a Pod was made of. */
export const REVISION = "controller-revision-hash";

/** Whether a Pod looks made of another template: what a change of this one would have given it is not there. */
export function isOutdated(pod: KubeObject, template: PodTemplateSpec): boolean {
  const has = (own: Record<string, string> | undefined, wanted: Record<string, string> | undefined) =>
    Object.entries(wanted ?? {}).every(([key, value]) => own?.[key] === value);
  const images = ({ containers = [] }: { containers?: { name: string; image?: string }[] }) =>
    stableText(containers.map(({ name, image }) => [name, image]));
  return (
    !has(pod.metadata.labels, template.metadata?.labels) ||
    !has(pod.metadata.annotations, template.metadata?.annotations) ||
    images(pod.spec as object) !== images(template.spec ?? {})
  );
}
