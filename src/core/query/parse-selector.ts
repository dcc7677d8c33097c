import type { LabelSelector } from "../spiderpool/objects.js";
import { selectorFaults } from "../spiderpool/selector.js";

type Requirement = NonNullable<LabelSelector["matchExpressions"]>[number];

/**
 * Reads a label selector as kubectl does: `zone=a,disk!=ssd,role in (a,b),!old,gpu`.
 * @returns what is wrong, as a text, where it is none
 */
export function parseSelector(text: string): LabelSelector | string {
  const parts = requirementsIn(text).map((part) => part.trim());
  const matchExpressions: Requirement[] = [];
  for (const part of parts) {
    const requirement = parseRequirement(part);
    if (requirement === undefined) return `"${part}" is no requirement; write key=value, key in (a,b), key or !key`;
    matchExpressions.push(requirement);
  }
  const [fault] = selectorFaults({ matchExpressions });
  return fault === undefined ? { matchExpressions } : fault;
}

/** The parts between commas, those in brackets apart: from the end, so that the text is read once. */
function requirementsIn(text: string): string[] {
  const parts: string[] = [];
  let [end, inBrackets] = [text.length, false];
  for (let at = text.length - 1; at >= 0; at--) {
    const sign = text[at];
    if (sign === ")") inBrackets = true;
    else if (sign === "(") inBrackets = false;
    else if (sign === "," && !inBrackets) {
      parts.push(text.slice(at + 1, end));
      end = at;
    }
  }
  parts.push(text.slice(0, end));
  return parts.reverse();
}

function parseRequirement(text: string): Requirement | undefined {
  const set = /^(\S+)\s+(in|notin)\s+\(([^()]*)\)$/.exec(text);
  if (set !== null) {
    const values = set[3]!.split(",").map((value) => value.trim());
    return { key: set[1]!, operator: set[2] === "in" ? "In" : "NotIn", values };
  }
  const equality = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/.exec(text);
  if (equality !== null) {
    return { key: equality[1]!, operator: equality[2] === "!=" ? "NotIn" : "In", values: [equality[3]!] };
  }
  const presence = /^(!?)\s*([^\s=!]+)$/.exec(text);
  return presence === null
    ? undefined
    : { key: presence[2]!, operator: presence[1] === "!" ? "DoesNotExist" : "Exists" };
}
