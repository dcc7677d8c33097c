import { isClusterError } from "../core/cluster-error.js";
import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import { keyOf } from "./mirror.js";
import { itself, type Role, type Stage } from "./player.js";
import { isTerminating } from "./workload.js";

interface Term {
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

interface PodSpec {
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  affinity?: { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: Term[] } } };
}

/** Kubernetes' scheduler in small: Ready nodes that fit, the one with the fewest Pods of the namespace first. */
export function scheduler(stage: Stage): Role {
  const unbound = (pod: KubeObject) => !(pod.spec as PodSpec).nodeName && !isTerminating(pod);
  return {
    name: "scheduler",
    on: {
      Pod: (pod) => (unbound(pod) ? itself(pod) : []),
      Node: () => stage.mirror("Pod").all().filter(unbound).map(keyOf),
    },
    reconcile: async (key) => {
      const pod = stage.mirror("Pod").get(key);
      if (pod === undefined || !unbound(pod)) return;
      const nodes = stage
        .mirror("Node")
        .all()
        .filter((node) => isSchedulable(node) && fits(pod.spec as PodSpec, node));
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

/** Whether new Pods may be put on the node. */
export function isSchedulable(node: KubeObject): boolean {
  const { unschedulable, taints = [] } = (node.spec ?? {}) as {
    unschedulable?: boolean;
    taints?: { effect?: string }[];
  };
  const conditions = ((node.status ?? {}) as { conditions?: { type: string; status: string }[] }).conditions;
  // A node that reports nothing is one of a hand-written cluster file.
  const ready = conditions?.find(({ type }) => type === "Ready")?.status ?? "True";
  return (
    ready === "True" &&
    !unschedulable &&
    !taints.some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute")
  );
}

/** Whether a Pod's nodeSelector and required node affinity admit the node. */
export function fits(spec: PodSpec, node: KubeObject): boolean {
  const labels = { "kubernetes.io/hostname": node.metadata.name, ...node.metadata.labels };
  const selected = Object.entries(spec.nodeSelector ?? {}).every(
    ([key, value]) => labels[key as keyof typeof labels] === value,
  );
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return selected && (terms === undefined || terms.some((term) => termHolds(term, labels)));
}

function termHolds(term: Term, labels: Readonly<Record<string, string>>): boolean {
  return (term.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      case "Gt":
        return value !== undefined && Number(value) > Number(values[0]);
      case "Lt":
        return value !== undefined && Number(value) < Number(values[0]);
      default:
        return false;
    }
  });
}

function leastLoaded(stage: Stage, nodes: readonly KubeObject[]): KubeObject | undefined {
  const load = new Map(nodes.map((node) => [node.metadata.name, 0]));
  for (const pod of stage.mirror("Pod").values()) {
    const name = (pod.spec as PodSpec).nodeName;
    if (name !== undefined && load.has(name)) load.set(name, load.get(name)! + 1);
  }
  return [...nodes].sort((a, b) => load.get(a.metadata.name)! - load.get(b.metadata.name)!)[0];
}
