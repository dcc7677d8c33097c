import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { KINDS } from "../src/core/spiderpool/objects.js";
import { skipReason, startRealCluster } from "../test/support/real-apiserver.js";
import { NETWORK, type WorldSize, writeBigPlan } from "./big-world.js";
import { median, type Row, rounded, run } from "./measure.js";

const SIZE: WorldSize = { workloads: 1_000, files: 20, podsPerWorkload: 3, nodes: 0 };
const WHAT = {
  name: "diff: 1,000 unchanged pools on a kube-apiserver",
  target: ">= 10x kubectl diff, <= 1.5x one list",
};

/** `diff` of unchanged pools against `kubectl diff --server-side` of the same objects and against one paged list. */
export async function diffRow(folder: string, rounds: number, root: string): Promise<Row> {
  const skipped = skipReason();
  if (skipped !== undefined) return { ...WHAT, figures: {}, skipped };
  const cluster = await startRealCluster();
  try {
    await cluster.actor.create(NETWORK, KINDS.SpiderMultusConfig);
    const plan = writeBigPlan(join(folder, "diff"), SIZE);
    const spiderplan = (command: string) =>
      run(process.execPath, [
        join(root, "dist/cli/main.js"),
        ...[command, "--path", plan, "--kubeconfig", cluster.kubeconfig],
      ]);
    await succeeded(spiderplan("sync"));
    const objects = join(folder, "pools.json");
    writeFileSync(objects, JSON.stringify({ apiVersion: "v1", kind: "List", items: await pools(cluster.actor) }));
    const times = { diff: [] as number[], kubectl: [] as number[], list: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      times.diff.push(await succeeded(spiderplan("diff")));
      times.list.push(
        await succeeded(run(process.execPath, [join(root, "bench/baseline-list.mjs"), cluster.kubeconfig])),
      );
      const compared = [
        "--kubeconfig",
        cluster.kubeconfig,
        "diff",
        "--server-side",
        "--force-conflicts",
        "-f",
        objects,
      ];
      times.kubectl.push(await succeeded(run("kubectl", compared)));
    }
    const [diff, kubectl, list] = [times.diff, times.kubectl, times.list].map(median) as [number, number, number];
    return {
      ...WHAT,
      figures: {
        "times faster than kubectl diff": rounded(kubectl / diff),
        "time ratio to one list": rounded(diff / list),
        "diff s": rounded(diff),
        "kubectl diff s": rounded(kubectl),
        "one list s": rounded(list),
      },
    };
  } finally {
    await cluster.stop();
  }
}

/** As one would keep them in a manifest: without what the server filled in. */
async function pools(actor: Awaited<ReturnType<typeof startRealCluster>>["actor"]): Promise<object[]> {
  const { items } = await actor.list(KINDS.SpiderIPPool);
  return items.map(({ apiVersion, kind, metadata: { name, labels, annotations }, spec }) => ({
    apiVersion,
    kind,
    metadata: { name, labels, annotations },
    spec,
  }));
}

async function succeeded(program: ReturnType<typeof run>): Promise<number> {
  const { code, seconds } = await program;
  if (code !== 0) throw new Error(`a measured program exited with ${code}`);
  return seconds;
}
