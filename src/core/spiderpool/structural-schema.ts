/** A node of a Kubernetes structural schema, as far as Spiderpool's kinds and PlanSync use it. */
export interface SchemaNode {
  readonly type: "object" | "array" | "string" | "integer" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly enum?: readonly (string | number)[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  /** An empty map stands for the defaults of its fields. */
  readonly default?: string | number | boolean | Readonly<Record<string, never>>;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

/** Whether a value read from JSON has a type of a schema, as the API server sees it. */
export function hasType(value: unknown, type: SchemaNode["type"]): boolean {
  switch (type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/** One column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  /** Above 0: shown with `-o wide` only. */
  readonly priority?: number;
}

/** Our own description of one custom kind: schema/spiderpool/*.json, schema/plan-sync.schema.json. */
export interface KindDescription {
  readonly description: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Cluster" | "Namespaced";
  readonly statusSubresource: boolean;
  readonly printerColumns: readonly PrinterColumn[];
  /** Which top-level fields there must be. */
  readonly required?: readonly string[];
  /** Top-level fields beside apiVersion, kind and metadata. */
  readonly schema: Readonly<Record<string, SchemaNode>>;
}
