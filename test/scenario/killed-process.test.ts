import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { overlaps } from "../../src/core/ip/range-set.js";
import { effectiveSet } from "../../src/core/spiderpool/canonical.js";
import { KINDS, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { cli, PROJECT } from "../support/cli.js";
import { type PlayedCluster, playCluster } from "../support/played-cluster.js";
import { namespaceWith, node } from "../support/running.js";
import { workspace } from "../support/workspace.js";

const POOLS = 18;

/** Twenty writes: a subnet, a network and eighteen pools; the second plan grows each pool and gives one's tail to another. */
const plan = (grown: boolean) => `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  networks:
    kube-system/net: {macvlan: {master: [eth1]}}
  subnets:
    app: {cidr: 10.6.0.0/16, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.${grown ? 60 : 50}.250]}
  pools:
${Array.from({ length: POOLS }, (_, i) => `    p${i}: {subnet: app, addresses: [10.6.${i + 1}.10-10.6.${i + 1}.${grown ? (i === 0 ? 15 : 25) : 19}${grown && i === 1 ? ", 10.6.1.16-10.6.1.19" : ""}], default: false}`).join("\n")}
  reserved:
    r: {addresses: [10.6.40.${grown ? "10-10.6.40.20" : "10-10.6.40.19"}]}
  namespaces:
    shop: {defaultPools: [p0]}
`;

const SYNC = ["sync", "--path", "plan", "--kubeconfig", "kubeconfig"];

/** `spiderplan sync` as a process of its own, which a write of its own may kill. */
const syncProcess = (folder: string): ChildProcess =>
  spawn(process.execPath, [join(PROJECT, "dist/cli/main.js"), ...SYNC], { cwd: folder, stdio: "ignore" });

const ended = (child: ChildProcess) =>
  new Promise<string>((resolve) => child.once("exit", (code, signal) => resolve(signal ?? `${code}`)));

/** The same command line in this process: what comes after a killed one has no need of another. */
async function expectSync(folder: string, what: string): Promise<void> {
  const { code, stderr } = await cli(SYNC, { cwd: folder });
  expect(code, `${what}: ${stderr}`).toBe(0);
}

/** The dead process's Lease would run out by itself after 15 s. */
function expireLease(cluster: PlayedCluster): Promise<unknown> {
  const lease = { kind: KINDS.Lease, namespace: "kube-system", name: "spiderplan-writer" };
  return cluster.actor.patch(lease, { spec: { holderIdentity: null } });
}

async function expectSafe(cluster: PlayedCluster, users: Record<string, string>): Promise<void> {
  const pools = (await cluster.actor.list(KINDS.SpiderIPPool)).items as readonly SpiderIPPool[];
  for (const [index, pool] of pools.entries()) {
    for (const other of pools.slice(index + 1)) {
      expect(
        overlaps(effectiveSet(pool.spec), effectiveSet(other.spec)),
        `${pool.metadata.name} ${other.metadata.name}`,
      ).toBe(false);
    }
  }
  expect(await cluster.addresses()).toEqual(users);
}

test("sync killed by SIGKILL after each single write: nothing in use is lost, the next one converges (FIXED-5)", async () => {
  let left = Number.POSITIVE_INFINITY;
  let victim: ChildProcess | undefined;
  const cluster = await playCluster({
    intercept: async ({ path }) => {
      if (path.includes("/leases") || victim === undefined) return undefined;
      if (left-- > 0) return undefined;
      victim.kill("SIGKILL");
      return { drop: "before" };
    },
  });
  onTestFinished(() => cluster.stop());
  await cluster.create(node("node-a"), namespaceWith("shop"));
  const folder = workspace({ "plan/plan.yaml": plan(false) });
  writeFileSync(join(folder, "kubeconfig"), cluster.kubeconfig);
  const template = {
    metadata: { labels: { app: "web" }, annotations: { "v1.multus-cni.io/default-network": "kube-system/net" } },
    spec: { containers: [{ name: "c", image: "c" }] },
  };
  await expectSync(folder, "the first plan");
  await cluster.create({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "shop", name: "web" },
    spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template },
  });
  await cluster.settle();
  const users = await cluster.addresses();
  expect(Object.values(users).sort()).toEqual(["10.6.1.10", "10.6.1.11", "10.6.1.12"]);

  let kills = 0;
  for (let writes = 0; ; writes++) {
    writeFileSync(join(folder, "plan/plan.yaml"), plan(true));
    left = writes;
    victim = syncProcess(folder);
    const end = await ended(victim);
    victim = undefined;
    await expectSafe(cluster, users);
    if (end !== "SIGKILL") {
      expect(end).toBe("0");
      break;
    }
    kills++;
    await expireLease(cluster);
    await expectSync(folder, `the sync after a kill at write ${writes}`);
    await expectSafe(cluster, users);
    writeFileSync(join(folder, "plan/plan.yaml"), plan(false));
    await expectSync(folder, "back to the first plan");
    await cluster.settle();
  }
  expect(kills).toBeGreaterThanOrEqual(20);
}, 240_000);
