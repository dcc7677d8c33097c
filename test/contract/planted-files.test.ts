import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cli, PROJECT } from "../support/cli.js";
import { workspace, workspaceOf } from "../support/workspace.js";

const EXAMPLE = join(PROJECT, "examples/fixed-from-subnet");
const LOCK = "plan/spiderplan.lock/default/app-v4.yaml";
const KEYS = "ssh-ed25519 AAAA somebody@home\n";

/** A checkout of a repository, and beside it what its reader alone may change. */
function checkout(locked: boolean) {
  const cwd = workspaceOf(EXAMPLE);
  const home = workspace({ authorized_keys: KEYS });
  if (locked) spawnSync(process.execPath, [join(PROJECT, "dist/cli/main.js"), "lock", "--path", "plan"], { cwd });
  return { cwd, home, keys: join(home, "authorized_keys"), lock: join(cwd, LOCK) };
}

const runLock = (cwd: string, ...more: string[]) => cli(["lock", "--path", "plan", ...more], { cwd });

function grow(cwd: string): void {
  const file = join(cwd, "plan/apps/shop.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/replicas: 3/, "replicas: 5"));
}

/** Everything below a folder, with what it is. */
function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map(({ name, parentPath }) => {
    const facts = lstatSync(join(parentPath, name));
    return `${name} ${facts.isSymbolicLink() ? "link" : facts.isFile() ? "file" : facts.isDirectory() ? "folder" : "other"}`;
  });
}

