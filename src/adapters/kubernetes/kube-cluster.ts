import { ClusterError, isClusterError } from "../../core/cluster-error.js";
import { type Kind, type KubeObject, OWN } from "../../core/spiderpool/objects.js";
import type {
  ClusterActor,
  DeleteOptions,
  ListOptions,
  ObjectList,
  ObjectRef,
  Preconditions,
  WatchEvent,
} from "../../ports/cluster.js";
import { collectionPath, groupPath, objectPath, query } from "./api-path.js";
import type { Transport } from "./transport.js";
import { lines, readWatchLine } from "./watch-stream.js";

/** Objects a page: what kubectl and client-go ask for. */
const PAGE = 500;
/** How often a list begins anew when its continue token grew too old, before it asks for all at once. */
const RESTARTS = 2;
/** The server ends a watch after this time; spread, so that many watches do not come back together. */
const WATCH_SECONDS = { least: 240, spread: 60 };
/** Waits between attempts to take a watch up again, in milliseconds; after the last one the error goes up. */
const WATCH_BACKOFF = [0, 500, 1_000, 2_000, 4_000];

interface Page {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: KubeObject[] | null;
}

/** A Kubernetes API server over one pooled transport. */
export class KubeCluster implements ClusterActor {
  constructor(private readonly transport: Transport) {}

