import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";

const SCHEMA = "schema/plan-sync.schema.json";

/** What a CustomResourceDefinition of Kubernetes 1.20 understands, and we use. */
const KEPT = new Set([
  "type",
  "description",
  "format",
  "properties",
  "required",
  "items",
  "enum",
  "pattern",
  "default",
  ...["minimum", "maximum", "minLength", "maxLength", "maxItems", "minProperties", "maxProperties"],
  ...["x-kubernetes-list-type", "x-kubernetes-list-map-keys"],
]);
/** What only editors and the generated types need. */
const DROPPED = new Set(["$schema", "$id", "title", "examples", "const"]);

const condition = (type, field) => `.status.conditions[?(@.type=="${type}")].${field}`;

/** What `kubectl get plansyncs` shows; a JSONPath cannot shorten a revision. */
const COLUMNS = [
  { name: "Ready", type: "string", jsonPath: condition("Ready", "status") },
  { name: "Mode", type: "string", jsonPath: ".spec.sync.mode" },
  { name: "Revision", type: "string", jsonPath: ".status.lastAppliedRevision" },
  { name: "Stable", type: "string", jsonPath: condition("IPStable", "status") },
  { name: "Blocked", type: "string", jsonPath: ".status.blocked", priority: 1 },
  { name: "Message", type: "string", jsonPath: condition("Ready", "message") },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

/** schema/plan-sync.schema.json as the body of a TypeScript module: a `KindDescription` for the embedded cluster. */
export async function planSyncModule(root) {
  return `import type { KindDescription } from "../spiderpool/structural-schema.js";

export const PLAN_SYNC: KindDescription = ${JSON.stringify(await description(root), null, 2)};
`;
}

/** The same as a CustomResourceDefinition (apiextensions.k8s.io/v1, Kubernetes 1.20 and newer), as YAML. */
export async function planSyncDefinition(root) {
  const { group, version, kind, plural, singular, shortNames, categories, scope, ...kept } = await description(root);
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kept.printerColumns,
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: kept.description,
              required: kept.required,
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                ...kept.schema,
              },
            },
          },
        },
      ],
    },
  };
  return stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false });
}

async function description(root) {
  const schema = JSON.parse(await readFile(join(root, SCHEMA), "utf8"));
  const { apiVersion, kind, metadata: _, ...own } = schema.properties;
  const [group, version] = apiVersion.const.split("/");
  const names = { kind: kind.const, plural: "plansyncs", singular: "plansync" };
  return {
    description: schema.description,
    group,
    version,
    ...names,
    shortNames: ["nps"],
    categories: ["spiderplan"],
    scope: "Namespaced",
    statusSubresource: true,
    printerColumns: COLUMNS,
    required: schema.required.filter((name) => Object.hasOwn(own, name)),
    schema: Object.fromEntries(Object.entries(own).map(([name, node]) => [name, structural(node, name)])),
  };
}

/** One node of a JSON schema as a structural one: an API server prunes where a JSON schema refuses unknown fields. */
function structural(node, path) {
  const entries = Object.entries(node).flatMap(([key, value]) => {
    if (DROPPED.has(key) || (key === "additionalProperties" && value === false)) return [];
    if (!KEPT.has(key)) throw new Error(`${SCHEMA}: ${path} says ${key}, which a CustomResourceDefinition cannot`);
    if (key === "items") return [[key, structural(value, `${path}[]`)]];
    if (key !== "properties") return [[key, value]];
    const fields = Object.entries(value).map(([name, field]) => [name, structural(field, `${path}.${name}`)]);
    return [[key, Object.fromEntries(fields)]];
  });
  return Object.fromEntries(entries);
}
