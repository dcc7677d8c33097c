import { describe, expect, test } from "vitest";
import { ByteCache } from "../../../src/adapters/plan-files/byte-cache.js";
import { readLockFolder } from "../../../src/adapters/plan-files/lock-files.js";
import { parseCache } from "../../../src/adapters/plan-files/parse-cache.js";
import { type LoadedPlan, loadPlanFolder } from "../../../src/adapters/plan-files/plan-loader.js";
import { isPlanOrLockFile, loadPlanTree } from "../../../src/adapters/plan-files/plan-tree.js";
import type { Diagnostic } from "../../../src/core/diagnostics.js";
import { BROKEN_PLANS } from "../../support/broken-plans.js";
import { memoryTree } from "../../support/memory-tree.js";
import { DESIGN_PLAN, filesOf } from "../../support/plan-folder.js";
import { workspace } from "../../support/workspace.js";

const DOCUMENT = (subnet: string, third: number) =>
  `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec: {subnets: {${subnet}: {cidr: 10.6.${third}.0/24, ranges: []}}}\n`;

const load = (files: Record<string, string | Uint8Array>, cache = parseCache(), limits = {}) => {
  const { tree, read, asked } = memoryTree(files);
  return loadPlanTree(tree, read, cache, limits).then((loaded) => ({ loaded, asked }));
};

const codes = ({ diagnostics }: LoadedPlan) =>
  diagnostics.map(({ code, source }) => `${code} ${source?.file ?? ""}`.trim());

/** Findings with their places; what names the folder says it in other words, a file that was not read has no lines. */
function placed(plan: LoadedPlan, more: readonly Diagnostic[]) {
  return [...plan.diagnostics, ...more].map((one) => {
    const { message, hint, line, column, endColumn, ...rest } = plan.locate(one);
    if (one.code === "SP1002" && one.source === undefined) return rest;
    return one.code === "SP1037" ? { ...rest, message } : { ...rest, message, hint, line, column, endColumn };
  });
}

describe("a plan in a revision is read as the same plan in a folder", () => {
  const cases = [
    ...BROKEN_PLANS.map(({ code, what, files, cluster }) => ({
      name: `${code} ${what}`,
      files: typeof files === "string" ? { "plan.yaml": files } : files,
      cluster,
    })),
    { name: "the design's plan", files: filesOf(DESIGN_PLAN), cluster: "dc1-prod" },
  ];

  test.each(cases.map((one) => [one.name, one] as const))("%s", async (_, { files, cluster }) => {
    const root = workspace(files);
    const folder = await loadPlanFolder(root);
    const folderLock = await readLockFolder(root, cluster);
    const cache = parseCache();
    const first = (await load(files, cache)).loaded;
    const again = await load(files, cache);
    const lock = await first.lock(cluster);
    expect(lock).toEqual(folderLock);
    expect(await again.loaded.lock(cluster)).toEqual(folderLock);
    for (const loaded of [first, again.loaded]) {
      const { documents, fileCount } = loaded;
      expect({ documents, fileCount }).toEqual({ documents: folder.documents, fileCount: folder.fileCount });
      expect(placed(loaded, lock.diagnostics)).toEqual(placed(folder, lock.diagnostics));
    }
  });
});

test("names count as in a folder, whatever else the repository holds", async () => {
  const { loaded, asked } = await load({
    "b.yaml": DOCUMENT("a", 1),
    "a/x/plan.yml": DOCUMENT("b", 2),
    "a-b.yaml": DOCUMENT("c", 3),
    "README.md": "no: [yaml",
    ".github/workflow.yaml": "on: push",
    "a/.hidden.yaml": "a: b",
    "spiderplan.lock/default/a.yaml": "apiVersion: spiderplan.io/v1alpha1\nkind: AddressLock\n",
    "spiderplan.lock/.tmp.yaml": "x",
  });
  expect(loaded.diagnostics).toEqual([]);
  expect(loaded.documents.map(({ file }) => file)).toEqual(["a/x/plan.yml", "a-b.yaml", "b.yaml"]);
  expect(asked).toEqual(["a/x/plan.yml", "a-b.yaml", "b.yaml"]);
  const wanted = ["b.yaml", "a/x.yml", "spiderplan.lock/d/a.yaml", "spiderplan.lock", "a.md", ".a.yaml", "a/.b/c.yaml"];
  expect(wanted.filter(isPlanOrLockFile)).toEqual(["b.yaml", "a/x.yml", "spiderplan.lock/d/a.yaml", "spiderplan.lock"]);
});

