import { mayStartOn, mayStayOn, placementOf } from "../core/cluster/scheduling.js";
import { KINDS } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import { revisionsOf } from "./revisions.js";
import {
  controlledBy,
  controllerKey,
  createPod,
  deletePod,
  isOver,
  isReady,
  isTerminating,
  nodeOf,
  REVISION,
  reportStatus,
  type WorkloadSpec,
} from "./workload.js";

interface DaemonSpec extends WorkloadSpec {
  updateStrategy?: { type?: string };
}

/**
 * Kubernetes' DaemonSet controller: one Pod on every node that fits; a new template one node at a time, or where
 * somebody deletes the Pod (OnDelete).
 */
export function daemonSets(stage: Stage): Role {
  const kind = KINDS.DaemonSet;
  return {
    name: "daemonsets",
    on: {
      DaemonSet: itself,
      Pod: controllerKey(kind),
      ControllerRevision: () => [],
      Node: () => stage.mirror("DaemonSet").all().flatMap(itself),
    },
    reconcile: async (key) => {
      const set = stage.mirror("DaemonSet").get(key);
      if (set === undefined || isTerminating(set)) return;
      const { updateStrategy } = set.spec as DaemonSpec;
      const revisions = await revisionsOf(stage, set);
      const { template, hash } = revisions.update;
      const placement = placementOf(set);
      const all = stage.mirror("Node").all();
      const nodes = all.filter((node) => mayStartOn(placement, node));
      const pods = controlledBy(stage, "Pod", set);
      for (const { metadata } of nodes) {
        if (pods.some((pod) => nodeOf(pod) === metadata.name)) continue;
        await createPod(stage, set, template, { nodeName: metadata.name, labels: { [REVISION]: hash } });
      }
      const wanted = new Set(all.filter((node) => mayStayOn(placement, node)).map(({ metadata }) => metadata.name));
      const surplus = pods.filter((pod) => (!wanted.has(nodeOf(pod) ?? "") || isOver(pod)) && !isTerminating(pod));
      for (const pod of surplus) await deletePod(stage, pod);
      const outdated = updateStrategy?.type === "OnDelete" ? undefined : pods.find((pod) => !revisions.isUpdated(pod));
      if (outdated !== undefined && pods.every(isReady)) await deletePod(stage, outdated);
      const live = controlledBy(stage, "Pod", set).filter((pod) => !isTerminating(pod));
      await reportStatus(stage, kind, set, {
        observedGeneration: set.metadata.generation,
        desiredNumberScheduled: nodes.length,
        currentNumberScheduled: live.length,
        updatedNumberScheduled: live.filter((pod) => revisions.isUpdated(pod)).length,
        numberMisscheduled: 0,
        numberReady: live.filter(isReady).length,
        numberAvailable: live.filter(isReady).length,
      });
    },
  };
}
