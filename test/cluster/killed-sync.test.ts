import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { cli, PROJECT } from "../support/cli.js";
import { skipReason, until } from "../support/real-apiserver.js";
import { type RealPlayedCluster, startRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason();
const POOLS = 120;

describe.skipIf(reason !== undefined)(`ending a sync from outside${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let cluster: RealPlayedCluster;
  const folder = mkdtempSync(path.join(tmpdir(), "spiderplan-killed-"));
  beforeAll(async () => {
    cluster = await startRealPlayedCluster();
    const pools = Array.from(
      { length: POOLS },
      (_, i) => `    pool-${i}: {subnet: wide, addresses: [10.9.${i}.1-10.9.${i}.9]}\n`,
    );
    const subnet = "    wide: {cidr: 10.9.0.0/16, gateway: 10.9.255.1, ranges: [10.9.0.1-10.9.200.9]}\n";
    const head = "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n";
    writeFileSync(path.join(folder, "plan.yaml"), `${head}  subnets:\n${subnet}  pools:\n${pools.join("")}`);
  });
  afterAll(() => cluster?.stop());

  const args = (command: string) => [command, "--path", folder, "--kubeconfig", cluster.kubeconfig];
  const pools = async () => (await cluster.actor.list(KINDS.SpiderIPPool)).items as readonly SpiderIPPool[];

  /** A sync in a process of its own, some way into its writes. */
  async function syncing(more: number): Promise<{ child: ChildProcess; ended: Promise<number | null> }> {
    const before = (await pools()).length;
    const main = path.join(PROJECT, "src/cli/main.ts");
    const child = spawn(process.execPath, ["--import", "tsx", main, ...args("sync")], {
      cwd: PROJECT,
      stdio: "ignore",
    });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await until("it writes", async () => (await pools()).length >= before + more);
    return { child, ended };
  }

  test("SIGINT finishes the running writes, gives the Lease back, and exits with 130", async () => {
    const { child, ended } = await syncing(5);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    const count = (await pools()).length;
    expect(count).toBeLessThan(POOLS);
    const lease = { kind: KINDS.Lease, namespace: "kube-system", name: "spiderplan-writer" };
    expect(((await cluster.actor.get(lease)).spec as { holderIdentity?: string }).holderIdentity ?? "").toBe("");
  });

  test("after SIGKILL the next sync waits for the dead one's Lease, then converges (FIXED-5)", async () => {
    const { child, ended } = await syncing(5);
    child.kill("SIGKILL");
    await ended;
    expect((await pools()).length).toBeLessThan(POOLS);
    const next = await cli(args("sync"));
    expect(next.code, next.stdout + next.stderr).toBe(0);
    expect(next.stderr).toContain("is writing to this cluster");
    const all = await pools();
    expect(all).toHaveLength(POOLS);
    expect(new Set(all.map(({ spec }) => spec.ips?.join())).size).toBe(POOLS);
    const plan = await cli([...args("plan"), "--detailed-exitcode"]);
    expect(plan.code, plan.stdout).toBe(0);
  });
});
