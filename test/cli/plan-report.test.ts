import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lastLine } from "../../src/app/report/plan-text.js";
import { cli, PROJECT } from "../support/cli.js";
import { expectGolden } from "../support/golden.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace, workspaceOf } from "../support/workspace.js";

const GROWN = planOf("10.6.124.10-10.6.124.29");
const TAKEN = planOf("10.6.124.11-10.6.124.19");

async function plan(files: Record<string, string>, ...argv: string[]) {
  const cwd = workspace({ "s.json": clusterOf(), ...files });
  return { cwd, ...(await cli(["plan", "--path", "plan", "--snapshot", "s.json", ...argv], { cwd })) };
}

describe("plan", () => {
  it.each(["text", "json", "yaml", "markdown", "manifests"])("as %s: a pool grows", async (format) => {
    const { stdout } = await plan({ "plan/app.yaml": GROWN }, "-o", format);
    expectGolden(`grow.${format}.txt`, stdout);
  });

  it.each(["text", "json", "markdown", "manifests"])("as %s: an address in use would go", async (format) => {
    const { stdout } = await plan({ "plan/app.yaml": TAKEN }, "-o", format);
    expectGolden(`in-use.${format}.txt`, stdout);
  });

  it.each(["text", "json", "markdown"])("as %s: fixed pools from a subnet", async (format) => {
    const cwd = workspaceOf(join(PROJECT, "examples/fixed-from-subnet"));
    const { stdout } = await cli(["plan", "--path", "plan", "--snapshot", "cluster.yaml", "-o", format], { cwd });
    expectGolden(`fixed-from-subnet.${format}.txt`, stdout);
  });

  it("ends with one line that scripts can rely on", async () => {
    const last = (text: string) => text.trimEnd().split("\n").at(-1);
    expect(last((await plan({ "plan/app.yaml": GROWN })).stdout)).toBe(
      "Plan: 0 to create, 1 to update, 0 to delete. Workloads leaving their addresses: 0.",
    );
    expect(last((await plan({ "plan/app.yaml": TAKEN })).stdout)).toBe(
      "Would have been: 0 to create, 1 to update, 0 to delete. Workloads leaving their addresses: 1.",
    );
  });

  it("says so in that line while something is not judged", () => {
    const verdict = { stable: null, judged: [], stays: 0, moves: [], strands: [], released: [], leaving: [] };
    const summary = { create: 1, update: 0, delete: 0, unchanged: 0, adopt: 0, blocked: 0 };
    const lock = { files: false, subnets: new Map() };
    expect(lastLine({ verdict, summary, lock, steps: [], allocations: [], usage: [], diagnostics: [] })).toBe(
      "Plan: 1 to create, 0 to update, 0 to delete. Workloads leaving their addresses: not judged yet.",
    );
  });

  it("names the Pod whose address is asked for, and where it comes first: before the steps", async () => {
    const { stdout } = await plan({ "plan/app.yaml": TAKEN });
    expect(stdout.indexOf("default/web-5d9-aaaaa")).toBeGreaterThan(stdout.indexOf("BLOCKED"));
    expect(stdout.indexOf("BLOCKED")).toBeLessThan(stdout.indexOf("! SpiderIPPool"));
  });

  it("with an error in a file prints its place on stderr and plans nothing", async () => {
    const { code, stdout, stderr } = await plan({ "plan/app.yaml": planOf("10.6.124.250") });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("plan/app.yaml:");
    expect(stderr.trimEnd().split("\n").at(-1)).toBe("1 error in 1 file. Nothing was planned.");
  });

  it("as markdown is never green beside an error of one owner", async () => {
    const workload = `  workloads:
    default/Deployment/big:
      replicas: 500
      pods: {labels: {app: big}}
      interfaces: {eth0: {fixed: {subnets: [app-v4]}}}
`;
    const files = { "plan/app.yaml": planOf("10.6.124.10-10.6.124.29", workload) };
    const { code, stdout } = await plan(files, "-o", "markdown");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^❌ \*\*1 error\.\*\* /m);
    expect(stdout).not.toContain("✅");
  });

  it("keeps every line within 100 columns, but for words that cannot be broken", async () => {
    const cwd = workspaceOf(join(PROJECT, "examples/dual-stack"));
    const { stdout } = await cli(["plan", "--path", "plan", "--snapshot", "cluster.yaml"], { cwd });
    const steps = stdout.split("\n").filter((line) => /^ {2}[+~=!-] /.test(line));
    expect(steps.length).toBeGreaterThan(5);
    expect(steps.filter((line) => line.length > 100)).toEqual([]);
  });
});

describe("plan -o manifests --out", () => {
  it("writes numbered files in the order of the steps, deletes as text that kubectl apply passes over", async () => {
    const other = "reserved: {x: {addresses: [10.6.124.190]}}";
    const gone = `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec: {${other}}\n`;
    const cluster = JSON.parse(clusterOf()) as { items: { kind: string; status?: { allocatedIPs?: string } }[] };
    const items = cluster.items.filter((item) => !["SpiderEndpoint", "Pod", "Namespace"].includes(item.kind));
    for (const item of items) delete item.status;
    const files = { "plan/app.yaml": gone, "s.json": JSON.stringify({ ...cluster, items }) };
    const { cwd, stdout } = await plan(files, "-o", "manifests", "--out", "steps", "--prune-budget", "9");
    expect(stdout).toMatch(/^\d files? written to steps\n$/);
    const all = readdirSync(join(cwd, "steps")).sort();
    const written = all.filter((name) => !name.includes("-create-"));
    expect(written.length).toBeGreaterThan(0);
    expect(written.every((name) => /^\d{3}-delete-[a-z0-9-]+\.txt$/.test(name))).toBe(true);
    expect(readFileSync(join(cwd, "steps", written[0]!), "utf8")).toMatch(/^kubectl delete spider/);
  });

  it("does not write among files that are there", async () => {
    const { code, stderr } = await plan({ "plan/app.yaml": GROWN, "steps/x": "" }, "-o", "manifests", "--out", "steps");
    expect(code).toBe(1);
    expect(stderr).toContain("steps is not empty");
  });
});
