import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ResolvedRevision, SourceRef, SourceSpec } from "../../src/ports/source-repository.js";
import type { Entry } from "../support/git-repository.js";
import { follow, gitServer, gitSource, readNow, toldOf } from "../support/git-source.js";
import { workspace } from "../support/workspace.js";

const COMMIT = "1".repeat(40);

/** A folder in which anything that runs would leave a file. */
function canary() {
  const folder = workspace();
  return { run: `touch ${join(folder, "ran")}`, ran: () => readdirSync(folder) };
}

const URLS: readonly (readonly [string, (run: string) => string, RegExp])[] = [
  ["a transport helper that runs a program", (run) => `ext::sh -c "${run}"`, /a blank/],
  ["the same without blanks", (run) => `ext::${run.replaceAll(" ", "%20")}`, /transport helper \(::\)/],
  ["the file descriptor helper", () => "fd::17", /transport helper/],
  ["an option", (run) => `--upload-pack=${run.replaceAll(" ", "$" + "{IFS}")}`, /begins with a dash/],
  ["an option in place of the SSH host", (run) => `ssh://-oProxyCommand=${run.split(" ")[0]}/x`, /host in repoURL/],
  ["the same, scp-like", (run) => `-oProxyCommand=${run.split(" ")[0]}:x`, /begins with a dash/],
  ["the same behind a user", () => "git@-oProxyCommand=id:x", /host in repoURL/],
  ["the same as a user", () => "ssh://-oProxyCommand=id@host/x", /user in repoURL/],
  ["an option as the path", () => "git@host:--upload-pack=id", /path in repoURL/],
  ["a port that is none", () => "ssh://git@host:-oProxyCommand=id/x", /is no URL/],
  ["the local disk", () => "file:///etc", /begins with file:\/\//],
  ["a path", () => "/etc/passwd", /is no URL/],
  ["a path of here", () => "./x", /is no URL/],
  ["plain HTTP", () => "http://example.org/x.git", /begins with http:\/\//],
  ["the unencrypted Git protocol", () => "git://example.org/x.git", /begins with git:\/\//],
  ["FTP", () => "ftp://example.org/x", /begins with ftp:\/\//],
  ["credentials in the URL", () => "https://jo:pass-w0rd@example.org/x", /put them in the Secret/],
  ["a token in the URL", () => "https://tok-pass-w0rd@example.org/x", /put them in the Secret/],
  ["a second line", () => "https://example.org/x\n[core]", /control character/],
  ["a NUL", () => "https://example.org/x\0", /control character/],
  ["a letter that only looks right", () => "https://exаmple.org/x", /control character|blank/],
  ["a query", () => "https://example.org/x?y=z", /query or a fragment/],
  ["no repository", () => "https://example.org/", /names no repository/],
  ["nothing", () => "", /is empty/],
];

test.each(URLS)("refused URL: %s", async (_, url, words) => {
  const { run, ran } = canary();
  const { source } = gitSource();
  const told = await toldOf(source.resolve(follow(url(run), { sshKnownHosts: "host key", sshPrivateKey: "key" })));
  expect(told).toMatch(/^Refused: /);
  expect(told).toMatch(words);
  expect(told).not.toContain("pass-w0rd");
  expect(ran()).toEqual([]);
});

const REFS: readonly (readonly [string, SourceRef])[] = [
  ["an option", { branch: "--upload-pack=touch" }],
  ["an option as a tag", { tag: "-x" }],
  ["a range of commits", { branch: "main..other" }],
  ["a refspec", { branch: "main:refs/heads/x" }],
  ["a pattern", { branch: "*" }],
  ["a step back in history", { tag: "v1~1" }],
  ["an entry of the reflog", { branch: "main@{1}" }],
  ["a path upwards", { branch: "../../x" }],
  ["a lock", { branch: "main.lock" }],
  ["a control character", { branch: "main\nx" }],
  ["nothing", { branch: "" }],
  ["a short commit", { commit: "1234567" }],
  ["an option as a commit", { commit: "--help" }],
  ["no range", { semver: "not a range" }],
];

test.each(REFS)("refused reference: %s", async (_, ref) => {
  const { source } = gitSource();
  expect(await toldOf(source.resolve(follow("https://localhost:1/x.git", {}, { ref })))).toMatch(/^Refused: /);
});

test.each<[string, Partial<SourceSpec>, Partial<ResolvedRevision>]>([
  ["a folder above", { path: "../x" }, {}],
  ["a folder through another", { path: "a/../../x" }, {}],
  ["a folder with a line end", { path: "a\nb" }, {}],
  ["an option as the commit", {}, { commit: "--upload-pack=x" }],
  ["a refspec as the reference", {}, { refName: "refs/heads/x:refs/heads/y" }],
  ["a reference of elsewhere", {}, { refName: "--all" }],
])("refused reading: %s", async (_, spec, revision) => {
  const { source } = gitSource();
  const wrong = follow("https://localhost:1/x.git", {}, spec);
  expect(await toldOf(source.read(wrong, { commit: COMMIT, ...revision }))).toMatch(/^Refused: /);
});

/** What a repository may hold to do harm; what is read of it, and what is refused. */
const CONTENTS: readonly (readonly [string, (run: string) => Record<string, Entry>, string[], string[]])[] = [
  [
    "links out of the repository, into it and to nowhere",
    () => ({
      "plan/passwd.yaml": { link: "/etc/passwd" },
      "plan/up": { link: "../../.." },
      "plan/a.yaml": "a: 1\n",
      "plan/same.yaml": { link: "a.yaml" },
    }),
    ["a.yaml"],
    ["passwd.yaml is a symbolic link", "same.yaml is a symbolic link", "up is a symbolic link"],
  ],
  [
    "hooks",
    (run) => ({ "plan/a.yaml": "a: 1\n", "hooks/post-checkout": { executable: `#!/bin/sh\n${run}\n` } }),
    ["a.yaml"],
    [],
  ],
  [
    "a filter that runs a program",
    (run) => ({
      ".gitattributes": "* filter=evil diff=evil merge=evil\n",
      ".gitconfig": `[filter "evil"]\n smudge = ${run}\n clean = ${run}\n`,
      "plan/.gitattributes": "* filter=evil working-tree-encoding=UTF-16\n",
      "plan/a.yaml": "a: 1\n",
    }),
    [".gitattributes", "a.yaml"],
    [],
  ],
  [
    "large file storage",
    () => ({ ".lfsconfig": "[lfs]\n url = http://169.254.169.254/\n", "plan/a.yaml": "version https://git-lfs\n" }),
    ["a.yaml"],
    [],
  ],
  [
    "a submodule at a URL that runs a program",
    (run) => ({
      ".gitmodules": `[submodule "x"]\n path = plan/x\n url = ext::sh -c "${run}"\n update = !${run}\n`,
      "plan/x": { submodule: COMMIT },
      "plan/a.yaml": "a: 1\n",
    }),
    ["a.yaml"],
    ["x is a submodule"],
  ],
  [
    "names for a terminal to stumble over",
    () => ({
      "plan/a.yaml": "a: 1\n",
      "plan/\u001b[2Jb.yaml": "b: 1\n",
      "plan/c\nd.yaml": "c: 1\n",
      "plan/e\\f.yaml": "",
    }),
    ["a.yaml"],
    ["[2Jb.yaml holds a", "c d.yaml holds a", "e\\f.yaml holds a"],
  ],
];

test.each(CONTENTS)("hostile repository: %s", async (_, files, read, refused) => {
  const { run, ran } = canary();
  const server = await gitServer();
  const repository = server.repository("plan");
  repository.commit(files(run), { message: "x\u001b]0;title\u0007" });
  const { source, dataDir } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert }, { path: "plan" });
  const tree = await readNow(source, spec);
  const bytes = await source.contents(spec, tree.files);
  expect(tree.files.map(({ path }) => path)).toEqual(read);
  expect(tree.refused.map(({ path, why }) => `${path} ${why}`)).toEqual(
    refused.map((words) => expect.stringContaining(words)),
  );
  expect(Buffer.concat(bytes).toString()).not.toContain("root:");
  expect(tree.subject).toBe("x ]0;title");
  expect(ran()).toEqual([]);
  const kept = readdirSync(dataDir, { recursive: true, encoding: "utf8" });
  expect(kept.filter((path) => /hooks|\.yaml|\.gitattributes|modules/.test(path))).toEqual([]);
});

test("objects made to do harm are refused by git's own look at them", async () => {
  const server = await gitServer();
  const repository = server.repository("plan");
  const blob = repository.object("blob", Buffer.from(""));
  const tree = Buffer.concat(
    ["b.yaml", "a.yaml"].flatMap((name) => [Buffer.from(`100644 ${name}\0`), Buffer.from(blob, "hex")]),
  );
  const unsorted = repository.object("tree", tree);
  repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", unsorted, "-m", "x"));
  const { source } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert });
  expect(await toldOf(readNow(source, spec))).toMatch(/^Refused: the repository holds an object that is malformed/);
});

