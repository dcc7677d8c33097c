import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadPlanFolder } from "../../src/adapters/plan-files/plan-loader.js";
import { workspace } from "../support/workspace.js";

const DOCUMENT = (subnet: string, third: number) =>
  `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec: {subnets: {${subnet}: {cidr: 10.6.${third}.0/24, ranges: []}}}\n`;

async function codes(root: string, limits = {}) {
  const loaded = await loadPlanFolder(root, limits);
  return loaded.diagnostics.map(({ code, source }) => `${code} ${source?.file ?? ""}`.trim());
}

test("files of any depth and many documents a file are read; the rest of the folder is not", async () => {
  const root = workspace({
    "a.yaml": `${DOCUMENT("a", 1)}---\n# only a comment\n---\n${DOCUMENT("b", 2)}`,
    "teams/pay/x/plan.yml": DOCUMENT("c", 3),
    "README.md": "not: [yaml",
    ".github/workflow.yaml": "on: push",
    ".hidden.yaml": "a: b",
    "spiderplan.lock/default/a.yaml": "apiVersion: spiderplan.io/v1alpha1\nkind: AddressLock\n",
  });
  const loaded = await loadPlanFolder(root);
  expect(loaded.diagnostics).toEqual([]);
  expect(loaded.fileCount).toBe(2);
  expect(loaded.documents.map(({ file, index, spec }) => [file, index, Object.keys(spec.subnets!)])).toEqual([
    ["a.yaml", 0, ["a"]],
    ["a.yaml", 2, ["b"]],
    ["teams/pay/x/plan.yml", 0, ["c"]],
  ]);
});

test("a missing folder and a file in place of one are told apart", async () => {
  const root = workspace({ "a.yaml": DOCUMENT("a", 1) });
  expect((await loadPlanFolder(join(root, "none"))).diagnostics).toMatchObject([
    { code: "SP1001", message: expect.stringMatching(/there is no folder/) },
  ]);
  expect((await loadPlanFolder(join(root, "a.yaml"))).diagnostics).toMatchObject([
    { code: "SP1001", message: expect.stringMatching(/is not a folder/) },
  ]);
});

test("links stay inside the plan's folder: others are refused unread, cycles are told, a file counts once", async () => {
  const outside = workspace({ "secret.yaml": "password: x" });
  const root = workspace({ "real/a.yaml": DOCUMENT("a", 1) });
  symlinkSync(join(outside, "secret.yaml"), join(root, "leak.yaml"));
  symlinkSync(outside, join(root, "leak"));
  symlinkSync("real", join(root, "same"));
  symlinkSync("..", join(root, "real", "up"));
  symlinkSync("nowhere.yaml", join(root, "broken.yaml"));
  symlinkSync("loop.yaml", join(root, "loop.yaml"));
  expect(await codes(root)).toEqual([
    "SP1003 broken.yaml",
    "SP1004 leak",
    "SP1004 leak.yaml",
    "SP1003 loop.yaml",
    "SP1007 real/up",
  ]);
  const { documents, diagnostics, locate, excerpt } = await loadPlanFolder(root);
  expect(documents.map(({ file }) => file)).toEqual(["real/a.yaml"]);
  expect(JSON.stringify(diagnostics.map((one) => locate(one)))).not.toContain("password");
  for (const { source } of diagnostics) expect(excerpt(source!.file, 1)).toBeUndefined();
});

test("a lock file that is a link out of the plan's folder shows nothing of its target", async () => {
  const outside = workspace({ "secret.yaml": "password: x" });
  const root = workspace({ "a.yaml": DOCUMENT("a", 1), "spiderplan.lock/default/b.yaml": "held: {}\n" });
  symlinkSync(join(outside, "secret.yaml"), join(root, "spiderplan.lock/default/a.yaml"));
  const { excerpt } = await loadPlanFolder(root);
  expect(excerpt("spiderplan.lock/default/a.yaml", 1)).toBeUndefined();
  expect(excerpt("spiderplan.lock/default/b.yaml", 1)).toBe("held: {}");
});

