import type { KubeObject } from "./objects.js";
import { KIND_DESCRIPTIONS } from "./schemas.generated.js";
import { hasType, type KindDescription, type SchemaNode } from "./structural-schema.js";

/**
 * What the API server does to a custom object before it is stored: pruning of unknown fields, defaulting (S16) and
 * validation. Kinds we have no description of pass unchanged. The object given is not modified.
 * @returns the object as stored, and Kubernetes-like messages (`spec.subnet: Required value`); empty if it is legal
 */
export function applySchema<T extends KubeObject>(kind: string, object: T): { object: T; errors: string[] } {
  const description = describe(kind);
  if (description === undefined) return { object, errors: [] };
  const { apiVersion, kind: kindName, metadata, ...rest } = object;
  const root: SchemaNode = { type: "object", properties: description.schema };
  const errors: string[] = [];
  const shaped = shape(rest, root, "", errors) as Record<string, unknown>;
  return { object: { apiVersion, kind: kindName, metadata, ...shaped } as T, errors };
}

/** Our description of a custom kind, or `undefined` for a kind Kubernetes itself knows. */
export function describe(kind: string): KindDescription | undefined {
  return KIND_DESCRIPTIONS.find((description) => description.kind === kind);
}

/** CustomResourceDefinitions of every kind we describe, for apiextensions.k8s.io/v1 from Kubernetes 1.20 on. */
export function customResourceDefinitions(): KubeObject[] {
  return KIND_DESCRIPTIONS.map((description) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${description.plural}.${description.group}` },
    spec: {
      group: description.group,
      scope: description.scope,
      names: {
        kind: description.kind,
        listKind: `${description.kind}List`,
        plural: description.plural,
        singular: description.singular,
        shortNames: description.shortNames,
        ...(description.categories.length > 0 ? { categories: description.categories } : {}),
      },
      versions: [
        {
          name: description.version,
          served: true,
          storage: true,
          ...(description.statusSubresource ? { subresources: { status: {} } } : {}),
          ...(description.printerColumns.length > 0 ? { additionalPrinterColumns: description.printerColumns } : {}),
          schema: { openAPIV3Schema: rootSchema(description) },
        },
      ],
    },
  }));
}

function rootSchema(description: KindDescription): object {
  return {
    type: "object",
    description: description.description,
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      ...description.schema,
    },
  };
}

/** Prunes, defaults and validates one value; the message order is that of the schema. */
function shape(value: unknown, schema: SchemaNode, path: string, errors: string[]): unknown {
  if (!hasType(value, schema.type)) {
    errors.push(
      `${path}: Invalid value: "${typeName(value)}": ${path} in body must be of type ${schema.type}: "${typeName(value)}"`,
    );
    return value;
  }
  if (schema.type === "object") return shapeObject(value as Record<string, unknown>, schema, path, errors);
  if (schema.type === "array") {
    return (value as unknown[]).map((item, i) =>
      schema.items ? shape(item, schema.items, `${path}[${i}]`, errors) : item,
    );
  }
  checkScalar(value as string | number | boolean, schema, path, errors);
  return value;
}

function shapeObject(
  value: Record<string, unknown>,
  schema: SchemaNode,
  path: string,
  errors: string[],
): Record<string, unknown> {
  const shaped: Record<string, unknown> = {};
  const at = (key: string) => (path === "" ? key : `${path}.${key}`);
  const properties = schema.properties ?? {};
  for (const [key, item] of Object.entries(value)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties;
    if (property !== undefined) {
      // A null where the schema has a default is taken for absent.
      if (item === null && property.default !== undefined) continue;
      setOwn(shaped, key, shape(item, property, at(key), errors));
    } else if (schema["x-kubernetes-preserve-unknown-fields"]) setOwn(shaped, key, item);
  }
  for (const [key, property] of Object.entries(properties)) {
    if (property.default !== undefined && !Object.hasOwn(shaped, key)) shaped[key] = property.default;
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(shaped, key)) errors.push(`${at(key)}: Required value`);
  }
  return shaped;
}

function checkScalar(value: string | number | boolean, schema: SchemaNode, path: string, errors: string[]): void {
  if (schema.enum !== undefined && !schema.enum.includes(value as string | number)) {
    const supported = schema.enum.map((item) => `"${item}"`).join(", ");
    const text = typeof value === "string" ? `"${value}"` : String(value);
    errors.push(`${path}: Unsupported value: ${text}: supported values: ${supported}`);
  }
  if (schema.minimum !== undefined && (value as number) < schema.minimum) {
    errors.push(
      `${path}: Invalid value: ${value}: ${path} in body should be greater than or equal to ${schema.minimum}`,
    );
  }
  if (schema.maximum !== undefined && (value as number) > schema.maximum) {
    errors.push(`${path}: Invalid value: ${value}: ${path} in body should be less than or equal to ${schema.maximum}`);
  }
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

/** Assigns without ever touching a prototype: `__proto__` is an ordinary key in data. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
