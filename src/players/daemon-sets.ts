import { mayStartOn, mayStayOn, placementOf } from "../core/cluster/scheduling.js";
import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
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

/** Kubernetes' DaemonSet controller: one Pod on every node that fits; a new template one node at a time. */
export function daemonSets(stage: Stage): Role {
  const kind = KINDS.DaemonSet;
  return {
    name: "daemonsets",
    on: {
      DaemonSet: itself,
      Pod: controllerKey(kind),
      Node: () => stage.mirror("DaemonSet").all().flatMap(itself),
    },
    reconcile: async (key) => {
      const set = stage.mirror("DaemonSet").get(key);
      if (set === undefined || isTerminating(set)) return;
      const { template = {} } = set.spec as WorkloadSpec;
      const revision = revisionOf(template);
      const placement = placementOf(set);
      const all = stage.mirror("Node").all();
      const nodes = all.filter((node) => mayStartOn(placement, node));
      const pods = controlledBy(stage, "Pod", set);
      for (const { metadata } of nodes) {
        if (pods.some((pod) => nodeOf(pod) === metadata.name)) continue;
        await createPod(stage, set, template, { nodeName: metadata.name, labels: { [REVISION]: revision } });
      }
      const wanted = new Set(all.filter((node) => mayStayOn(placement, node)).map(({ metadata }) => metadata.name));
      const surplus = pods.filter((pod) => !wanted.has(nodeOf(pod)) && !isTerminating(pod));
      for (const pod of surplus) await deletePod(stage, pod);
      const outdated = pods.find((pod) => isOutdated(pod, template));
      if (outdated !== undefined && pods.every(isReady)) await deletePod(stage, outdated);
      const live = controlledBy(stage, "Pod", set).filter((pod) => !isTerminating(pod));
      await reportStatus(stage, kind, set, {
        observedGeneration: set.metadata.generation,
        desiredNumberScheduled: nodes.length,
        currentNumberScheduled: live.length,
        updatedNumberScheduled: live.filter((pod) => !isOutdated(pod, template)).length,
        numberMisscheduled: 0,
        numberReady: live.filter(isReady).length,
        numberAvailable: live.filter(isReady).length,
      });
    },
  };
}

function nodeOf(pod: KubeObject): string {
  return (pod.spec as { nodeName?: string }).nodeName ?? "";
}
