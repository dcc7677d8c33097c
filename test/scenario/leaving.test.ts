import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { cli, PROJECT } from "../support/cli.js";
import { clusterObjects, type Example, examples } from "../support/examples.js";
import { kubectlMissing } from "../support/operator-access.js";
import { type PlayedCluster, playCluster } from "../support/played-cluster.js";

const KEPT = [KINDS.SpiderSubnet, KINDS.SpiderIPPool, KINDS.SpiderReservedIP, KINDS.SpiderMultusConfig];

const ANCHOR = "spiderplan.io/anchor";
const isAnchor = (name: string) => name.startsWith("spiderplan-none-");

/** The commands of docs/leaving.md that take every mark away, as people would paste them. */
function commands(): string {
  const text = readFileSync(join(PROJECT, "docs/leaving.md"), "utf8");
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join("");
}

describe.skipIf(kubectlMissing)("docs/leaving.md (skipped where there is no kubectl)", () => {
  const example = examples().find(({ name }) => name === "fixed-from-subnet") as Example;
  const folder = mkdtempSync(join(tmpdir(), "spiderplan-leaving-"));
  const kubeconfig = join(folder, "kubeconfig");
  let cluster: PlayedCluster;
  const plan = join(folder, "plan");
  let before: Record<string, string>;
  let pooled: unknown[][];
  beforeAll(async () => {
    cpSync(example.plan, plan, { recursive: true });
    cluster = await playCluster({ objects: clusterObjects(example.snapshots) });
    writeFileSync(kubeconfig, cluster.kubeconfig);
    expect(await spiderplan("sync")).toMatchObject({ code: 0 });
    await cluster.settle();
    before = await cluster.addresses();
    pooled = (await contents()).filter(([kind]) => kind === "SpiderIPPool");
  });
  afterAll(() => cluster?.stop());

  const spiderplan = (command: string, ...rest: string[]) =>
    cli([command, "--path", plan, "--kubeconfig", kubeconfig, ...rest]);
  const contents = async () => {
    const lists = await Promise.all(KEPT.map((kind) => cluster.actor.list(kind)));
    return lists.flatMap(({ items }) => items.map(({ kind, metadata, spec }) => [kind, metadata.name, spec]));
  };

  test("the commands leave every object and every Pod as it is, and no mark", async () => {
    expect(Object.values(before).filter((address) => address !== "").length).toBeGreaterThan(0);
    const kept = await contents();
    const resting = { kind: KINDS.SpiderReservedIP, name: "spiderplan-quarantine-default-v4" };
    const { apiVersion, kind: kindName } = KINDS.SpiderReservedIP;
    const spec = { ipVersion: 4, ips: ["10.6.124.150"] };
    await cluster.create({ apiVersion, kind: kindName, metadata: { name: resting.name }, spec });
    const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: folder };
    await promisify(execFile)("bash", ["-euo", "pipefail", "-c", commands()], { env });
    expect(await contents()).toEqual(kept);
    for (const kind of [...KEPT, KINDS.Namespace]) {
      for (const { metadata } of (await cluster.actor.list(kind)).items) {
        const keys = Object.keys({ ...metadata.annotations, ...metadata.labels });
        const ours = keys.filter((key) => key.includes("spiderplan.io/") || key.endsWith("/managed-by"));
        expect(ours, `${kind.kind} ${metadata.name}`).toEqual(
          kind === KINDS.SpiderIPPool && isAnchor(metadata.name) ? [ANCHOR] : [],
        );
      }
    }
    await cluster.settle();
    expect(await cluster.addresses()).toEqual(before);
  });

  test("a Pod that restarts after that gets an address of its old pool", async () => {
    const [name] = Object.keys(before);
    await cluster.actor.delete({ kind: KINDS.Pod, namespace: "shop", name: name! }, {});
    await cluster.settle();
    const after = await cluster.addresses();
    expect(Object.values(after).sort()).toEqual(Object.values(before).sort());
    before = after;
  });

  test("whoever comes back adopts all of it, with nobody moved", async () => {
    const { code, stdout } = await spiderplan("plan", "-o", "json");
    expect(code, stdout).toBe(0);
    const { steps, verdict } = JSON.parse(stdout);
    const pools = steps.filter(({ kind, name }: Step) => kind === "SpiderIPPool" && !isAnchor(name));
    expect(pools.map(({ action }: Step) => action)).toEqual(["adopt", "adopt"]);
    expect(verdict).toMatchObject({ moves: [], strands: [], released: [] });

    expect(await spiderplan("sync")).toMatchObject({ code: 0 });
    await cluster.settle();
    expect(await spiderplan("plan", "--detailed-exitcode")).toMatchObject({ code: 0 });
    expect((await contents()).filter(([kind]) => kind === "SpiderIPPool")).toEqual(pooled);
  });
});

interface Step {
  readonly kind: string;
  readonly name: string;
  readonly action: string;
}
