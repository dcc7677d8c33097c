import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { child, type SourceRef } from "../../core/diagnostics.js";
import { didYouMean } from "../../core/plan/suggest.js";
import type { Faults } from "./faults.js";
import { describeFault, shown, wantedType } from "./schema-words.js";
import { ADDRESS_LOCK_SCHEMA, NETWORK_PLAN_SCHEMA } from "./schemas.generated.js";

const API_VERSION = "spiderplan.io/v1alpha1";
const SCHEMAS = { NetworkPlan: NETWORK_PLAN_SCHEMA, AddressLock: ADDRESS_LOCK_SCHEMA };
const AJV = new Ajv2020({
  allErrors: true,
  verbose: true,
  strictTypes: false,
  // Our own two schemas, checked by a test: every start would pay for it again.
  validateSchema: false,
  meta: false,
  code: { optimize: false },
  schemas: [NETWORK_PLAN_SCHEMA, ADDRESS_LOCK_SCHEMA],
});
formats.default(AJV, ["date"]);

/** Whether a document is what its folder holds, and valid by the schema; each fault is noted once. */
export function checkDocument(kind: keyof typeof SCHEMAS, data: unknown, at: SourceRef, faults: Faults): boolean {
  if (!isMap(data)) {
    faults.add("SP1017", `the document is ${shown(data)}, not a map`, at, { hint: `begin it with \`kind: ${kind}\`` });
    return false;
  }
  if (!checkKind(kind, data, at, faults)) return false;
  const validate = AJV.getSchema(SCHEMAS[kind].$id) as ValidateFunction;
  if (validate(data)) return true;
  for (const error of distinct(validate.errors ?? [])) {
    const { code, message, source, hint } = describeFault(error, at);
    faults.add(code, message, source, { hint });
  }
  return false;
}

function checkKind(kind: string, data: Record<string, unknown>, at: SourceRef, faults: Faults): boolean {
  const said = data.kind === undefined ? "has no kind" : `is of kind ${shown(data.kind)}`;
  if (data.kind !== kind) {
    const source = data.kind === undefined ? at : child(at, "kind");
    faults.add("SP1018", `the document ${said}; only ${kind} belongs here`, source, {
      hint: didYouMean(String(data.kind), [kind]) ?? "move other files out of the folder",
    });
    return false;
  }
  if (data.apiVersion === API_VERSION) return true;
  const source = data.apiVersion === undefined ? at : child(at, "apiVersion");
  const what = data.apiVersion === undefined ? "apiVersion is missing" : `unknown apiVersion ${shown(data.apiVersion)}`;
  faults.add("SP1018", what, source, { hint: `write apiVersion: ${API_VERSION}` });
  return false;
}

/** One error a fault: without those of branches of `oneOf` that were not meant, and of wrappers around others. */
function distinct(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter((error) => error.keyword === "oneOf");
  const dropped = new Set<ErrorObject>(errors.filter((error) => error.propertyName !== undefined));
  const merged: ErrorObject[] = [];
  for (const choice of choices) {
    const at = choice.instancePath;
    const inner = errors.filter(
      (error) => error !== choice && (error.instancePath === at || error.instancePath.startsWith(`${at}/`)),
    );
    const wrongType = (error: ErrorObject) => error.instancePath === at && ["type", "const"].includes(error.keyword);
    const told = inner.filter((error) => !wrongType(error));
    for (const error of inner) if (wrongType(error)) dropped.add(error);
    dropped.add(choice);
    if (told.length === 0) merged.push({ ...choice, params: { wanted: [...new Set(inner.map(wantedType))] } });
  }
  return [...errors.filter((error) => !dropped.has(error)), ...merged];
}

function isMap(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}
