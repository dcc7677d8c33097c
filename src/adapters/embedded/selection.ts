import type { KubeObject } from "../../core/spiderpool/objects.js";
import { badRequest } from "./api-error.js";

export type Matcher = (object: KubeObject) => boolean;

/**
 * Reads `labelSelector` and `fieldSelector` of a request.
 * @throws ApiError 400 for a selector that cannot be read or a field the server does not index
 */
export function matcherOf(labelSelector: string, fieldSelector: string): Matcher {
  const tests = [...labelTests(labelSelector), ...fieldTests(fieldSelector)];
  return (object) => tests.every((test) => test(object));
}

function labelTests(text: string): Matcher[] {
  // Commas inside `in (a,b)` separate values, all others separate requirements.
  const parts = text.match(/[^,(]+(\([^)]*\))?/g) ?? [];
  return parts.map((part) => labelTest(part.trim())).filter((test) => test !== undefined);
}

function labelTest(part: string): Matcher | undefined {
  if (part === "") return undefined;
  const label = (object: KubeObject, key: string) => object.metadata.labels?.[key];
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (set !== null) {
    const values = set[3]!.split(",").map((value) => value.trim());
    return (object) => values.includes(label(object, set[1]!) ?? "\0") === (set[2] === "in");
  }
  const equality = /^([^!=\s]+)\s*(!=|==|=)\s*(\S*)$/.exec(part);
  if (equality !== null) {
    return (object) => (label(object, equality[1]!) === equality[3]) === (equality[2] !== "!=");
  }
  const exists = /^(!?)\s*([^!=\s]+)$/.exec(part);
  if (exists !== null) return (object) => (label(object, exists[2]!) !== undefined) === (exists[1] === "");
  throw badRequest(`unable to parse requirement: found '${part}'`);
}

const FIELDS: Readonly<Record<string, (object: KubeObject) => unknown>> = {
  "metadata.name": (object) => object.metadata.name,
  "metadata.namespace": (object) => object.metadata.namespace ?? "",
  "spec.nodeName": (object) => (object.spec as { nodeName?: string } | undefined)?.nodeName ?? "",
  "status.phase": (object) => (object.status as { phase?: string } | undefined)?.phase ?? "",
  "involvedObject.kind": (object) => involved(object).kind ?? "",
  "involvedObject.name": (object) => involved(object).name ?? "",
  "involvedObject.namespace": (object) => involved(object).namespace ?? "",
  "involvedObject.uid": (object) => involved(object).uid ?? "",
};

function involved(object: KubeObject): Record<string, string> {
  return (object as KubeObject & { involvedObject?: Record<string, string> }).involvedObject ?? {};
}

function fieldTests(text: string): Matcher[] {
  return text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const parts = /^([^!=]+)(!=|==|=)(.*)$/.exec(part);
      const read = parts === null ? undefined : FIELDS[parts[1]!.trim()];
      if (parts === null || read === undefined) throw badRequest(`field label not supported: ${parts?.[1] ?? part}`);
      return (object) => (String(read(object)) === parts[3]) === (parts[2] !== "!=");
    });
}
