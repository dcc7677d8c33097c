import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { cli } from "../support/cli.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const FILES = { "plan/app.yaml": planOf("10.6.124.10-10.6.124.19"), "s.json": clusterOf() };
const PLAN = ["plan", "--path", "plan", "--snapshot", "s.json"];

describe("what is asked for and cannot be", () => {
  it.each<[what: string, argv: string[], told: string]>([
    ["an empty cluster name", [...PLAN, "--cluster", ""], "give the cluster's name, or leave the option out"],
    ["the same for explain", ["explain", "a/b", "--cluster", ""], "give the cluster's name"],
    ["a port that is none", ["demo", "--port", "99999"], "give a port, 0 to 65535"],
    ["a port in words", ["demo", "--port", "http"], "give a port, 0 to 65535"],
  ])("%s", async (_what, argv, told) => {
    const { code, stderr } = await cli(argv, { cwd: workspace(FILES) });
    expect(code).toBe(1);
    expect(stderr).toContain(told);
  });

  it("a port somebody else has is said in words", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const { code, stderr } = await cli(["demo", "--port", String(port)]);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: port ${port} of this machine is taken; name another with --port, or none for a free one\n`,
    );
  });

  it("--cluster where no document names one is a warning, never silence", async () => {
    const { code, stdout } = await cli([...PLAN, "--cluster", "nope"], { cwd: workspace(FILES) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/warning SP2004\s.*--cluster nope chooses nothing/s);
  });

  it.each([["plan"], ["lock"], ["validate"]])("%s refuses a spiderplan.lock that is no folder", async (command) => {
    const cwd = workspace({ ...FILES, "plan/spiderplan.lock": "x" });
    const { code, stdout, stderr } = await cli([command, ...(command === "plan" ? PLAN.slice(1) : PLAN.slice(1, 3))], {
      cwd,
    });
    expect(code).toBe(1);
    expect(stdout + stderr).toContain("SP1003  spiderplan.lock must be a folder, and is none");
  });
});

describe("plan for a program when there is nothing to plan with", () => {
  it.each([
    ["json", "no folder", ["--path", "nowhere", "--snapshot", "s.json"], "SP1001"],
    ["json", "no folder but a file", ["--path", "s.json", "--snapshot", "s.json"], "SP1001"],
    ["yaml", "no folder", ["--path", "nowhere", "--snapshot", "s.json"], "SP1001"],
    ["json", "no snapshot", ["--path", "plan", "--snapshot", "no.json"], "SP2702"],
  ])("-o %s with %s has every key, and says why", async (format, _what, argv, code) => {
    const result = await cli(["plan", "-o", format, ...argv], { cwd: workspace(FILES) });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^error: /);
    const printed = result.stdout;
    expect(printed).toContain(code);
    for (const key of ["formatVersion", "digest", "verdict", "summary", "steps", "allocations", "diagnostics"]) {
      expect(printed).toContain(key);
    }
    if (format === "json") expect(JSON.parse(printed)).toMatchObject({ steps: [], diagnostics: [{ code }] });
  });
});

it("--version is version", async () => {
  expect(await cli(["--version"])).toEqual(await cli(["version"]));
});
