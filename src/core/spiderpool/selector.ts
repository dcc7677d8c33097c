import type { LabelSelector } from "./objects.js";

type Labels = Readonly<Record<string, string>>;
type Requirement = NonNullable<LabelSelector["matchExpressions"]>[number];

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Whether the labels satisfy the selector as Kubernetes judges it; an empty selector matches everything. */
export function matches(selector: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => own(labels, key) === value) &&
    (selector.matchExpressions ?? []).every((requirement) => holds(requirement, labels))
  );
}

/** A requirement that labels miss, and what is there instead, both in words. */
export interface Miss {
  /** `zone=a`, `zone in (a,b)`. */
  readonly requirement: string;
  /** `has zone=b`, `has no label zone`. */
  readonly seen: string;
}

/** The first requirement of the selector that the labels miss, or `undefined` if all hold. */
export function firstMiss(selector: LabelSelector, labels: Labels): Miss | undefined {
  const seen = (key: string) => {
    const actual = own(labels, key);
    return actual === undefined ? `has no label ${key}` : `has ${key}=${actual}`;
  };
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}).sort(byKey)) {
    if (own(labels, key) !== value) return { requirement: `${key}=${value}`, seen: seen(key) };
  }
  const missed = (selector.matchExpressions ?? []).find((requirement) => !holds(requirement, labels));
  return missed && { requirement: formatRequirement(missed), seen: seen(missed.key) };
}

/** What is wrong with a selector by Kubernetes' own rules; Spiderpool checks them for podAffinity only (P14, P15). */
export function selectorFaults(selector: LabelSelector): string[] {
  const faults: string[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}).sort(byKey)) {
    const here = [...keyFaults(key, "matchLabels"), ...valueFaults(value, `matchLabels[${key}]`)];
    for (const fault of here) faults.push(fault);
  }
  (selector.matchExpressions ?? []).forEach((requirement, index) => {
    for (const fault of requirementFaults(requirement, `matchExpressions[${index}]`)) faults.push(fault);
  });
  return faults;
}

/** A selector as people write it: `app=web,zone in (a,b),!canary`. */
export function formatSelector(selector: LabelSelector): string {
  return [
    ...Object.entries(selector.matchLabels ?? {})
      .sort(byKey)
      .map(([key, value]) => `${key}=${value}`),
    ...(selector.matchExpressions ?? []).map(formatRequirement),
  ].join(",");
}

/** Whether the text may be the value of a label: up to 63 letters, digits, `-`, `_` and `.`, or nothing. */
export function isLabelValue(text: string): boolean {
  return text === "" || (text.length <= 63 && NAME.test(text));
}

/** Whether the text may be an object name: a DNS-1123 subdomain of up to 253 characters. */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && SUBDOMAIN.test(text);
}

function holds(requirement: Requirement, labels: Labels): boolean {
  const actual = own(labels, requirement.key);
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
      return actual !== undefined && values.includes(actual);
    case "NotIn":
      return actual === undefined || !values.includes(actual);
    case "Exists":
      return actual !== undefined;
    case "DoesNotExist":
      return actual === undefined;
    default:
      return false;
  }
}

function requirementFaults(requirement: Requirement, path: string): string[] {
  const faults = keyFaults(requirement.key, `${path}.key`);
  const values = requirement.values ?? [];
  if (requirement.operator === "In" || requirement.operator === "NotIn") {
    if (values.length === 0)
      faults.push(`${path}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`);
  } else if (requirement.operator === "Exists" || requirement.operator === "DoesNotExist") {
    if (values.length > 0)
      faults.push(`${path}.values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`);
  } else {
    faults.push(`${path}.operator: Invalid value: "${requirement.operator}": not a valid selector operator`);
  }
  values.forEach((value, index) => {
    for (const fault of valueFaults(value, `${path}.values[${index}]`)) faults.push(fault);
  });
  return faults;
}

function keyFaults(key: string, path: string): string[] {
  const parts = key.split("/");
  const name = parts.at(-1)!;
  const legal =
    parts.length <= 2 && name.length <= 63 && NAME.test(name) && (parts.length === 1 || isSubdomain(parts[0]!));
  return legal ? [] : [`${path}: Invalid value: "${key}": not a legal label key`];
}

function valueFaults(value: string, path: string): string[] {
  return isLabelValue(value) ? [] : [`${path}: Invalid value: "${value}": not a legal label value`];
}

function formatRequirement({ key, operator, values = [] }: Requirement): string {
  switch (operator) {
    case "In":
      return `${key} in (${values.join(",")})`;
    case "NotIn":
      return `${key} notin (${values.join(",")})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return `${key} ${operator} (${values.join(",")})`;
  }
}

function own(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
