import { isFields } from "../spiderpool/json.js";
import type { LabelSelector } from "../spiderpool/objects.js";
import { matches } from "../spiderpool/selector.js";

type Labels = Readonly<Record<string, string>>;

/** One condition of a node selector: that of a label selector, and Gt and Lt. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** Conditions that must all hold. */
export interface Term {
  readonly labels: readonly Requirement[];
  readonly fields: readonly Requirement[];
}

const INT64 = 2n ** 63n;

/** A term without a condition matches no node. */
export function termHolds(term: Term, labels: Labels, fields: Labels): boolean {
  return (
    !isEmpty(term) && term.labels.every((one) => holds(one, labels)) && term.fields.every((one) => holds(one, fields))
  );
}

/** Whether a term asks for nothing. */
export function isEmpty({ labels, fields }: Term): boolean {
  return labels.length + fields.length === 0;
}

/** A condition that Kubernetes would not accept holds nowhere. */
export function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const count = operator === "Exists" || operator === "DoesNotExist" ? values.length === 0 : values.length > 0;
  if (!count) return false;
  if (operator !== "Gt" && operator !== "Lt")
    return matches({ matchExpressions: [{ key, operator, values: [...values] }] }, labels);
  const actual = Object.hasOwn(labels, key) ? integer(labels[key]!) : undefined;
  const bound = values.length === 1 ? integer(values[0]!) : undefined;
  if (actual === undefined || bound === undefined) return false;
  return operator === "Gt" ? actual > bound : actual < bound;
}

/** Whether a condition holds on every node where all of `given` do. */
export function follows(wanted: Requirement, given: readonly Requirement[]): boolean {
  const same = given.filter(({ key }) => key === wanted.key);
  const possible = valuesOf(same, wanted.key);
  if (possible !== undefined) return possible.every((value) => holds(wanted, { [wanted.key]: value }));
  switch (wanted.operator) {
    case "Exists":
      return same.some(({ operator }) => operator === "Exists" || operator === "Gt" || operator === "Lt");
    case "DoesNotExist":
      return same.some(({ operator }) => operator === "DoesNotExist");
    case "NotIn":
      return same.some(
        ({ operator, values }) =>
          operator === "DoesNotExist" ||
          (operator === "NotIn" && wanted.values.every((value) => values.includes(value))),
      );
    default:
      return false;
  }
}

/** The values these conditions leave a key; undefined = any. */
export function valuesOf(given: readonly Requirement[], wanted: string): readonly string[] | undefined {
  const [first, ...others] = given.filter(({ key, operator }) => key === wanted && operator === "In");
  return first?.values.filter((value) => others.every(({ values }) => values.includes(value)));
}

/** The conditions of a label selector. */
export function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Requirement[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: "In", values: [value] })),
    ...matchExpressions.map(({ key, operator, values = [] }) => ({ key, operator, values })),
  ];
}

/** A term as a Pod spells it. */
export function termOf({ matchExpressions, matchFields }: Record<string, unknown>): Term {
  return { labels: items(matchExpressions).map(requirementOf), fields: items(matchFields).map(requirementOf) };
}

function requirementOf({ key, operator, values }: Record<string, unknown>): Requirement {
  return { key: text(key), operator: text(operator), values: Array.isArray(values) ? values.map(text) : [] };
}

/** The objects of a list; nothing where there is no list. */
export function items(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** A text; empty where there is none. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A number as Kubernetes reads it: decimal, 64 bits. */
function integer(value: string): bigint | undefined {
  if (!/^[-+]?\d{1,25}$/.test(value)) return undefined;
  const number = BigInt(value.replace("+", ""));
  return number >= -INT64 && number < INT64 ? number : undefined;
}
