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
import { badAnswer, readObject, readPage, readResources, readVersions } from "./answers.js";
import { collectionPath, groupPath, objectPath, query } from "./api-path.js";
import { AnswerTooLarge, type Transport } from "./transport.js";
import { lines, readWatchLine } from "./watch-stream.js";

/** Objects a page: what kubectl and client-go ask for. */
const PAGE = 500;
/** How often a list begins anew when its continue token grew too old, before it asks for all at once. */
const RESTARTS = 2;
/** The server ends a watch after this time; spread, so that many watches do not come back together. */
const WATCH_SECONDS = { least: 240, spread: 60 };
/** Waits between attempts to take a watch up again, in milliseconds; after the last one the error goes up. */
const WATCH_BACKOFF = [0, 500, 1_000, 2_000, 4_000];

/** Bytes of a list that is asked for at once; a text of V8 has no more. */
const WHOLE_LIST_BYTES = 500 * 1024 * 1024;
/** Pages of a list, and milliseconds for all of them, before it counts as endless. */
const MOST_PAGES = 10_000;
const LONGEST_LIST = 900_000;

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
    const what = `discover ${group}`;
    const answer = await this.#call("GET", `/apis/${encodeURIComponent(group)}`, what).catch((error: unknown) => {
      if (isClusterError(error, "NotFound")) return undefined;
      throw error;
    });
    if (answer === undefined) return undefined;
    for (const apiVersion of readVersions(answer, what)) {
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
    const what = `read ${words(ref)}`;
    return readObject(await this.#call("GET", objectPath(ref), what), ref.kind, what);
  }

  async create(object: KubeObject, kind: Kind): Promise<KubeObject> {
    const ref = refOf(object, kind);
    const path = collectionPath(kind, ref.namespace) + query({ fieldManager: OWN.fieldManager });
    const what = `create ${words(ref)}`;
    return readObject(await this.#call("POST", path, what, object), kind, what, !object.metadata.name);
  }

  async patch(ref: ObjectRef, mergePatch: object): Promise<KubeObject> {
    const path = objectPath(ref) + query({ fieldManager: OWN.fieldManager });
    return this.#patch(path, `update ${words(ref)}`, ref.kind, mergePatch);
  }

  async patchStatus(ref: ObjectRef, mergePatch: object): Promise<KubeObject> {
    const path = `${objectPath(ref)}/status${query({ fieldManager: OWN.statusManager })}`;
    return this.#patch(path, `set status of ${words(ref)}`, ref.kind, mergePatch);
  }

  async delete(ref: ObjectRef, preconditions: Preconditions, grace: DeleteOptions = {}): Promise<void> {
    const how = { preconditions, propagationPolicy: "Background", ...grace };
    const options = { apiVersion: "v1", kind: "DeleteOptions", ...how };
    await this.#call("DELETE", objectPath(ref), `delete ${words(ref)}`, options);
  }

  async replace(object: KubeObject, kind: Kind): Promise<KubeObject> {
    const ref = refOf(object, kind);
    const what = `replace ${words(ref)}`;
    return readObject(await this.#call("PUT", objectPath(ref), what, object), kind, what);
  }

  async replaceStatus(object: KubeObject, kind: Kind): Promise<KubeObject> {
    const ref = refOf(object, kind);
    const what = `set status of ${words(ref)}`;
    return readObject(await this.#call("PUT", `${objectPath(ref)}/status`, what, object), kind, what);
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
    const what = `list ${kind.plural}`;
    const until = Date.now() + LONGEST_LIST;
    const items: KubeObject[] = [];
    let size = limit;
    let token: string | undefined;
    let resourceVersion = "";
    for (let pages = 1; ; pages++) {
      const asked = { continue: token, labelSelector: options.labelSelector };
      const path = (most: number | undefined) =>
        collectionPath(kind, options.namespace) +
        query({ limit: most === undefined ? undefined : String(most), ...asked });
      const read = await this.#page(path, what, size);
      size = read.size;
      const page = readPage(read.answer, what);
      for (const item of page.items) items.push(project(withoutWriters(readObject(item, kind, what))));
      resourceVersion = page.resourceVersion || resourceVersion;
      if (page.next === undefined) return { items, resourceVersion };
      if (page.next === token) throw badAnswer(what, "the list goes on where it began");
      if (pages >= MOST_PAGES || Date.now() > until) {
        throw badAnswer(what, `the list has no end: ${items.length} objects on ${pages} pages so far`);
      }
      token = page.next;
    }
  }

  /** One page, of fewer objects where so many are too many bytes. @returns how many objects fit */
  async #page(path: (most: number | undefined) => string, what: string, size: number | undefined) {
    for (let most = size; ; most = Math.ceil(most / 10)) {
      try {
        const whole = most === undefined ? { mostBytes: WHOLE_LIST_BYTES } : {};
        const call = { method: "GET", path: path(most), what, ...whole } as const;
        return { answer: await this.transport.call(call, this.transport.timeouts.list), size: most };
      } catch (error) {
        if (!(error instanceof AnswerTooLarge) || most === undefined || most <= 1) throw error;
      }
    }
  }

  async #resources(apiVersion: string): Promise<readonly { name: string; kind: string; namespaced: boolean }[]> {
    try {
      const what = `discover ${apiVersion}`;
      return readResources(await this.#call("GET", groupPath(apiVersion), what), what);
    } catch (error) {
      if (isClusterError(error, "NotFound")) return [];
      throw error;
    }
  }

  async #patch(path: string, what: string, kind: Kind, body: object): Promise<KubeObject> {
    const contentType = "application/merge-patch+json";
    return readObject(await this.transport.call({ method: "PATCH", path, what, body, contentType }), kind, what);
  }

  #call(method: "GET" | "POST" | "PUT" | "DELETE", path: string, what: string, body?: unknown): Promise<unknown> {
    return this.transport.call({ method, path, what, body });
  }
}

/** managedFields are half the bytes of an item, and nobody reads them. */
function withoutWriters(item: KubeObject): KubeObject {
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
