import type { ErrorObject } from "ajv";
import { child, keyOf, type SourceRef } from "../../core/diagnostics.js";
import { didYouMean } from "../../core/plan/suggest.js";
import { unwritten } from "../../core/plan/unwritten.js";

/** One violation of a schema in people's words. */
export interface SchemaFault {
  readonly code: string;
  readonly message: string;
  readonly source: SourceRef;
  readonly hint?: string | undefined;
}

/** What the schema says about the place, as ajv hands it over with `verbose`. */
interface Described {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, { description?: string }>>;
}

interface Violation {
  readonly error: ErrorObject;
  readonly at: SourceRef;
  readonly name: string;
  readonly schema: Described;
}

/** An ajv error as a fault with its place; known keys, descriptions and examples of the schema become the hint. */
export function describeFault(error: ErrorObject, root: SourceRef): SchemaFault {
  const at: SourceRef = { ...root, pointer: error.instancePath };
  const schema = (error.parentSchema ?? {}) as Described;
  const describe = WORDS[error.keyword] ?? otherwise;
  const fault = describe({ error, at, name: nameOf(error.instancePath), schema });
  const hint = HINTS.find(({ place }) => place.test(error.instancePath))?.hint(error.data);
  return hint === undefined ? fault : { ...fault, hint };
}

/** Places where people write something near by, and what they should write. */
const HINTS: readonly { readonly place: RegExp; readonly hint: (data: unknown) => string | undefined }[] = [
  {
    place: /^\/spec\/settings\/quarantine$/,
    hint: (data) => {
      if (typeof data === "number" && Number.isInteger(data) && data > 0) return `write "${data}h"`;
      return /^0+[smhd]$/.test(String(data)) ? `"${data}" is not allowed; write 0 for none` : undefined;
    },
  },
  { place: /\/fixed\/elastic$/, hint: () => "write a number or auto" },
];

const WORDS: Readonly<Record<string, (violation: Violation) => SchemaFault>> = {
  additionalProperties: unknownKey,
  required: missingKey,
  type: wrongType,
  oneOf: wrongType,
  enum: notAllowed,
  const: notAllowed,
  pattern: wrongForm,
  format: wrongForm,
  minimum: outOfRange,
  maximum: outOfRange,
  propertyNames: wrongName,
};

function unknownKey({ error, at, name, schema }: Violation): SchemaFault {
  const key = error.params.additionalProperty as string;
  const known = Object.keys(schema.properties ?? {}).sort();
  const hint = didYouMean(key, known) ?? `known keys are ${known.join(", ")}`;
  return { code: "SP1020", message: `unknown key ${clip(key)} in ${name}`, source: keyOf(child(at, key)), hint };
}

function missingKey({ error, at, name, schema }: Violation): SchemaFault {
  const key = error.params.missingProperty as string;
  const about = schema.properties?.[key]?.description;
  const hint = about === undefined ? `add ${key}` : `add ${key}: ${about}`;
  return { code: "SP1021", message: `${name} has no ${key}`, source: keyOf(at), hint };
}

function wrongType({ error, at, name, schema }: Violation): SchemaFault {
  const types = (error.params.wanted as string[] | undefined) ?? [wantedType(error)];
  const message = `${name} must be ${types.join(" or ")}, not ${shown(error.data)}`;
  return { code: "SP1022", message, source: at, hint: typeHint(error.data, types) ?? schema.description };
}

function notAllowed({ error, at, name }: Violation): SchemaFault {
  const { allowedValues, allowedValue } = error.params as { allowedValues?: unknown[]; allowedValue?: unknown };
  const values = (allowedValues ?? [allowedValue]).map(String);
  const hint = didYouMean(String(error.data), values) ?? `write ${values.join(" or ")}`;
  return { code: "SP1023", message: `${name} cannot be ${shown(error.data)}`, source: at, hint };
}

function wrongForm({ error, at, name, schema }: Violation): SchemaFault {
  const why = (typeof error.data === "string" ? unwritten(error.data) : undefined) ?? "it has another form";
  const message = `${name} cannot be ${shown(error.data)}: ${why}`;
  return { code: "SP1024", message, source: at, hint: like(schema.examples) };
}

function outOfRange({ error, at, name, schema }: Violation): SchemaFault {
  const { comparison, limit } = error.params as { comparison: string; limit: number };
  const message = `${name} is ${shown(error.data)}, it must be ${comparison} ${limit}`;
  return { code: "SP1025", message, source: at, hint: schema.description };
}

function wrongName({ error, at, name }: Violation): SchemaFault {
  const key = error.params.propertyName as string;
  const { examples } = (error.schema ?? {}) as Described;
  const why = unwritten(key);
  const message = `${clip(JSON.stringify(key))} cannot be a name in ${name}${why === undefined ? "" : `: ${why}`}`;
  return { code: "SP1027", message, source: keyOf(child(at, key)), hint: like(examples) };
}

function otherwise({ error, at, name, schema }: Violation): SchemaFault {
  const message = `${name} ${LENGTHS[error.keyword] ?? error.message ?? "is not valid"}`;
  return { code: "SP1026", message, source: at, hint: schema.description };
}

const LENGTHS: Readonly<Record<string, string>> = {
  minItems: "must not be empty",
  minLength: "must not be empty",
  minProperties: "must not be empty",
  maxLength: "is too long",
  uniqueItems: "holds an item twice",
};

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
};

/** What a `type` or `const` error asked for. */
export function wantedType(error: ErrorObject): string {
  return error.keyword === "const"
    ? JSON.stringify(error.params.allowedValue)
    : (TYPES[error.params.type as string] ?? String(error.params.type));
}

/** A value as a message shows it, cut short. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? clip(JSON.stringify(value)) : String(value);
}

/** What the fault is in, as people would say it: the path without `spec`. */
function nameOf(pointer: string): string {
  const parts = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const path = parts[0] === "spec" && parts.length > 1 ? parts.slice(1) : parts;
  return path.length === 0 ? "the document" : clip(path.join("."));
}

function typeHint(data: unknown, types: readonly string[]): string | undefined {
  if (data === null) return "give it a value or remove the key";
  if (types.includes("text") && typeof data !== "object") return `put it in quotes: "${String(data)}"`;
  if (types.includes("a list") && typeof data === "string") return `put it in brackets: [${clip(data)}]`;
  return undefined;
}

function like(examples: readonly unknown[] | undefined): string | undefined {
  return examples === undefined ? undefined : `write it like ${examples.join(" or ")}`;
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
