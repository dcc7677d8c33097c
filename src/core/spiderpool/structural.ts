import type { KubeObject } from "./objects.js";
import { KIND_DESCRIPTIONS } from "./schemas.generated.js";
import type { KindDescription, SchemaNode } from "./structural-schema.js";
import { typeFault, valueFaults } from "./value-faults.js";

/** An object as the API server would store it. */
export interface Shaped<T extends KubeObject> {
  readonly object: T;
  /** Kubernetes-like messages (`spec.subnet: Required value`); empty if the object is legal. */
  readonly errors: string[];
}

/**
 * What the API server does to a custom object before it is stored: pruning of unknown fields, defaulting (S16) and
 * validation. Kinds we have no description of pass unchanged. The object given is not modified.
 */
export function applySchema<T extends KubeObject>(kind: string, object: T): Shaped<T> {
  const description = describe(kind);
  return description === undefined ? { object, errors: [] } : applyDescription(description, object);
}

/** `applySchema` for a kind whose description is at hand. */
export function applyDescription<T extends KubeObject>(description: KindDescription, object: T): Shaped<T> {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { schema: properties, required } = description;
  const errors: string[] = [];
  const shaped = shape(rest, { type: "object", properties, required }, "", errors) as Record<string, unknown>;
  return { object: { apiVersion, kind, metadata, ...shaped } as T, errors };
}

/** Our description of a custom kind, or `undefined` for a kind Kubernetes itself knows. */
export function describe(kind: string): KindDescription | undefined {
  return KIND_DESCRIPTIONS.find((description) => description.kind === kind);
}

/** CustomResourceDefinitions of every kind of Spiderpool's, for apiextensions.k8s.io/v1 from Kubernetes 1.20 on. */
export function customResourceDefinitions(): KubeObject[] {
  return KIND_DESCRIPTIONS.map(customResourceDefinition);
}

/** The CustomResourceDefinition of one kind. */
export function customResourceDefinition(description: KindDescription): KubeObject {
  return {
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
  };
}

/** The OpenAPI v3 schema of whole objects of a kind. */
export function rootSchema(description: KindDescription): object {
  return {
    type: "object",
    description: description.description,
    ...(description.required === undefined ? {} : { required: description.required }),
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
  const wrong = typeFault(value, schema, path);
  if (wrong !== undefined) {
    errors.push(wrong);
    return value;
  }
  const shaped = shapeParts(value, schema, path, errors);
  for (const fault of valueFaults(shaped, schema, path)) errors.push(fault);
  return shaped;
}

function shapeParts(value: unknown, schema: SchemaNode, path: string, errors: string[]): unknown {
  if (schema.type === "object") return shapeObject(value as Record<string, unknown>, schema, path, errors);
  const { items } = schema;
  if (items === undefined) return value;
  return (value as unknown[]).map((item, i) => shape(item, items, `${path}[${i}]`, errors));
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
    if (property.default === undefined || Object.hasOwn(shaped, key)) continue;
    // The fields of a default have defaults of their own.
    shaped[key] = shape(property.default, property, at(key), errors);
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(shaped, key)) errors.push(`${at(key)}: Required value`);
  }
  return shaped;
}

/** Assigns without ever touching a prototype: `__proto__` is an ordinary key in data. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
