import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import { applyDescription } from "../../core/spiderpool/structural.js";
import { ApiError, alreadyExists, badRequest, conflict, invalid, notFound, stale } from "./api-error.js";
import { faultsOf, withDefaults } from "./built-in.js";
import { finished, generationAfter, isOver, sameContent, withStatus } from "./change-of.js";
import { checkMetadata, createdMetadata, managedBy, timestamp, updatedMetadata, type Writer } from "./metadata.js";
import type { Resource } from "./resources.js";
import type { Webhooks } from "./spiderpool.js";
import { keyOf, type Store } from "./store.js";
import { unknownFields } from "./unknown-fields.js";

/** How one write is to be carried out. */
export interface WriteOptions {
  readonly writer: Writer;
  readonly dryRun?: boolean;
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  readonly onWarning?: (text: string) => void;
}

export interface DeleteRequest {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";
const CLIENT_MAY_NOT_SET = "resourceVersion should not be set on objects to be created";

/**
 * The writes of an API server, each carried out at once: check, default, admit, store. Nothing here waits, so two
 * writes never interleave.
 */
export class Api {
  constructor(
    readonly store: Store,
    readonly resources: ReadonlyMap<string, Resource>,
    readonly webhooks: Webhooks,
    readonly now: () => number,
  ) {}

  /** @throws ApiError 404 */
  get(resource: Resource, namespace: string, name: string): KubeObject {
    const found = this.store.all(resource.kind.kind).get(keyOf({ namespace, name }));
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  create(resource: Resource, namespace: string, given: KubeObject, options: WriteOptions): KubeObject {
    this.#checkType(resource, namespace, given);
    if (given.metadata.resourceVersion) throw badRequest(CLIENT_MAY_NOT_SET);
    const metadata = createdMetadata(given.metadata, resource.kind.namespaced ? namespace : "", this.now());
    checkMetadata(resource, metadata);
    this.#checkNamespace(resource, namespace);
    const { status, ...rest } = given;
    let object: KubeObject = { ...(resource.status ? rest : given), metadata };
    object = this.#admit(resource, object, undefined, options);
    if (this.store.all(resource.kind.kind).has(keyOf(metadata))) throw alreadyExists(resource, metadata.name);
    object = managedBy(object, options.writer, this.now());
    return options.dryRun ? object : this.store.put(resource.kind.kind, object);
  }

  /**
   * Replaces an object, or with a subresource `status` only its status.
   * @param change makes the new object of the stored one; a PUT ignores what is stored
   */
  update(
    resource: Resource,
    namespace: string,
    name: string,
    change: (old: KubeObject) => KubeObject,
    options: WriteOptions,
  ): KubeObject {
    const old = this.get(resource, namespace, name);
    const given = change(old);
    this.#checkType(resource, namespace, given);
    this.#checkPreconditions(resource, old, given);
    const metadata = updatedMetadata(given.metadata, old.metadata);
    let object: KubeObject;
    if (options.writer.subresource === "status") {
      object = this.#shaped(resource, { ...old, status: given.status }, options);
    } else {
      checkMetadata(resource, metadata);
      this.#checkFinalizers(resource, old, given);
      object = { ...given, metadata };
      if (resource.status) object = withStatus(object, old.status);
      object = this.#admit(resource, object, old, options);
      object = { ...object, metadata: { ...object.metadata, generation: generationAfter(object, old) } };
    }
    if (sameContent(object, old)) return old;
    object = managedBy(object, options.writer, this.now());
    if (options.dryRun) return object;
    return finished(object)
      ? this.store.remove(resource.kind.kind, object)
      : this.store.put(resource.kind.kind, object);
  }

  /** Removes the object, or marks it terminating where a finalizer or a running Pod holds it. */
  remove(resource: Resource, namespace: string, name: string, request: DeleteRequest): KubeObject {
    const old = this.get(resource, namespace, name);
    const { uid, resourceVersion } = old.metadata;
    if (request.uid !== undefined && request.uid !== uid) {
      const why = `Precondition failed: UID in precondition: ${request.uid}, UID in object meta: ${uid}`;
      throw conflict(resource, name, why);
    }
    if (request.resourceVersion !== undefined && request.resourceVersion !== resourceVersion) {
      const why = `Precondition failed: ResourceVersion in precondition: ${request.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`;
      throw conflict(resource, name, why);
    }
    this.webhooks.validate({ operation: "DELETE", object: old, old });
    if (request.dryRun) return old;
    const finalizers = new Set(old.metadata.finalizers ?? []);
    if (request.propagation === "Foreground") finalizers.add(FOREGROUND);
    if (request.propagation === "Orphan") finalizers.add(ORPHAN);
    const grace = this.#grace(old, request);
    // A namespace goes when its content is gone: the collector's business.
    const held = finalizers.size > 0 || grace > 0 || old.kind === KINDS.Namespace.kind;
    if (!held) return this.store.remove(resource.kind.kind, old);
    if (old.metadata.deletionTimestamp && finalizers.size === (old.metadata.finalizers?.length ?? 0) && grace > 0)
      return old;
    return this.store.put(resource.kind.kind, {
      ...old,
      metadata: {
        ...old.metadata,
        ...(finalizers.size === 0 ? {} : { finalizers: [...finalizers] }),
        deletionTimestamp: old.metadata.deletionTimestamp ?? timestamp(this.now() + grace * 1000),
        deletionGracePeriodSeconds: grace,
      },
    });
  }

  /** Binds a Pod to a node, as a scheduler asks for. */
  bind(namespace: string, name: string, node: string, options: WriteOptions): KubeObject {
    const pods = this.resources.get(KINDS.Pod.kind)!;
    const old = this.get(pods, namespace, name);
    const bound = (old.spec as { nodeName?: string }).nodeName;
    if (bound) throw conflict(pods, name, `pod ${name} is already assigned to node "${bound}"`);
    if (options.dryRun) return old;
    const conditions = [{ type: "PodScheduled", status: "True", lastTransitionTime: timestamp(this.now()) }];
    return this.store.put(KINDS.Pod.kind, {
      ...old,
      spec: { ...(old.spec as object), nodeName: node },
      status: { ...(old.status as object), conditions },
    });
  }

  /** Seconds until the object may go: a Pod that runs on a node is its kubelet's to finish. */
  #grace(object: KubeObject, request: DeleteRequest): number {
    if (object.kind !== "Pod") return 0;
    const spec = object.spec as { nodeName?: string; terminationGracePeriodSeconds?: number };
    if (!spec.nodeName || isOver(object)) return 0;
    return request.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
  }

