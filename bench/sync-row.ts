import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectionPath } from "../src/adapters/kubernetes/api-path.js";
import type { PlanOutput } from "../src/app/report/plan-json.js";
import { KINDS, type KubeObject } from "../src/core/spiderpool/objects.js";
import { type RealCluster, skipReason, startRealCluster } from "../test/support/real-apiserver.js";
import { NETWORK, type WorldSize, writeBigPlan } from "./big-world.js";
import { openClient } from "./kube-client.mjs";
import { median, output, type Row, rounded, run } from "./measure.js";

const SIZE: WorldSize = { workloads: 5_000, files: 100, podsPerWorkload: 3, nodes: 0 };
/** kubectl sends one after another: more objects would only take longer, not another rate. */
const KUBECTL_OBJECTS = 1_000;
/** As many as spiderplan has in flight. */
const IN_FLIGHT = "16";
const WHAT = {
  name: "sync: 5,000 new pools on a kube-apiserver without webhooks",
  target: ">= 0.8 of a bare pooled client's rate, >= 2.5x kubectl apply --server-side",
};

/** `sync` of new pools against a bare client that sends the same creates, and against kubectl; each on a new cluster. */
export async function syncRow(folder: string, rounds: number, root: string): Promise<Row> {
  const skipped = skipReason();
  if (skipped !== undefined) return { ...WHAT, figures: {}, skipped };
  const plan = writeBigPlan(join(folder, "sync"), SIZE);
  const cli = join(root, "dist/cli/main.js");
  const objects = await onNewCluster(async (cluster) => {
    const args = ["plan", "--path", plan, "--kubeconfig", cluster.kubeconfig, "-o", "json"];
    const { steps } = JSON.parse(await output(process.execPath, [cli, ...args])) as PlanOutput;
    return steps.map(({ object }) => object as KubeObject);
  });
  const [creates, manifest] = [join(folder, "creates.json"), join(folder, "manifest.json")];
  writeFileSync(creates, JSON.stringify(objects.map((object) => ({ path: pathOf(object), object }))));
  writeFileSync(manifest, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects.slice(0, KUBECTL_OBJECTS) }));
  const pools = objects.filter(({ kind }) => kind === "SpiderIPPool").length;
  const syncs: Timed[] = [];
  const bares: Timed[] = [];
  const kubectls: number[] = [];
  for (let round = 0; round < rounds; round++) {
    syncs.push(
      await onNewCluster((cluster) =>
        timed(cluster, pools, process.execPath, [cli, "sync", "--path", plan, "--kubeconfig", cluster.kubeconfig]),
      ),
    );
    const bare = join(root, "bench/baseline-creates.mjs");
    bares.push(
      await onNewCluster((cluster) =>
        timed(cluster, pools, process.execPath, [bare, cluster.kubeconfig, creates, IN_FLIGHT]),
      ),
    );
    const applied = await onNewCluster((cluster) =>
      run("kubectl", ["--kubeconfig", cluster.kubeconfig, "apply", "--server-side", "-f", manifest]),
    );
    if (applied.code !== 0) throw new Error(`kubectl apply exited with ${applied.code}`);
    kubectls.push(applied.seconds);
  }
  const rate = (found: readonly Timed[], of: (one: Timed) => number) => pools / median(found.map(of));
  const [writing, writingBare] = [syncs, bares].map((found) => rate(found, (one) => one.writing)) as [number, number];
  const [whole, wholeBare] = [syncs, bares].map((found) => rate(found, (one) => one.whole)) as [number, number];
  const applying = KUBECTL_OBJECTS / median(kubectls);
  return {
    ...WHAT,
    figures: {
      "rate ratio to the bare client, first to last pool": rounded(writing / writingBare),
      "rate ratio to the bare client, whole processes": rounded(whole / wholeBare),
      "times the rate of kubectl apply, whole processes": rounded(whole / applying),
      "sync pools/s, first to last pool": Math.round(writing),
      "bare client pools/s, first to last pool": Math.round(writingBare),
      "sync pools/s, whole process": Math.round(whole),
      "bare client pools/s, whole process": Math.round(wholeBare),
      "kubectl apply pools/s": Math.round(applying),
    },
  };
}

/** Seconds of a whole process, and from the first pool in the cluster to the last. */
interface Timed {
  readonly whole: number;
  readonly writing: number;
}

async function timed(cluster: RealCluster, pools: number, command: string, args: readonly string[]): Promise<Timed> {
  const client = openClient(cluster.kubeconfig, 1);
  const seen: { at: number; count: number }[] = [];
  let running = true;
  const watch = async () => {
    while (seen.at(-1)?.count !== pools) {
      const last = !running;
      seen.push({ count: await countPools(client), at: performance.now() });
      if (last) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const watching = watch();
  const { code, seconds } = await run(command, args);
  running = false;
  await watching;
  await client.close();
  if (code !== 0) throw new Error(`a measured program exited with ${code}`);
  const [first, last] = [seen.findLast(({ count }) => count === 0), seen.find(({ count }) => count === pools)];
  if (first === undefined || last === undefined) throw new Error(`the cluster never showed ${pools} pools`);
  return { whole: seconds, writing: (last.at - first.at) / 1000 };
}

/** How many pools there are: one of them and the server's count of the rest. */
async function countPools(client: ReturnType<typeof openClient>): Promise<number> {
  const { items, metadata } = await client.call("GET", `${collectionPath(KINDS.SpiderIPPool, undefined)}?limit=1`);
  return items.length + (metadata.remainingItemCount ?? 0);
}

async function onNewCluster<T>(use: (cluster: RealCluster) => Promise<T>): Promise<T> {
  const cluster = await startRealCluster();
  try {
    await cluster.actor.create(NETWORK, KINDS.SpiderMultusConfig);
    return await use(cluster);
  } finally {
    await cluster.stop();
  }
}

function pathOf({ kind, metadata }: KubeObject): string {
  return collectionPath(KINDS[kind as keyof typeof KINDS], metadata.namespace);
}
