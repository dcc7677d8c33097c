import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SourceRef } from "../../src/ports/source-repository.js";
import { failureOf, follow, gitServer, gitSource, readNow, toldOf } from "../support/git-source.js";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

async function served(config?: Record<string, string>) {
  const server = await gitServer();
  const repository = server.repository("team/plan", config);
  return { server, repository, trust: { ca: server.authority.cert } };
}

test("a branch is resolved, its folder listed and its files read; nothing else is fetched", async () => {
  const { repository, trust } = await served();
  const commit = repository.commit(
    { "plan/b.yaml": "b: 1\n", "plan/a/a.yaml": "a: 1\n", "plan/notes.md": "n", "huge.bin": "x".repeat(1000) },
    { message: "Plan the net\n\nbody", at: 1_700_000_000 },
  );
  const { source, dataDir } = gitSource({ wanted: (path) => path.endsWith(".yaml") });
  const spec = follow(repository.url, trust, { path: "./plan/" });
  const revision = await source.resolve(spec);
  expect(revision).toEqual({ commit, refName: "refs/heads/main" });
  const tree = await source.read(spec, revision);
  expect(tree).toMatchObject({
    commit,
    refName: "refs/heads/main",
    tree: repository.git("rev-parse", "main:plan"),
    files: [
      { path: "a/a.yaml", bytes: 5 },
      { path: "b.yaml", bytes: 5 },
    ],
    refused: [],
    author: "Test Author <author@example.org>",
    subject: "Plan the net",
    committedAt: "2023-11-14T22:13:20Z",
  });
  expect(tree.signedBy).toBeUndefined();
  const [copy] = readdirSync(join(dataDir, "repositories"));
  const blobs = ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize)"];
  const here = execFileSync("git", blobs, { cwd: join(dataDir, "repositories", copy!), encoding: "utf8" });
  expect(here.split("\n").filter((line) => line.startsWith("blob"))).toEqual(["blob 5", "blob 5"]);
  const files = [tree.files[1]!, tree.files[0]!, tree.files[1]!];
  expect((await source.contents(spec, files)).map(text)).toEqual(["b: 1\n", "a: 1\n", "b: 1\n"]);
});

