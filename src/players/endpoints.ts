import { isReady } from "../core/cluster/scheduling.js";
import { isClusterError } from "../core/cluster-error.js";
import { KINDS, type KubeObject, type SpiderEndpoint, type SpiderIPPool } from "../core/spiderpool/objects.js";
import { keyOf } from "./mirror.js";
import { itself, type Role, type Stage } from "./player.js";
import { freeRecords, isRetained, recordsOf, release } from "./records.js";
import { isTerminating, nodeOf } from "./workload.js";

/**
 * Spiderpool's garbage collection of addresses (A23), without its waiting: records of Pods that are gone are freed at
 * once, those of StatefulSet ordinals when the set no longer wants them (A18).
 */
export function endpoints(stage: Stage): Role {
  return {
    name: "endpoints",
    on: {
      SpiderEndpoint: itself,
      Pod: (pod, before) => {
        const gone = before !== undefined && stage.mirror("Pod").get(keyOf(pod)) === undefined;
        return gone || isTerminating(pod) ? itself(pod) : [];
      },
      SpiderIPPool: (pool) => {
        const holders = Object.values(recordsOf(pool as SpiderIPPool)).map(({ pod }) => pod);
        return holders.filter((pod) => stage.mirror("Pod").get(pod) === undefined);
      },
      Node: () => [],
      StatefulSet: (set) => {
        const ofSet = (endpoint: SpiderEndpoint) =>
          endpoint.metadata.namespace === set.metadata.namespace &&
          endpoint.status?.ownerControllerType === KINDS.StatefulSet.kind &&
          endpoint.status.ownerControllerName === set.metadata.name;
        return (stage.mirror("SpiderEndpoint").all() as SpiderEndpoint[]).filter(ofSet).flatMap(itself);
      },
    },
    reconcile: async (key) => {
      const pod = stage.mirror("Pod").get(key);
      if (pod === undefined && (await exists(stage, key))) return;
      const endpoint = stage.mirror("SpiderEndpoint").get(key) as SpiderEndpoint | undefined;
      if (endpoint !== undefined && isRetained(stage, endpoint)) return;
      if (pod === undefined) await release(stage, key);
      else if (isLost(stage, pod)) await freeRecords(stage, key);
    },
  };
}

/** Whether a Pod is to go and nobody is left on its node to see it out: its addresses are freed, its endpoint stays. */
function isLost(stage: Stage, pod: KubeObject): boolean {
  const node = stage.mirror("Node").get(nodeOf(pod) ?? "");
  return isTerminating(pod) && node !== undefined && !isReady(node);
}

/** Asks the server itself: the agent may have served a Pod this player has not seen yet. */
async function exists(stage: Stage, key: string): Promise<boolean> {
  const [namespace, name] = key.split("/") as [string, string];
  try {
    await stage.actor.get({ kind: KINDS.Pod, namespace, name });
    return true;
  } catch (error) {
    if (!isClusterError(error, "NotFound")) throw error;
    return false;
  }
}
