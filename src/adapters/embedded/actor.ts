import { applyMergePatch } from "../../core/change/merge-patch.js";
import { ClusterError, type ClusterErrorReason } from "../../core/cluster-error.js";
import { lastWriter } from "../../core/field-manager.js";
import type { Kind, KubeObject } from "../../core/spiderpool/objects.js";
import type {
  ClusterActor,
  DeleteOptions,
  ListOptions,
  ObjectList,
  ObjectRef,
  Preconditions,
  WatchEvent,
} from "../../ports/cluster.js";
import type { Api, WriteOptions } from "./api.js";
import { ApiError } from "./api-error.js";
import { Lists } from "./lists.js";
import type { Resource } from "./resources.js";
import { matcherOf } from "./selection.js";
import { startWatch } from "./watching.js";

/** The cluster for code in the same process: the same API without the wire. */
export function inProcessActor(api: Api, manager: string): ClusterActor {
  return new InProcessActor(api, manager);
}

class InProcessActor implements ClusterActor {
  readonly #options: WriteOptions;

  constructor(
    readonly api: Api,
    manager: string,
  ) {
    this.#options = { writer: { manager, operation: "Update" } };
  }

  async served(kinds: readonly Kind[]): Promise<ReadonlySet<Kind>> {
    return new Set(kinds.filter((kind) => this.api.resources.has(kind.kind)));
  }

  async list(kind: Kind, options: ListOptions = {}): Promise<ObjectList> {
    return translated(() => {
      const matches = matcherOf(options.labelSelector ?? "", "");
      const page = new Lists(this.api.store).first(this.#resource(kind), options.namespace ?? "", matches, 0);
      const items = options.project === undefined ? page.items : page.items.map(options.project);
      return { items, resourceVersion: page.metadata.resourceVersion };
    });
  }

  async get(ref: ObjectRef): Promise<KubeObject> {
    return translated(() => this.api.get(this.#resource(ref.kind), ref.namespace ?? "", ref.name));
  }

  async create(object: KubeObject, kind: Kind): Promise<KubeObject> {
    return translated(() =>
      this.api.create(this.#resource(kind), object.metadata.namespace ?? "", copy(object), this.#options),
    );
  }

  async patch(ref: ObjectRef, patch: object): Promise<KubeObject> {
    return translated(() => {
      const change = (old: KubeObject) => applyMergePatch(old, copy(patch)) as KubeObject;
      return this.api.update(this.#resource(ref.kind), ref.namespace ?? "", ref.name, change, this.#options);
    });
  }

  async delete(ref: ObjectRef, preconditions: Preconditions, options: DeleteOptions = {}): Promise<void> {
    translated(() =>
      this.api.remove(this.#resource(ref.kind), ref.namespace ?? "", ref.name, { ...preconditions, ...options }),
    );
  }

  async replace(object: KubeObject, kind: Kind): Promise<KubeObject> {
    return this.#put(object, kind, this.#options);
  }

  async replaceStatus(object: KubeObject, kind: Kind): Promise<KubeObject> {
    return this.#put(object, kind, { writer: { ...this.#options.writer, subresource: "status" } });
  }

  async patchStatus(ref: ObjectRef, patch: object): Promise<KubeObject> {
    return translated(() => {
      const change = (old: KubeObject) => applyMergePatch(old, copy(patch)) as KubeObject;
      const options = { writer: { ...this.#options.writer, subresource: "status" } };
      return this.api.update(this.#resource(ref.kind), ref.namespace ?? "", ref.name, change, options);
    });
  }

  async bind(pod: ObjectRef, node: string): Promise<void> {
    translated(() => this.api.bind(pod.namespace ?? "", pod.name, node, this.#options));
  }

  async *watch(kind: Kind, resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const waiting: WatchEvent[] = [];
    let wake = () => {};
    const stop = translated(() =>
      startWatch(
        this.api.store,
        { resource: this.#resource(kind), namespace: "", matches: () => true, resourceVersion },
        (event) => {
          waiting.push({ ...event, writer: lastWriter(event.object.metadata) });
          wake();
        },
      ),
    );
    const aborted = () => wake();
    signal.addEventListener("abort", aborted);
    try {
      while (!signal.aborted) {
        const event = waiting.shift();
        if (event !== undefined) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener("abort", aborted);
      stop();
    }
  }

  #put(object: KubeObject, kind: Kind, options: WriteOptions): KubeObject {
    const { namespace = "", name } = object.metadata;
    return translated(() => this.api.update(this.#resource(kind), namespace, name, () => copy(object), options));
  }

  #resource(kind: Kind): Resource {
    const found = this.api.resources.get(kind.kind);
    if (found === undefined) throw new ClusterError("NotFound", `no kind ${kind.kind} is served`, false, 404);
    return found;
  }
}

function copy<T>(value: T): T {
  return structuredClone(value);
}

const REASONS: Readonly<Record<number, ClusterErrorReason>> = {
  400: "Invalid",
  403: "Forbidden",
  404: "NotFound",
  410: "Gone",
  422: "Invalid",
};

function translated<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // As the adapter for a real server tells it: of a denial, the webhook's own words.
    const message = error.message.replace(/^admission webhook "[^"]*" denied the request: /, "");
    throw new ClusterError(reasonOf(error), message, false, error.code);
  }
}

function reasonOf(error: ApiError): ClusterErrorReason {
  if (error.reason === "AlreadyExists") return "AlreadyExists";
  if (error.message.includes("denied the request")) return "Denied";
  if (error.code === 409) return "Conflict";
  // A write with the uid of an object that was replaced meanwhile.
  if (error.code === 422 && error.message.includes("metadata.uid:")) return "Conflict";
  return REASONS[error.code] ?? "BadResponse";
}
