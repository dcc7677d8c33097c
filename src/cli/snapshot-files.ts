import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { buildSnapshot, inKindOrder, type Snapshot } from "../core/snapshot.js";
import { factsFromConfigMap } from "../core/spiderpool/facts.js";
import type { KubeObject } from "../core/spiderpool/objects.js";
import { CliError } from "./io.js";

/**
 * Reads files in place of a cluster: Kubernetes Lists as `kubectl get ... -A -o json` or `spiderplan snapshot` print
 * them, or single objects, as JSON or as YAML documents. A kind that stands in a file counts as listed completely, since `-A` lists all of it.
 * @throws CliError for a file that is missing or is no List
 */
export async function readSnapshotFiles(
  cwd: string,
  files: readonly string[],
): Promise<{ snapshot: Snapshot; items: readonly KubeObject[] }> {
  const found: KubeObject[] = [];
  const kinds = new Set<string>();
  for (const file of files) {
    for (const item of await readItems(resolve(cwd, file), file, kinds)) {
      found.push(item);
      kinds.add(item.kind);
    }
  }
  const items = inKindOrder(found);
  const configuration = items.find((item) => item.kind === "ConfigMap" && item.metadata.name === "spiderpool-conf");
  const facts = configuration === undefined ? {} : factsFromConfigMap(configuration);
  return { snapshot: buildSnapshot(items, [...kinds].sort(), facts), items };
}

async function readItems(path: string, shown: string, kinds: Set<string>): Promise<KubeObject[]> {
  const text = readText(path, shown);
  const items = (await documentsOf(text, shown)).map((document) => flatten(document, kinds));
  if (items.length === 0 || items.some((list) => list === undefined)) {
    throw new CliError(
      `snapshot ${shown} holds no Kubernetes List; make one with \`spiderplan snapshot\` or \`kubectl get ... -A -o json\``,
    );
  }
  return items.flatMap((list) => list ?? []);
}

/** Read in one go: piece by piece, 100 MB of text would be held twice. */
function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(`snapshot ${shown} cannot be read: ${code ?? message}`);
  }
}

/** JSON is read by the fast way: a snapshot may hold 100,000 Pods. */
async function documentsOf(text: string, shown: string): Promise<unknown[]> {
  try {
    if (text.trimStart().startsWith("{")) return [JSON.parse(text)];
    const { parseYamlDocuments } = await import("../adapters/plan-files/yaml.js");
    return parseYamlDocuments(text);
  } catch (error) {
    throw new CliError(`snapshot ${shown} is neither JSON nor YAML: ${(error as Error).message}`);
  }
}

/** The objects of a List, of a typed one (`PodList`, whose items may leave out their kind), or of a single object. */
function flatten(value: unknown, kinds: Set<string>): KubeObject[] | undefined {
  if (!isRecord(value) || typeof value.kind !== "string") return undefined;
  if (!Array.isArray(value.items)) return isObject(value) ? [value] : undefined;
  const kind = value.kind.endsWith("List") ? value.kind.slice(0, -"List".length) : "";
  if (kind !== "") kinds.add(kind);
  const typed =
    kind === ""
      ? value.items
      : value.items.map((item) => (isRecord(item) ? { apiVersion: value.apiVersion, kind, ...item } : item));
  return typed.every(isObject) ? typed : undefined;
}

function isObject(value: unknown): value is KubeObject {
  return (
    isRecord(value) &&
    typeof value.apiVersion === "string" &&
    typeof value.kind === "string" &&
    isRecord(value.metadata) &&
    typeof value.metadata.name === "string"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