test.each([
  [".git", "a.yaml"],
  ["..", "a.yaml"],
])("a path through %s is refused", async (folder, name) => {
  const server = await gitServer();
  const repository = server.repository("plan");
  const blob = repository.object("blob", Buffer.from("a: 1\n"));
  const inner = repository.object("tree", Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, "hex")]));
  const outer = repository.object("tree", Buffer.concat([Buffer.from(`40000 ${folder}\0`), Buffer.from(inner, "hex")]));
  repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", outer, "-m", "x"));
  const { source } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert });
  expect(await toldOf(readNow(source, spec))).toMatch(/^Refused: the repository holds an object that is malformed/);
});

test("a few folders that stand for more files than there are atoms end at the limit", async () => {
  const server = await gitServer();
  const repository = server.repository("plan");
  let id = repository.object("blob", Buffer.from("a: 1\n"));
  let mode = "100644";
  for (let level = 0; level < 20; level++) {
    const names = Array.from({ length: 10 }, (_, n) =>
      Buffer.concat([Buffer.from(`${mode} ${n}\0`), Buffer.from(id, "hex")]),
    );
    id = repository.object("tree", Buffer.concat(names));
    mode = "40000";
  }
  repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", id, "-m", "bomb"));
  const { source } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert });
  expect(await toldOf(readNow(source, spec))).toMatch(/^TooLarge: /);
});

