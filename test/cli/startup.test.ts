import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT } from "../support/cli.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const MAIN = join(PROJECT, "src/cli/main.ts");
const FILES = { "plan/app.yaml": planOf("10.6.124.10-10.6.124.29"), "s.json": clusterOf() };

/** Tells of every module that is loaded, on stderr. */
const HOOK = `export async function load(url, context, next) { process._rawDebug("loaded " + url); return next(url, context); }`;
const WATCH = `import {register} from "node:module"; register("data:text/javascript,${encodeURIComponent(HOOK)}");`;

function start(program: string, argv: readonly string[], cwd: string) {
  const watch = `data:text/javascript,${encodeURIComponent(WATCH)}`;
  const tsx = join(PROJECT, "node_modules/tsx/dist/loader.mjs");
  const args = ["--import", tsx, "--import", watch, program, ...argv];
  return spawnSync(process.execPath, args, { cwd, encoding: "utf8", env: { PATH: process.env.PATH } });
}

const loaded = (stderr: string) => stderr.split("\n").filter((line) => line.startsWith("loaded "));

describe("the program", () => {
  it.each([
    ["validate", ["validate", "--path", "plan"]],
    ["plan with a snapshot", ["plan", "--path", "plan", "--snapshot", "s.json"]],
    ["diff with a snapshot", ["diff", "--path", "plan", "--snapshot", "s.json"]],
    ["completion", ["completion", "bash"]],
  ])("%s does not load the Kubernetes client", (_what, argv) => {
    const { status, stderr, stdout } = start(MAIN, argv, workspace(FILES));
    expect(stdout).not.toBe("");
    expect(status).toBeLessThan(2);
    expect(loaded(stderr).some((line) => line.includes("/src/cli/main.ts"))).toBe(true);
    expect(loaded(stderr).filter((line) => /@kubernetes|client-node|undici/.test(line))).toEqual([]);
  });

  it("a command that needs a cluster does load it, so the watch can see it", () => {
    const kubeconfig = JSON.stringify({
      "current-context": "a",
      contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
      clusters: [{ name: "a", cluster: { server: "http://127.0.0.1:9" } }],
      users: [{ name: "a", user: {} }],
    });
    const { stderr, status } = start(MAIN, ["status", "--kubeconfig", "k.json"], workspace({ "k.json": kubeconfig }));
    expect(status).toBe(1);
    expect(loaded(stderr).some((line) => line.includes("undici"))).toBe(true);
  });

  it("a command loads no other command", () => {
    const { stderr } = start(MAIN, ["version"], workspace());
    expect(loaded(stderr).filter((line) => /cli\/(plan|diff|sync|validate|status)\.ts/.test(line))).toEqual([]);
  });

  it("runs through a symlinked bin", () => {
    const cwd = workspace();
    symlinkSync(MAIN, join(cwd, "spiderplan"));
    const { status, stdout } = start(join(cwd, "spiderplan"), ["version"], cwd);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^spiderplan \d+\.\d+\.\d+\n$/) });
  });

  it("does nothing when it is only imported", async () => {
    const code = `import(${JSON.stringify(MAIN)}).then(() => console.log("imported"))`;
    const tsx = join(PROJECT, "node_modules/tsx/dist/loader.mjs");
    const { stdout } = spawnSync(process.execPath, ["--import", tsx, "--input-type=module", "-e", code], {
      encoding: "utf8",
    });
    expect(stdout).toBe("imported\n");
  });
});
