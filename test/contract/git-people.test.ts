import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SourceRef } from "../../src/ports/source-repository.js";
import { failureOf, follow, gitServer, gitSource, readNow, toldOf } from "../support/git-source.js";
import { makeAuthority } from "../support/openssl.js";
import { workspace } from "../support/workspace.js";

/** Packs may only be read. */
function replace(file: string, bytes: Uint8Array): void {
  rmSync(file);
  writeFileSync(file, bytes);
}

/** Repositories and servers as people have them. */
async function served() {
  const server = await gitServer();
  const repository = server.repository("plan");
  const commit = repository.commit({ "plan/a.yaml": "a: 1\n" });
  const { source, dataDir } = gitSource();
  const trust = { ca: server.authority.cert };
  const told = (ref: SourceRef) => toldOf(readNow(source, follow(repository.url, trust, { ref })));
  return { server, repository, commit, source, dataDir, trust, told };
}

test("only commits are read, whatever a tag leads to", async () => {
  const { repository, commit, told, source, trust } = await served();
  const tree = repository.git("rev-parse", `${commit}^{tree}`);
  const blob = repository.git("rev-parse", `${commit}:plan/a.yaml`);
  repository.tag("v1.0.0", { commit: tree });
  repository.tag("v1.1.0", { commit: blob });
  repository.tag("v1.2.0", { commit: tree, message: "a tree, signed off" });
  repository.tag("v2.0.0", { commit, message: "a commit" });
  repository.git("tag", "-a", "-m", "tag of a tag", "v2.1.0", "v2.0.0");
  expect(await told({ tag: "v1.0.0" })).toMatch(/^Refused: tag v1\.0\.0 leads to a tree, and only commits are read/);
  expect(await told({ tag: "v1.1.0" })).toMatch(/^Refused: tag v1\.1\.0 leads to a blob/);
  expect(await told({ semver: "1.x" })).toMatch(/^Refused: tag v1\.2\.0 leads to a tree/);
  expect(await told({ commit: tree })).toMatch(/^Refused: the object \w{12} leads to a tree/);
  expect(await told({ commit: repository.git("rev-parse", "v2.0.0") })).toMatch(
    /^Refused: the object \w{12} leads to a tag/,
  );
  const spec = follow(repository.url, trust, { ref: { tag: "v2.1.0" } });
  expect((await readNow(source, spec)).commit).toBe(commit);
});

/** Time and zone of a commit as written, and what is told of it. */
const TIMES: readonly (readonly [string, string | undefined])[] = [
  ["253402300799 +0000", "9999-12-31T23:59:59Z"],
  ["253402300800 +0000", undefined],
  ["99999999999999 +0000", undefined],
  ["9223372036854775807 +0000", undefined],
  ["0 +0000", "1970-01-01T00:00:00Z"],
  ["1700000000 +9999", "2023-11-14T22:13:20Z"],
  ["1700000000 -1200", "2023-11-14T22:13:20Z"],
];

