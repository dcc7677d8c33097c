import { selectorMeaning } from "../change/compare.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import type { KubeObject, LabelSelector, SpiderIPPool } from "../spiderpool/objects.js";
import { matches } from "../spiderpool/selector.js";

/** Nodes that no pool in question tells apart, in name order; `undefined` stands for a node nobody knows. */
export type NodeClass = readonly (string | undefined)[];

/** The part of a Pod's spec that decides where it may run. */
interface Placement {
  readonly nodeName?: string;
  readonly nodeSelector?: Record<string, string>;
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] };
    };
  };
  readonly tolerations?: readonly Toleration[];
}

interface Term {
  readonly matchExpressions?: readonly { key: string; operator: string; values?: string[] }[];
  readonly matchFields?: readonly { key: string; operator: string; values?: string[] }[];
}

interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

interface NodeSpec {
  readonly unschedulable?: boolean;
  readonly taints?: readonly { key: string; value?: string; effect: string }[];
}

/**
 * Where Pods may be scheduled, as far as nodes and their pools can tell: nodeSelector, required node affinity, taints and
 * cordons; room on a node is not looked at. Answers are kept, so that thousands of like workloads cost one look.
 */
export class NodeClasses {
  readonly #nodes: readonly KubeObject[];
  readonly #allowed = new Map<string, NodeClass>();
  readonly #matching = new Map<string, ReadonlySet<string>>();
  readonly #classes = new Map<NodeClass, Map<string, readonly NodeClass[]>>();

  /** @param gone nodes that nothing can be scheduled to */
  constructor(snapshot: Snapshot, gone: ReadonlySet<string> = new Set()) {
    this.#nodes = [...snapshot.nodes.values()]
      .filter((node) => !gone.has(node.metadata.name))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    if (snapshot.nodes.size === 0) this.#allowed.set("", [undefined]);
  }

  /** Nodes the scheduler may choose for Pods of a workload, dead ones left out; one unknown node where none is known. */
  allowed(workload: KubeObject | undefined): NodeClass {
    const unknown = this.#allowed.get("");
    if (unknown !== undefined) return unknown;
    const { nodeName, nodeSelector, affinity, tolerations } = ((workload && podTemplate(workload)?.spec) ??
      {}) as Placement;
    const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    const key = JSON.stringify([nodeName, nodeSelector, terms, tolerations]);
    const known = this.#allowed.get(key);
    if (known !== undefined) return known;
    const placement: Placement = { nodeName, nodeSelector, affinity, tolerations };
    const found = this.#nodes.filter((node) => accepts(node, placement)).map((node) => node.metadata.name);
    this.#allowed.set(key, found);
    return found;
  }

  /** Sorts nodes by which of these pools are open to them; classes in order of their first node. */
  classes(pools: readonly (SpiderIPPool | undefined)[], nodes: NodeClass): readonly NodeClass[] {
    const constraints = [...new Set(pools.map(constraintOf).filter((text) => text !== ""))].sort();
    if (constraints.length === 0 || nodes.length < 2) return nodes.length === 0 ? [] : [nodes];
    const known = this.#classes.get(nodes) ?? new Map<string, readonly NodeClass[]>();
    this.#classes.set(nodes, known);
    const key = constraints.join("\n");
    const found = known.get(key) ?? this.#sort(constraints, nodes);
    known.set(key, found);
    return found;
  }

  /** Whether a pool's node affinity lets Pods on this node in; on an unknown node it may. */
  isOpen(pool: SpiderIPPool, node: string | undefined): boolean {
    const constraint = constraintOf(pool);
    return constraint === "" || node === undefined || this.#open(constraint).has(node);
  }

  /** Whether a pool looks at nodes at all. */
  static choosesNodes(pool: SpiderIPPool): boolean {
    return constraintOf(pool) !== "";
  }

  #sort(constraints: readonly string[], nodes: NodeClass): readonly NodeClass[] {
    const groups = new Map<string, (string | undefined)[]>();
    for (const node of nodes) {
      const key = constraints.map((one) => (this.#open(one).has(node ?? "") ? "1" : "0")).join("");
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [node]);
      else group.push(node);
    }
    return [...groups.values()];
  }

  /** Nodes that meet one constraint. */
  #open(constraint: string): ReadonlySet<string> {
    const known = this.#matching.get(constraint);
    if (known !== undefined) return known;
    const [names, selector] = JSON.parse(constraint) as [string[], LabelSelector | null, string];
    const meets = ({ metadata }: KubeObject) =>
      names.length > 0 ? names.includes(metadata.name) : selector === null || matches(selector, metadata.labels ?? {});
    const found = new Set(this.#nodes.filter(meets).map((node) => node.metadata.name));
    this.#matching.set(constraint, found);
    return found;
  }
}

/** nodeName if it names anything, else nodeAffinity (A7), as one text; "" where the pool takes every node. */
function constraintOf(pool: SpiderIPPool | undefined): string {
  const names = pool?.spec.nodeName ?? [];
  const selector = pool?.spec.nodeAffinity;
  if (names.length > 0) return JSON.stringify([[...names].sort(), null, ""]);
  return selector === undefined ? "" : JSON.stringify([[], selector, selectorMeaning(selector)]);
}

function accepts(node: KubeObject, { nodeName, nodeSelector, affinity, tolerations = [] }: Placement): boolean {
  const labels = node.metadata.labels ?? {};
  if (nodeName !== undefined && nodeName !== node.metadata.name) return false;
  const { unschedulable, taints = [] } = (node.spec ?? {}) as NodeSpec;
  if (unschedulable === true || !isReady(node)) return false;
  if (!matches({ matchLabels: nodeSelector }, labels)) return false;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms !== undefined && !terms.some((term) => termHolds(term, node, labels))) return false;
  return taints
    .filter((taint) => taint.effect !== "PreferNoSchedule")
    .every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)));
}

/** Whether the node's kubelet reports; a node that says nothing of it counts as alive. */
export function isReady(node: KubeObject): boolean {
  const status = node.status as { conditions?: { type: string; status: string }[] } | undefined;
  const ready = status?.conditions?.find((condition) => condition.type === "Ready");
  return ready === undefined || ready.status === "True";
}

function termHolds(term: Term, node: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  const fields = { "metadata.name": node.metadata.name };
  return (
    (term.matchExpressions ?? []).every((one) => expressionHolds(one, labels)) &&
    (term.matchFields ?? []).every((one) => expressionHolds(one, fields))
  );
}

/** Node selectors know two operators more than label selectors. */
function expressionHolds(
  one: { key: string; operator: string; values?: string[] },
  labels: Readonly<Record<string, string>>,
): boolean {
  if (one.operator !== "Gt" && one.operator !== "Lt") return matches({ matchExpressions: [one] }, labels);
  const [actual, bound] = [Number(labels[one.key]), Number(one.values?.[0])];
  return one.operator === "Gt" ? actual > bound : actual < bound;
}

function tolerates(toleration: Toleration, taint: { key: string; value?: string; effect: string }): boolean {
  const { key, operator = "Equal", value, effect } = toleration;
  if (effect && effect !== taint.effect) return false;
  if (!key) return operator === "Exists";
  return key === taint.key && (operator === "Exists" || (value ?? "") === (taint.value ?? ""));
}
