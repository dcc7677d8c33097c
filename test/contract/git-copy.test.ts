import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { GitLimits } from "../../src/adapters/git/limits.js";
import { failureOf, follow, gitServer, gitSource, readNow, toldOf } from "../support/git-source.js";

async function followed(limits: Partial<GitLimits> = {}) {
  const server = await gitServer();
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { source, dataDir } = gitSource({ limits });
  const spec = follow(repository.url, { ca: server.authority.cert });
  const copies = () => readdirSync(join(dataDir, "repositories"));
  const copy = () => join(dataDir, "repositories", copies()[0]!);
  return { server, repository, source, spec, dataDir, copies, copy };
}

const packs = (copy: string) => readdirSync(join(copy, "objects/pack")).filter((name) => name.endsWith(".pack"));

describe("what a killed process leaves is repaired by the next operation", () => {
  const LEFT: readonly (readonly [string, (copy: string) => void])[] = [
    ["locks", (copy) => ["shallow.lock", "HEAD.lock", "config.lock", "packed-refs.lock"].map((n) => write(copy, n))],
    [
      "the lock of a reference",
      (copy) => readdirSync(join(copy, "refs/spiderplan")).map((n) => write(copy, `refs/spiderplan/${n}.lock`)),
    ],
    ["half a pack", (copy) => write(copy, "objects/pack/tmp_pack_123456")],
    ["a copy without its objects", (copy) => rmSync(join(copy, "objects"), { recursive: true })],
    ["a copy without its head", (copy) => rmSync(join(copy, "HEAD"))],
    ["a pack that is cut off", (copy) => packs(copy).map((name) => truncateSync(join(copy, "objects/pack", name), 20))],
    ["packs that are gone", (copy) => packs(copy).map((name) => rmSync(join(copy, "objects/pack", name)))],
    ["a broken list of shallow commits", (copy) => writeFileSync(join(copy, "shallow"), "x\n")],
    ["a broken configuration", (copy) => writeFileSync(join(copy, "config"), "[core\n")],
    ["half a copy under its first name", (copy) => writeFileSync(`${copy}.new`, "x")],
  ];

  test.each(LEFT)("%s", async (_, leave) => {
    const { repository, source, spec, copy } = await followed();
    const first = await readNow(source, spec);
    leave(copy());
    expect((await source.read(spec, first)).files).toEqual(first.files);
    repository.commit({ "b.yaml": "b: 1\n" });
    const next = await readNow(source, spec);
    const [, b] = await source.contents(spec, next.files);
    expect(Buffer.from(b!).toString()).toBe("b: 1\n");
    const left = readdirSync(copy(), { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => /\.lock$|tmp_pack/.test(name))).toEqual([]);
  });
});

function write(copy: string, name: string): void {
  writeFileSync(join(copy, name), "");
}

test("secrets that a killed process left are removed before the first operation", async () => {
  const { source, spec, dataDir } = await followed();
  await source.resolve(spec);
  write(dataDir, "operations/identity");
  await gitSource({ dataDir }).source.resolve(spec);
  expect(readdirSync(join(dataDir, "operations"))).toEqual([]);
  expect(statSync(join(dataDir, "operations")).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, "repositories")).mode & 0o777).toBe(0o700);
});

test.skipIf(!existsSync("/proc/self/cmdline"))(
  "no secret is on a command line, in a file others may read, or left on disk",
  async () => {
    const server = await gitServer({ basic: "jo:s3cret-pass" });
    const repository = server.repository("plan");
    repository.commit({ "a.yaml": "a: 1\n" });
    const { source, dataDir } = gitSource();
    const client = server.authority.issue("operator-1");
    const credentials = { ca: server.authority.cert, username: "jo", password: "s3cret-pass" };
    const spec = follow(repository.url, { ...credentials, clientCertificate: client.cert, clientKey: client.key });
    const seen: string[] = [];
    server.intercept(() => {
      for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        try {
          seen.push(readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " "));
        } catch {
          // It has ended.
        }
      }
      for (const path of readdirSync(join(dataDir, "operations"), { recursive: true, encoding: "utf8" })) {
        const facts = statSync(join(dataDir, "operations", path));
        if (facts.isFile()) expect(facts.mode & 0o077).toBe(0);
      }
      return false;
    });
    await readNow(source, spec);
    expect(seen.some((line) => line.includes("remote-https"))).toBe(true);
    const basic = Buffer.from("jo:s3cret-pass").toString("base64");
    expect(seen.filter((line) => line.includes("s3cret-pass") || line.includes(basic))).toEqual([]);
    expect(() =>
      execFileSync("grep", ["-r", "-e", "s3cret-pass", "-e", basic, "-e", "PRIVATE KEY", dataDir]),
    ).toThrow();
  },
);

