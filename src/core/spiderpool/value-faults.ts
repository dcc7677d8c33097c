import type { SchemaNode } from "./structural-schema.js";

/**
 * What a structural schema has against one value of the right type, in the API server's words; the parts of a map or
 * list are not looked at, only how many there are.
 * @param path where the value stands: `spec.ips[0]`
 */
export function valueFaults(value: unknown, schema: SchemaNode, path: string): string[] {
  const problems = problemsOf(value, schema);
  if (problems.length === 0 && schema.enum === undefined) return problems;
  const shown = typeof value === "object" ? typeOf(value) : JSON.stringify(value);
  const faults = problems.map((problem) => `${path}: Invalid value: ${shown}: ${path} in body ${problem}`);
  return [...enumFaults(value, schema, path), ...faults];
}

function problemsOf(value: unknown, schema: SchemaNode): string[] {
  if (typeof value === "string") return textFaults(value, schema);
  if (typeof value === "number") return numberFaults(value, schema);
  return sizeFaults(value, schema);
}

/** What is wrong with the type of a value; undefined if nothing is. */
export function typeFault(value: unknown, { type }: SchemaNode, path: string): string | undefined {
  const is = typeOf(value);
  return is === type ? undefined : `${path}: Invalid value: "${is}": ${path} in body must be of type ${type}: "${is}"`;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function enumFaults(value: unknown, schema: SchemaNode, path: string): string[] {
  if (schema.enum === undefined || schema.enum.includes(value as string | number)) return [];
  const supported = schema.enum.map((item) => `"${item}"`).join(", ");
  return [`${path}: Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`];
}

function textFaults(value: string, schema: SchemaNode): string[] {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  const faults: string[] = [];
  // Go counts code points: as many as UTF-16 units, or down to half of them.
  if (value.length < 2 * minLength && [...value].length < minLength) {
    faults.push(`should be at least ${minLength} chars long`);
  }
  if (value.length > maxLength && [...value].length > maxLength) {
    faults.push(`should be at most ${maxLength} chars long`);
  }
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) faults.push(`should match '${pattern}'`);
  if (format === "date-time" && !DATE_TIME.test(value)) {
    faults.push(`must be of type date-time: ${JSON.stringify(value)}`);
  }
  return faults;
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function numberFaults(value: number, { minimum, maximum }: SchemaNode): string[] {
  if (minimum !== undefined && value < minimum) return [`should be greater than or equal to ${minimum}`];
  if (maximum !== undefined && value > maximum) return [`should be less than or equal to ${maximum}`];
  return [];
}

function sizeFaults(value: unknown, schema: SchemaNode): string[] {
  if (typeof value !== "object" || value === null) return [];
  const [count, least, most, parts] = Array.isArray(value)
    ? ([value.length, undefined, schema.maxItems, "items"] as const)
    : ([Object.keys(value).length, schema.minProperties, schema.maxProperties, "properties"] as const);
  if (least !== undefined && count < least) return [`should have at least ${least} ${parts}`];
  if (most !== undefined && count > most) return [`should have at most ${most} ${parts}`];
  return [];
}
