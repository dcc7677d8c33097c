import type { KubeObject } from "../../core/spiderpool/objects.js";
import type { Column, Resource } from "./resources.js";

/** The `Table` a kubectl asks for instead of the objects: the columns of the kind, name first. */
export function tableOf(resource: Resource, objects: readonly KubeObject[], listMeta: object, now: number): object {
  const columns = [NAME, ...(resource.columns ?? [AGE])];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: listMeta,
    columnDefinitions: columns.map(({ name, type, priority }) => ({
      name,
      type,
      format: name === "Name" ? "name" : "",
      description: name,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => cellOf(column, object, now)),
      object: partial(object),
    })),
  };
}

/** The object without spec and status, as `PartialObjectMetadata`. */
export function partial(object: KubeObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

const NAME: Column = { name: "Name", type: "string", priority: 0, cell: (object) => object.metadata.name };

export const AGE: Column = {
  name: "Age",
  type: "string",
  priority: 0,
  cell: (object, now) => age(object.metadata.creationTimestamp, now),
};

function cellOf(column: Column, object: KubeObject, now: number): unknown {
  if (column.cell !== undefined) return column.cell(object, now);
  const value = readPath(object, column.jsonPath ?? "");
  if (column.type === "date") return age(typeof value === "string" ? value : undefined, now);
  if (value === undefined || typeof value !== "object") return value ?? null;
  return JSON.stringify(value);
}

/** A step of a JSONPath: a filter `[?(@.type=="Ready")]`, or a field or index. */
const STEP = /\[\?\(@\.(\w+)==["']([^"']*)["']\)\]|([^.[\]]+)/g;

/** The value at a printer column's JSONPath: fields, indices and the first match of a filter, all that CRDs of this world use. */
function readPath(object: unknown, path: string): unknown {
  let at = object;
  for (const [, field, wanted, step = ""] of path.matchAll(STEP)) {
    if (at === null || typeof at !== "object") return undefined;
    const parts = at as Record<string, unknown>;
    const isWanted = (item: unknown) => (item as Record<string, unknown> | null)?.[field!] === wanted;
    at = field === undefined ? parts[step.replace(/^['"]|['"]$/g, "")] : Object.values(parts).find(isWanted);
  }
  return at;
}

/** How old an object is, as kubectl says it: `5s`, `3m20s`, `4h`, `2d3h`, `40d`. */
export function age(since: string | undefined, now: number): string {
  if (since === undefined) return "<unknown>";
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (days < 2) return `${hours}h`;
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  return `${days}d`;
}
