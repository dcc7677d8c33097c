import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, PROJECT } from "../support/cli.js";
import { workspaceOf } from "../support/workspace.js";

const EXAMPLE = join(PROJECT, "examples/fixed-from-subnet");
const LOCK = "plan/spiderplan.lock/default/app-v4.yaml";

async function lock(cwd: string, ...argv: string[]) {
  return cli(["lock", "--path", "plan", ...argv], { cwd });
}

describe("lock", () => {
  it("writes one file a subnet, says what each owner gets, and then has nothing to do", async () => {
    const cwd = workspaceOf(EXAMPLE);
    const first = await lock(cwd);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain("shop/Deployment/workload01/eth0/app-v4   + 10.6.124.");
    expect(first.stdout).toContain(LOCK);
    expect(readFileSync(join(cwd, LOCK), "utf8")).toContain("shop/Deployment/workload01/eth0");
    expect(await lock(cwd)).toEqual({ code: 0, stdout: "The lock is up to date.\n", stderr: "" });
  });

  it("--check writes nothing and is 1 until the files are as they should be", async () => {
    const cwd = workspaceOf(EXAMPLE);
    const before = await lock(cwd, "--check");
    expect(before.code).toBe(1);
    expect(before.stdout).toContain("would change: run `spiderplan lock`");
    expect(() => readFileSync(join(cwd, LOCK))).toThrow("ENOENT");
    await lock(cwd);
    expect((await lock(cwd, "--check")).code).toBe(0);
  });

  it("keeps what is held when a workload grows (FIXED-2)", async () => {
    const cwd = workspaceOf(EXAMPLE);
    await lock(cwd);
    const file = join(cwd, "plan/apps/shop.yaml");
    const before = held(cwd);
    const grown = readFileSync(file, "utf8").replace(/replicas: 3/, "replicas: 5");
    writeFileSync(file, grown);
    expect((await lock(cwd, "--check")).code).toBe(1);
    await lock(cwd);
    for (const line of before) expect(addresses(cwd)).toEqual(expect.arrayContaining(expand(line)));
  });

  it("lies under `default` where no document names clusters, whatever --cluster says", async () => {
    const cwd = workspaceOf(EXAMPLE);
    expect((await lock(cwd, "--cluster", "dc1")).stdout).toContain(LOCK);
    expect((await lock(cwd, "--check")).code).toBe(0);
  });

  it("an edit that gives one address to two owners is refused, by validate too", async () => {
    const cwd = workspaceOf(EXAMPLE);
    await lock(cwd);
    const text = readFileSync(join(cwd, LOCK), "utf8");
    const first = held(cwd)[0]!.split("-")[0]!;
    writeFileSync(join(cwd, LOCK), text.replace("held:\n", `held:\n  ${first}: ops/Deployment/thief/eth0\n`));
    for (const command of ["validate", "plan"]) {
      const argv = [command, "--path", "plan", ...(command === "plan" ? ["--snapshot", "cluster.yaml"] : [])];
      const { code, stdout, stderr } = await cli(argv, { cwd });
      expect(code, command).toBe(1);
      expect(stdout + stderr).toContain("ops/Deployment/thief/eth0");
      expect(stdout + stderr).toContain("plan/spiderplan.lock/default/app-v4.yaml:");
    }
  });

  it("-o json lists files and changes", async () => {
    const cwd = workspaceOf(EXAMPLE);
    const { stdout } = await lock(cwd, "--check", "-o", "json");
    const output = JSON.parse(stdout) as { upToDate: boolean; files: string[]; changes: { owner: string }[] };
    expect(output.upToDate).toBe(false);
    expect(output.files).toEqual(["spiderplan.lock/default/app-v4.yaml"]);
    expect(output.changes.map((change) => change.owner)).toContain("shop/Deployment/workload01/eth0");
  });

  it("locks nothing for a plan with an error", async () => {
    const cwd = workspaceOf(EXAMPLE);
    writeFileSync(
      join(cwd, "plan/bad.yaml"),
      "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec: {nonsense: 1}\n",
    );
    const { code, stderr } = await lock(cwd);
    expect(code).toBe(1);
    expect(stderr).toContain("Nothing was planned.");
    expect(() => readFileSync(join(cwd, LOCK))).toThrow("ENOENT");
  });
});

/** Ranges the lock file lists, `from-to` or one address. */
function held(cwd: string): string[] {
  return [...readFileSync(join(cwd, LOCK), "utf8").matchAll(/^ {2}([\d.]+(?:-[\d.]+)?):/gm)].map((match) => match[1]!);
}

function addresses(cwd: string): number[] {
  return held(cwd).flatMap(expand);
}

function expand(range: string): number[] {
  const last = (text: string) => Number(text.split(".").at(-1));
  const [from, to] = range.split("-");
  return Array.from({ length: last(to ?? from!) - last(from!) + 1 }, (_, i) => last(from!) + i);
}
