import { podTemplate, type Snapshot } from "../snapshot.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { matches } from "../spiderpool/selector.js";

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: string[];
}

/** What of a Pod's spec says on which nodes a DaemonSet runs. */
interface Placement {
  readonly nodeSelector?: Record<string, string>;
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: {
        readonly nodeSelectorTerms?: readonly { matchExpressions?: Expression[]; matchFields?: Expression[] }[];
      };
    };
  };
  readonly tolerations?: readonly { key?: string; operator?: string; value?: string; effect?: string }[];
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/**
 * How many nodes a DaemonSet may run on: those its template allows, cordoned and dead ones too, since its Pods go there
 * all the same; at least as many as it says it needs. Undefined where neither nodes nor its status are known.
 */
export function daemonNodes(daemonSet: KubeObject, snapshot: Snapshot): number | undefined {
  const wanted = (daemonSet.status as { desiredNumberScheduled?: number } | undefined)?.desiredNumberScheduled;
  if (!snapshot.complete.has("Node") || snapshot.nodes.size === 0) return wanted;
  const placement = (podTemplate(daemonSet)?.spec ?? {}) as Placement;
  const nodes = [...snapshot.nodes.values()].filter((node) => allows(placement, node));
  return Math.max(wanted ?? 0, nodes.length);
}

function allows({ nodeSelector, affinity, tolerations = [] }: Placement, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  const fields = { "metadata.name": node.metadata.name };
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const fits =
    terms === undefined ||
    terms.some(
      ({ matchExpressions, matchFields }) => holds(matchExpressions ?? [], labels) && holds(matchFields ?? [], fields),
    );
  const taints = ((node.spec as { taints?: Taint[] } | undefined)?.taints ?? []).filter(keepsOut);
  const tolerated = taints.every((taint) =>
    tolerations.some(
      ({ key, operator, value, effect }) =>
        (key === undefined || key === taint.key) &&
        (operator === "Exists" || (value ?? "") === (taint.value ?? "")) &&
        (effect === undefined || effect === "" || effect === taint.effect),
    ),
  );
  return matches({ matchLabels: nodeSelector }, labels) && fits && tolerated;
}

/** Greater and less are taken as true: an address too many is none too few. */
function holds(expressions: readonly Expression[], labels: Readonly<Record<string, string>>): boolean {
  return matches({ matchExpressions: expressions.filter(({ operator }) => !/^[GL]t$/.test(operator)) }, labels);
}

/** Kubernetes lets DaemonSets tolerate what it sets itself (not ready, cordoned, under pressure). */
function keepsOut({ key, effect }: Taint): boolean {
  return effect !== "PreferNoSchedule" && !key.startsWith("node.kubernetes.io/");
}
