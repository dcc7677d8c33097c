import { type KubeObject, SPIDERPOOL_GROUP } from "./objects.js";
import { KIND_DESCRIPTIONS } from "./schemas.generated.js";
import { hasType, type SchemaNode } from "./structural-schema.js";

/**
 * What is wrong with the form of an object that no API server has checked: wrong types and missing parts of Spiderpool's
 * kinds (S8-S16), and of what spiderplan reads of Kubernetes' own. Values are not judged. Costs a walk over known fields.
 * @returns words such as `spec is missing`; empty when every field can be read
 */
export function shapeFaults(object: KubeObject): string[] {
  const schema = SCHEMAS.get(object.kind) ?? ANYTHING;
  // Go programs write null for an empty map or list of Kubernetes' own kinds; an API server keeps it out of others.
  const nulls = !object.apiVersion.startsWith(`${SPIDERPOOL_GROUP}/`);
  if (fits(object.metadata, METADATA, true) && fits(object, schema, nulls)) return [];
  return [...faults(object.metadata, METADATA, "metadata", true), ...faults(object, schema, "", nulls)];
}

const text: SchemaNode = { type: "string" };
const record = (properties: Record<string, SchemaNode>): SchemaNode => ({ type: "object", properties });
const list = (items: SchemaNode): SchemaNode => ({ type: "array", items });
const texts: SchemaNode = { type: "object", additionalProperties: text };

const METADATA = record({
  namespace: text,
  uid: text,
  resourceVersion: text,
  deletionTimestamp: text,
  labels: texts,
  annotations: texts,
  finalizers: list(text),
  ownerReferences: list(record({ apiVersion: text, kind: text, name: text, uid: text })),
  managedFields: list(record({ manager: text })),
});

const TEMPLATE = record({ metadata: record({ labels: texts, annotations: texts }), spec: record({}) });
const SELECTOR = record({
  matchLabels: texts,
  matchExpressions: list(record({ key: text, operator: text, values: list(text) })),
});
const WORKLOAD = record({
  spec: record({
    replicas: { type: "integer" },
    template: TEMPLATE,
    selector: SELECTOR,
    jobTemplate: record({ spec: record({ template: TEMPLATE }) }),
  }),
});

/** What spiderplan reads of kinds we have no description of. */
const READ: ReadonlyMap<string, SchemaNode> = new Map([
  ["Pod", record({ spec: record({ nodeName: text }), status: record({ phase: text }) })],
  ["ConfigMap", record({ data: texts })],
  [
    "HorizontalPodAutoscaler",
    record({ spec: record({ scaleTargetRef: record({ apiVersion: text, kind: text, name: text }) }) }),
  ],
  ...["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "CloneSet"].map(
    (kind): [string, SchemaNode] => [kind, WORKLOAD],
  ),
]);
const ANYTHING = record({});

/** Kinds that say nothing without a spec. */
const WITH_SPEC: ReadonlySet<string> = new Set([
  "SpiderSubnet",
  "SpiderIPPool",
  "SpiderReservedIP",
  "SpiderMultusConfig",
]);

/** By kind, what an object must look like. */
const SCHEMAS: ReadonlyMap<string, SchemaNode> = new Map([
  ...READ,
  ...KIND_DESCRIPTIONS.map(({ kind, schema }): [string, SchemaNode] => {
    // A status is written piece by piece, so its own fields may be missing.
    const status = schema.status && { status: { ...schema.status, required: [] } };
    const required = WITH_SPEC.has(kind) ? ["spec"] : [];
    return [kind, { type: "object", properties: { ...schema, ...status }, required }];
  }),
]);

/** Whether a value has the types of a schema; nothing is made on the way, as a snapshot may hold 100,000 objects. */
function fits(value: unknown, schema: SchemaNode, nulls: boolean): boolean {
  if (value === null && nulls) return true;
  if (!hasType(value, schema.type)) return false;
  if (schema.type === "array") {
    const { items } = schema;
    return items === undefined || (value as unknown[]).every((item) => fits(item, items, nulls));
  }
  if (schema.type !== "object") return true;
  const own = value as Record<string, unknown>;
  for (const key in schema.properties) {
    if (own[key] !== undefined && Object.hasOwn(own, key) && !fits(own[key], schema.properties[key]!, nulls)) {
      return false;
    }
  }
  const { additionalProperties } = schema;
  if (additionalProperties !== undefined) {
    for (const key of Object.keys(own)) if (!fits(own[key], additionalProperties, nulls)) return false;
  }
  return missing(own, schema).length === 0;
}

/** The same in words. */
function faults(value: unknown, schema: SchemaNode, path: string, nulls: boolean): string[] {
  if (value === null && nulls) return [];
  if (!hasType(value, schema.type)) return [`${path} must be ${WORDS[schema.type]}, not ${typeWords(value)}`];
  if (schema.type === "array") {
    const { items } = schema;
    if (items === undefined) return [];
    return (value as unknown[]).flatMap((item, index) => faults(item, items, `${path}[${index}]`, nulls));
  }
  if (schema.type !== "object") return [];
  const at = (key: string) => (path === "" ? key : `${path}.${key}`);
  const own = value as Record<string, unknown>;
  const known = { ...schema.properties };
  const absent = missing(own, schema).map((key) => `${at(key)} is missing`);
  const wrong = Object.keys(own).flatMap((key) => {
    const property = Object.hasOwn(known, key) ? known[key] : schema.additionalProperties;
    return property === undefined || own[key] === undefined ? [] : faults(own[key], property, at(key), nulls);
  });
  return [...absent, ...wrong];
}

const NONE: readonly string[] = [];

function missing(own: Record<string, unknown>, { required }: SchemaNode): readonly string[] {
  return required === undefined || required.every((key) => own[key] !== undefined)
    ? NONE
    : required.filter((key) => own[key] === undefined);
}

const WORDS: Readonly<Record<SchemaNode["type"], string>> = {
  object: "a map",
  array: "a list",
  string: "a string",
  integer: "a whole number",
  boolean: "true or false",
};

function typeWords(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return `the ${typeof value} ${JSON.stringify(value)}`;
}
