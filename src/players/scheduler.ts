import { mayStartOn, placementOfPod } from "../core/cluster/scheduling.js";
import { isClusterError } from "../core/cluster-error.js";
import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import { keyOf } from "./mirror.js";
import { itself, type Role, type Stage } from "./player.js";
import { isTerminating, nodeOf } from "./workload.js";

/** Kubernetes' scheduler in small: of the nodes where the Pod may start, the one with the fewest Pods of the namespace first. */
export function scheduler(stage: Stage): Role {
  const unbound = (pod: KubeObject) => nodeOf(pod) === undefined && !isTerminating(pod);
  return {
    name: "scheduler",
    on: {
      Pod: (pod) => (unbound(pod) ? itself(pod) : []),
      Node: () => stage.mirror("Pod").all().filter(unbound).map(keyOf),
    },
    reconcile: async (key) => {
      const pod = stage.mirror("Pod").get(key);
      if (pod === undefined || !unbound(pod)) return;
      const placement = placementOfPod(pod.spec);
      const nodes = stage
        .mirror("Node")
        .all()
        .filter((node) => mayStartOn(placement, node));
      const node = leastLoaded(stage, nodes);
      if (node === undefined) return;
      const { namespace, name } = pod.metadata;
      try {
        await stage.actor.bind({ kind: KINDS.Pod, namespace, name }, node.metadata.name);
      } catch (error) {
        // Bound by somebody else, or gone: the watch will tell.
        if (!isClusterError(error, "Conflict", "NotFound")) throw error;
        return;
      }
      await stage.learned(stage.actor.get({ kind: KINDS.Pod, namespace, name }));
    },
  };
}

function leastLoaded(stage: Stage, nodes: readonly KubeObject[]): KubeObject | undefined {
  const load = new Map(nodes.map((node) => [node.metadata.name, 0]));
  for (const pod of stage.mirror("Pod").values()) {
    const name = nodeOf(pod);
    if (name !== undefined && load.has(name)) load.set(name, load.get(name)! + 1);
  }
  return [...nodes].sort((a, b) => load.get(a.metadata.name)! - load.get(b.metadata.name)!)[0];
}
