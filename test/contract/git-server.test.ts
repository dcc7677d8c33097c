import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { PLAIN_GIT } from "../support/git-repository.js";
import { type GitServerOptions, startGitServer } from "../support/git-server.js";
import { workspace } from "../support/workspace.js";

const run = promisify(execFile);

async function server(options?: GitServerOptions) {
  const started = await startGitServer(options);
  onTestFinished(() => started.close());
  return started;
}

test("the user's own git clones from it and pushes to it", async () => {
  const { repository, authority, requests, url } = await server({ basic: "jo:secret" });
  const served = repository("team/plan");
  served.commit({ "plan/a.yaml": "a: 1\n", "plan/b.yaml": "b: 1\n" });
  served.commit({ "plan/a.yaml": "a: 2\n", "plan/b.yaml": null });
  const folder = workspace();
  const git = (...args: string[]) =>
    run("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
      cwd: folder,
      env: { ...process.env, ...PLAIN_GIT, GIT_SSL_CAINFO: authority.certFile },
    });
  await expect(git("clone", "-q", served.url, ".")).rejects.toThrow(/could not read Username/);
  await git("clone", "-q", `${url.replace("//", "//jo:secret@")}/team/plan.git`, ".");
  expect(readFileSync(join(folder, "plan/a.yaml"), "utf8")).toBe("a: 2\n");
  writeFileSync(join(folder, "plan/a.yaml"), "a: 3\n");
  await git("commit", "-q", "-a", "-m", "third");
  await git("push", "-q");
  expect(served.git("show", "main:plan/a.yaml")).toBe("a: 3");
  expect(served.git("ls-tree", "-r", "--name-only", "main")).toBe("plan/a.yaml");
  expect(requests.map(({ path }) => path)).toContain("/team/plan.git/git-receive-pack");
});

test("a rewrite shares nothing with what was there, and branches and tags come and go", async () => {
  const { repository } = await server();
  const served = repository("plan");
  const first = served.commit({ a: "1", b: { link: "a" }, c: { submodule: "1".repeat(40) }, d: { executable: "x" } });
  expect(served.git("ls-tree", "--format=%(objectmode)", "main").split("\n")).toEqual([
    "100644",
    "120000",
    "160000",
    "100755",
  ]);
  served.tag("v1");
  served.tag("v2", { message: "second" });
  expect(served.git("cat-file", "-t", "v1")).toBe("commit");
  expect(served.git("cat-file", "-t", "v2")).toBe("tag");
  const other = served.rewrite({ e: "1" });
  expect(served.git("rev-list", "main")).toBe(other);
  expect(other).not.toBe(first);
  served.deleteBranch("main");
  served.deleteTag("v1");
  expect(served.git("for-each-ref", "--format=%(refname)")).toBe("refs/tags/v2");
});
