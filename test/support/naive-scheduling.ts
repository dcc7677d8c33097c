/**
 * A second answer to "may this Pod start on this node", after Kubernetes' source and as plainly as can be: no reading of
 * odd shapes, no caches, no words shared with the first.
 */
export interface PlainNode {
  name: string;
  labels: Record<string, string>;
  taints: { key: string; value?: string; effect: string }[];
  unschedulable: boolean;
  ready: boolean;
}

export interface PlainPod {
  daemon: boolean;
  hostNetwork: boolean;
  nodeName?: string;
  nodeSelector: Record<string, string>;
  terms?: { matchExpressions?: PlainCondition[]; matchFields?: PlainCondition[] }[];
  tolerations: { key?: string; operator?: string; value?: string; effect?: string }[];
}

export interface PlainCondition {
  key: string;
  operator: string;
  values: string[];
}

export function startsNaively(pod: PlainPod, node: PlainNode): boolean {
  if (!node.ready) return false;
  if (pod.nodeName !== undefined && pod.nodeName !== node.name) return false;
  for (const key of Object.keys(pod.nodeSelector)) if (node.labels[key] !== pod.nodeSelector[key]) return false;
  if (pod.terms !== undefined) {
    let any = false;
    for (const { matchExpressions = [], matchFields = [] } of pod.terms) {
      if (matchExpressions.length === 0 && matchFields.length === 0) continue;
      let every = true;
      for (const one of matchExpressions) every = every && condition(node.labels[one.key], one);
      for (const one of matchFields)
        every = every && condition(one.key === "metadata.name" ? node.name : undefined, one);
      any = any || every;
    }
    if (!any) return false;
  }
  const taints = [...node.taints];
  if (node.unschedulable) taints.push({ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" });
  for (const taint of taints) {
    if (taint.effect === "PreferNoSchedule") continue;
    if (taint.effect === "NoSchedule" && pod.nodeName !== undefined && !pod.daemon) continue;
    if (!tolerated(pod, taint)) return false;
  }
  return true;
}

function condition(value: string | undefined, { operator, values }: PlainCondition): boolean {
  switch (operator) {
    case "In":
      return values.some((one) => one === value);
    case "NotIn":
      return values.length > 0 && !values.some((one) => one === value);
    case "Exists":
      return values.length === 0 && value !== undefined;
    case "DoesNotExist":
      return values.length === 0 && value === undefined;
    case "Gt":
      return (
        value !== undefined && values.length === 1 && isWhole(value) && isWhole(values[0]!) && +value > +values[0]!
      );
    case "Lt":
      return (
        value !== undefined && values.length === 1 && isWhole(value) && isWhole(values[0]!) && +value < +values[0]!
      );
    default:
      return false;
  }
}

function isWhole(text: string): boolean {
  return text !== "" && text.trim() === text && Number.isInteger(Number(text));
}

function tolerated(pod: PlainPod, taint: PlainNode["taints"][number]): boolean {
  for (const one of pod.tolerations) {
    if (one.effect && one.effect !== taint.effect) continue;
    if (one.operator === "Exists") {
      if (!one.key || one.key === taint.key) return true;
    } else if (one.key && one.key === taint.key && (one.value ?? "") === (taint.value ?? "")) return true;
  }
  if (!pod.daemon) return false;
  const own = {
    NoExecute: ["not-ready", "unreachable"],
    NoSchedule: [
      ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"],
      ...(pod.hostNetwork ? ["network-unavailable"] : []),
    ],
  }[taint.effect];
  return own?.some((name) => taint.key === `node.kubernetes.io/${name}`) ?? false;
}
