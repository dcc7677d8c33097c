import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import {
  controlledBy,
  controllerKey,
  createPod,
  deletePod,
  isOver,
  isReady,
  isTerminating,
  reportStatus,
  type WorkloadSpec,
} from "./workload.js";

/** Kubernetes' ReplicaSet controller. */
export function replicaSets(stage: Stage): Role {
  return podSets(stage, "ReplicaSet");
}

/** OpenKruise's CloneSet, as far as a third-party workload is a set of Pods of one template. */
export function cloneSets(stage: Stage): Role {
  return podSets(stage, "CloneSet");
}

function podSets(stage: Stage, name: "ReplicaSet" | "CloneSet"): Role {
  const kind = KINDS[name];
  return {
    name: kind.plural,
    on: { [name]: itself, Pod: controllerKey(kind) },
    reconcile: async (key) => {
      const set = stage.mirror(name).get(key);
      if (set === undefined || isTerminating(set)) return;
      const spec = set.spec as WorkloadSpec;
      const wanted = spec.replicas ?? 1;
      const pods = controlledBy(stage, "Pod", set).filter((pod) => !isTerminating(pod) && !isOver(pod));
      for (let missing = wanted - pods.length; missing > 0; missing--) await createPod(stage, set, spec.template ?? {});
      for (const pod of pods.sort(byWorth).slice(wanted)) await deletePod(stage, pod);
      const left = pods.slice(0, wanted);
      await reportStatus(stage, kind, set, {
        observedGeneration: set.metadata.generation,
        replicas: Math.max(left.length, wanted),
        readyReplicas: left.filter(isReady).length,
        availableReplicas: left.filter(isReady).length,
      });
    },
  };
}

/** Whom to keep: those that run, then the older ones. */
function byWorth(a: KubeObject, b: KubeObject): number {
  const worth = (pod: KubeObject) => (isReady(pod) ? 2 : (pod.spec as { nodeName?: string }).nodeName ? 1 : 0);
  if (worth(a) !== worth(b)) return worth(b) - worth(a);
  const [x, y] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  return x < y ? -1 : x > y ? 1 : a.metadata.name < b.metadata.name ? -1 : 1;
}