test("each limit is a finding", async () => {
  const files = { "a.yaml": DOCUMENT("a", 1), "b.yaml": DOCUMENT("b", 2), "c/d/e.yaml": DOCUMENT("e", 3) };
  const told = async (limits: object) => codes((await load(files, parseCache(), limits)).loaded);
  expect(await told({ files: 2 })).toEqual(["SP1006"]);
  expect(await told({ totalBytes: 200 })).toEqual(["SP1006 b.yaml"]);
  expect(await told({ fileBytes: 50 })).toEqual(["SP1005 a.yaml", "SP1005 b.yaml", "SP1005 c/d/e.yaml"]);
  expect(await told({ folderDepth: 2 })).toEqual(["SP1007 c/d/e.yaml"]);
});

test("links and submodules are told: an error in the place of a plan file, a warning where they may hide some", async () => {
  const refused = [
    { path: "a.yaml", why: "is a symbolic link" },
    { path: "sub", why: "is a submodule" },
    { path: ".hidden", why: "is a symbolic link" },
    { path: "spiderplan.lock/default", why: "is a symbolic link" },
  ];
  const { tree, read } = memoryTree({ "b.yaml": DOCUMENT("b", 1) }, refused);
  const loaded = await loadPlanTree(tree, read, parseCache());
  expect(loaded.diagnostics.map(({ code, severity, message }) => `${code} ${severity}: ${message}`)).toEqual([
    "SP1004 error: a.yaml is a symbolic link",
    "SP1004 warning: sub is a submodule",
  ]);
  const lock = await loaded.lock(undefined);
  expect(lock.value.files).toBe(true);
  expect(lock.diagnostics).toMatchObject([{ code: "SP1004", severity: "error" }]);
  const many = Array.from({ length: 30 }, (_, n) => ({ path: `l${n}`, why: "is a symbolic link" }));
  const flooded = await loadPlanTree({ ...tree, refused: many }, read, parseCache());
  expect(flooded.diagnostics).toHaveLength(21);
  expect(flooded.diagnostics.some(({ message }) => message.startsWith("10 more links"))).toBe(true);
});

test("a push parses only what it changed, and reads nothing twice", async () => {
  const cache = parseCache();
  const lock = {
    "spiderplan.lock/default/a.yaml": "apiVersion: spiderplan.io/v1alpha1\nkind: AddressLock\nheld: {}\n",
  };
  const before = { "a.yaml": DOCUMENT("a", 1), "b.yaml": DOCUMENT("b", 2), ...lock };
  const first = await load(before, cache);
  await first.loaded.lock(undefined);
  expect(first.asked).toEqual(["a.yaml", "b.yaml", "spiderplan.lock/default/a.yaml"]);
  const second = await load({ ...before, "b.yaml": DOCUMENT("b", 3) }, cache);
  await second.loaded.lock(undefined);
  expect(second.asked).toEqual(["b.yaml"]);
  expect(second.loaded.documents[0]!.spec).toBe(first.loaded.documents[0]!.spec);
});

test("the same content at another path tells of that path", async () => {
  const cache = parseCache();
  const broken = "kind: NetworkPlan\nkind: NetworkPlan\n";
  await load({ "a.yaml": DOCUMENT("a", 1), "broken.yaml": broken }, cache);
  const { loaded, asked } = await load({ "moved/a.yaml": DOCUMENT("a", 1), "moved/broken.yaml": broken }, cache);
  expect(loaded.documents.map(({ file }) => file)).toEqual(["moved/a.yaml"]);
  expect(JSON.stringify(loaded.diagnostics)).not.toMatch(/"(a|broken)\.yaml/);
  expect(loaded.locate(loaded.diagnostics[0]!)).toMatchObject({ file: "moved/broken.yaml", line: 2 });
  expect(loaded.excerpt("moved/a.yaml", 2)).toBe("kind: NetworkPlan");
  expect(asked).toEqual(["moved/broken.yaml"]);
});

test("a cache that is too small for the plan only costs time", async () => {
  const files = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`${n}.yaml`, DOCUMENT(`s${n}`, n)]));
  const cache = parseCache(0.02);
  for (let round = 0; round < 3; round++) {
    const { loaded } = await load(files, cache);
    expect(loaded.documents).toHaveLength(20);
    expect(cache.plans.bytes).toBeLessThanOrEqual(0.02 * 1024 * 1024);
  }
});

test("a cache drops what was used longest ago", () => {
  const cache = new ByteCache<string>(10);
  cache.set("a", "A", 4);
  cache.set("b", "B", 4);
  expect(cache.get("a")).toBe("A");
  cache.set("c", "C", 4);
  expect([cache.get("a"), cache.get("b"), cache.get("c"), cache.bytes]).toEqual(["A", undefined, "C", 8]);
  cache.set("a", "A2", 1);
  cache.set("huge", "H", 11);
  expect([cache.get("a"), cache.get("huge"), cache.bytes]).toEqual(["A2", undefined, 5]);
});
