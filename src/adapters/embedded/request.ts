import { badRequest } from "./api-error.js";
import type { Resource } from "./resources.js";

/** What a path of the API names. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Reads `/api/v1/...` and `/apis/GROUP/VERSION/...`; undefined when nobody serves it. */
export function targetOf(path: string, resources: ReadonlyMap<string, Resource>): Target | undefined {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const group = parts[0] === "apis" ? parts[1] : "";
  const version = parts[0] === "apis" ? parts[2] : parts[1];
  const rest = parts.slice(parts[0] === "apis" ? 3 : 2);
  const find = (plural: string | undefined) =>
    [...resources.values()].find((one) => one.group === group && one.version === version && one.kind.plural === plural);
  // `/namespaces/NAME/status` is the namespace itself, `/namespaces/NAME/pods` is what is in it.
  const scoped = rest[0] === "namespaces" && rest.length > 2 ? find(rest[2]) : undefined;
  if (scoped?.kind.namespaced) {
    return { resource: scoped, namespace: rest[1]!, name: rest[3] ?? "", subresource: rest[4] ?? "" };
  }
  const resource = find(rest[0]);
  if (resource === undefined || rest.length > 3) return undefined;
  return { resource, namespace: "", name: rest[1] ?? "", subresource: rest[2] ?? "" };
}

/** In which form the client wants objects. */
export type Form = "objects" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";

/** Picks the first form of an Accept header that the server has. */
export function formOf(accept: string): Form {
  for (const choice of accept.split(",")) {
    const [type, ...parameters] = choice.split(";").map((part) => part.trim());
    if (type !== "application/json" && type !== "*/*" && type !== "application/*") continue;
    const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3);
    if (as === undefined) return "objects";
    if (as === "Table" || as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return as;
  }
  return "objects";
}

/** The body as JSON. @throws ApiError 400 */
export function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`the body is no JSON: ${(error as Error).message}`);
  }
}
