import { KEYS, KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import { type Revisions, revisionsOf } from "./revisions.js";
import {
  controlledBy,
  controllerKey,
  createPod,
  deletePod,
  isOver,
  isReady,
  isTerminating,
  REVISION,
  reportStatus,
  type WorkloadSpec,
} from "./workload.js";

interface StatefulSpec extends WorkloadSpec {
  ordinals?: { start?: number };
  podManagementPolicy?: string;
  updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
}

/** A StatefulSet with the revision its Pods had before the last change of its template. */
interface Update {
  readonly set: KubeObject;
  readonly spec: StatefulSpec;
  readonly revisions: Revisions;
  /** Name of it; that of the update revision where nothing is under way. */
  readonly current: string;
}

/**
 * Kubernetes' StatefulSet controller: ordinals in order, one at a time; a new template from the highest ordinal down to the
 * partition, or to Pods that somebody deletes (OnDelete).
 */
export function statefulSets(stage: Stage): Role {
  const kind = KINDS.StatefulSet;
  return {
    name: "statefulsets",
    on: { StatefulSet: itself, Pod: controllerKey(kind), ControllerRevision: () => [] },
    reconcile: async (key) => {
      const set = stage.mirror("StatefulSet").get(key);
      if (set === undefined || isTerminating(set)) return;
      const spec = set.spec as StatefulSpec;
      const revisions = await revisionsOf(stage, set);
      const { currentRevision = "" } = (set.status ?? {}) as { currentRevision?: string };
      const current = revisions.known.has(currentRevision) ? currentRevision : revisions.update.name;
      const update = { set, spec, revisions, current };
      const pods = new Map(controlledBy(stage, "Pod", set).map((pod) => [ordinalOf(pod), pod] as const));
      if (!(await fillOrdinals(stage, update, pods))) await replaceOutdated(stage, update, pods);
      await report(stage, update);
    },
  };
}

async function report(stage: Stage, { set, spec, revisions, current }: Update): Promise<void> {
  const live = controlledBy(stage, "Pod", set).filter((pod) => !isTerminating(pod));
  const ready = live.filter(isReady).length;
  const updated = live.filter((pod) => revisions.isUpdated(pod)).length;
  const done = spec.updateStrategy?.type !== "OnDelete" && updated === live.length && ready === live.length;
  const now = done ? revisions.update.name : current;
  await reportStatus(stage, KINDS.StatefulSet, set, {
    observedGeneration: set.metadata.generation,
    replicas: live.length,
    currentReplicas: now === revisions.update.name ? updated : live.length - updated,
    readyReplicas: ready,
    availableReplicas: ready,
    updatedReplicas: updated,
    currentRevision: now,
    updateRevision: revisions.update.name,
  });
}

/** The template a Pod of this ordinal is made of: below the partition the one before. */
function revisionFor({ spec, revisions, current }: Update, ordinal: number) {
  const { type = "RollingUpdate", rollingUpdate } = spec.updateStrategy ?? {};
  const partition = (spec.ordinals?.start ?? 0) + (rollingUpdate?.partition ?? 0);
  const before = type === "RollingUpdate" && ordinal < partition ? revisions.known.get(current) : undefined;
  return before ?? revisions.update;
}

/** Creates missing ordinals and deletes those beyond. @returns whether something is under way */
async function fillOrdinals(stage: Stage, update: Update, pods: Map<number, KubeObject>): Promise<boolean> {
  const { set, spec } = update;
  const start = spec.ordinals?.start ?? 0;
  const end = start + (spec.replicas ?? 1);
  const inOrder = spec.podManagementPolicy !== "Parallel";
  for (let ordinal = start; ordinal < end; ordinal++) {
    const pod = pods.get(ordinal);
    if (pod === undefined) {
      const name = `${set.metadata.name}-${ordinal}`;
      const revision = revisionFor(update, ordinal);
      await createPod(stage, set, revision.template, {
        name,
        labels: { [KEYS.podName]: name, [REVISION]: revision.name },
      });
    } else if (isOver(pod) && !isTerminating(pod)) await deletePod(stage, pod);
    if (inOrder && (pod === undefined || !isReady(pod))) return true;
  }
  const surplus = [...pods].filter(([ordinal]) => ordinal < start || ordinal >= end).sort(([a], [b]) => b - a);
  for (const [, pod] of surplus) {
    if (!isTerminating(pod)) await deletePod(stage, pod);
    if (inOrder) return true;
  }
  return false;
}

async function replaceOutdated(
  stage: Stage,
  { spec, revisions }: Update,
  pods: Map<number, KubeObject>,
): Promise<void> {
  if (spec.updateStrategy?.type === "OnDelete") return;
  const partition = (spec.ordinals?.start ?? 0) + (spec.updateStrategy?.rollingUpdate?.partition ?? 0);
  for (const [ordinal, pod] of [...pods].sort(([a], [b]) => b - a)) {
    if (!isReady(pod)) return;
    if (ordinal >= partition && !revisions.isUpdated(pod)) return deletePod(stage, pod);
  }
}

function ordinalOf(pod: KubeObject): number {
  return Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf("-") + 1));
}