test("of 600,000 references only the one that is followed is read", async () => {
  const server = await gitServer();
  const repository = server.repository("plan");
  const commit = repository.commit({ "a.yaml": "a: 1\n" });
  repository.git("tag", "-a", "-m", "x", "v2.0.0", commit);
  const many = Array.from({ length: 300_000 }, (_, n) => n);
  const names = many.flatMap((n) => [`heads/${String(n).padStart(7, "0")}`, `tags/v1.${n}.0`]);
  const lines = names.map((name) => `${commit} refs/${name}\n`).sort((a, b) => (a.slice(41) < b.slice(41) ? -1 : 1));
  writeFileSync(
    join(repository.folder, "packed-refs"),
    `# pack-refs with: peeled fully-peeled sorted \n${lines.join("")}`,
  );
  const { source } = gitSource();
  const follows = (ref: SourceRef) => follow(repository.url, { ca: server.authority.cert }, { ref, timeout: 60_000 });
  const { source: small } = gitSource({ limits: { listBytes: 1024 } });
  expect(await small.resolve(follows({ branch: "main" }))).toEqual({ commit, refName: "refs/heads/main" });
  expect(await small.resolve(follows({ tag: "v1.299999.0" }))).toEqual({ commit, refName: "refs/tags/v1.299999.0" });
  expect(await source.resolve(follows({ semver: "1.x" }))).toEqual({ commit, refName: "refs/tags/v1.299999.0" });
  expect(await source.resolve(follows({ semver: "*" }))).toEqual({ commit, refName: "refs/tags/v2.0.0" });
  expect(await toldOf(source.resolve(follows({ branch: "mian" })))).toMatch(
    /^NotFound: there is no branch mian; it has 300001 branches, such as /,
  );
  expect(await toldOf(small.resolve(follows({ branch: "mian" })))).toBe(
    "NotFound: there is no branch mian; it has more branches than can be listed",
  );
  expect(await toldOf(small.resolve(follows({ semver: "1.x" })))).toMatch(
    /^TooLarge: the repository has more references/,
  );
}, 180_000);