test("a repository that is too large is given up while it is received, and leaves nothing", async () => {
  const { server, repository, source, spec, copies } = await followed({ copyBytes: 2 * 1024 * 1024 });
  await readNow(source, spec);
  const noise = () => randomBytes(1024 * 1024);
  repository.commit(Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`${n}.bin`, noise()])));
  const failure = await failureOf(readNow(source, spec));
  expect(failure).toMatchObject({ reason: "TooLarge", transient: false });
  expect(failure.message).toMatch(/more than 2 MiB were received/);
  expect(copies()).toEqual([]);
  // What is not wanted is not fetched, so it does not count.
  const { source: modest } = gitSource({ limits: { copyBytes: 2 * 1024 * 1024 }, wanted: (path) => path === "a.yaml" });
  expect((await readNow(modest, spec)).files.map(({ path }) => path)).toEqual(["a.yaml"]);
  expect(server.requests.length).toBeGreaterThan(0);
});

test("files and lists have their limits", async () => {
  const { source, spec, repository } = await followed({ entries: 2, contentBytes: 10 });
  const tree = await readNow(source, spec);
  expect(await toldOf(source.contents(spec, [tree.files[0]!, tree.files[0]!, tree.files[0]!]))).toMatch(/^TooLarge: /);
  repository.commit({ "b.yaml": "", "c.yaml": "" });
  expect(await toldOf(readNow(source, spec))).toMatch(/^TooLarge: there are more than 2 files/);
  const { source: blind } = gitSource({ limits: { listBytes: 10 } });
  expect(await toldOf(blind.resolve(spec))).toMatch(/^TooLarge: /);
});

test("copies do not grow with every push", async () => {
  const { repository, source, spec, copy } = await followed({ packs: 6 });
  for (let push = 0; push < 10; push++) {
    repository.commit({ "a.yaml": `a: ${push}\n` });
    const tree = await readNow(source, spec);
    const [a] = await source.contents(spec, tree.files);
    expect(Buffer.from(a!).toString()).toBe(`a: ${push}\n`);
    expect(packs(copy()).length).toBeLessThanOrEqual(8);
  }
});

test("files of an earlier revision are fetched again when its copy is gone", async () => {
  const { source, spec, copy } = await followed();
  const tree = await readNow(source, spec);
  rmSync(copy(), { recursive: true });
  const [a] = await source.contents(spec, tree.files);
  expect(Buffer.from(a!).toString()).toBe("a: 1\n");
});

test("copies that nobody follows any more go when another is made", async () => {
  const { server, source, spec, copy } = await followed();
  await readNow(source, spec);
  const old = copy();
  utimesSync(old, new Date(0), new Date(0));
  const other = server.repository("other");
  other.commit({ "b.yaml": "" });
  await readNow(source, { ...spec, repoURL: other.url });
  expect(existsSync(old)).toBe(false);
});

test("many operations at once on one repository do not get in each other's way", async () => {
  const { repository, source, spec } = await followed();
  for (let n = 0; n < 4; n++) repository.commit({ "a.yaml": `a: ${n}\n` }, { branch: `b${n}` });
  const read = async (n: number) => {
    const own = { ...spec, ref: { branch: `b${n % 4}` }, timeout: 60_000 };
    const tree = await readNow(source, own);
    const [a] = await source.contents(own, tree.files);
    return Buffer.from(a!).toString();
  };
  const texts = await Promise.all(Array.from({ length: 8 }, (_, n) => read(n)));
  expect(texts).toEqual(Array.from({ length: 8 }, (_, n) => `a: ${n % 4}\n`));
});
