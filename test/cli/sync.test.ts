import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { run as runCli } from "../../src/cli/main.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const SAME = "10.6.124.10-10.6.124.19";
const GROWN = "10.6.124.10-10.6.124.29";
const TAKEN = "10.6.124.11-10.6.124.19";
/** A reservation that has nothing to do with the pool. */
const OTHER = `  reserved:
    printers: {addresses: [10.6.124.190]}
`;

let cluster: EmbeddedCluster;
let cwd: string;

beforeEach(async () => {
  const { items } = JSON.parse(clusterOf()) as { items: KubeObject[] };
  cluster = await startEmbeddedCluster({ objects: items });
  cwd = workspace({ "k.yaml": cluster.kubeconfig, "plan/app.yaml": planOf(SAME) });
});
afterEach(() => cluster.stop());

const write = (plan: string) => writeFileSync(join(cwd, "plan/app.yaml"), plan);
const run = (command: string, ...argv: string[]) =>
  cli([command, "--path", "plan", "--kubeconfig", "k.yaml", ...argv], { cwd });
const offered = async (name: string) => {
  const pool = (await cluster.actor.get({ kind: KINDS.SpiderIPPool, name })) as SpiderIPPool;
  return pool.spec.ips;
};
const lastLine = (text: string) => text.trimEnd().split("\n").at(-1);

describe("sync", () => {
  it("writes what plan showed, says what it did, and leaves nothing to plan (FIXED-7)", async () => {
    write(planOf(GROWN, OTHER));
    expect((await run("plan", "--detailed-exitcode")).code).toBe(2);
    const { code, stdout, stderr } = await run("sync");
    expect(code, stdout + stderr).toBe(0);
    expect(lastLine(stdout)).toMatch(
      /^Synced in \d+\.\d s: 1 created, 1 updated, 0 deleted, 0 failed\. Workloads that left their addresses: 0 \(checked again after the last write\)\.$/,
    );
    expect(await offered("ippool01")).toEqual([GROWN]);
    expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
    const writes = cluster.writes();
    const again = await run("sync");
    expect(again).toMatchObject({ code: 0 });
    expect(lastLine(again.stdout)).toBe("Nothing to write.");
    expect(cluster.writes()).toBe(writes);
  });

  it("with an --only that names nothing says what was meant, and writes nothing", async () => {
    write(planOf(GROWN, OTHER));
    const writes = cluster.writes();
    const { code, stdout } = await run("sync", "--only", "reserved:printers,reserved:printer");
    expect(code).toBe(1);
    expect(stdout).toMatch(/error SP2812.*reserved:printer,[\s\S]*hint: did you mean reserved:printers\?/);
    expect(lastLine(stdout)).toBe("Nothing was written.");
    expect(cluster.writes()).toBe(writes);
  });

  it("knows no time but this machine's: one ahead would end quarantines", async () => {
    write(planOf(GROWN));
    const { code, stderr } = await run("sync", "--now", "2035-01-01T00:00:00Z");
    expect(code).toBe(1);
    expect(stderr).toContain("unknown option '--now'");
    // The variable belongs to plan and diff; a bad value of it would be told by any command that has the option.
    const env = { SPIDERPLAN_NOW: "soon" };
    const given = await cli(["sync", "--path", "plan", "--kubeconfig", "k.yaml"], { cwd, env });
    expect(given.code, given.stderr).toBe(0);
  });

  it.each([
    ["spec: {}", ""],
    ["empty sections", "  subnets: {}\n  pools: {}\n"],
    ["a document of settings alone for this cluster", `  clusters: [dc1]\n  settings: {quarantine: 1h}\n`],
  ])("deletes nothing when the plan became empty (SP4115): %s", async (_, spec) => {
    const head = "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\n";
    write(`${head}spec:${spec === "" ? " {}\n" : `\n${spec}`}`);
    const writes = cluster.writes();
    const { code, stdout, stderr } = await run("sync", ...(spec.includes("dc1") ? ["--cluster", "dc1"] : []));
    expect(code, stdout).toBe(1);
    expect(stdout + stderr).toMatch(/SP4115.*is empty, but install default has \d+ objects? in the cluster/s);
    expect(cluster.writes()).toBe(writes);
    expect(await offered("ippool01")).toEqual([SAME]);
    expect((await run("sync", "--install", "other", ...(spec.includes("dc1") ? ["--cluster", "dc1"] : []))).code).toBe(
      0,
    );
  });

  it("leaves what is in use as it is and does the rest: 3", async () => {
    write(planOf(TAKEN, OTHER));
    const { code, stdout } = await run("sync");
    expect(code).toBe(3);
    expect(stdout).toContain("default/web-5d9-aaaaa");
    expect(await offered("ippool01")).toEqual([SAME]);
    await cluster.actor.get({ kind: KINDS.SpiderReservedIP, name: "printers" });
  });

  it("--atomic: one blocked step blocks all", async () => {
    write(planOf(TAKEN, OTHER));
    const writes = cluster.writes();
    const { code, stdout } = await run("sync", "--atomic");
    expect(code).toBe(3);
    expect(lastLine(stdout)).toBe("Nothing was written.");
    expect(cluster.writes()).toBe(writes);
  });

  it("writes nothing for a plan with an error: 1", async () => {
    write(planOf("10.6.124.250", OTHER));
    const { code, stdout, stderr } = await run("sync");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Nothing was planned.");
    expect(cluster.writes()).toBe(0);
  });

  it("shows every step on a terminal, on stderr, and none elsewhere", async () => {
    write(planOf(GROWN, OTHER));
    const argv = ["sync", "--path", "plan", "--kubeconfig", "k.yaml"];
    const { stderr, stdout } = await cli(argv, { cwd, isTTY: true });
    expect(stderr).toMatch(/\[1\/2\] wave \d+ {2}Spider/);
    expect(stderr).toMatch(/\[2\/2\] wave \d+ {2}Spider/);
    expect(stdout).not.toContain("[1/2]");
    write(planOf("10.6.124.10-10.6.124.31", OTHER));
    expect((await run("sync")).stderr).toBe("");
  });

  it("-o json prints the plan and what became of it", async () => {
    write(planOf(GROWN));
    const { stdout } = await run("sync", "-o", "json");
    const output = JSON.parse(stdout) as { plan: { steps: unknown[] }; result: { updated: number; check: unknown } };
    expect(output.plan.steps).toHaveLength(1);
    expect(output.result).toMatchObject({ updated: 1, failed: [], check: { overlaps: [], displaced: [] } });
  });

  it("130 and no write when it is interrupted before the first one", async () => {
    write(planOf(GROWN));
    const argv = ["sync", "--path", "plan", "--kubeconfig", "k.yaml"];
    const { code } = await cli(argv, { cwd, signal: AbortSignal.abort() });
    expect(code).toBe(130);
    expect(await offered("ippool01")).toEqual([SAME]);
  });
});

