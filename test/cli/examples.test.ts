import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli } from "../support/cli.js";
import { clusterObjects, EXAMPLES, type Example, examples } from "../support/examples.js";

// Outside the repository there is no revision to print, so the output is the same at every commit.
const root = mkdtempSync(join(tmpdir(), "spiderplan-examples-"));
beforeAll(() => cpSync(EXAMPLES, join(root, "examples"), { recursive: true }));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What the README of an example types, with other snapshots if given. */
function planCommand(example: Example, snapshots?: readonly string[]): string[] {
  const files = snapshots ?? example.snapshots.map((file) => `examples/${file.slice(EXAMPLES.length)}`);
  return [
    "plan",
    ...(example.cluster === undefined ? [] : ["--cluster", example.cluster]),
    ...["--path", `examples/${example.name}/plan`, "--now", "2026-11-22T04:00:00Z"],
    ...files.flatMap((file) => ["--snapshot", file]),
  ];
}

describe.each(examples().map((example) => [example.name, example] as const))("example %s", (name, example) => {
  test("plan prints what expected-plan.txt shows", async () => {
    const golden = `${EXAMPLES}${name}/expected-plan.txt`;
    const { code, stdout, stderr } = await cli(planCommand(example), { cwd: root });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(golden, stdout);
    expect(stdout).toBe(existsSync(golden) ? readFileSync(golden, "utf8") : "");
  });

  test("plan gives the same bytes whatever the order and the format of the snapshot's items (FIXED-4)", async () => {
    const file = join(root, `${name}.json`);
    const items = clusterObjects(example.snapshots).reverse();
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const asYaml = await cli([...planCommand(example), "-o", "json"], { cwd: root });
    const asJson = await cli([...planCommand(example, [file]), "-o", "json"], { cwd: root });
    expect(JSON.parse(asYaml.stdout).steps.length).toBeGreaterThan(0);
    expect(asJson.stdout).toBe(asYaml.stdout);
  });
});

test.each(["dc1-prod", "dc2-prod"])("the lock files of two-clusters are what lock writes for %s", async (cluster) => {
  const path = "examples/two-clusters/plan";
  expect(existsSync(join(root, path, "spiderplan.lock", cluster, "app-v4.yaml"))).toBe(true);
  const { code, stderr } = await cli(["lock", "--check", "--path", path, "--cluster", cluster], { cwd: root });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("no two clusters of two-clusters overlap", async () => {
  const { code } = await cli(["validate", "--all-clusters", "--path", "examples/two-clusters/plan"], { cwd: root });
  expect(code).toBe(0);
});
