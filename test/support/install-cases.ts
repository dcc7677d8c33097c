import { spawn } from "node:child_process";
import { expect } from "vitest";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import type { ClusterActor } from "../../src/ports/cluster.js";
import { cli } from "./cli.js";
import { workspace } from "./workspace.js";

/** A cluster tests can reach with `kubectl` and with the command line. */
export interface Reachable {
  readonly actor: ClusterActor;
  /** Path of the kubeconfig file. */
  readonly kubeconfig: string;
}

const document = (spec: string) =>
  `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${spec.replace(/^/gm, "  ")}\n`;

async function sync(cluster: Reachable, install: string, spec: string) {
  const folder = workspace({ "plan/plan.yaml": document(spec) });
  const args = ["--path", "plan", "--kubeconfig", cluster.kubeconfig, "--install", install];
  const result = await cli(["sync", ...args], { cwd: folder });
  expect(result.code, result.stdout + result.stderr).toBe(0);
  const next = await cli(["plan", ...args, "--detailed-exitcode"], { cwd: folder });
  expect(next.code, next.stdout).toBe(0);
  return result;
}

async function names(cluster: Reachable): Promise<string[]> {
  return (await cluster.actor.list(KINDS.SpiderIPPool)).items.map(({ metadata }) => metadata.name).sort();
}

const team = (name: string, second: number, pools: number) => `subnets:
  ${name}: {cidr: 10.${second}.0.0/24, gateway: 10.${second}.0.1, ranges: [10.${second}.0.10-10.${second}.0.99]}
reserved:
  ${name}-printers: {addresses: [10.${second}.0.90-10.${second}.0.95]}
pools:
${Array.from({ length: pools }, (_, i) => `  ${name}-${i}: {subnet: ${name}, addresses: [10.${second}.0.${10 + i}]}`).join("\n")}
namespaces:
  ${name}: {defaultPools: [${Array.from({ length: pools }, (_, i) => `${name}-${i}`).join(", ")}]}`;

/**
 * Two installs, each with its own plan: neither sees, changes or prunes what the other made.
 * A deleted pool is gone once Spiderpool's controller has let it go.
 */
export async function twoInstalls(cluster: Reachable): Promise<void> {
  for (const name of ["net", "lab"]) {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    await cluster.actor.create(namespace, KINDS.Namespace).catch(() => undefined);
  }
  await sync(cluster, "net", team("net", 21, 3));
  await sync(cluster, "lab", team("lab", 22, 3));
  const lab = await objectsOf(cluster, "lab");
  expect(lab).toHaveLength(5);

  await sync(cluster, "net", team("net", 21, 1));
  await expect.poll(() => names(cluster), { timeout: 30_000 }).toEqual(["lab-0", "lab-1", "lab-2", "net-0"]);
  expect(await objectsOf(cluster, "lab")).toEqual(lab);

  await sync(
    cluster,
    "lab",
    team("lab", 22, 0)
      .replace(/namespaces:[\s\S]*/, "")
      .replace(/pools:\n\n/, ""),
  );
  await expect.poll(() => names(cluster), { timeout: 30_000 }).toEqual(["net-0"]);
}

/** Runs kubectl without blocking this process, in which the cluster may live. */
function kubectl(cluster: Reachable, args: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("kubectl", ["--kubeconfig", cluster.kubeconfig, ...args], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    let told = "";
    child.stderr.on("data", (text: Buffer) => {
      told += text.toString();
    });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(told))));
    child.stdin.end(input);
  });
}

/** What carries the tracking id of an install, without what the cluster counts. */
async function objectsOf(cluster: Reachable, install: string): Promise<KubeObject[]> {
  const kinds = [KINDS.SpiderSubnet, KINDS.SpiderIPPool, KINDS.SpiderReservedIP];
  const lists = await Promise.all(kinds.map((kind) => cluster.actor.list(kind)));
  return lists
    .flatMap(({ items }) => items)
    .filter(({ metadata }) => metadata.annotations?.["spiderplan.io/tracking-id"]?.startsWith(`${install}:`))
    .map(({ apiVersion, kind, metadata: { name, annotations, labels }, spec }) => ({
      apiVersion,
      kind,
      metadata: { name, annotations, labels },
      spec,
    }));
}

/** Pools that people made with `kubectl apply` become ours without a change of their specs. */
export async function adoptHandMade(cluster: Reachable, count: number): Promise<void> {
  const address = (i: number) => `10.23.${Math.floor(i / 100)}.${10 + (i % 100) * 2}`;
  const affinity = (i: number) => (i % 3 === 0 ? { podAffinity: { matchLabels: { app: `app-${i}` } } } : {});
  const subnet = { subnet: "10.23.0.0/16", ips: ["10.23.0.10-10.23.3.250"], gateway: "10.23.0.1" };
  const items = [
    { apiVersion: KINDS.SpiderSubnet.apiVersion, kind: "SpiderSubnet", metadata: { name: "legacy" }, spec: subnet },
    ...Array.from({ length: count }, (_, i) => ({
      apiVersion: KINDS.SpiderIPPool.apiVersion,
      kind: "SpiderIPPool",
      metadata: { name: `hand-${i}`, labels: { team: "ops" } },
      spec: { subnet: "10.23.0.0/16", ips: [i % 2 === 0 ? address(i) : `${address(i)}-${address(i)}`], ...affinity(i) },
    })),
  ];
  const manifest = items.map((item) => JSON.stringify(item)).join("\n");
  await kubectl(cluster, ["apply", "-f", "-"], manifest);
  const before = await specs(cluster);

  const pools = Array.from({ length: count }, (_, i) => {
    const pods = i % 3 === 0 ? `, pods: {labels: {app: app-${i}}}` : "";
    return `  hand-${i}: {subnet: legacy, addresses: [${address(i)}], default: false${pods}}`;
  });
  const plan = `subnets:\n  legacy: {cidr: 10.23.0.0/16, gateway: 10.23.0.1, ranges: [10.23.0.10-10.23.3.250]}\npools:\n${pools.join("\n")}`;
  const result = await sync(cluster, "default", plan);
  expect(result.stdout).toMatch(/0 failed/);
  expect(await specs(cluster)).toEqual(before);
  const adopted = (await cluster.actor.list(KINDS.SpiderIPPool)).items;
  expect(
    adopted.filter(({ metadata }) => metadata.annotations?.["spiderplan.io/tracking-id"]?.startsWith("default:")),
  ).toHaveLength(count);
  expect(adopted.every(({ metadata }) => metadata.labels?.team === "ops")).toBe(true);
}

async function specs(cluster: Reachable): Promise<Record<string, SpiderIPPool["spec"]>> {
  const { items } = await cluster.actor.list(KINDS.SpiderIPPool);
  return Object.fromEntries((items as readonly SpiderIPPool[]).map(({ metadata, spec }) => [metadata.name, spec]));
}
