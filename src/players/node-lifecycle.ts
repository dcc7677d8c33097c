import { isEvictedFrom, isReady, placementOfPod } from "../core/cluster/scheduling.js";
import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import { controllerOf, deletePod, isTerminating, nodeOf } from "./workload.js";

const DEAD = ["NoSchedule", "NoExecute"].map((effect) => ({ key: "node.kubernetes.io/unreachable", effect }));

/**
 * Kubernetes' node lifecycle controller, without its waiting: a node that does not report is tainted, and its Pods but
 * those of DaemonSets are asked to go. They stay as Terminating ones until their kubelet is back.
 */
export function nodeLifecycle(stage: Stage): Role {
  return {
    name: "node-lifecycle",
    on: { Node: itself, Pod: (pod) => [nodeOf(pod) ?? []].flat() },
    reconcile: async (key) => {
      const node = stage.mirror("Node").get(key);
      if (node === undefined) return;
      await taint(stage, node);
      const evicting = stage.mirror("Node").get(key) ?? node;
      for (const pod of stage.mirror("Pod").all()) {
        if (nodeOf(pod) !== key || isTerminating(pod)) continue;
        const placement = placementOfPod(pod.spec, controllerOf(pod)?.kind === KINDS.DaemonSet.kind);
        if (isEvictedFrom(placement, evicting)) await deletePod(stage, pod);
      }
    },
  };
}

async function taint(stage: Stage, node: KubeObject): Promise<void> {
  const { taints = [] } = (node.spec ?? {}) as { taints?: { key: string; effect: string }[] };
  const others = taints.filter(({ key }) => key !== DEAD[0]!.key);
  const wanted = isReady(node) ? others : [...others, ...DEAD];
  if (wanted.length === taints.length) return;
  const ref = { kind: KINDS.Node, name: node.metadata.name };
  await stage.learned(stage.actor.patch(ref, { spec: { taints: wanted } }));
}
