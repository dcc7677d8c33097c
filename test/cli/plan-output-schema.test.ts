import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { cli, PROJECT } from "../support/cli.js";
import { examples } from "../support/examples.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const schema = JSON.parse(readFileSync(join(PROJECT, "schema/plan-output.schema.json"), "utf8")) as object;
const ajv = new Ajv2020({ strict: true, allErrors: true });
const validate = ajv.compile(schema);

function check(stdout: string): void {
  validate(JSON.parse(stdout));
  expect(validate.errors ?? []).toEqual([]);
}

describe("plan -o json fits schema/plan-output.schema.json", () => {
  it.each(examples().map((example) => [example.name, example] as const))("example %s", async (_name, example) => {
    const cluster = example.cluster === undefined ? [] : ["--cluster", example.cluster];
    const snapshots = example.snapshots.flatMap((file) => ["--snapshot", file]);
    const { stdout } = await cli(["plan", "--path", example.plan, ...cluster, ...snapshots, "-o", "json"]);
    check(stdout);
  });

  it.each([
    ["something is held back", "10.6.124.11-10.6.124.19"],
    ["a file has an error", "10.6.124.250"],
  ])("when %s", async (_what, addresses) => {
    const cwd = workspace({ "plan/app.yaml": planOf(addresses), "s.json": clusterOf() });
    const { code, stdout } = await cli(["plan", "--path", "plan", "--snapshot", "s.json", "-o", "json"], { cwd });
    expect(code).not.toBe(0);
    check(stdout);
  });

  it("has teeth: a missing key and an unknown one are refused", async () => {
    const cwd = workspace({ "plan/app.yaml": planOf("10.6.124.10"), "s.json": clusterOf() });
    const { stdout } = await cli(["plan", "--path", "plan", "--snapshot", "s.json", "-o", "json"], { cwd });
    const { verdict: _, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect(validate(rest)).toBe(false);
    expect(validate({ ...(JSON.parse(stdout) as object), more: 1 })).toBe(false);
  });
});

describe("the digest", () => {
  const digest = async (addresses: string, cluster = clusterOf(), ...argv: string[]) => {
    const cwd = workspace({ "plan/app.yaml": planOf(addresses), "s.json": cluster });
    const { stdout } = await cli(["plan", "--path", "plan", "--snapshot", "s.json", "-o", "json", ...argv], { cwd });
    return (JSON.parse(stdout) as { digest: string }).digest;
  };
  const GROWN = "10.6.124.10-10.6.124.29";

  it("outlives time, versions and Pods that restart", async () => {
    const restarted = clusterOf()
      .replaceAll('"resourceVersion": "7"', '"resourceVersion": "8"')
      .replaceAll("web-5d9-bbbbb", "web-5d9-ccccc")
      .replaceAll("10.6.124.11", "10.6.124.12");
    const expected = await digest(GROWN, clusterOf(), "--now", "2026-11-22T04:00:00Z");
    expect(await digest(GROWN, restarted, "--now", "2027-01-01T00:00:00Z")).toBe(expected);
  });

  it("does not outlive another step", async () => {
    expect(await digest(GROWN)).not.toBe(await digest("10.6.124.10-10.6.124.30"));
  });
});
