import { applyMergePatch } from "../../core/change/merge-patch.js";
import type { KubeObject, ObjectMeta } from "../../core/spiderpool/objects.js";
import type { Api, WriteOptions } from "./api.js";
import { ApiError, badRequest } from "./api-error.js";
import { Lists } from "./lists.js";
import { jsonPatch, strategicMergePatch } from "./patch.js";
import { type Form, formOf, parseBody, type Target } from "./request.js";
import { scaled, scaleOf } from "./scale.js";
import { matcherOf } from "./selection.js";
import { partial, tableOf } from "./table.js";
import { startWatch } from "./watching.js";

/** One HTTP request, read completely. */
export interface RestRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: string;
}

export interface RestResponse {
  readonly code: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

/** The verbs of the REST protocol on top of `Api`. Watches are `watch`, everything else is `handle`. */
export class Rest {
  readonly #lists: Lists;

  constructor(readonly api: Api) {
    this.#lists = new Lists(api.store);
  }

  /** @throws ApiError */
  handle(target: Target, request: RestRequest): RestResponse {
    const warnings: string[] = [];
    const respond = (body: unknown, code = 200) => ({ code, body, warnings });
    const form = formOf(request.accept);
    const one = (object: KubeObject) => this.#oneAs(target, object, form);
    const options = writeOptions(request, target.subresource, (text) => warnings.push(text));
    switch (request.method) {
      case "GET":
        return respond(target.name === "" ? this.#list(target, request, form) : this.#get(target, one));
      case "POST":
        return respond(one(this.#post(target, request, options)), 201);
      case "PUT":
        return respond(this.#put(target, request, options, one));
      case "PATCH":
        return respond(this.#patch(target, request, options, one));
      case "DELETE":
        return respond(target.name === "" ? this.#deleteAll(target, request) : this.#delete(target, request, one));
      default:
        throw new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
    }
  }

  /**
   * Calls back with every event of a watch, ready to be sent; bookmarks are the caller's to ask for.
   * @throws ApiError 410
   */
  watch(target: Target, request: RestRequest, send: (event: object) => void): { bookmark(): void; stop(): void } {
    const form = formOf(request.accept);
    const { query } = request;
    const initial = query.get("sendInitialEvents") === "true";
    const stop = startWatch(
      this.api.store,
      {
        resource: target.resource,
        namespace: target.namespace,
        matches: matcherOf(query.get("labelSelector") ?? "", fieldsOf(target, query)),
        resourceVersion: initial ? "" : (query.get("resourceVersion") ?? ""),
      },
      ({ type, object }) => send({ type, object: this.#oneAs(target, object, form) }),
    );
    const bookmark = (annotations?: Record<string, string>) =>
      send({ type: "BOOKMARK", object: this.#bookmark(target, form, annotations) });
    if (initial) bookmark({ "k8s.io/initial-events-end": "true" });
    return { bookmark: () => bookmark(), stop };
  }

  #list(target: Target, request: RestRequest, form: Form): object {
    const { query } = request;
    const limit = Number(query.get("limit") ?? "0");
    const token = query.get("continue");
    const page = token
      ? this.#lists.next(token, limit)
      : this.#lists.first(
          target.resource,
          target.namespace,
          matcherOf(query.get("labelSelector") ?? "", query.get("fieldSelector") ?? ""),
          limit,
        );
    const { kind, apiVersion } = target.resource.kind;
    if (form === "Table") return tableOf(target.resource, page.items, page.metadata, this.api.now());
    if (form !== "objects") {
      const list = { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata: page.metadata };
      return { ...list, items: page.items.map(partial) };
    }
    return { kind: `${kind}List`, apiVersion, metadata: page.metadata, items: page.items };
  }

  #get(target: Target, one: (object: KubeObject) => object): object {
    const object = this.api.get(target.resource, target.namespace, target.name);
    return target.subresource === "scale" ? scaleOf(object) : one(object);
  }

  #post(target: Target, request: RestRequest, options: WriteOptions): KubeObject {
    const body = parseBody(request.body) as KubeObject;
    if (target.subresource === "binding") {
      const node = (body as KubeObject & { target?: { name?: string } }).target?.name;
      if (!node) throw badRequest("target.name: Required value");
      this.api.bind(target.namespace, target.name, node, options);
      return { kind: "Status", apiVersion: "v1", metadata: {} as ObjectMeta, status: "Success" };
    }
    if (target.name !== "") throw new ApiError(405, "MethodNotAllowed", "POST goes to a collection");
    return this.api.create(target.resource, target.namespace || this.#ownNamespace(target, body), body, options);
  }

  #put(target: Target, request: RestRequest, options: WriteOptions, one: (object: KubeObject) => object): object {
    const body = parseBody(request.body);
    if (target.subresource === "scale") return this.#scale(target, () => body, options);
    const given = body as KubeObject;
    return one(this.#update(target, () => given, options));
  }

  #patch(target: Target, request: RestRequest, options: WriteOptions, one: (object: KubeObject) => object): object {
    const type = request.contentType.split(";")[0]!.trim();
    const body = parseBody(request.body);
    if (type === "application/apply-patch+yaml") return one(this.#apply(target, body as KubeObject, options));
    const patched = (old: unknown) => applyPatch(type, target, old, body);
    if (target.subresource === "scale") return this.#scale(target, patched, options);
    return one(this.#update(target, (old) => patched(old) as KubeObject, options));
  }

  /**
   * Server-side apply, simplified: the fields given are merged in and the manager is noted; fields a manager no longer
   * sends stay, and two managers never conflict.
   */
  #apply(target: Target, body: KubeObject, options: WriteOptions): KubeObject {
    const exists = this.api.store
      .all(target.resource.kind.kind)
      .has(target.namespace === "" ? target.name : `${target.namespace}/${target.name}`);
    const writer = { ...options.writer, operation: "Apply" as const };
    if (!exists) return this.api.create(target.resource, target.namespace, body, { ...options, writer });
    const merge = target.resource.custom ? applyMergePatch : strategicMergePatch;
    return this.#update(target, (old) => merge(old, body) as KubeObject, { ...options, writer });
  }

  #update(target: Target, change: (old: KubeObject) => KubeObject, options: WriteOptions): KubeObject {
    return this.api.update(target.resource, target.namespace, target.name, change, options);
  }

  #scale(target: Target, change: (scale: object) => unknown, options: WriteOptions): object {
    const writer = { ...options.writer, subresource: "scale" };
    const updated = this.#update(target, (old) => scaled(old, change(scaleOf(old))), { ...options, writer });
    return scaleOf(updated);
  }

  #delete(target: Target, request: RestRequest, one: (object: KubeObject) => object): object {
    const before = this.api.get(target.resource, target.namespace, target.name);
    const after = this.api.remove(target.resource, target.namespace, target.name, deleteRequest(request));
    if (this.api.store.byUid(before.metadata.uid ?? "") !== undefined) return one(after);
    const { plural } = target.resource.kind;
    const details = { name: target.name, kind: plural, uid: before.metadata.uid };
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  }

  #deleteAll(target: Target, request: RestRequest): object {
    const matches = matcherOf(request.query.get("labelSelector") ?? "", request.query.get("fieldSelector") ?? "");
    const page = this.#lists.first(target.resource, target.namespace, matches, 0);
    for (const { metadata } of page.items) {
      this.api.remove(target.resource, metadata.namespace ?? "", metadata.name, deleteRequest(request));
    }
    const { kind, apiVersion } = target.resource.kind;
    return { kind: `${kind}List`, apiVersion, metadata: page.metadata, items: page.items };
  }

  #oneAs(target: Target, object: KubeObject, form: Form): object {
    if (form === "objects" || object.kind === "Status") return object;
    if (form !== "Table") return partial(object);
    const { resourceVersion } = object.metadata;
    return tableOf(target.resource, [object], { resourceVersion }, this.api.now());
  }

  #bookmark(target: Target, form: Form, annotations: Record<string, string> | undefined): object {
    const metadata = { resourceVersion: String(this.api.store.version), ...(annotations ? { annotations } : {}) };
    if (form === "Table") return tableOf(target.resource, [], metadata, this.api.now());
    const { kind, apiVersion } = target.resource.kind;
    return form === "objects"
      ? { kind, apiVersion, metadata }
      : { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
  }

  #ownNamespace(target: Target, body: KubeObject): string {
    if (!target.resource.kind.namespaced) return "";
    if (!body.metadata?.namespace) throw badRequest("an empty namespace may not be set during creation");
    return body.metadata.namespace;
  }
}

function applyPatch(type: string, target: Target, old: unknown, patch: unknown): unknown {
  if (type === "application/merge-patch+json") return applyMergePatch(old, patch);
  if (type === "application/json-patch+json") return jsonPatch(old, patch);
  if (type === "application/strategic-merge-patch+json" && !target.resource.custom) {
    return strategicMergePatch(old, patch);
  }
  throw new ApiError(415, "UnsupportedMediaType", `the body of the request was in an unknown format - ${type}`);
}

function deleteRequest(request: RestRequest) {
  const body = (request.body === "" ? {} : parseBody(request.body)) as {
    propagationPolicy?: "Background" | "Foreground" | "Orphan";
    gracePeriodSeconds?: number;
    preconditions?: { uid?: string; resourceVersion?: string };
    dryRun?: string[];
  };
  const { query } = request;
  const grace =
    body.gracePeriodSeconds ?? (query.has("gracePeriodSeconds") ? Number(query.get("gracePeriodSeconds")) : undefined);
  return {
    ...body.preconditions,
    propagation: body.propagationPolicy ?? (query.get("propagationPolicy") as "Foreground" | null) ?? undefined,
    gracePeriodSeconds: grace,
    dryRun: (body.dryRun ?? query.getAll("dryRun")).includes("All"),
  };
}

function writeOptions(request: RestRequest, subresource: string, onWarning: (text: string) => void): WriteOptions {
  const { query } = request;
  const validation = query.get("fieldValidation");
  return {
    writer: {
      manager: query.get("fieldManager") || request.userAgent.split("/")[0] || "unknown",
      operation: "Update",
      ...(subresource === "status" ? { subresource } : {}),
    },
    dryRun: query.getAll("dryRun").includes("All"),
    fieldValidation: validation === "Strict" || validation === "Ignore" ? validation : "Warn",
    onWarning,
  };
}

/** A watch on one object's path is a watch of its collection that selects it by name. */
function fieldsOf(target: Target, query: URLSearchParams): string {
  const fields = query.get("fieldSelector") ?? "";
  return target.name === "" ? fields : [fields, `metadata.name=${target.name}`].filter((part) => part !== "").join(",");
}
