import { ClusterError } from "../../core/cluster-error.js";
import { lastWriter } from "../../core/field-manager.js";
import type { Kind, KubeObject } from "../../core/spiderpool/objects.js";
import type { WatchEvent } from "../../ports/cluster.js";
import { errorOfStatus } from "./api-error.js";

/** Splits a stream into lines, whatever the chunks cut: lines, and characters inside them. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", start)) {
      if (end > start) yield rest.slice(start, end);
      start = end + 1;
    }
    rest = rest.slice(start);
  }
  // A last line without its end was cut off: the watch goes on from the event before it.
}

/**
 * Reads one line of a watch.
 * @throws ClusterError of the ERROR event: `Gone` when the version is too old.
 */
export function readWatchLine(line: string, kind: Kind): WatchEvent {
  const event = JSON.parse(line) as { type?: string; object?: KubeObject & { code?: number; message?: string } };
  const object = event.object;
  if (object === undefined) throw unreadable(kind);
  if (event.type === "BOOKMARK") return { type: "BOOKMARK", resourceVersion: object.metadata.resourceVersion ?? "" };
  if (event.type === "ERROR") throw errorOfStatus(`watch ${kind.plural}`, object, object.code ?? 500);
  if (event.type !== "ADDED" && event.type !== "MODIFIED" && event.type !== "DELETED") throw unreadable(kind);
  const writer = lastWriter(object.metadata);
  delete object.metadata.managedFields;
  return { type: event.type, object, writer };
}

function unreadable(kind: Kind): ClusterError {
  return new ClusterError("BadResponse", `watch ${kind.plural}: a line that is no event`, false);
}
