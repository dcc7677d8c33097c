import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { customResourceDefinitions } from "../../../src/core/spiderpool/structural.js";

const FOLDER = "../shared/spiderpool-crds/";
const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((file) => file.endsWith(".yaml")) : [];
const IGNORED = new Set(["description", "annotations", "listKind"]);

interface Crd {
  metadata: { name: string };
  spec: unknown;
}

const real = files
  .flatMap((file) => parseAllDocuments(readFileSync(FOLDER + file, "utf8")))
  .map((document) => document.toJS() as Crd | null)
  .filter((object): object is Crd => object !== null);
const ours = new Map(customResourceDefinitions().map((crd) => [crd.metadata.name, crd as Crd]));

describe("our description of Spiderpool's kinds", () => {
  it.skipIf(real.length === 0)("is that of the real CRDs, field by field (skipped where they are not at hand)", () => {
    expect(real.map((crd) => crd.metadata.name).sort()).toEqual([...ours.keys()].sort());
    for (const crd of real)
      expect(leaves(ours.get(crd.metadata.name)!.spec), crd.metadata.name).toEqual(leaves(crd.spec));
  });

  it("makes structural schemas: every node has a type, every default fits it", () => {
    for (const crd of ours.values()) {
      const [version] = (crd.spec as { versions: { schema: { openAPIV3Schema: Node } }[] }).versions;
      walk(version!.schema.openAPIV3Schema, crd.metadata.name);
    }
  });
});

interface Node {
  type?: string;
  default?: unknown;
  properties?: Record<string, Node>;
  items?: Node;
  additionalProperties?: Node;
  required?: string[];
}

function walk(node: Node, path: string): void {
  expect(["object", "array", "string", "integer", "boolean"], path).toContain(node.type);
  if (node.default !== undefined)
    expect(node.type, path).toBe(node.type === "integer" ? "integer" : typeof node.default);
  if (node.type === "array") expect(node.items, path).toBeDefined();
  for (const key of node.required ?? []) expect(Object.keys(node.properties ?? {}), path).toContain(key);
  for (const [key, child] of Object.entries(node.properties ?? {})) walk(child, `${path}.${key}`);
  if (node.items) walk(node.items, `${path}[]`);
  if (node.additionalProperties) walk(node.additionalProperties, `${path}{}`);
}

/** Every fact of a CRD as `path = value`, sorted; texts for people and empty objects left out. */
function leaves(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [`${path} = ${JSON.stringify(value)}`];
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    // A boolean that may be true or false says nothing new; the order of enums, required and names means nothing.
    const list = value.map((item) => JSON.stringify(item)).sort();
    return list.length === 0 || list.join() === "false,true" ? [] : [`${path} = ${list.join()}`];
  }
  return Object.entries(value)
    .filter(([key]) => !IGNORED.has(key) || path.endsWith(".properties"))
    .flatMap(([key, item]) => leaves(item, `${path}.${key}`))
    .sort();
}
