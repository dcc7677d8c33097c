import { lastWriter } from "../../core/field-manager.js";
import type { Kind } from "../../core/spiderpool/objects.js";
import type { WatchEvent } from "../../ports/cluster.js";
import { badAnswer, isRecord, readObject } from "./answers.js";
import { errorOfStatus } from "./api-error.js";

/** Characters of one event; etcd holds no object of a tenth of it. */
const LONGEST_LINE = 32 * 1024 * 1024;

/**
 * Splits a stream into lines, whatever the chunks cut: lines, and characters inside them.
 * @throws ClusterError `BadResponse` for a line without end
 */
export async function* lines(chunks: AsyncIterable<Uint8Array>, longest = LONGEST_LINE): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Parts of the line that has not ended: joined once, so that a long one costs no more than its length.
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      const line = parts.join("") + text.slice(start, end);
      if (line !== "") yield line;
      [parts, length, start] = [[], 0, end + 1];
    }
    parts.push(text.slice(start));
    length += text.length - start;
    if (length > longest) throw badAnswer("watch", "a line without end");
  }
  // A last line without its end was cut off: the watch goes on from the event before it.
}

/**
 * Reads one line of a watch.
 * @throws ClusterError of the ERROR event: `Gone` when the version is too old; `BadResponse` for what is no event
 */
export function readWatchLine(line: string, kind: Kind): WatchEvent {
  const what = `watch ${kind.plural}`;
  const event = parse(line, what);
  const { type, object } = event;
  if (!isRecord(object)) throw badAnswer(what, "an event without an object");
  if (type === "ERROR") throw errorOfStatus(what, object, typeof object.code === "number" ? object.code : 500);
  if (type === "BOOKMARK") {
    const version = isRecord(object.metadata) ? object.metadata.resourceVersion : undefined;
    return { type, resourceVersion: typeof version === "string" ? version : "" };
  }
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") throw badAnswer(what, "a line that is no event");
  const read = readObject(object, kind, what);
  const writer = lastWriter(read.metadata);
  delete read.metadata.managedFields;
  return { type, object: read, writer };
}

function parse(line: string, what: string): Record<string, unknown> {
  try {
    const event: unknown = JSON.parse(line);
    if (isRecord(event)) return event;
  } catch {
    // Told below.
  }
  throw badAnswer(what, "a line that is no event");
}
