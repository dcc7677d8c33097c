import { badRequest } from "./api-error.js";

type Json = unknown;
type JsonObject = Record<string, Json>;

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

/** RFC 6902. @throws ApiError 422 when an operation does not fit the document */
export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations))
    throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  let result: Json = structuredClone(target);
  for (const operation of operations as Operation[]) result = applyOperation(result, operation);
  return result;
}

function applyOperation(document: Json, { op, path, from, value }: Operation): Json {
  const holder = { "": document } as JsonObject;
  const at = ["", ...pointer(path)];
  switch (op) {
    case "add":
      set(holder, at, structuredClone(value), true);
      break;
    case "replace":
      read(holder, at);
      set(holder, at, structuredClone(value), false);
      break;
    case "remove":
      unset(holder, at);
      break;
    case "copy":
      set(holder, at, structuredClone(read(holder, ["", ...pointer(from ?? "")])), true);
      break;
    case "move": {
      const moved = read(holder, ["", ...pointer(from ?? "")]);
      unset(holder, ["", ...pointer(from ?? "")]);
      set(holder, at, moved, true);
      break;
    }
    case "test":
      if (JSON.stringify(read(holder, at)) !== JSON.stringify(value)) throw unfit(`testing path ${path} failed`);
      break;
    default:
      throw badRequest(`Unexpected kind: ${op}`);
  }
  return holder[""];
}

const unfit = (message: string) =>
  badRequest(`the server rejected our request due to an error in our request: ${message}`);

function pointer(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(holder: Json, path: readonly string[]): Json {
  let at = holder;
  for (const part of path) {
    const next = (at as JsonObject | undefined)?.[part];
    if (next === undefined) throw unfit(`missing path ${path.join("/")}`);
    at = next;
  }
  return at;
}

function set(holder: Json, path: readonly string[], value: Json, insert: boolean): void {
  const parent = read(holder, path.slice(0, -1));
  const last = path.at(-1)!;
  if (Array.isArray(parent)) {
    const index = last === "-" ? parent.length : Number(last);
    parent.splice(index, insert ? 0 : 1, value);
  } else (parent as JsonObject)[last] = value;
}

function unset(holder: Json, path: readonly string[]): void {
  read(holder, path);
  const parent = read(holder, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1);
  else delete (parent as JsonObject)[path.at(-1)!];
}

/** Lists of built-in kinds that merge by a key instead of being replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  volumes: "name",
  env: "name",
  imagePullSecrets: "name",
  ports: "containerPort",
  volumeMounts: "mountPath",
  hostAliases: "ip",
  conditions: "type",
  addresses: "type",
  taints: "key",
  ownerReferences: "uid",
};

/** Lists of plain values that merge as sets. */
const SETS = new Set(["finalizers"]);

/** Kubernetes' strategic merge patch, for the lists of built-in kinds that Pods and workloads have. */
export function strategicMergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  if (patch.$patch === "replace") return without(patch, "$patch");
  if (patch.$patch === "delete") return {};
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$deleteFromPrimitiveList/")) dropValues(result, key, value);
    else if (!key.startsWith("$")) mergeField(result, key, value);
  }
  const kept = patch.$retainKeys;
  if (Array.isArray(kept)) for (const key of Object.keys(result)) if (!kept.includes(key)) delete result[key];
  return result;
}

function mergeField(result: JsonObject, key: string, value: Json): void {
  const old = result[key];
  if (value === null) delete result[key];
  else if (!Array.isArray(value)) result[key] = strategicMergePatch(old, value);
  else if (SETS.has(key) && Array.isArray(old)) result[key] = [...new Set([...old, ...value])];
  else result[key] = mergeList(Array.isArray(old) ? old : [], value, MERGE_KEYS[key]);
}

function mergeList(old: readonly Json[], patch: readonly Json[], key: string | undefined): Json[] {
  const byKey = key !== undefined && [...old, ...patch].every((item) => isObject(item));
  if (!byKey || patch.some((item) => isObject(item) && item.$patch === "replace")) {
    return patch.filter((item) => !isObject(item) || item.$patch === undefined);
  }
  const items = [...(old as JsonObject[])];
  for (const change of patch as JsonObject[]) {
    const index = items.findIndex((item) => item[key] === change[key]);
    if (change.$patch === "delete") {
      if (index >= 0) items.splice(index, 1);
    } else if (index < 0) items.push(strategicMergePatch({}, change) as JsonObject);
    else items[index] = strategicMergePatch(items[index], change) as JsonObject;
  }
  return items;
}

function dropValues(result: JsonObject, directive: string, values: Json): void {
  const key = directive.slice(directive.indexOf("/") + 1);
  const old = result[key];
  if (Array.isArray(old) && Array.isArray(values)) result[key] = old.filter((item) => !values.includes(item));
}

function without(object: JsonObject, key: string): JsonObject {
  const { [key]: _dropped, ...rest } = object;
  return rest;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