  #admit(resource: Resource, given: KubeObject, old: KubeObject | undefined, options: WriteOptions): KubeObject {
    const operation = old === undefined ? "CREATE" : "UPDATE";
    let object = this.#shaped(resource, given, options);
    const mutated = this.webhooks.mutate({ operation, object, old });
    if (mutated !== object) object = this.#shaped(resource, mutated, { ...options, fieldValidation: "Ignore" });
    if (object.metadata.namespace === undefined && resource.kind.namespaced) throw badRequest("namespace is missing");
    const faults = faultsOf(object, old);
    if (faults.length > 0) throw invalid(resource, object.metadata.name, faults);
    this.webhooks.validate({ operation, object, old });
    return object;
  }

  #shaped(resource: Resource, given: KubeObject, options: WriteOptions): KubeObject {
    if (!resource.custom) return withDefaults(given);
    if (resource.description === undefined) return given;
    const { object, errors } = applyDescription(resource.description, given);
    if (options.fieldValidation !== "Ignore") {
      const unknown = unknownFields(given, object).map((path) => `unknown field "${path}"`);
      if (unknown.length > 0 && options.fieldValidation === "Strict") {
        throw badRequest(
          `${resource.kind.kind} in version "${resource.version}" cannot be handled as a ${resource.kind.kind}: strict decoding error: ${unknown.join(", ")}`,
        );
      }
      for (const text of unknown) options.onWarning?.(text);
    }
    if (errors.length > 0) throw invalid(resource, given.metadata.name, errors);
    return object;
  }

  #checkType(resource: Resource, namespace: string, given: KubeObject): void {
    if (typeof given !== "object" || given === null || typeof given.metadata !== "object" || given.metadata === null) {
      throw badRequest("the object provided is unrecognized (must be of type with metadata)");
    }
    const { apiVersion, kind } = resource.kind;
    if (given.kind !== kind || given.apiVersion !== apiVersion) {
      throw badRequest(
        `the object provided is of kind ${given.apiVersion}/${given.kind}, expected ${apiVersion}/${kind}`,
      );
    }
    const own = given.metadata.namespace;
    if (own && resource.kind.namespaced && own !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
  }

  #checkNamespace(resource: Resource, namespace: string): void {
    if (!resource.kind.namespaced) return;
    const found = this.store.all(KINDS.Namespace.kind).get(namespace);
    if (found === undefined) throw notFound(this.resources.get(KINDS.Namespace.kind)!, namespace);
    if (found.metadata.deletionTimestamp) {
      const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw new ApiError(403, "Forbidden", message);
    }
  }

  #checkPreconditions(resource: Resource, old: KubeObject, given: KubeObject): void {
    const { name, uid, resourceVersion } = given.metadata;
    if (name && name !== old.metadata.name) {
      throw badRequest(`the name of the object (${name}) does not match the name on the URL (${old.metadata.name})`);
    }
    if (!resourceVersion && resource.custom) {
      const cause = "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update";
      throw invalid(resource, old.metadata.name, [cause]);
    }
    if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) throw stale(resource, old.metadata.name);
    if (uid && uid !== old.metadata.uid) {
      throw invalid(resource, old.metadata.name, [`metadata.uid: Invalid value: "${uid}": field is immutable`]);
    }
  }

  #checkFinalizers(resource: Resource, old: KubeObject, given: KubeObject): void {
    if (!old.metadata.deletionTimestamp) return;
    const fresh = (given.metadata.finalizers ?? []).filter((name) => !(old.metadata.finalizers ?? []).includes(name));
    if (fresh.length > 0) {
      const cause = `metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${fresh.map((name) => `"${name}"`).join(", ")}}`;
      throw invalid(resource, old.metadata.name, [cause]);
    }
  }
}