test("a push is seen, and only what it changed is fetched", async () => {
  const { server, repository, trust } = await served();
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}.yaml`, `n: ${n}\n`]));
  repository.commit(many);
  const { source } = gitSource();
  const spec = follow(repository.url, trust);
  const first = await readNow(source, spec);
  repository.commit({ "f7.yaml": "n: seven\n", "f8.yaml": null });
  const second = await readNow(source, spec);
  expect(second.files.length).toBe(49);
  const changed = second.files.filter(({ blob }) => !first.files.some((old) => old.blob === blob));
  expect(changed.map(({ path }) => path)).toEqual(["f7.yaml"]);
  const before = server.requests.length;
  expect((await source.contents(spec, changed)).map(text)).toEqual(["n: seven\n"]);
  await source.read(spec, { commit: second.commit, refName: "refs/heads/main" });
  expect(server.requests.length).toBe(before);
});

const REFERENCES: readonly (readonly [string, SourceRef, string])[] = [
  ["a branch", { branch: "main" }, "third refs/heads/main"],
  ["a branch by its full name", { branch: "refs/heads/main" }, "third refs/heads/main"],
  ["a branch with slashes", { branch: "team/x" }, "first refs/heads/team/x"],
  ["a plain tag", { tag: "v1.0.0" }, "first refs/tags/v1.0.0"],
  ["an annotated tag: its commit", { tag: "v1.2.0" }, "second refs/tags/v1.2.0"],
  ["the highest tag of a range, not the latest one", { semver: ">=1.0 <2" }, "second refs/tags/v1.2.0"],
  ["no pre-release unless the range has one", { semver: "*" }, "second refs/tags/v1.2.0"],
  ["a pre-release when the range has one", { semver: ">=2.0.0-0" }, "third refs/tags/2.0.0-rc.1"],
  ["a pre-release of any version when a bound is one", { semver: ">=1.0.0-0 <3" }, "third refs/tags/2.0.0-rc.1"],
  ["a range with commas", { semver: ">= 1.0, != 1.2.0, < 2" }, "third refs/tags/v1.1.9"],
];

test("each kind of reference leads to its commit", async () => {
  const { repository, trust } = await served();
  const names = new Map<string, string>();
  for (const name of ["first", "second", "third"]) names.set(repository.commit({ "a.yaml": name }), name);
  const [first, second, third] = [...names.keys()] as [string, string, string];
  repository.tag("v1.0.0", { commit: first });
  repository.tag("v1.2.0", { commit: second, message: "release" });
  repository.tag("v1.1.9", { commit: third });
  repository.tag("2.0.0-rc.1", { commit: third });
  repository.tag("not-a-version", { commit: first });
  repository.git("branch", "team/x", first);
  repository.git("branch", "x/refs/heads/main", first);
  const { source } = gitSource();
  for (const [what, ref, expected] of REFERENCES) {
    const { commit, refName } = await source.resolve(follow(repository.url, trust, { ref }));
    expect(`${names.get(commit)} ${refName}`, what).toBe(expected);
  }
  const pinned = follow(repository.url, trust, { ref: { commit: first } });
  expect(await source.resolve(pinned)).toEqual({ commit: first });
  const tree = await readNow(source, pinned);
  expect((await source.contents(pinned, tree.files)).map(text)).toEqual(["first"]);
});

test("what is not there is named, with what is", async () => {
  const { server, repository, trust } = await served();
  repository.commit({ "plan/a.yaml": "a: 1\n", link: { link: "plan" }, sub: { submodule: "1".repeat(40) } });
  repository.tag("v1.0.0");
  const empty = server.repository("empty");
  const { source } = gitSource();
  const told = (ref: SourceRef, url = repository.url) => toldOf(source.resolve(follow(url, trust, { ref })));
  expect(await told({ branch: "mian" })).toBe("NotFound: there is no branch mian; it has 1 branch, such as main");
  expect(await told({ tag: "v2" })).toBe("NotFound: there is no tag v2; it has 1 tag, such as v1.0.0");
  expect(await told({ semver: "^3" })).toBe("NotFound: no tag lies in ^3; it has 1 tag, such as v1.0.0");
  repository.tag("v3.0.0-rc.1");
  expect(await told({ semver: "^3" })).toMatch(
    /such as v1\.0\.0, v3\.0\.0-rc\.1; pre-releases count only in a range that names one, such as ">=1\.0\.0-0"$/,
  );
  expect(await told({ branch: "main" }, empty.url)).toBe(
    "NotFound: there is no branch main; the repository has no branch",
  );
  expect(await told({ branch: "main" }, `${server.url}/none.git`)).toMatch(/^NotFound: there is no such repository/);
  const nobody = "1".repeat(40);
  expect(await toldOf(readNow(source, follow(repository.url, trust, { ref: { commit: nobody } })))).toMatch(
    /^NotFound: the server does not have the commit any more/,
  );
  for (const [path, words] of [
    ["none", "there is no folder none"],
    ["plan/a.yaml", "no folder is plan/a.yaml"],
    ["link", "no folder is link"],
    ["link/deeper", "no folder is link/deeper"],
    ["sub/deeper", "no folder is sub/deeper"],
  ] as const) {
    expect(await toldOf(readNow(source, follow(repository.url, trust, { path })))).toContain(`NotFound: ${words} in`);
  }
});

test("a rewritten history and a deleted branch are followed, not merged", async () => {
  const { repository, trust } = await served();
  repository.commit({ "a.yaml": "1" });
  const old = repository.commit({ "b.yaml": "2" });
  const { source } = gitSource();
  const spec = follow(repository.url, trust);
  await readNow(source, spec);
  const rewritten = repository.rewrite({ "c.yaml": "3" });
  const tree = await readNow(source, spec);
  expect(tree.commit).toBe(rewritten);
  expect(tree.files.map(({ path }) => path)).toEqual(["c.yaml"]);
  repository.deleteBranch("main");
  repository.git("reflog", "expire", "--expire=now", "--all");
  repository.git("gc", "--quiet", "--prune=now");
  expect(await failureOf(source.resolve(spec))).toMatchObject({ reason: "NotFound", transient: false });
  // What is in force stays readable: the local copy has it.
  expect((await source.read(spec, { commit: old, refName: "refs/heads/main" })).files.length).toBe(2);
});

test("a commit that is gone between question and reading is tried again, not taken for another", async () => {
  const { repository, trust } = await served();
  repository.commit({ "a.yaml": "1" });
  const { source } = gitSource();
  const spec = follow(repository.url, trust);
  const revision = await source.resolve(spec);
  repository.rewrite({ "a.yaml": "2" });
  repository.git("reflog", "expire", "--expire=now", "--all");
  repository.git("gc", "--quiet", "--prune=now");
  const failure = await failureOf(source.read(spec, revision));
  expect(failure).toMatchObject({ reason: "GitOperationFailed", transient: true });
  expect(failure.message).toMatch(/refs\/heads\/main moved on while it was read/);
});

test.each<[string, Record<string, string>]>([
  ["cannot leave files out", { "uploadpack.allowFilter": "false" }],
  ["speaks the old protocol alone", { "protocol.version": "0", "uploadpack.allowAnySHA1InWant": "false" }],
  [
    "speaks the old protocol and knows no filter",
    { "protocol.version": "0", "uploadpack.allowAnySHA1InWant": "false", "uploadpack.allowFilter": "false" },
  ],
])("a server that %s is read all the same", async (_, config) => {
  const { server, repository, trust } = await served(config);
  if (config["protocol.version"] === "0") server.speakOldProtocol();
  repository.commit({ "plan/a.yaml": "a: 1\n", "other.txt": "x" });
  const { source } = gitSource();
  const spec = follow(repository.url, trust, { path: "plan" });
  const tree = await readNow(source, spec);
  expect((await source.contents(spec, tree.files)).map(text)).toEqual(["a: 1\n"]);
  repository.commit({ "plan/a.yaml": "a: 2\n" });
  const next = await readNow(source, spec);
  expect((await source.contents(spec, next.files)).map(text)).toEqual(["a: 2\n"]);
});

test("a repository of SHA-256 ids is read", async () => {
  const server = await gitServer();
  const repository = server.repository("plan", {}, "sha256");
  const commit = repository.commit({ "a.yaml": "a: 1\n" });
  expect(commit).toHaveLength(64);
  const { source } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert });
  const tree = await readNow(source, spec);
  expect((await source.contents(spec, tree.files)).map(text)).toEqual(["a: 1\n"]);
});

test("a repository on the local disk is read where that is allowed", async () => {
  const { repository } = await served();
  const commit = repository.commit({ "a.yaml": "a: 1\n" });
  const spec = follow(`file://${repository.folder}`, {});
  expect(await toldOf(gitSource().source.resolve(spec))).toMatch(/^Refused: /);
  expect((await readNow(gitSource({ allowInsecure: true }).source, spec)).commit).toBe(commit);
});

test("an operation that was interrupted for a reason of its caller's is an interrupted one", async () => {
  const { repository, trust } = await served();
  const { source } = gitSource();
  const reason = AbortSignal.abort(new Error("shutting down"));
  const spec = follow(repository.url, trust);
  expect(await toldOf(source.resolve(spec, reason))).toBe("GitOperationFailed: interrupted");
  expect(await toldOf(source.read(spec, { commit: "1".repeat(40) }, reason))).toBe("GitOperationFailed: interrupted");
});
