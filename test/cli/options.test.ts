import { describe, expect, it } from "vitest";
import { run } from "../../src/cli/main.js";
import { environmentName } from "../../src/cli/options.js";
import { buildProgram } from "../../src/cli/program.js";
import { cli } from "../support/cli.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const GROWN = planOf("10.6.124.10-10.6.124.29");
const FILES = { "plan/app.yaml": GROWN, "s.json": clusterOf() };
const ESC = "\u001b[";

describe("options from the environment", () => {
  it("every option of every command has a name of its own there", () => {
    const io = { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {}, isTTY: false, cwd: "/" };
    for (const command of buildProgram(io, run).command.commands) {
      const names = command.options.map(environmentName);
      expect(new Set(names).size, command.name()).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^SPIDERPLAN_[A-Z_]+$/);
    }
  });

  it.each<[string, Record<string, string>, number]>([
    ["path and snapshot", { SPIDERPLAN_PATH: "plan", SPIDERPLAN_SNAPSHOT: "s.json" }, 0],
    ["a switch", { SPIDERPLAN_PATH: "plan", SPIDERPLAN_SNAPSHOT: "s.json", SPIDERPLAN_DETAILED_EXITCODE: "true" }, 2],
    [
      "a switch that is off",
      { SPIDERPLAN_PATH: "plan", SPIDERPLAN_SNAPSHOT: "s.json", SPIDERPLAN_DETAILED_EXITCODE: "no" },
      0,
    ],
    [
      "an empty value counts as none",
      { SPIDERPLAN_PATH: "plan", SPIDERPLAN_SNAPSHOT: "s.json", SPIDERPLAN_NOW: "" },
      0,
    ],
    ["a bad switch", { SPIDERPLAN_PATH: "plan", SPIDERPLAN_SNAPSHOT: "s.json", SPIDERPLAN_ATOMIC: "maybe" }, 1],
    ["a bad choice", { SPIDERPLAN_PATH: "plan", SPIDERPLAN_SNAPSHOT: "s.json", SPIDERPLAN_OUTPUT: "html" }, 1],
    [
      "a bad time",
      { SPIDERPLAN_PATH: "plan", SPIDERPLAN_SNAPSHOT: "s.json", SPIDERPLAN_NOW: "2026-13-01T00:00:00Z" },
      1,
    ],
  ])("%s", async (_what, env, code) => {
    const result = await cli(["plan"], { cwd: workspace(FILES), env });
    expect(result.code, result.stderr).toBe(code);
    if (code === 1) expect(result.stderr).toContain("SPIDERPLAN_");
  });

  it("options that take several values take them with commas", async () => {
    const env = { SPIDERPLAN_SUBNET: "app-v4,app-v6", SPIDERPLAN_PODS: "app=a,tier=b" };
    const { stdout } = await cli(["new", "workload", "default/Deployment/a"], { env });
    expect(stdout).toContain("- app-v4\n              - app-v6\n");
    expect(stdout).toContain("tier: b");
  });

  it("the command line wins", async () => {
    const cwd = workspace(FILES);
    const env = { SPIDERPLAN_PATH: "nowhere", SPIDERPLAN_OUTPUT: "json" };
    const { code, stdout } = await cli(["plan", "--path", "plan", "--snapshot", "s.json", "-o", "text"], { cwd, env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Plan of plan/);
  });

  it("several snapshots are told apart by commas, and repeated flags add up", async () => {
    const { items } = JSON.parse(clusterOf()) as { items: { kind: string }[] };
    const list = (kinds: (kind: string) => boolean) =>
      JSON.stringify({ apiVersion: "v1", kind: "List", items: items.filter((item) => kinds(item.kind)) });
    const spider = (kind: string) => kind.startsWith("Spider");
    const cwd = workspace({ ...FILES, "a.json": list(spider), "b.json": list((kind) => !spider(kind)) });
    const digest = async (argv: string[], env: Record<string, string> = {}) =>
      (
        JSON.parse((await cli(["plan", "--path", "plan", "-o", "json", ...argv], { cwd, env })).stdout) as {
          digest: string;
        }
      ).digest;
    const whole = await digest(["--snapshot", "s.json"]);
    expect(await digest(["--snapshot", "a.json", "--snapshot", "b.json"])).toBe(whole);
    expect(await digest([], { SPIDERPLAN_SNAPSHOT: "b.json,a.json" })).toBe(whole);
  });
});

describe("colour", () => {
  const printed = async (isTTY: boolean, env: Record<string, string>, ...argv: string[]) => {
    const cwd = workspace(FILES);
    return (await cli(["plan", "--path", "plan", "--snapshot", "s.json", ...argv], { cwd, env, isTTY })).stdout;
  };

  it.each<[boolean, Record<string, string>, string[], boolean]>([
    [true, {}, [], true],
    [false, {}, [], false],
    [true, { NO_COLOR: "1" }, [], false],
    [true, { TERM: "dumb" }, [], false],
    [true, {}, ["--color", "never"], false],
    [false, {}, ["--color", "always"], true],
    [false, { SPIDERPLAN_COLOR: "always" }, [], true],
  ])("terminal %j, environment %j, %j: %j", async (isTTY, env, argv, colour) => {
    expect((await printed(isTTY, env, ...argv)).includes(ESC)).toBe(colour);
  });

  it("adds nothing but colour: the words are the same without it", async () => {
    const painted = await printed(true, {});
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colour is made of
    expect(painted.replace(/\u001b\[\d+m/g, "")).toBe(await printed(false, {}));
  });
});
