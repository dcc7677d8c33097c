import type { Writer } from "../core/field-manager.js";
import type { Kind, KubeObject } from "../core/spiderpool/objects.js";

/** Names one object of the API. */
export interface ObjectRef {
  readonly kind: Kind;
  readonly namespace?: string;
  readonly name: string;
}

/** What an object must still be for a write to go through. */
export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface DeleteOptions {
  /** 0 removes a Pod at once, as its kubelet does when the containers are gone; unset = the kind's own grace. */
  readonly gracePeriodSeconds?: number;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** What to keep of each object, asked page by page, so that a long list is never in memory as a whole. */
  readonly project?: (object: KubeObject) => KubeObject;
}

export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

/**
 * A Kubernetes cluster, as spiderplan's own code sees it. Every method rejects with `ClusterError`, nothing else.
 */
export interface Cluster {
  /** Which of the given kinds the server serves. */
  served(kinds: readonly Kind[]): Promise<ReadonlySet<Kind>>;
  /** A kind of a group by its name, in the version the server prefers; undefined when it is not served. */
  find?(group: string, kindName: string): Promise<Kind | undefined>;
  /** Every object of a kind, paged under the hood (uncached, resourceVersion unset). */
  list(kind: Kind, options?: ListOptions): Promise<ObjectList>;
  get(ref: ObjectRef): Promise<KubeObject>;
  create(object: KubeObject, kind: Kind): Promise<KubeObject>;
  /** JSON merge patch with field manager `spiderplan`; the patch carries its own `metadata.uid` and `resourceVersion`. */
  patch(ref: ObjectRef, mergePatch: object): Promise<KubeObject>;
  delete(ref: ObjectRef, preconditions: Preconditions, options?: DeleteOptions): Promise<void>;
}

/** One change as a watch tells it. */
export type WatchEvent =
  | {
      readonly type: "ADDED" | "MODIFIED" | "DELETED";
      readonly object: KubeObject;
      /** Who wrote it last, status apart; of a deleted object not who deleted it. */
      readonly writer?: Writer;
    }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/** A cluster that can be followed. */
export interface WatchableCluster extends Cluster {
  /** Ends when the signal aborts; throws ClusterError `Gone` when the version is too old. */
  watch(kind: Kind, resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** JSON merge patch of the status subresource, with field manager `spiderplan-status`. */
  patchStatus(ref: ObjectRef, mergePatch: object): Promise<KubeObject>;
}

/** What the players (Spiderpool's and Kubernetes' parts) do that spiderplan itself never does. */
export interface ClusterActor extends WatchableCluster {
  /** PUT of the whole object; a stale resourceVersion is a `Conflict`. */
  replace(object: KubeObject, kind: Kind): Promise<KubeObject>;
  /** PUT of the status subresource. */
  replaceStatus(object: KubeObject, kind: Kind): Promise<KubeObject>;
  /** POST of the `binding` subresource of a Pod. */
  bind(pod: ObjectRef, node: string): Promise<void>;
}
