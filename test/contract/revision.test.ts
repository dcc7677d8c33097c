import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRevision } from "../../src/adapters/git/revision.js";
import { workspace } from "../support/workspace.js";

const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], { cwd, encoding: "utf8" });

function repository(): string {
  const folder = workspace({ "plan/app.yaml": "a: 1\n", "other.txt": "x\n" });
  git(folder, "init", "-q");
  git(folder, "add", ".");
  git(folder, "commit", "-q", "-m", "first");
  return folder;
}

describe("the revision of a plan's folder", () => {
  it("is the commit, clean or not below that folder only", async () => {
    const folder = repository();
    const commit = git(folder, "rev-parse", "HEAD").trim();
    const plan = join(folder, "plan");
    expect(await readRevision(plan)).toEqual({ commit, dirty: false });
    writeFileSync(join(folder, "other.txt"), "changed\n");
    expect(await readRevision(plan)).toEqual({ commit, dirty: false });
    writeFileSync(join(plan, "new.yaml"), "b: 2\n");
    expect(await readRevision(plan)).toEqual({ commit, dirty: true });
  });

  it("writes nothing into the repository", async () => {
    const folder = repository();
    writeFileSync(join(folder, "plan/app.yaml"), "a: 1\n");
    const before = readFileSync(join(folder, ".git/index"));
    await readRevision(join(folder, "plan"));
    expect(readFileSync(join(folder, ".git/index")).equals(before)).toBe(true);
  });

  it("is unknown outside a repository and before the first commit", async () => {
    const folder = workspace();
    expect(await readRevision(folder)).toBeUndefined();
    mkdirSync(join(folder, "empty"));
    git(join(folder, "empty"), "init", "-q");
    expect(await readRevision(join(folder, "empty"))).toBeUndefined();
  });
});
