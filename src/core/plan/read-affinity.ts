import type { LabelSelector } from "../spiderpool/objects.js";
import { selectorFaults } from "../spiderpool/selector.js";
import type { Expression, PlanAffinity, PodSelector } from "./plan.generated.js";
import type { Affinity } from "./plan.js";
import { compareText, fail, type Scope } from "./scope.js";

/** Labels and expressions of the plan as a Kubernetes selector; faults noted, since Spiderpool looks at few (P15). */
export function readSelector(selector: PodSelector, scope: Scope): LabelSelector {
  const read: LabelSelector = {
    ...(selector.labels === undefined ? {} : { matchLabels: sorted(selector.labels) }),
    ...(selector.expressions === undefined ? {} : { matchExpressions: selector.expressions.map(requirement) }),
  };
  for (const fault of selectorFaults(read)) fail(scope, "SP2018", `selector is not valid: ${fault}`);
  if (Object.keys(read.matchLabels ?? {}).length + (read.matchExpressions ?? []).length === 0) {
    fail(scope, "SP2018", "selector is empty: it would match everything", { hint: "give labels or expressions" });
  }
  return read;
}

/** One requirement with its keys in Kubernetes' order, so that their order in the file never shows. */
function requirement({ key, operator, values }: Expression): { key: string; operator: string; values?: string[] } {
  return { key, operator, ...(values === undefined ? {} : { values }) };
}

/** Names or a selector; both together is an error, since Spiderpool would ignore the selector (A7). */
export function readAffinity(affinity: PlanAffinity, scope: Scope): Affinity {
  const selects = affinity.labels !== undefined || affinity.expressions !== undefined;
  if (affinity.names !== undefined && selects) {
    fail(scope, "SP2017", "names and labels stand together: Spiderpool would ignore the labels (A7)", {
      hint: "keep one of them",
    });
  }
  if (affinity.names !== undefined) return { names: affinity.names };
  return { selector: readSelector(affinity, scope) };
}

/** A text map in key order. */
export function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => compareText(a, b)));
}