  async served(kinds: readonly Kind[]): Promise<ReadonlySet<Kind>> {
    const versions = [...new Set(kinds.map((kind) => kind.apiVersion))];
    const plurals = new Map(
      await Promise.all(versions.map(async (version) => [version, await this.#resources(version)] as const)),
    );
    return new Set(kinds.filter((kind) => plurals.get(kind.apiVersion)?.some(({ name }) => name === kind.plural)));
  }

  async find(group: string, kindName: string): Promise<Kind | undefined> {
    const answer = (await this.#call("GET", `/apis/${encodeURIComponent(group)}`, `discover ${group}`).catch(
      (error: unknown) => {
        if (isClusterError(error, "NotFound")) return undefined;
        throw error;
      },
    )) as { preferredVersion?: { groupVersion: string }; versions?: { groupVersion: string }[] } | undefined;
    const preferred = answer?.preferredVersion?.groupVersion;
    const others = (answer?.versions ?? []).map(({ groupVersion }) => groupVersion).filter((one) => one !== preferred);
    for (const apiVersion of [...(preferred ? [preferred] : []), ...others]) {
      const found = (await this.#resources(apiVersion)).find(
        ({ name, kind }) => kind === kindName && !name.includes("/"),
      );
      if (found) return { apiVersion, kind: kindName, plural: found.name, namespaced: found.namespaced };
    }
    return undefined;
  }

  async list(kind: Kind, options: ListOptions = {}): Promise<ObjectList> {
    for (let restart = 0; ; restart++) {
      try {
        return await this.#listOnce(kind, options, restart < RESTARTS ? PAGE : undefined);
      } catch (error) {
        if (!isClusterError(error, "Gone") || restart >= RESTARTS) throw error;
      }
    }
  }

  async get(ref: ObjectRef): Promise<KubeObject> {
    return (await this.#call("GET", objectPath(ref), `read ${words(ref)}`)) as KubeObject;
  }

  async create(object: KubeObject, kind: Kind): Promise<KubeObject> {
    const ref = refOf(object, kind);
    const path = collectionPath(kind, ref.namespace) + query({ fieldManager: OWN.fieldManager });
    return (await this.#call("POST", path, `create ${words(ref)}`, object)) as KubeObject;
  }

  async patch(ref: ObjectRef, mergePatch: object): Promise<KubeObject> {
    const path = objectPath(ref) + query({ fieldManager: OWN.fieldManager });
    return this.#patch(path, `update ${words(ref)}`, mergePatch);
  }

  async patchStatus(ref: ObjectRef, mergePatch: object): Promise<KubeObject> {
    const path = `${objectPath(ref)}/status${query({ fieldManager: OWN.statusManager })}`;
    return this.#patch(path, `set status of ${words(ref)}`, mergePatch);
  }

  async delete(ref: ObjectRef, preconditions: Preconditions, grace: DeleteOptions = {}): Promise<void> {
    const how = { preconditions, propagationPolicy: "Background", ...grace };
    const options = { apiVersion: "v1", kind: "DeleteOptions", ...how };
    await this.#call("DELETE", objectPath(ref), `delete ${words(ref)}`, options);
  }

  async replace(object: KubeObject, kind: Kind): Promise<KubeObject> {
    const ref = refOf(object, kind);
    return (await this.#call("PUT", objectPath(ref), `replace ${words(ref)}`, object)) as KubeObject;
  }

  async replaceStatus(object: KubeObject, kind: Kind): Promise<KubeObject> {
    const ref = refOf(object, kind);
    return (await this.#call("PUT", `${objectPath(ref)}/status`, `set status of ${words(ref)}`, object)) as KubeObject;
  }

  async bind(pod: ObjectRef, node: string): Promise<void> {
    const metadata = { name: pod.name, namespace: pod.namespace };
    const body = {
      apiVersion: "v1",
      kind: "Binding",
      metadata,
      target: { apiVersion: "v1", kind: "Node", name: node },
    };
    await this.#call("POST", `${objectPath(pod)}/binding`, `bind ${words(pod)}`, body);
  }

  /**
   * Goes on by itself where a connection ended or was lost, from the last version it saw: no event is missed or told
   * twice.
   */
  async *watch(kind: Kind, resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    let version = resourceVersion;
    let failures = 0;
    while (!signal.aborted) {
      const before = version;
      try {
        for await (const event of this.#watchOnce(kind, version, signal)) {
          failures = 0;
          version =
            (event.type === "BOOKMARK" ? event.resourceVersion : event.object.metadata.resourceVersion) ?? version;
          yield event;
        }
        // A server that ends watches at once must not be asked in a tight loop.
        if (version === before) await pause(WATCH_BACKOFF[1]! * (0.5 + Math.random() / 2), signal);
      } catch (error) {
        if (signal.aborted) return;
        const known = this.transport.translate(`watch ${kind.plural}`, error);
        if (!known.transient || ++failures >= WATCH_BACKOFF.length) throw known;
        const backoff = WATCH_BACKOFF[failures]! * (0.5 + Math.random() / 2);
        await pause(Math.max(backoff, (known.retryAfterSeconds ?? 0) * 1000), signal);
      }
    }
  }

  async close(): Promise<void> {
    await this.transport.close();
  }

  async *#watchOnce(kind: Kind, resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const seconds = WATCH_SECONDS.least + Math.floor(Math.random() * WATCH_SECONDS.spread);
    const asked = { watch: "1", resourceVersion, allowWatchBookmarks: "true", timeoutSeconds: String(seconds) };
    const path = collectionPath(kind, undefined) + query(asked);
    const body = await this.transport.stream({ method: "GET", path, what: `watch ${kind.plural}` }, signal);
    for await (const line of lines(body)) yield readWatchLine(line, kind);
  }

  async #listOnce(kind: Kind, options: ListOptions, limit: number | undefined): Promise<ObjectList> {
    const { project = (object) => object } = options;
    const items: KubeObject[] = [];
    let token: string | undefined;
    let resourceVersion = "";
    do {
      const asked = {
        limit: limit === undefined ? undefined : String(limit),
        continue: token,
        labelSelector: options.labelSelector,
      };
      const path = collectionPath(kind, options.namespace) + query(asked);
      const call = { method: "GET", path, what: `list ${kind.plural}` } as const;
      const page = (await this.transport.call(call, this.transport.timeouts.list)) as Page;
      for (const item of page.items ?? []) items.push(project(complete(item, kind)));
      resourceVersion = page.metadata?.resourceVersion ?? resourceVersion;
      token = page.metadata?.continue || undefined;
    } while (token !== undefined);
    return { items, resourceVersion };
  }

  async #resources(apiVersion: string): Promise<readonly { name: string; kind: string; namespaced: boolean }[]> {
    try {
      const answer = await this.#call("GET", groupPath(apiVersion), `discover ${apiVersion}`);
      return (answer as { resources?: { name: string; kind: string; namespaced: boolean }[] }).resources ?? [];
    } catch (error) {
      if (isClusterError(error, "NotFound")) return [];
      throw error;
    }
  }

  async #patch(path: string, what: string, body: object): Promise<KubeObject> {
    const contentType = "application/merge-patch+json";
    return (await this.transport.call({ method: "PATCH", path, what, body, contentType })) as KubeObject;
  }

  #call(method: "GET" | "POST" | "PUT" | "DELETE", path: string, what: string, body?: unknown): Promise<unknown> {
    return this.transport.call({ method, path, what, body });
  }
}

/** Items of a list carry no kind on built-in types; managedFields are half their bytes and nobody reads them. */
function complete(item: KubeObject, kind: Kind): KubeObject {
  item.apiVersion ??= kind.apiVersion;
  item.kind ??= kind.kind;
  delete item.metadata.managedFields;
  return item;
}

function refOf(object: KubeObject, kind: Kind): ObjectRef {
  const { namespace, name } = object.metadata;
  if (kind.namespaced && !namespace) {
    throw new ClusterError("Invalid", `${kind.kind} ${name} has no namespace`, false);
  }
  return { kind, namespace, name };
}

function words(ref: ObjectRef): string {
  return `${ref.kind.kind} ${ref.namespace ? `${ref.namespace}/` : ""}${ref.name}`;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
