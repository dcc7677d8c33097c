import { isClusterError } from "../core/cluster-error.js";
import { KINDS, type SpiderEndpoint, type SpiderIPPool } from "../core/spiderpool/objects.js";
import { keyOf } from "./mirror.js";
import { itself, type Role, type Stage } from "./player.js";
import { isRetained, recordsOf, release } from "./records.js";

/**
 * Spiderpool's garbage collection of addresses (A23), without its waiting: records of Pods that are gone are freed at
 * once, those of StatefulSet ordinals when the set no longer wants them (A18).
 */
export function endpoints(stage: Stage): Role {
  return {
    name: "endpoints",
    on: {
      SpiderEndpoint: itself,
      Pod: (pod, before) =>
        before !== undefined && stage.mirror("Pod").get(keyOf(pod)) === undefined ? itself(pod) : [],
      SpiderIPPool: (pool) => {
        const holders = Object.values(recordsOf(pool as SpiderIPPool)).map(({ pod }) => pod);
        return holders.filter((pod) => stage.mirror("Pod").get(pod) === undefined);
      },
      StatefulSet: (set) => {
        const ofSet = (endpoint: SpiderEndpoint) =>
          endpoint.metadata.namespace === set.metadata.namespace &&
          endpoint.status?.ownerControllerType === KINDS.StatefulSet.kind &&
          endpoint.status.ownerControllerName === set.metadata.name;
        return (stage.mirror("SpiderEndpoint").all() as SpiderEndpoint[]).filter(ofSet).flatMap(itself);
      },
    },
    reconcile: async (key) => {
      if (stage.mirror("Pod").get(key) !== undefined || (await exists(stage, key))) return;
      const endpoint = stage.mirror("SpiderEndpoint").get(key) as SpiderEndpoint | undefined;
      if (endpoint !== undefined && isRetained(stage, endpoint)) return;
      await release(stage, key);
    },
  };
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