test("an answer that never ends, and a reference with a name without end, end at a limit", async () => {
  const server = await gitServer();
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { source } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert }, { timeout: 60_000 });
  const type = { "content-type": "application/x-git-upload-pack-advertisement" };
  server.intercept((_, response) => {
    response.writeHead(200, type);
    const block = Buffer.alloc(1024 * 1024, "x");
    const more = () => {
      while (!response.destroyed && response.write(block));
    };
    response.on("drain", more);
    more();
    return true;
  });
  expect(await toldOf(source.resolve(spec))).toMatch(/^(TooLarge|GitOperationFailed): /);
  const long = `${"1".repeat(40)} refs/heads/${"n".repeat(60_000)}`;
  const packet = (text: string) => (text.length + 4).toString(16).padStart(4, "0") + text;
  server.intercept((_, response) => {
    const first = `${long}\0agent=x\n`;
    response.writeHead(200, type).end(`${packet("# service=git-upload-pack\n")}0000${packet(first)}0000`);
    return true;
  });
  const told = await toldOf(source.resolve(spec));
  expect(told).toMatch(/^NotFound: there is no branch main; it has 1 branch, such as n+…$/);
  expect(told.length).toBeLessThan(200);
}, 90_000);

test("a few bytes that stand for a file of gigabytes end at the limits", async () => {
  const server = await gitServer();
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": Buffer.alloc(64 * 1024 * 1024), "b.yaml": "b: 1\n" });
  const { source } = gitSource({ limits: { contentBytes: 32 * 1024 * 1024 } });
  const spec = follow(repository.url, { ca: server.authority.cert }, { timeout: 60_000 });
  const before = process.memoryUsage().arrayBuffers;
  const tree = await readNow(source, spec);
  expect(tree.files.map(({ bytes }) => bytes)).toEqual([64 * 1024 * 1024, 5]);
  expect(await toldOf(source.contents(spec, tree.files))).toMatch(/^TooLarge: /);
  expect(Buffer.concat(await source.contents(spec, tree.files.slice(1))).toString()).toBe("b: 1\n");
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
}, 120_000);

test("the settings of the machine and of the user do not count", async () => {
  const { run, ran } = canary();
  const home = workspace({
    ".gitconfig": `[core]\n sshCommand = ${run}\n fsmonitor = ${run}\n[credential]\n helper = !${run}\n[url "file:///etc/"]\n insteadOf = https://\n`,
    ".ssh/config": `Host *\n ProxyCommand ${run}\n`,
  });
  const server = await gitServer({ basic: "jo:x" });
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    GIT_SSH_COMMAND: run,
    GIT_ASKPASS: run,
    GIT_CONFIG_GLOBAL: join(home, ".gitconfig"),
    GIT_CONFIG_PARAMETERS: "'http.sslVerify=false'",
    GIT_SSL_NO_VERIFY: "1",
    GIT_TRACE: join(home, "trace"),
  };
  const { source } = gitSource({ env });
  expect(await toldOf(source.resolve(follow(repository.url, { ca: server.authority.cert })))).toMatch(
    /^AuthenticationFailed: the server does not accept/,
  );
  expect(await toldOf(source.resolve(follow(repository.url, {})))).toMatch(/certificate is not trusted/);
  const ssh = { sshPrivateKey: "key", sshKnownHosts: "localhost ssh-ed25519 AAAA" };
  expect(await toldOf(source.resolve(follow("git@127.0.0.1:x", ssh)))).toMatch(
    /^(Authentication|GitOperation)Failed: /,
  );
  expect(ran()).toEqual([]);
  expect(existsSync(join(home, "trace"))).toBe(false);
});
