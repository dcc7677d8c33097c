import type { Resource } from "./resources.js";

/** A refusal in the words of a Kubernetes `Status`. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
  }
}

/** How an API server names a resource in its messages: `spiderippools.spiderpool.spidernet.io`, `pods`. */
export function resourceName(resource: Resource): string {
  return resource.group ? `${resource.kind.plural}.${resource.group}` : resource.kind.plural;
}

const about = (resource: Resource, name: string) => ({
  name,
  ...(resource.group ? { group: resource.group } : {}),
  kind: resource.kind.plural,
});

export function notFound(resource: Resource, name: string): ApiError {
  return new ApiError(404, "NotFound", `${resourceName(resource)} "${name}" not found`, about(resource, name));
}

export function alreadyExists(resource: Resource, name: string): ApiError {
  const message = `${resourceName(resource)} "${name}" already exists`;
  return new ApiError(409, "AlreadyExists", message, about(resource, name));
}

export function conflict(resource: Resource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${resourceName(resource)} "${name}": ${why}`;
  return new ApiError(409, "Conflict", message, about(resource, name));
}

/** The words every client knows for a stale resourceVersion. */
export function stale(resource: Resource, name: string): ApiError {
  const why = "the object has been modified; please apply your changes to the latest version and try again";
  return conflict(resource, name, why);
}

/** 422 with one cause; several are joined as the API server joins them. */
export function invalid(resource: Resource, name: string, causes: readonly string[]): ApiError {
  const kind = resource.group ? `${resource.kind.kind}.${resource.group}` : resource.kind.kind;
  const text = causes.length === 1 ? causes[0] : `[${causes.join(", ")}]`;
  return new ApiError(422, "Invalid", `${kind} "${name}" is invalid: ${text}`, {
    name,
    ...(resource.group ? { group: resource.group } : {}),
    kind: resource.kind.kind,
    causes: causes.map((message) => ({ message })),
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** A watch, or a page of a list, that asks for more history than is kept. */
export function gone(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

/** The body of a refusal. */
export function statusOf(error: ApiError): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    reason: error.reason,
    ...(error.details === undefined ? {} : { details: error.details }),
    code: error.code,
  };
}
