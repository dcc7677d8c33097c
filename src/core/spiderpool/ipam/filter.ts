import type { Family } from "../../ip/address.js";
import type { SpiderpoolFacts } from "../facts.js";
import { isAutoPool, isTerminating, type LabelSelector, type SpiderIPPool } from "../objects.js";
import { firstMiss, selectorFaults } from "../selector.js";
import { networkOfNic } from "./networks.js";
import type { PodFacts } from "./pod-facts.js";

/** Whether a pool may serve a NIC of a Pod, and if not, why in words. */
export type Judgement =
  | {
      readonly eligible: true;
      /** Facts nobody knew and that were taken as matching (DESIGN 6). */
      readonly assumed: readonly string[];
    }
  | { readonly eligible: false; readonly rule: string; readonly reason: string };

/** What one filter says: nothing to object, an objection, or that a fact is missing. */
type Opinion = { readonly rule: string; readonly reason: string } | { readonly assumed: string } | undefined;

/** Every filter of Spiderpool, in its order; all must pass (A7-A9). */
export function judgePool(
  pool: SpiderIPPool,
  pod: PodFacts,
  nic: string,
  family: Family,
  facts: SpiderpoolFacts,
): Judgement {
  const { spec } = pool;
  const auto = isAutoPool(pool) && spec.podAffinity !== undefined;
  const filters: (() => Opinion)[] = [
    () => stateOpinion(pool, family),
    () => nodeOpinion(pool, pod),
    () => namespaceOpinion(pool, pod),
    () => (auto ? autoOpinion(spec.podAffinity!, pod) : podOpinion(spec.podAffinity, pod)),
    // A8: an auto pool is accepted before its multusName is looked at.
    () => (auto ? undefined : multusOpinion(pool, pod, nic, facts)),
  ];
  const assumed: string[] = [];
  for (const filter of filters) {
    const opinion = filter();
    if (opinion === undefined) continue;
    if ("assumed" in opinion) assumed.push(opinion.assumed);
    else return { eligible: false, ...opinion };
  }
  return { eligible: true, assumed };
}

function stateOpinion(pool: SpiderIPPool, family: Family): Opinion {
  const { spec } = pool;
  if (isTerminating(pool)) return { rule: "A7", reason: "the pool is being deleted" };
  if (spec.disable === true) return { rule: "A7", reason: "the pool is disabled" };
  if (spec.ipVersion !== family)
    return { rule: "A7", reason: `the pool is IPv${spec.ipVersion ?? "?"}, not IPv${family}` };
  return undefined;
}

/** nodeName if it names anything, else nodeAffinity. */
function nodeOpinion({ spec }: SpiderIPPool, pod: PodFacts): Opinion {
  if (spec.nodeName?.length) {
    if (pod.node === undefined) return { assumed: "the node" };
    if (spec.nodeName.includes(pod.node)) return undefined;
    return { rule: "A7", reason: `nodeName ${spec.nodeName.join(", ")}: the Pod is on ${pod.node}` };
  }
  return selectorOpinion("nodeAffinity", spec.nodeAffinity, pod.node ?? "the node", pod.nodeLabels);
}

/** namespaceName if it names anything, else namespaceAffinity. */
function namespaceOpinion({ spec }: SpiderIPPool, pod: PodFacts): Opinion {
  if (spec.namespaceName?.length) {
    if (spec.namespaceName.includes(pod.namespace)) return undefined;
    return { rule: "A7", reason: `namespaceName ${spec.namespaceName.join(", ")}: the Pod is in ${pod.namespace}` };
  }
  return selectorOpinion("namespaceAffinity", spec.namespaceAffinity, pod.namespace, pod.namespaceLabels);
}

function podOpinion(selector: LabelSelector | undefined, pod: PodFacts): Opinion {
  return selectorOpinion("podAffinity", selector, "the Pod", pod.labels);
}

function selectorOpinion(
  field: string,
  selector: LabelSelector | undefined,
  subject: string,
  labels: Readonly<Record<string, string>> | undefined,
): Opinion {
  if (selector === undefined || selector === null) return undefined;
  const [fault] = selectorFaults(selector);
  if (fault !== undefined) return { rule: "P15", reason: `${field} is not a legal selector: ${fault}` };
  if (labels === undefined) return { assumed: `labels of ${subject}` };
  const miss = firstMiss(selector, labels);
  return miss && { rule: "A7", reason: `${field} ${miss.requirement}: ${subject} ${miss.seen}` };
}

/** The five app keys against the Pod's top controller (A8, S26). */
function autoOpinion(selector: LabelSelector, pod: PodFacts): Opinion {
  const version = pod.controller?.apiVersion ?? "";
  const slash = version.indexOf("/");
  const identity: Record<string, string> = {
    "app-api-group": slash < 0 ? "" : version.slice(0, slash),
    "app-api-version": version.slice(slash + 1),
    "app-kind": pod.controller?.kind ?? "Pod",
    "app-namespace": pod.namespace,
    "app-name": pod.controller?.name ?? pod.name,
  };
  const other = Object.entries(identity).find(
    ([key, value]) => (selector.matchLabels?.[`ipam.spidernet.io/${key}`] ?? "") !== value,
  );
  return (
    other && { rule: "A8", reason: `an auto pool of another workload: its ${other[0]} is not ${other[1] || "empty"}` }
  );
}

function multusOpinion({ spec }: SpiderIPPool, pod: PodFacts, nic: string, facts: SpiderpoolFacts): Opinion {
  const network = networkOfNic(pod, nic, facts);
  if (network === undefined) return { rule: "A9", reason: `${nic} hangs on no Multus network that Spiderpool knows` };
  const wanted = (spec.multusName ?? []).map((name) => (name.includes("/") ? name : `${facts.namespace}/${name}`));
  if (wanted.length === 0) return undefined;
  if (network === "unknown") return { assumed: "the cluster's default network" };
  return wanted.includes(network)
    ? undefined
    : { rule: "A9", reason: `multusName ${wanted.join(", ")}: ${nic} is on ${network}` };
}
