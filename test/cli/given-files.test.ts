import { execFileSync, spawn } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli } from "../support/cli.js";
import { planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

// What a person names on the command line may be a pipe, a device or far too large: it is read, or refused in one line.

const LIST = JSON.stringify({ apiVersion: "v1", kind: "List", items: [] });
const KUBECONFIG = JSON.stringify({
  "current-context": "c",
  contexts: [{ name: "c", context: { cluster: "c" } }],
  clusters: [{ name: "c", cluster: { server: "http://127.0.0.1:9" } }],
});

function folder(): string {
  const cwd = workspace({
    "plan/app.yaml": planOf("10.6.124.10-10.6.124.19"),
    "all.json": LIST,
    "config.json": KUBECONFIG,
  });
  execFileSync("mkfifo", [join(cwd, "pipe")]);
  return cwd;
}
const plan = (cwd: string, ...more: string[]) => cli(["plan", "--path", "plan", ...more], { cwd });
const judge = (cwd: string, file: string) => plan(cwd, "--snapshot", file);
/** Writes a file to the pipe, in two halves with a pause. */
const writer = (cwd: string, file: string) =>
  spawn("sh", ["-c", `sleep 0.3; { head -c 9 ${file}; sleep 0.3; tail -c +10 ${file}; } > pipe`], { cwd });

describe("a snapshot", () => {
  test.each([
    ["/dev/zero", "is no file"],
    ["plan", "is a folder"],
    ["none.json", "cannot be read: ENOENT"],
  ])("%s is refused", async (file, why) => {
    const { code, stderr } = await judge(folder(), file);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `error: snapshot ${file} ${why}\n` });
  });

  test("of 3 GB is not read, nor one of zeros", async () => {
    const cwd = folder();
    for (const [size, why] of [
      [3e9, "has more than 500000000 bytes"],
      [2e7, "is neither JSON nor YAML: it holds a NUL byte"],
    ] as const) {
      writeFileSync(join(cwd, "big.json"), "");
      truncateSync(join(cwd, "big.json"), size);
      const { code, stderr } = await judge(cwd, "big.json");
      expect(code).toBe(1);
      expect(stderr).toContain(`error: snapshot big.json ${why}`);
    }
  });

  test("as YAML of more than 16 MB is refused: each byte takes a hundred of memory", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "all.yaml"), "kind: List\n".repeat(1_500_000));
    const { code, stderr } = await judge(cwd, "all.yaml");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "error: snapshot all.yaml is neither JSON nor YAML: as YAML it may have 16000000 characters; take -o json\n",
    });
  });

  test("from a pipe is read to its end", async () => {
    const cwd = folder();
    writer(cwd, "all.json");
    const { code, stdout } = await judge(cwd, "pipe");
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("Plan: ") });
  });

  test("from stdin", async () => {
    const cwd = folder();
    const { code, stdout } = await cli(["plan", "--path", "plan", "--snapshot", "-"], { cwd, stdin: LIST });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("Plan: ") });
    const bare = await cli(["plan", "--path", "plan", "--snapshot", "-"], { cwd, stdin: "" });
    expect(bare.stderr).toContain("snapshot - holds no Kubernetes List");
  });

  test("from a pipe that nobody writes is refused, and the wait ends by a signal", async () => {
    const cwd = folder();
    const stop = new AbortController();
    const stopped = cli(["plan", "--path", "plan", "--snapshot", "pipe"], { cwd, signal: stop.signal });
    setTimeout(() => stop.abort(), 300);
    const begun = performance.now();
    expect((await stopped).code).toBe(130);
    expect(performance.now() - begun).toBeLessThan(3_000);
    const { code, stderr } = await judge(cwd, "pipe");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "error: snapshot pipe is a pipe that nobody writes\n" });
  }, 20_000);
});

describe("a kubeconfig", () => {
  const known = (cwd: string, file: string) => plan(cwd, "--kubeconfig", file);
  test("from a pipe is read", async () => {
    const cwd = folder();
    writer(cwd, "config.json");
    expect((await known(cwd, "pipe")).stderr).toContain("http://127.0.0.1:9");
  });
  test("that is a device or a folder is refused", async () => {
    const cwd = folder();
    expect((await known(cwd, "/dev/zero")).stderr).toContain("kubeconfig /dev/zero is no file");
    expect((await known(cwd, "plan")).stderr).toContain("plan is a folder");
  });
});

test("manifests below a folder are not read from a device", async () => {
  const cwd = folder();
  execFileSync("ln", ["-s", "/dev/zero", join(cwd, "plan", "m.json")]);
  const { code, stderr } = await cli(["annotations", "--check", "plan", "--path", "plan"], { cwd });
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("m.json is no file") });
});
