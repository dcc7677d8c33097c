import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const FOLDER = "schema/spiderpool";
const SHARED = "shared.json";

/**
 * schema/spiderpool/*.json (our description of Spiderpool's kinds) as the body of a TypeScript module, with every
 * `{"$ref": "shared.json#/name"}` replaced by what it names.
 * @param {string} root the project's root
 */
export async function kindDescriptions(root) {
  const read = async (name) => JSON.parse(await readFile(join(root, FOLDER, name), "utf8"));
  const shared = await read(SHARED);
  const names = (await readdir(join(root, FOLDER))).filter((name) => name.endsWith(".json") && name !== SHARED).sort();
  const kinds = await Promise.all(names.map(async (name) => resolve(await read(name), shared)));
  return `import type { KindDescription } from "./structural-schema.js";

export const KIND_DESCRIPTIONS: readonly KindDescription[] = ${JSON.stringify(kinds, null, 2)};
`;
}

function resolve(node, shared) {
  if (Array.isArray(node)) return node.map((item) => resolve(item, shared));
  if (node === null || typeof node !== "object") return node;
  if (typeof node.$ref === "string") {
    const name = node.$ref.slice(`${SHARED}#/`.length);
    if (!Object.hasOwn(shared, name)) throw new Error(`${FOLDER}: nothing is called ${node.$ref}`);
    return resolve(shared[name], shared);
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value, shared)]));
}
