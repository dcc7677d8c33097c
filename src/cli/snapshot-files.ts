import { resolve } from "node:path";
import { readGivenFile } from "../adapters/files/given-files.js";
import { UnsafePath } from "../adapters/files/safe-files.js";
import { buildSnapshot, inKindOrder, type Snapshot } from "../core/snapshot.js";
import { factsFromConfigMap } from "../core/spiderpool/facts.js";
import type { KubeObject } from "../core/spiderpool/objects.js";
import { CliError, type Io, readStdin } from "./io.js";
import { checkedItems, isRecord, type SnapshotItem, withoutDuplicates } from "./snapshot-items.js";

/** A value of a file that should be an object. */
interface ReadItem {
  readonly value: unknown;
  readonly place: string;
}

/** As JSON; a text of Node has no more. */
const MOST_BYTES = 500_000_000;
/** As YAML, each byte of which takes a hundred of memory. */
const MOST_YAML = 16_000_000;

/**
 * Reads files in place of a cluster: Kubernetes Lists as `kubectl get ... -A -o json` or `spiderplan snapshot` print
 * them, or single objects, as JSON or as YAML documents; `-` is stdin, a pipe is read to its end. A kind that stands in a file counts as listed completely, since `-A` lists all of it.
 * @throws CliError for a file that is missing or is no List
 */
export async function readSnapshotFiles(
  io: Pick<Io, "cwd" | "stdin" | "signal">,
  files: readonly string[],
): Promise<{ snapshot: Snapshot; items: readonly KubeObject[] }> {
  const found: SnapshotItem[] = [];
  const kinds = new Set<string>();
  for (const file of files) {
    for (const item of await readItems(io, file, kinds)) {
      found.push(item);
      kinds.add(item.object.kind);
    }
  }
  let items = inKindOrder(found.map(({ object }) => object));
  if (items.length < found.length) items = inKindOrder(withoutDuplicates(found));
  const configuration = items.find((item) => item.kind === "ConfigMap" && item.metadata.name === "spiderpool-conf");
  const facts = configuration === undefined ? {} : factsFromConfigMap(configuration);
  return { snapshot: buildSnapshot(items, [...kinds].sort(), facts), items };
}

async function readItems(
  io: Parameters<typeof readText>[0],
  shown: string,
  kinds: Set<string>,
): Promise<SnapshotItem[]> {
  const documents = await documentsOf(await readText(io, shown), shown);
  const found = documents.map((document, index) =>
    flatten(document, shown, documents.length === 1 ? "" : `document ${index + 1} `, kinds),
  );
  if (found.length === 0 || found.some((list) => list === undefined)) {
    throw new CliError(
      `snapshot ${shown} holds no Kubernetes List; make one with \`spiderplan snapshot\` or \`kubectl get ... -A -o json\``,
    );
  }
  return checkedItems(found.flatMap((list) => list ?? []));
}

async function readText(io: Pick<Io, "cwd" | "stdin" | "signal">, shown: string): Promise<string> {
  try {
    const text = await (shown === "-"
      ? readStdin(io, MOST_BYTES)
      : readGivenFile(resolve(io.cwd, shown), MOST_BYTES, io.signal));
    return text.startsWith("\uFEFF") ? text.slice(1) : text;
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (error instanceof UnsafePath) throw new CliError(`snapshot ${shown} ${error.what}`);
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(`snapshot ${shown} cannot be read: ${code ?? message}`);
  }
}

/** JSON is read by the fast way: a snapshot may hold 100,000 Pods. */
async function documentsOf(text: string, shown: string): Promise<unknown[]> {
  try {
    if (text.trimStart().startsWith("{")) return [JSON.parse(text)];
    if (text.includes("\0")) throw new Error("it holds a NUL byte");
    if (text.length > MOST_YAML) throw new Error(`as YAML it may have ${MOST_YAML} characters; take -o json`);
    const { parseYamlDocuments } = await import("../adapters/plan-files/yaml.js");
    return parseYamlDocuments(text);
  } catch (error) {
    throw new CliError(`snapshot ${shown} is neither JSON nor YAML: ${(error as Error).message}`);
  }
}

/** The objects of a List, of a typed one (`PodList`, whose items may leave out their kind), or a single object. */
function flatten(value: unknown, file: string, document: string, kinds: Set<string>): ReadItem[] | undefined {
  if (!isRecord(value) || typeof value.kind !== "string") return undefined;
  if (!Array.isArray(value.items))
    return isRecord(value.metadata) ? [{ value, place: `${file}: ${document || "the object"}`.trim() }] : undefined;
  const kind = value.kind.endsWith("List") ? value.kind.slice(0, -"List".length) : "";
  if (kind !== "") kinds.add(kind);
  return value.items.map((item, index) => ({
    value: kind !== "" && isRecord(item) ? { apiVersion: value.apiVersion, kind, ...item } : item,
    place: `${file}: ${document}items[${index}]`,
  }));
}
