import { selectorMeaning } from "../change/compare.js";
import { mayComeTo, mayStartOn, placementOf } from "../cluster/scheduling.js";
import type { Snapshot } from "../snapshot.js";
import type { KubeObject, LabelSelector, SpiderIPPool } from "../spiderpool/objects.js";
import { matches } from "../spiderpool/selector.js";

/** Nodes that no pool in question tells apart, in name order; `undefined` stands for a node nobody knows. */
export type NodeClass = readonly (string | undefined)[];

const UNKNOWN: NodeClass = [undefined];

/**
 * Where Pods may run (cluster/scheduling.ts), and which of these nodes pools tell apart. Answers are kept, so that thousands
 * of like workloads cost one look.
 */
export class NodeClasses {
  readonly #known: ReadonlyMap<string, KubeObject>;
  readonly #gone: ReadonlySet<string>;
  readonly #allowed = new Map<string, NodeClass>();
  readonly #matching = new Map<string, ReadonlySet<string>>();
  readonly #classes = new Map<NodeClass, Map<string, readonly NodeClass[]>>();
  #sorted: readonly KubeObject[] | undefined;

  /** @param gone nodes that nothing can be scheduled to */
  constructor({ nodes }: Snapshot, gone: ReadonlySet<string> = new Set()) {
    this.#known = nodes;
    this.#gone = gone;
  }

  /** Nodes where Pods of a workload may start as the nodes are now; one unknown node where none is known. */
  allowed(workload: KubeObject | undefined): NodeClass {
    return this.#find(workload, mayStartOn);
  }

  /** The same once cordoned and dead nodes are back. */
  lasting(workload: KubeObject | undefined): NodeClass {
    return this.#find(workload, mayComeTo);
  }

  #find(workload: KubeObject | undefined, admits: typeof mayStartOn): NodeClass {
    if (this.#known.size === 0) return UNKNOWN;
    const placement = placementOf(workload);
    const key = `${admits.name} ${JSON.stringify(placement)}`;
    const known = this.#allowed.get(key);
    if (known !== undefined) return known;
    const found = this.#nodes.filter((node) => admits(placement, node)).map((node) => node.metadata.name);
    this.#allowed.set(key, found);
    return found;
  }

  get #nodes(): readonly KubeObject[] {
    this.#sorted ??= [...this.#known.values()]
      .filter((node) => !this.#gone.has(node.metadata.name))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return this.#sorted;
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
