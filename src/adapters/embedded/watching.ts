import type { KubeObject } from "../../core/spiderpool/objects.js";
import { gone } from "./api-error.js";
import type { Resource } from "./resources.js";
import type { Matcher } from "./selection.js";
import type { Change, Store } from "./store.js";

export interface SeenChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string;
  readonly matches: Matcher;
  /** "" or "0": begin with what is there. */
  readonly resourceVersion: string;
}

/**
 * Calls back for every change the watch selects, those since the given version first.
 * @returns how to end it
 * @throws ApiError 410 when the version is older than the history
 */
export function startWatch(store: Store, request: WatchRequest, onChange: (change: SeenChange) => void): () => void {
  const version = Number(request.resourceVersion || "0");
  const selects = (object: KubeObject) =>
    (request.namespace === "" || object.metadata.namespace === request.namespace) && request.matches(object);
  const tell = (change: Change) => {
    if (change.kind !== request.resource.kind.kind) return;
    const seen = asSeen(change, selects);
    if (seen !== undefined) onChange(seen);
  };
  if (version === 0) {
    for (const object of store.all(request.resource.kind.kind).values()) {
      if (selects(object)) onChange({ type: "ADDED", object });
    }
  } else {
    const past = store.since(version);
    if (past === undefined) throw gone(`too old resource version: ${version} (${store.version})`);
    for (const change of past) tell(change);
  }
  return store.subscribe(tell);
}

/** A change through the eyes of a selector: who enters it is added, who leaves it is deleted. */
function asSeen(change: Change, selects: Matcher): SeenChange | undefined {
  const now = change.type !== "DELETED" && selects(change.object);
  const before = change.before !== undefined && selects(change.before);
  if (now) return { type: before ? "MODIFIED" : "ADDED", object: change.object };
  return before ? { type: "DELETED", object: change.object } : undefined;
}
