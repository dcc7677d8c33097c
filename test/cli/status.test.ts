import { describe, expect, it } from "vitest";
import { cli } from "../support/cli.js";
import { expectGolden } from "../support/golden.js";
import { clusterOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

async function status(...argv: string[]) {
  const cwd = workspace({ "s.json": clusterOf() });
  const { code, stdout } = await cli(["status", "--snapshot", "s.json", ...argv], { cwd });
  expect(code).toBe(0);
  return stdout;
}

describe("status", () => {
  it.each(["text", "wide", "json", "yaml", "csv"])("as %s", async (format) => {
    expectGolden(`status.${format}.txt`, await status("-o", format));
  });

  it.each<[string[], number]>([
    [["--namespace", "default"], 2],
    [["--namespace", "pay"], 0],
    [["--pool", "ippool01"], 2],
    [["--pool", "other"], 0],
    [["--node", "node-a"], 2],
    [["--node", "node-b"], 0],
    [["--workload", "web"], 2],
    [["--workload", "Deployment/web"], 2],
    [["--workload", "default/Deployment/web"], 2],
    [["--workload", "eb"], 0],
    [["--workload", "web", "--node", "node-b"], 0],
  ])("%j shows %i Pods", async (argv, pods) => {
    const { rows } = JSON.parse(await status("-o", "json", ...argv)) as { rows: { users: unknown[] }[] };
    expect(rows.flatMap((row) => row.users)).toHaveLength(pods);
  });

  it("says so when nothing fits", async () => {
    expect(await status("--pool", "other")).toBe("No pool and no address fits.\n");
  });

  it("runs nothing in a spreadsheet and breaks no line", async () => {
    const text = clusterOf().replaceAll("node-a", '=cmd|\\"a\\nb\\"');
    const cwd = workspace({ "s.json": text });
    const { stdout } = await cli(["status", "--snapshot", "s.json", "-o", "csv"], { cwd });
    expect(stdout).toContain(`"'=cmd|""a\\u000ab"""`);
  });
});