describe("sync that is interrupted", () => {
  it("finishes the writes under way, begins no other, says so with 130, and the next one converges", async () => {
    const reserved = Array.from({ length: 40 }, (_, i) => `    r${i}: {addresses: [10.6.124.${60 + i}]}\n`).join("");
    write(planOf(SAME, `  reserved:\n${reserved}`));
    const interrupt = new AbortController();
    let stdout = "";
    const io = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (/^\[ ?1\/40\]/.test(text) ? interrupt.abort() : undefined) },
      env: {},
      isTTY: true,
      cwd,
      signal: interrupt.signal,
    };
    expect(await runCli(["sync", "--path", "plan", "--kubeconfig", "k.yaml"], io)).toBe(130);
    expect(stdout).toMatch(/Synced in part in .* \d+ steps not started/);
    expect((await run("plan", "--detailed-exitcode")).code).toBe(2);
    expect((await run("sync")).code).toBe(0);
    expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
  });
});

describe("the cluster's facts", () => {
  it("snapshot prints a List that judges as the cluster does", async () => {
    write(planOf(GROWN, OTHER));
    const { code, stdout } = await cli(["snapshot", "--kubeconfig", "k.yaml"], { cwd });
    expect(code).toBe(0);
    writeFileSync(join(cwd, "s.json"), stdout);
    const digest = (text: string) => (JSON.parse(text) as { digest: string }).digest;
    const live = await run("plan", "-o", "json");
    const offline = await cli(["plan", "--path", "plan", "--snapshot", "s.json", "-o", "json"], { cwd });
    expect(digest(offline.stdout)).toBe(digest(live.stdout));
    expect(JSON.parse(stdout)).toMatchObject({ apiVersion: "v1", kind: "List" });
    const again = await cli(["snapshot", "--snapshot", "s.json"], { cwd });
    expect(again.stdout).toBe(readFileSync(join(cwd, "s.json"), "utf8"));
  });

  it("status and explain read the cluster too", async () => {
    expect((await cli(["status", "--kubeconfig", "k.yaml"], { cwd })).stdout).toContain("web-5d9-aaaaa .10");
    const { stdout } = await cli(["explain", "default/web", "--kubeconfig", "k.yaml"], { cwd });
    expect(stdout).toContain("=> 10.6.124.12 from ippool01");
  });
});
