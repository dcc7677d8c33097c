import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli } from "../support/cli.js";
import { expectGolden } from "../support/golden.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const GROWN = planOf("10.6.124.10-10.6.124.29", "  reserved:\n    printers: {addresses: [10.6.124.190]}\n");

async function diff(plan: string, env: Record<string, string> = {}) {
  const cwd = workspace({ "plan/app.yaml": plan, "s.json": clusterOf() });
  return { cwd, ...(await cli(["diff", "--path", "plan", "--snapshot", "s.json"], { cwd, env })) };
}

describe("diff", () => {
  it("prints what kubectl diff would, made and changed objects alike", async () => {
    const { code, stdout } = await diff(GROWN);
    expect(code).toBe(1);
    expectGolden("grow.diff.txt", stdout);
  });

  it("shows nothing the server filled in", async () => {
    const { stdout } = await diff(GROWN);
    expect(stdout).not.toMatch(/allocatedIPs|resourceVersion|status:|managedFields/);
  });

  it("prints nothing when there is no difference", async () => {
    const { code, stdout, stderr } = await diff(planOf("10.6.124.10-10.6.124.19"));
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("hands two folders to KUBECTL_EXTERNAL_DIFF, with the arguments that stand in it", async () => {
    const { code, stdout } = await diff(GROWN, { KUBECTL_EXTERNAL_DIFF: "diff -r -N -q", PATH: process.env.PATH! });
    expect(code).toBe(1);
    const [first] = stdout.split("\n");
    expect(first).toMatch(/^Files .*\/LIVE\/spiderpool\.spidernet\.io\.v2beta1\..* and .*\/MERGED\/.* differ$/);
  });

  it.each([
    ["is not there", "no-such-program"],
    ["fails", "false-2"],
  ])("2 when that program %s", async (_what, program) => {
    const bin = workspace();
    writeFileSync(join(bin, "false-2"), "#!/bin/sh\nexit 2\n");
    chmodSync(join(bin, "false-2"), 0o755);
    const { code, stderr } = await diff(GROWN, { KUBECTL_EXTERNAL_DIFF: program, PATH: `${bin}:/usr/bin:/bin` });
    expect(code).toBe(2);
    expect(stderr).toContain(`KUBECTL_EXTERNAL_DIFF "${program}"`);
  });
});
