import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { contentOf } from "../support/quarantine.js";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason();

describe.skipIf(reason !== undefined)(
  `the quarantine on a real API server${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let cluster: RealPlayedCluster;
    const folder = mkdtempSync(path.join(tmpdir(), "spiderplan-quarantine-"));
    beforeAll(async () => {
      cluster = await sharedRealPlayedCluster();
    });
    afterAll(() => cluster?.stop());

    function wanted(replicas: number): void {
      const nic = "interfaces: {eth0: {fixed: {subnets: [app], elastic: 0}}}";
      const workload = `    shop/Deployment/api: {replicas: ${replicas}, pods: {labels: {app: api}}, ${nic}}\n`;
      const subnet = "    app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.20]}\n";
      const head = "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n  settings: {quarantine: 1h}\n";
      writeFileSync(path.join(folder, "plan.yaml"), `${head}  subnets:\n${subnet}  workloads:\n${workload}`);
    }
    const run = (...args: string[]) => cli([...args, "--path", folder, "--kubeconfig", cluster.kubeconfig]);
    const quarantine = async () => {
      const { items } = await cluster.actor.list(KINDS.SpiderReservedIP);
      return items.map(contentOf);
    };

    test("a release rests, leaves nothing to do, ends with its time, and a return takes it out", async () => {
      wanted(3);
      expect((await run("sync")).code).toBe(0);
      wanted(1);
      expect(await run("sync")).toMatchObject({ code: 0, stdout: expect.stringContaining("they rest 1 h") });
      const [stored] = await quarantine();
      expect(stored?.ips).toEqual(["10.6.0.11-10.6.0.12"]);
      const { owner, since } = Object.values(stored!.records as Record<string, { owner: string; since: string }>)[0]!;
      expect(owner).toBe("shop/Deployment/api/eth0/app");
      const began = Date.parse(since);
      expect(Math.abs(Date.now() - began)).toBeLessThan(600_000);
      expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
      const over = new Date(began + 3_600_000).toISOString();
      expect(await run("plan", "--detailed-exitcode", "--now", over)).toMatchObject({
        code: 2,
        stdout: expect.stringContaining("- SpiderReservedIP"),
      });
      wanted(3);
      expect((await run("sync")).code).toBe(0);
      expect(await quarantine()).toEqual([]);
      expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
    });
  },
);