describe("what a pull request planted in place of the lock", () => {
  it.each<[string, (at: ReturnType<typeof checkout>) => void, string]>([
    [
      "the lock's folder, a link out of the plan",
      ({ cwd, home }) => symlinkSync(home, join(cwd, "plan/spiderplan.lock")),
      "spiderplan.lock",
    ],
    [
      "the lock's folder, a link to what is not there yet",
      ({ cwd, home }) => symlinkSync(join(home, "new"), join(cwd, "plan/spiderplan.lock")),
      "spiderplan.lock",
    ],
    [
      "the cluster's folder, a link out of the plan",
      ({ cwd, home }) => {
        mkdirSync(join(cwd, "plan/spiderplan.lock"));
        symlinkSync(home, join(cwd, "plan/spiderplan.lock/default"));
      },
      "spiderplan.lock/default",
    ],
    [
      "the cluster's folder, a link inside the plan",
      ({ cwd }) => {
        mkdirSync(join(cwd, "plan/spiderplan.lock/dc2"), { recursive: true });
        symlinkSync("dc2", join(cwd, "plan/spiderplan.lock/default"));
      },
      "spiderplan.lock/default",
    ],
    [
      "a lock file, a link out of the plan",
      ({ lock, keys }) => {
        mkdirSync(dirname(lock), { recursive: true });
        symlinkSync(keys, lock);
      },
      "spiderplan.lock/default/app-v4.yaml",
    ],
    [
      "a lock file, a link to what is not there yet",
      ({ lock, home }) => {
        mkdirSync(dirname(lock), { recursive: true });
        symlinkSync(join(home, "new"), lock);
      },
      "spiderplan.lock/default/app-v4.yaml",
    ],
    [
      "a lock file that is gone from the plan, a link",
      ({ lock, keys }) => {
        mkdirSync(dirname(lock), { recursive: true });
        symlinkSync(keys, join(dirname(lock), "other.yaml"));
      },
      "spiderplan.lock/default/other.yaml",
    ],
  ])("%s: refused by name, and nothing is written anywhere", async (_, plant, named) => {
    const at = checkout(false);
    plant(at);
    const before = [below(at.cwd), below(at.home)];
    for (const argv of [["lock"], ["lock", "--check"], ["validate"], ["plan", "--snapshot", "cluster.yaml"]]) {
      const { code, stdout, stderr } = await cli([...argv, "--path", "plan"], { cwd: at.cwd });
      expect(code, argv.join(" ")).toBe(1);
      expect(stdout + stderr, argv.join(" ")).toContain(`SP1004  ${named} is a symbolic link, which is not followed`);
      expect(stdout + stderr).not.toContain("ssh-ed25519");
      expect(stdout + stderr).not.toContain("bug of spiderplan");
    }
    expect([below(at.cwd), below(at.home)]).toEqual(before);
    expect(readFileSync(at.keys, "utf8")).toBe(KEYS);
  });

  it("links under every name the old writer used for its fresh file are left as they are", async () => {
    const { cwd, keys, lock } = checkout(true);
    for (const name of [".new", ".tmp", "~"]) symlinkSync(keys, `${lock}${name}`);
    grow(cwd);
    expect((await runLock(cwd)).code).toBe(0);
    expect(readFileSync(keys, "utf8")).toBe(KEYS);
    expect(readFileSync(lock, "utf8")).toContain("kind: AddressLock");
    expect(lstatSync(lock).isFile()).toBe(true);
    expect((await runLock(cwd, "--check")).code).toBe(0);
  });

  it("a hard link: the lock gets a file of its own, the other name keeps its text", async () => {
    const { cwd, home, lock } = checkout(true);
    const other = join(home, "other");
    linkSync(lock, other);
    const before = readFileSync(other, "utf8");
    grow(cwd);
    expect((await runLock(cwd)).code).toBe(0);
    expect(readFileSync(other, "utf8")).toBe(before);
    expect(readFileSync(lock, "utf8")).not.toBe(before);
  });

  it.each([
    ["a pipe", (path: string) => void spawnSync("mkfifo", [path]), "is not a regular file"],
    ["a folder of that name", (path: string) => mkdirSync(join(path, "x.yaml"), { recursive: true }), ""],
  ])("%s in place of a lock file: nothing hangs, and it is no lock", async (_, plant, why) => {
    const { cwd, lock } = checkout(true);
    rmSync(lock);
    plant(lock);
    const { code, stdout, stderr } = await runLock(cwd);
    expect(code).toBe(1);
    expect(stdout + stderr).toContain("spiderplan.lock/default/app-v4.yaml");
    expect(stdout + stderr).toContain(why);
    expect(stdout + stderr).not.toContain("bug of spiderplan");
  });

  it("a disk that is full: one error that names the file, the lock before stays, nothing is left beside it", async (test) => {
    const { cwd, lock } = checkout(true);
    const disk = workspace();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).status === 0;
    if (!mounted) test.skip("mounting a small disk needs more rights than this user has");
    onTestFinished(() => void spawnSync("umount", ["-l", disk]));
    cpSync(join(cwd, "plan"), join(disk, "plan"), { recursive: true });
    grow(disk);
    writeFileSync(join(disk, "fill"), "");
    spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "fill")}`, "bs=4k"]);
    const { code, stderr } = await runLock(disk);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: \S+spiderplan\.lock\/default\/app-v4\.yaml cannot be written: the disk is full;[^\n]+\n$/,
    );
    expect(readFileSync(join(disk, LOCK), "utf8")).toBe(readFileSync(lock, "utf8"));
    expect(below(join(disk, "plan/spiderplan.lock"))).toEqual(["default folder", "app-v4.yaml file"]);
    rmSync(join(disk, "fill"));
    expect((await runLock(disk)).code).toBe(0);
  });

  it("a plan folder that is a link itself is the caller's word: followed", async () => {
    const { cwd, lock } = checkout(true);
    renameSync(join(cwd, "plan"), join(cwd, "real"));
    symlinkSync("real", join(cwd, "plan"));
    grow(cwd);
    expect((await runLock(cwd)).code).toBe(0);
    expect(readFileSync(lock, "utf8")).toContain("kind: AddressLock");
    expect(below(join(cwd, "real/spiderplan.lock"))).not.toContainEqual(expect.stringMatching(/tmp|new/));
  });
});

describe("other files that are written", () => {
  it("new: a link under the name of the document is not written through, not even one that leads nowhere", async () => {
    const { cwd, home } = checkout(false);
    const aim = join(home, "new");
    symlinkSync(aim, join(cwd, "plan/shop-deployment-web.yaml"));
    const { code, stderr } = await cli(
      ["new", "workload", "shop/Deployment/web", "--subnet", "app-v4", "--path", "plan"],
      { cwd },
    );
    expect(code).toBe(1);
    expect(stderr).toContain("is there already and is left as it is");
    expect(existsSync(aim)).toBe(false);
  });
});