test("a commit's time is told where it is one, and its words are one line each", async () => {
  const { repository, commit, source, trust } = await served();
  const tree = repository.git("rev-parse", `${commit}^{tree}`);
  const author = `A\u202en${"n".repeat(193)}\u{1f600}`;
  for (const [at, committedAt] of TIMES) {
    const text = `tree ${tree}\nauthor ${author} <a@b> ${at}\ncommitter A <a@b> ${at}\n\n\u001b[31mred\u2028line ${"x".repeat(300)}\n`;
    repository.git("update-ref", "refs/heads/main", repository.object("commit", Buffer.from(text)));
    const read = await readNow(source, follow(repository.url, trust));
    expect(read.committedAt, at).toBe(committedAt);
    expect(read.author).toMatch(/^A n{194}.*…$/u);
    expect(read.subject).toMatch(/^ ?\[31mred line x+…$/u);
    for (const words of [read.author, read.subject]) {
      expect(words.length).toBeLessThanOrEqual(200);
      expect(Buffer.from(words).toString()).toBe(words);
    }
  }
});

test("a commit to another folder leaves the plan's own as it was", async () => {
  const { repository, source, trust } = await served();
  const spec = follow(repository.url, trust, { path: "plan" });
  const before = await readNow(source, spec);
  repository.commit({ "apps/web.yaml": "b: 1\n" });
  const after = await readNow(source, spec);
  expect(after.commit).not.toBe(before.commit);
  expect(after.tree).toBe(before.tree);
  repository.commit({ "plan/a.yaml": "a: 2\n" });
  expect((await readNow(source, spec)).tree).not.toBe(before.tree);
});

describe("a local copy that git cannot read is made anew, whatever git says of it", () => {
  const rubbish = (size: number) => Buffer.from(Array.from({ length: size }, (_, at) => (at * 151 + 17) % 256));
  const every = (copy: string, match: RegExp) =>
    readdirSync(copy, { recursive: true, encoding: "utf8" })
      .map((name) => join(copy, name))
      .filter((path) => statSync(path).isFile() && match.test(path));
  const overwrite = (copy: string, match: RegExp) => {
    const files = every(copy, match);
    expect(files).not.toEqual([]);
    for (const file of files) replace(file, rubbish(statSync(file).size));
  };
  const DAMAGE: readonly (readonly [string, (copy: string) => void])[] = [
    ["packs", (copy) => overwrite(copy, /\.pack$/)],
    ["indexes of packs", (copy) => overwrite(copy, /\.idx$/)],
    ["references", (copy) => overwrite(copy, /refs\/spiderplan\/\w+$/)],
    ["the head", (copy) => overwrite(copy, /HEAD$/)],
    [
      "a version of repositories to come",
      (copy) => appendFileSync(join(copy, "config"), "[core]\n repositoryformatversion = 99\n"),
    ],
    [
      "an extension nobody knows",
      (copy) =>
        writeFileSync(
          join(copy, "config"),
          "[core]\n repositoryformatversion = 1\n bare = true\n[extensions]\n fancy = true\n",
        ),
    ],
    [
      "objects that are elsewhere",
      (copy) => {
        for (const pack of every(copy, /\.(pack|idx|rev|promisor)$/)) rmSync(pack);
        mkdirSync(join(copy, "objects/info"), { recursive: true });
        writeFileSync(join(copy, "objects/info/alternates"), "/nowhere/objects\n");
      },
    ],
    ["packed references", (copy) => writeFileSync(join(copy, "packed-refs"), rubbish(500))],
  ];

  test.each(DAMAGE)("%s", async (_, damage) => {
    const { repository, source, dataDir, trust } = await served();
    const spec = follow(repository.url, trust);
    const first = await readNow(source, spec);
    const copy = join(dataDir, "repositories", readdirSync(join(dataDir, "repositories"))[0]!);
    damage(copy);
    expect((await source.read(spec, first)).files).toEqual(first.files);
    repository.commit({ "plan/b.yaml": "b: 1\n" });
    const next = await readNow(source, spec);
    expect(Buffer.concat(await source.contents(spec, next.files)).toString()).toBe("a: 1\nb: 1\n");
    expect(readdirSync(join(dataDir, "repositories"))).toHaveLength(1);
  });
});

test("a copy that was damaged after it was listed gives the files all the same", async () => {
  const { repository, source, dataDir, trust } = await served();
  const spec = follow(repository.url, trust);
  const tree = await readNow(source, spec);
  const packs = join(dataDir, "repositories", readdirSync(join(dataDir, "repositories"))[0]!, "objects/pack");
  for (const name of readdirSync(packs).filter((one) => one.endsWith(".pack"))) {
    replace(join(packs, name), readFileSync(join(packs, name)).fill(0xa5, 20));
  }
  expect(Buffer.concat(await source.contents(spec, tree.files)).toString()).toBe("a: 1\n");
});

test("while the server cannot be reached, a copy that looks wrong is not thrown away", async () => {
  const { server, repository, source, dataDir, trust, commit } = await served();
  const spec = follow(repository.url, trust);
  await readNow(source, spec);
  repository.commit({ "plan/a.yaml": "a: 2\n" });
  const revision = await source.resolve(spec);
  server.intercept((_, response) => {
    response.writeHead(502).end();
    return true;
  });
  expect(await failureOf(source.read(spec, revision))).toMatchObject({ reason: "GitOperationFailed", transient: true });
  expect(readdirSync(join(dataDir, "repositories"))).toHaveLength(1);
  expect((await source.read(spec, { commit, refName: "refs/heads/main" })).files).toHaveLength(1);
});

test("what is broken on the server is not blamed on our disk", async () => {
  const { repository, source, trust } = await served();
  const blob = repository.git("rev-parse", "main:plan");
  const object = join(repository.folder, "objects", blob.slice(0, 2), blob.slice(2));
  rmSync(object);
  const failure = await failureOf(readNow(source, follow(repository.url, trust)));
  expect(failure).toMatchObject({ reason: "GitOperationFailed", transient: true });
  expect(failure.message).toMatch(/^the Git server cannot read its own repository/);
});

describe("servers that are no Git servers, or want to be left alone", () => {
  const PAGES: readonly (readonly [string, number, Record<string, string>, string, RegExp])[] = [
    [
      "a login page",
      200,
      { "content-type": "text/html; charset=utf-8" },
      "<!DOCTYPE html><title>Sign in</title>",
      /^GitOperationFailed: a web page answers in place of a Git server.*\(text\/html\)$/,
    ],
    [
      "a text",
      200,
      { "content-type": "text/plain" },
      "hello\n",
      /^GitOperationFailed: a web page answers in place of a Git server/,
    ],
    [
      "a page that says it were Git",
      200,
      { "content-type": "application/x-git-upload-pack-advertisement" },
      "<!DOCTYPE html>",
      /^GitOperationFailed: a web page answers/,
    ],
    ["nothing at all", 200, {}, "", /^GitOperationFailed: a web page answers/],
    [
      "the way to a login page",
      302,
      { location: "/users/sign_in" },
      "",
      /^Refused: the server redirects to another URL, which is not followed, or to a login page/,
    ],
    [
      "too many requests",
      429,
      { "retry-after": "120" },
      "slow down",
      /^GitOperationFailed: the server asks to be left alone for 120 s/,
    ],
    [
      "a secondary limit",
      403,
      { "retry-after": "60" },
      "slow down",
      /^GitOperationFailed: the server asks to be left alone for 60 s/,
    ],
    ["maintenance without a time", 503, {}, "<html>", /^GitOperationFailed: the repository cannot be reached/],
    ["too many requests without a time", 429, {}, "", /^GitOperationFailed: the server asks to be asked less often/],
    [
      "a wait nobody can read",
      429,
      { "retry-after": "soon" },
      "",
      /^GitOperationFailed: the server asks to be asked less often/,
    ],
  ];

  test("each is told as what it is", async () => {
    const { server, repository, source, trust } = await served();
    for (const [what, status, headers, body, words] of PAGES) {
      server.intercept((_, response) => {
        response.writeHead(status, headers).end(body);
        return true;
      });
      expect(await toldOf(source.resolve(follow(repository.url, trust))), what).toMatch(words);
    }
    server.intercept((_, response) => {
      response.writeHead(503, { "retry-after": new Date(Date.now() + 90_000).toUTCString() }).end();
      return true;
    });
    const { retryAfterSeconds } = await failureOf(source.resolve(follow(repository.url, trust)));
    expect(retryAfterSeconds).toBeGreaterThan(60);
    expect(retryAfterSeconds).toBeLessThan(92);
  });
});

test("a certificate out of its time is named, and no request is made", async () => {
  const authority = makeAuthority(join(workspace(), "tls"));
  const names = ["DNS:localhost"];
  for (const [days, words] of [
    [-1, /^AuthenticationFailed: the server's certificate has expired: have it renewed/],
    [2, /^AuthenticationFailed: the server's certificate is not trusted/],
  ] as const) {
    const own = authority.issue("localhost", { names, days });
    const server = await gitServer({ certificate: own });
    const ca = days < 0 ? authority.cert : undefined;
    const { source } = gitSource();
    const spec = follow(`${server.url}/plan.git`, ca === undefined ? {} : { ca });
    expect(await toldOf(source.resolve(spec))).toMatch(words);
    expect(server.requests).toEqual([]);
  }
});
