import { describe, expect, it } from "vitest";
import { cli } from "../support/cli.js";
import { expectGolden } from "../support/golden.js";
import { planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const GOOD = planOf("10.6.124.10-10.6.124.19");
const BAD = planOf("10.6.124.250");

describe("validate", () => {
  it("says that a good plan is good, and how much it looked at", async () => {
    const cwd = workspace({ "plan/app.yaml": GOOD });
    const { code, stdout, stderr } = await cli(["validate", "--path", "plan"], { cwd });
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "no errors in 1 file. The plan is valid.\n",
      stderr: "",
    });
  });

  it.each(["text", "json", "yaml", "sarif", "junit"])("prints what is wrong as %s", async (format) => {
    const cwd = workspace({ "plan/app.yaml": BAD });
    const { code, stdout } = await cli(["validate", "--path", "plan", "-o", format], { cwd });
    expect(code).toBe(1);
    expectGolden(`bad-plan.${format}.txt`, stdout);
  });

  it("points at the place with a caret that is as wide as what is meant", async () => {
    const cwd = workspace({ "plan/app.yaml": BAD });
    const { stdout } = await cli(["validate", "--path", "plan"], { cwd });
    const lines = stdout.split("\n");
    const caret = lines.findIndex((line) => line.includes("^"));
    const [from, to] = [lines[caret]!.indexOf("^"), lines[caret]!.lastIndexOf("^") + 1];
    expect(lines[caret - 1]!.slice(from, to)).toBe("10.6.124.250");
  });

  it("tells nothing that only follows from a file that cannot be read", async () => {
    const cwd = workspace({
      "plan/a.yaml": "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec: {subnets: 5}\n",
      "plan/b.yaml": GOOD.replace("ippool01]", "nobody]"),
    });
    const { stdout } = await cli(["validate", "--path", "plan", "-o", "json"], { cwd });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { file: string }[] };
    expect(new Set(diagnostics.map((one) => one.file))).toEqual(new Set(["a.yaml"]));
  });

  it("tells of a declared pool that a workload's pattern hits, without a cluster", async () => {
    const more =
      "  workloads: {default/Deployment/x: {replicas: 1, pods: {labels: {a: x}}, interfaces: {eth0: {fixed: {subnets: [app-v4]}}}}}\n";
    const cwd = workspace({ "plan/app.yaml": GOOD.replaceAll("ippool01", "default.deployment.x.eth0.mine") + more });
    const { code, stdout } = await cli(["validate", "--path", "plan"], { cwd });
    expect(code, stdout).toBe(1);
    expect(stdout).toContain("SP4108");
  });

  it("checks each cluster once with --all-clusters", async () => {
    const document = (cluster: string) => GOOD.replace("spec:\n", `spec:\n  clusters: [${cluster}]\n`);
    const cwd = workspace({ "plan/a.yaml": document("dc1"), "plan/b.yaml": document("dc2") });
    const alone = await cli(["validate", "--path", "plan"], { cwd });
    expect(alone.code, "clusters without --cluster is an error, never an empty plan").toBe(1);
    expect((await cli(["validate", "--path", "plan", "--cluster", "dc1"], { cwd })).code).toBe(0);
    const all = await cli(["validate", "--path", "plan", "--all-clusters"], { cwd });
    expect(all.code, "both clusters use the same ranges of one CIDR").toBe(1);
    expect(all.stdout).toContain("2 clusters");
  });

  it("lets no control character of a file reach the terminal", async () => {
    const cwd = workspace({ "plan/app.yaml": `${GOOD}  "\\u001b[2Jx": 1\n` });
    const { stdout } = await cli(["validate", "--path", "plan"], { cwd });
    expect(stdout).not.toContain("\u001b");
  });
});