test("a folder mounted as Kubernetes mounts ConfigMaps is read once", async () => {
  const root = workspace({ "..2026/a.yaml": DOCUMENT("a", 1) });
  symlinkSync("..2026", join(root, "..data"));
  symlinkSync("..data/a.yaml", join(root, "a.yaml"));
  const loaded = await loadPlanFolder(root);
  expect(loaded.diagnostics).toEqual([]);
  expect(loaded.documents.map(({ file }) => file)).toEqual(["a.yaml"]);
});

test("what is no regular file is refused without opening it", async () => {
  const root = workspace({ "a.yaml": DOCUMENT("a", 1) });
  execFileSync("mkfifo", [join(root, "pipe.yaml")]);
  mkdirSync(join(root, "folder.yaml"));
  writeFileSync(join(root, "folder.yaml", "b.yaml"), DOCUMENT("b", 2));
  expect(await codes(root)).toEqual(["SP1003 pipe.yaml"]);
});

test.skipIf(process.getuid?.() === 0)("a file one may not read is named", async () => {
  const root = workspace({ "a.yaml": DOCUMENT("a", 1), "b.yaml": DOCUMENT("b", 2) });
  chmodSync(join(root, "b.yaml"), 0);
  expect(await codes(root)).toEqual(["SP1003 b.yaml"]);
});

test("each limit is a finding, never a hang", async () => {
  const root = workspace({ "a.yaml": DOCUMENT("a", 1), "b.yaml": DOCUMENT("b", 2), "c/d/e.yaml": DOCUMENT("e", 3) });
  expect(await codes(root, { files: 2 })).toEqual(["SP1006"]);
  expect(await codes(root, { totalBytes: 200 })).toEqual(["SP1006 b.yaml"]);
  expect(await codes(root, { fileBytes: 50 })).toEqual(["SP1005 a.yaml", "SP1005 b.yaml", "SP1005 c/d/e.yaml"]);
  expect(await codes(root, { folderDepth: 2 })).toEqual(["SP1007 c/d"]);
  expect(await codes(root, { nodes: 5 })).toEqual(["SP1014 a.yaml", "SP1014 b.yaml", "SP1014 c/d/e.yaml"]);
});

test("a few aliases are fine, and stand for what they name at that place", async () => {
  const root = workspace({
    "a.yaml":
      "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n  subnets:\n    a: &s {cidr: 10.6.1.0/24, ranges: &r [10.6.1.1], exclude: *r}\n",
  });
  const loaded = await loadPlanFolder(root);
  expect(loaded.diagnostics).toEqual([]);
  expect(loaded.documents[0]!.spec.subnets!.a!.exclude).toEqual(["10.6.1.1"]);
});

test("places count from 1 in files with a byte order mark and Windows line ends", async () => {
  const text = `\ufeff${DOCUMENT("a", 1)}`.replaceAll("\n", "\r\n").replace("ranges", "rnages");
  const loaded = await loadPlanFolder(workspace({ "a.yaml": text }));
  const [unknown] = loaded.diagnostics.filter(({ code }) => code === "SP1020").map((one) => loaded.locate(one));
  expect(unknown).toMatchObject({ line: 3, hint: "did you mean ranges?" });
  const line = loaded.excerpt("a.yaml", 3)!;
  expect(line.slice(unknown!.column! - 1, unknown!.endColumn! - 1)).toBe("rnages");
  expect(line).not.toContain("\r");
});

test("a hint names other places the way its reader asks for", async () => {
  const loaded = await loadPlanFolder(workspace({ "a.yaml": `${DOCUMENT("a", 1)}kind: NetworkPlan\n` }));
  const [twice] = loaded.diagnostics;
  expect(loaded.locate(twice!).hint).toBe("keep one of the two; first at a.yaml:2:1");
  expect(loaded.locate(twice!, (file) => `plan/${file}`).hint).toBe("keep one of the two; first at plan/a.yaml:2:1");
});
