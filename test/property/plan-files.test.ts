import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { loadPlanFolder } from "../../src/adapters/plan-files/plan-loader.js";
import { checkAllClusters, clustersOf, mergePlan } from "../../src/core/plan/merge.js";
import { DESIGN_PLAN, filesOf } from "../support/plan-folder.js";

const scratch = mkdtempSync(join(tmpdir(), "spiderplan-property-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let count = 0;

/** A folder of its own with these files. */
function folderOf(files: ReadonlyMap<string, string | Uint8Array>): string {
  const root = join(scratch, String(count++));
  mkdirSync(root);
  for (const [name, content] of files) writeFileSync(join(root, name), content);
  return root;
}

const EXAMPLES = new URL("../../examples/", import.meta.url).pathname;
const plans = [
  ...Object.values(filesOf(DESIGN_PLAN)),
  ...(existsSync(EXAMPLES) ? readdirSync(EXAMPLES).sort() : [])
    .map((name) => join(EXAMPLES, name, "plan"))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => Object.entries(filesOf(folder)).filter(([name]) => /^[^/]*\.ya?ml$/.test(name)))
    .map(([, text]) => text),
];

const STRANGE = [null, 0, -1, 1e300, true, "", "x", "10.6.124.10", [], {}, [[]], { a: { b: [null] } }, "\u0000", "é"];

/** Puts something else in the place of one value, the `at`-th of the tree. */
function swapped(tree: unknown, at: number, value: unknown): unknown {
  let left = at;
  const visit = (node: unknown): unknown => {
    if (left-- === 0) return value;
    if (Array.isArray(node)) return node.map(visit);
    if (typeof node !== "object" || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, visit(inner)]));
  };
  return visit(tree);
}

const plan = fc.constantFrom(...plans);
const flipped = fc
  .tuple(plan, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 8 }))
  .map(([text, flips]) => {
    const bytes = Buffer.from(text);
    for (const [at, bits] of flips) bytes[at % bytes.length]! ^= bits;
    return bytes;
  });
const cut = fc.tuple(plan, fc.nat()).map(([text, at]) => Buffer.from(text).subarray(0, at % text.length));
const retyped = fc.tuple(plan, fc.nat(120), fc.constantFrom(...STRANGE)).map(([text, at, value]) => {
  const documents = parseAllDocuments(text).map((document) => document.toJS());
  return Buffer.from(documents.map((document) => stringify(swapped(document, at, value))).join("---\n"));
});

test("any broken plan gives a plan or a finding with its place, never a crash", async () => {
  let broken = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(flipped, cut, retyped), async (bytes) => {
      const loaded = await loadPlanFolder(folderOf(new Map([["plan.yaml", bytes]])));
      const found = [...loaded.diagnostics];
      for (const cluster of [undefined, ...clustersOf(loaded.documents)]) {
        found.push(...mergePlan(loaded.documents, cluster).diagnostics);
      }
      found.push(...checkAllClusters(loaded.documents));
      if (found.length > 0) broken++;
      expect(loaded.documents.length + found.length).toBeGreaterThan(0);
      for (const one of found.map((diagnostic) => loaded.locate(diagnostic))) {
        expect(one.code).toMatch(/^SP[1-4]\d{3}$/);
        if (one.source !== undefined && one.line !== undefined) {
          const line = loaded.excerpt(one.file!, one.line);
          expect(line).toBeDefined();
          expect(one.column).toBeGreaterThan(0);
          expect(one.column! - 1).toBeLessThanOrEqual(line!.length + 1);
        }
      }
    }),
    { numRuns: 1000 },
  );
  expect(broken).toBeGreaterThan(300);
}, 120_000);

/** Every map of the tree with its keys in another order. */
function reordered(value: unknown, order: (keys: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => reordered(item, order));
  if (typeof value !== "object" || value === null) return value;
  const map = value as Record<string, unknown>;
  return Object.fromEntries(order(Object.keys(map)).map((key) => [key, reordered(map[key], order)]));
}

/** One document for each entry of each section. */
function pieces(document: { spec: Record<string, unknown> }): unknown[] {
  const { clusters, ...sections } = document.spec;
  return Object.entries(sections).flatMap(([section, entries]) =>
    Object.entries(entries as Record<string, unknown>).map(([key, value]) => ({
      ...document,
      spec: { ...(clusters === undefined ? {} : { clusters }), [section]: { [key]: value } },
    })),
  );
}

const DOCUMENTS = Object.values(filesOf(DESIGN_PLAN)).flatMap((text) =>
  parseAllDocuments(text).flatMap((document) => pieces(document.toJS())),
);

/** A plan as text, without the places it was read from. */
function content(value: unknown): string {
  return JSON.stringify(value, (key, inner) => {
    if (key === "source") return undefined;
    if (typeof inner === "bigint") return `${inner}n`;
    return inner instanceof Map ? [...inner] : inner;
  });
}

test("FIXED-4: the order of files, documents and keys never shows", async () => {
  const readAll = async (files: ReadonlyMap<string, string>) => {
    const loaded = await loadPlanFolder(folderOf(files));
    expect(loaded.diagnostics).toEqual([]);
    const { value, diagnostics } = mergePlan(loaded.documents, "dc1-prod");
    return [content(value), diagnostics.map(({ code, message }) => `${code} ${message}`).sort()];
  };
  const straight = await readAll(new Map([["plan.yaml", DOCUMENTS.map((one) => stringify(one)).join("---\n")]]));
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(DOCUMENTS, { minLength: DOCUMENTS.length }),
      fc.array(fc.nat(5), { minLength: DOCUMENTS.length, maxLength: DOCUMENTS.length }),
      fc.boolean(),
      async (documents, homes, backwards) => {
        const files = new Map<string, string>();
        documents.forEach((document, index) => {
          const name = `${"zyxwvu"[homes[index]!]}.yaml`;
          const text = stringify(reordered(document, (keys) => (backwards ? keys.reverse() : keys.sort())));
          files.set(name, files.has(name) ? `${files.get(name)}---\n${text}` : text);
        });
        expect(await readAll(files)).toEqual(straight);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
