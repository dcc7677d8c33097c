import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { planText } from "../support/operator/plan-text.js";
import { type SpawnedOperator, spawnOperator } from "../support/operator/process.js";
import { eventually, NAMESPACE, type Stage, setStage } from "../support/operator/stage.js";
import { healsWiped } from "../support/operator/watch-faults.js";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, startRealPlayedCluster } from "../support/real-played-cluster.js";
import { offeredBy } from "../support/worlds/addresses.js";

const reason = skipReason();
const POOLS = 240;

/** So many pools of eight addresses each, in 10.`net`.0.0/16. */
const plan = (name: string, net: number) =>
  planText(
    [
      `subnets: {${name}: {cidr: 10.${net}.0.0/16, ranges: [10.${net}.0.0-10.${net}.20.255]}}`,
      "pools:",
      ...Array.from({ length: POOLS }, (_, i) => {
        const at = `10.${net}.${Math.floor(i / 30)}`;
        return `  ${name}${i}: {subnet: ${name}, addresses: [${at}.${(i % 30) * 8 + 1}-${at}.${(i % 30) * 8 + 8}]}`;
      }),
    ].join("\n"),
  );
const automated = { sync: { mode: "automated", prune: false } } as const;

describe.skipIf(reason !== undefined)(
  `faults of an operator on a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let cluster: RealPlayedCluster;
    beforeAll(async () => {
      cluster = await startRealPlayedCluster();
    });
    afterAll(() => cluster?.stop());
    // A story's repository goes with it, and so does what follows it.
    afterEach(async () => {
      for (const kind of [KINDS.PlanSync, KINDS.Secret]) {
        for (const { metadata } of (await cluster.actor.list(kind, { namespace: NAMESPACE })).items)
          await cluster.actor.delete({ kind, namespace: NAMESPACE, name: metadata.name }, {});
      }
    });

    test("an object is wiped straight in etcd: told, and made again as it was", async () => {
      const stage = await setStage(cluster);
      onTestFinished(() => stage.end());
      await healsWiped({ ...stage, wipe: (kind, name) => cluster.wipe(KINDS[kind], name) });
    });

    test("the leader is paused past its Lease in mid-sync: the next one finishes, and no write of the old one lands", async () => {
      await cluster.clean();
      const stage = await setStage(cluster);
      onTestFinished(() => stage.end());
      await stage.planSync(automated);
      const folder = mkdtempSync(join(tmpdir(), "spiderplan-paused-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const start = (name: string) => {
        const dataDir = join(folder, name);
        const started = spawnOperator({ kubeconfig: cluster.kubeconfig, namespace: NAMESPACE, dataDir, name });
        onTestFinished(async () => {
          started.signal("SIGKILL");
          await started.gone;
        });
        return started;
      };
      const old = start("old");
      await says(old, "leading");
      const next = start("next");
      await says(next, "another replica leads");

      const commit = stage.repository.commit({ "plan/a.yaml": plan("a", 6) });
      await pools(stage, (count) => count >= 30);
      old.signal("SIGSTOP");
      const before = (await names(stage)).length;
      expect(before, "paused in the middle").toBeLessThan(POOLS);
      await says(next, "leading", 60);
      const began = Date.parse((await election(stage)).acquireTime);
      old.signal("SIGCONT");
      await says(old, "leads no more");
      await says(old, "another replica leads");
      await at(stage, commit);

      // What the old one says it wrote was there before the next one began.
      const live = new Map(
        (await stage.actor.list(KINDS.SpiderIPPool)).items.map((pool) => [pool.metadata.name, pool]),
      );
      const [byOld, byNext] = [written(old), written(next)];
      expect(byOld.length).toBeGreaterThan(0);
      expect(byNext.length).toBeGreaterThan(0);
      for (const name of byOld) expect(createdAt(live.get(name)!), name).toBeLessThan(began);
      expect(byOld.filter((name) => byNext.includes(name))).toEqual([]);
      expect(live.size).toBe(POOLS);
      expect(old.log.filter((line) => line.includes("OverlapDetected"))).toEqual([]);
    });

    test("the API server is killed and comes back in mid-sync: the sync is finished", async () => {
      const stage = await setStage(cluster);
      onTestFinished(() => stage.end());
      await stage.start();
      const commit = stage.repository.commit({ "plan/a.yaml": plan("b", 7) });
      await stage.planSync(automated, "second");
      await pools(stage, (count) => count >= 60, "b");
      await cluster.restartApiServer();
      expect((await names(stage, "b")).length, "killed in the middle").toBeLessThan(POOLS);
      await at(stage, commit, "second");
      const all = (await stage.actor.list(KINDS.SpiderIPPool)).items as Parameters<typeof offeredBy>[0][];
      const live = all.filter(({ metadata }) => metadata.name.startsWith("b"));
      expect(live.length).toBe(POOLS);
      expect(new Set(live.flatMap(offeredBy)).size, "each address once").toBe(POOLS * 8);
    });
  },
);

const lines = ({ log }: SpawnedOperator) =>
  log.flatMap((line) => {
    try {
      return [JSON.parse(line) as { readonly msg?: string; readonly object?: string }];
    } catch {
      return [];
    }
  });

async function says(operator: SpawnedOperator, message: string, seconds = 30): Promise<void> {
  await eventually(
    async () => lines(operator).map(({ msg }) => msg),
    (said) => said.includes(message),
    seconds,
  );
}

/** Pools a process says it wrote. */
function written(operator: SpawnedOperator): string[] {
  return lines(operator).flatMap(({ msg, object = "" }) =>
    msg === "step carried out" && object.startsWith("SpiderIPPool ") ? [object.slice("SpiderIPPool ".length)] : [],
  );
}

async function names(stage: Stage, prefix = ""): Promise<string[]> {
  const { items } = await stage.actor.list(KINDS.SpiderIPPool);
  return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith(prefix));
}

async function pools(stage: Stage, enough: (count: number) => boolean, prefix = ""): Promise<void> {
  await eventually(async () => (await names(stage, prefix)).length, enough, 60);
}

async function at(stage: Stage, commit: string, planSync = "dc"): Promise<void> {
  await eventually(
    async () => [(await stage.status(planSync)).lastAppliedRevision, await stage.condition("Ready", planSync)],
    ([revision, ready]) => revision === commit && ready === "True ReconciliationSucceeded",
    90,
  );
}

async function election(stage: Stage): Promise<{ readonly acquireTime: string }> {
  const lease = await stage.actor.get({ kind: KINDS.Lease, namespace: NAMESPACE, name: "spiderplan-operator" });
  return lease.spec as { acquireTime: string };
}

const createdAt = ({ metadata }: KubeObject) =>
  Date.parse((metadata as unknown as { creationTimestamp: string }).creationTimestamp);
