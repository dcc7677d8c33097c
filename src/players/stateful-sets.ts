import { KEYS, KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import {
  controlledBy,
  controllerKey,
  createPod,
  deletePod,
  isOutdated,
  isReady,
  isTerminating,
  REVISION,
  reportStatus,
  revisionOf,
  type WorkloadSpec,
} from "./workload.js";

interface StatefulSpec extends WorkloadSpec {
  ordinals?: { start?: number };
  podManagementPolicy?: string;
  updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
}

/** Kubernetes' StatefulSet controller: ordinals in order, one at a time; a new template from the highest ordinal down. */
export function statefulSets(stage: Stage): Role {
  const kind = KINDS.StatefulSet;
  return {
    name: "statefulsets",
    on: { StatefulSet: itself, Pod: controllerKey(kind) },
    reconcile: async (key) => {
      const set = stage.mirror("StatefulSet").get(key);
      if (set === undefined || isTerminating(set)) return;
      const spec = set.spec as StatefulSpec;
      const revision = revisionOf(spec.template);
      const pods = new Map(controlledBy(stage, "Pod", set).map((pod) => [ordinalOf(pod), pod] as const));
      if (!(await fillOrdinals(stage, set, pods, revision))) await replaceOutdated(stage, spec, pods);
      const live = controlledBy(stage, "Pod", set).filter((pod) => !isTerminating(pod));
      await reportStatus(stage, kind, set, {
        observedGeneration: set.metadata.generation,
        replicas: live.length,
        currentReplicas: live.length,
        readyReplicas: live.filter(isReady).length,
        availableReplicas: live.filter(isReady).length,
        updatedReplicas: live.filter((pod) => !isOutdated(pod, spec.template ?? {})).length,
        currentRevision: revision,
        updateRevision: revision,
      });
    },
  };
}

/** Creates missing ordinals and deletes those beyond. @returns whether something is under way */
async function fillOrdinals(
  stage: Stage,
  set: KubeObject,
  pods: Map<number, KubeObject>,
  revision: string,
): Promise<boolean> {
  const spec = set.spec as StatefulSpec;
  const start = spec.ordinals?.start ?? 0;
  const end = start + (spec.replicas ?? 1);
  const inOrder = spec.podManagementPolicy !== "Parallel";
  for (let ordinal = start; ordinal < end; ordinal++) {
    const pod = pods.get(ordinal);
    if (pod === undefined) {
      const name = `${set.metadata.name}-${ordinal}`;
      await createPod(stage, set, spec.template ?? {}, {
        name,
        labels: { [KEYS.podName]: name, [REVISION]: revision },
      });
    }
    if (inOrder && (pod === undefined || !isReady(pod))) return true;
  }
  const surplus = [...pods].filter(([ordinal]) => ordinal < start || ordinal >= end).sort(([a], [b]) => b - a);
  for (const [, pod] of surplus) {
    if (!isTerminating(pod)) await deletePod(stage, pod);
    if (inOrder) return true;
  }
  return false;
}

async function replaceOutdated(stage: Stage, spec: StatefulSpec, pods: Map<number, KubeObject>): Promise<void> {
  if (spec.updateStrategy?.type === "OnDelete") return;
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (const [ordinal, pod] of [...pods].sort(([a], [b]) => b - a)) {
    if (!isReady(pod)) return;
    if (ordinal >= partition && isOutdated(pod, spec.template ?? {})) return deletePod(stage, pod);
  }
}

function ordinalOf(pod: KubeObject): number {
  return Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf("-") + 1));
}
