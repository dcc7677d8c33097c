import { expect } from "vitest";
import { parseAddress } from "../../src/core/ip/address.js";
import { contains } from "../../src/core/ip/range-set.js";
import { effectiveSet } from "../../src/core/spiderpool/canonical.js";
import {
  KINDS,
  type Kind,
  type KubeObject,
  type SpiderEndpoint,
  type SpiderIPPool,
} from "../../src/core/spiderpool/objects.js";
import type { ClusterActor } from "../../src/ports/cluster.js";
import { cli } from "./cli.js";
import { workspace } from "./workspace.js";

/** A cluster with players on which Pods really come and go. */
export interface PlayedForStability {
  readonly actor: ClusterActor;
  /** Path of the kubeconfig file. */
  readonly kubeconfig: string;
  add(objects: readonly KubeObject[]): Promise<void>;
  /** Waits until the players and controllers have nothing left to do. */
  settle(): Promise<void>;
}

const NETWORK = `networks:
  kube-system/net: {macvlan: {master: [eth1]}}
`;

const plan = (spec: string) =>
  `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${spec.replace(/^/gm, "  ")}\n`;

async function sync(cluster: PlayedForStability, spec: string) {
  const folder = workspace({ "plan/plan.yaml": plan(spec) });
  return cli(["sync", "--path", "plan", "--kubeconfig", cluster.kubeconfig], { cwd: folder });
}

async function synced(cluster: PlayedForStability, spec: string): Promise<void> {
  const result = await sync(cluster, spec);
  expect(result.code, result.stdout + result.stderr).toBe(0);
}

/** The IPv4 address of every Pod of a namespace that has one. */
async function addresses(cluster: PlayedForStability, namespace: string): Promise<Record<string, string>> {
  const { items } = await cluster.actor.list(KINDS.SpiderEndpoint, { namespace });
  const pods = new Set((await cluster.actor.list(KINDS.Pod, { namespace })).items.map(({ metadata }) => metadata.name));
  return Object.fromEntries(
    (items as readonly SpiderEndpoint[])
      .filter(({ metadata }) => pods.has(metadata.name))
      .map(({ metadata, status }) => [metadata.name, (status?.current?.ips[0]?.ipv4 ?? "").replace(/\/.*/, "")])
      .sort(),
  );
}

function workload(kind: "Deployment" | "StatefulSet", namespace: string, name: string, replicas: number): KubeObject {
  const pattern = `${namespace}.${kind.toLowerCase()}.${name}.eth0.*`;
  const annotations = {
    "v1.multus-cni.io/default-network": "kube-system/net",
    "ipam.spidernet.io/ippools": JSON.stringify([
      { interface: "eth0", ipv4: ["spiderplan-none-v4", pattern], ipv6: [pattern] },
    ]),
  };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { namespace, name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      ...(kind === "StatefulSet" && { serviceName: name, podManagementPolicy: "Parallel" }),
      template: {
        metadata: { labels: { app: name }, annotations },
        spec: { containers: [{ name: "main", image: "main" }] },
      },
    },
  };
}

const bare = (name: string): KubeObject[] => [
  { apiVersion: "v1", kind: "Namespace", metadata: { name } },
  ...["node-a", "node-b"].map((node) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: node, labels: { "kubernetes.io/hostname": node } },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      allocatable: { cpu: "64", memory: "64Gi", pods: "250" },
      capacity: { cpu: "64", memory: "64Gi", pods: "250" },
    },
  })),
];

/** Waits until a rollout or a scaling is through: the workload's own status says so. */
async function through(
  cluster: PlayedForStability,
  kind: Kind,
  namespace: string,
  name: string,
  replicas: number,
): Promise<void> {
  await expect
    .poll(
      async () => {
        await cluster.settle();
        const { metadata, status } = await cluster.actor.get({ kind, namespace, name });
        const {
          observedGeneration,
          replicas: all,
          updatedReplicas,
          readyReplicas,
        } = (status ?? {}) as Record<string, number>;
        const running = Object.keys(await addresses(cluster, namespace)).length;
        return [
          observedGeneration === metadata.generation,
          all ?? 0,
          updatedReplicas ?? 0,
          readyReplicas ?? 0,
          running,
        ];
      },
      { timeout: 90_000, interval: 300 },
    )
    .toEqual([true, replicas, replicas, replicas, replicas]);
}

/** A StatefulSet pinned per Pod, scaled 3 -> 1 -> 3, gets its three addresses back (DESIGN 2: the address itself). */
export async function pinnedOrdinals(cluster: PlayedForStability): Promise<void> {
  await cluster.add([...bare("pin"), workload("StatefulSet", "pin", "web", 3)]);
  await synced(
    cluster,
    `${NETWORK}subnets:
  pin: {cidr: 10.31.0.0/24, gateway: 10.31.0.1, ranges: [10.31.0.10-10.31.0.40]}
workloads:
  pin/StatefulSet/web:
    replicas: 3
    pods: {labels: {app: web}}
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [pin]}}}
`,
  );
  await through(cluster, KINDS.StatefulSet, "pin", "web", 3);
  const before = await addresses(cluster, "pin");
  for (const replicas of [1, 3]) {
    await cluster.actor.patch({ kind: KINDS.StatefulSet, namespace: "pin", name: "web" }, { spec: { replicas } });
    await through(cluster, KINDS.StatefulSet, "pin", "web", replicas);
  }
  expect(await addresses(cluster, "pin")).toEqual(before);
}

/** A Deployment rolled over ten times never leaves its set. */
export async function rolledTenTimes(cluster: PlayedForStability): Promise<void> {
  await cluster.add([...bare("roll"), workload("Deployment", "roll", "web", 3)]);
  await synced(
    cluster,
    `${NETWORK}subnets:
  roll: {cidr: 10.32.0.0/24, gateway: 10.32.0.1, ranges: [10.32.0.10-10.32.0.40]}
workloads:
  roll/Deployment/web:
    replicas: 3
    pods: {labels: {app: web}}
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [roll], elastic: 2}}}
`,
  );
  await through(cluster, KINDS.Deployment, "roll", "web", 3);
  const pool = (await cluster.actor.get({
    kind: KINDS.SpiderIPPool,
    name: "roll.deployment.web.eth0.roll",
  })) as SpiderIPPool;
  const set = effectiveSet(pool.spec);
  const seen = new Set(Object.keys(await addresses(cluster, "roll")));
  for (let round = 1; round <= 10; round++) {
    const template = { metadata: { annotations: { round: String(round) } } };
    await cluster.actor.patch({ kind: KINDS.Deployment, namespace: "roll", name: "web" }, { spec: { template } });
    await through(cluster, KINDS.Deployment, "roll", "web", 3);
    const now = await addresses(cluster, "roll");
    for (const [pod, address] of Object.entries(now)) {
      expect(seen.has(pod), `${pod} is new in round ${round}`).toBe(false);
      expect(contains(set, parseAddress(address)!), `${pod} has ${address}`).toBe(true);
      seen.add(pod);
    }
  }
}

/** One subnet whose change would strand Pods is held back; thirty others sync. */
export async function oneBlockedBesideThirty(cluster: PlayedForStability): Promise<void> {
  const count = 31;
  const spec = (addresses: number, harmful: string) => `${NETWORK}subnets:
${Array.from({ length: count }, (_, i) => `  s${i}: {cidr: 10.33.${i}.0/24, gateway: 10.33.${i}.1, ranges: [10.33.${i}.10-10.33.${i}.90]}`).join("\n")}
pools:
${Array.from({ length: count }, (_, i) => `  b${i}: {subnet: s${i}, addresses: [10.33.${i}.10-10.33.${i}.${10 + addresses}], default: false${i === 0 ? harmful : ""}}`).join("\n")}
namespaces:
  many: {defaultPools: [b0]}
`;
  const web = workload("Deployment", "many", "web", 2);
  const template = (web.spec as { template: { metadata: { annotations: Record<string, string> } } }).template;
  delete template.metadata.annotations["ipam.spidernet.io/ippools"];
  await cluster.add(bare("many"));
  await synced(cluster, spec(4, ""));
  await cluster.add([web]);
  await through(cluster, KINDS.Deployment, "many", "web", 2);
  const before = await addresses(cluster, "many");

  const result = await sync(cluster, spec(9, ", pods: {labels: {app: other}}"));
  expect(result.code, result.stdout).toBe(3);
  expect(result.stdout).toMatch(/BLOCKED/);
  expect(result.stdout).toMatch(/many\/web-\S+ +eth0 +10\.33\.0\.\d+ +left without an address/);
  const pools = (await cluster.actor.list(KINDS.SpiderIPPool)).items as readonly SpiderIPPool[];
  const ips = Object.fromEntries(pools.map(({ metadata, spec: { ips } }) => [metadata.name, ips?.join()]));
  expect(ips.b0).toBe("10.33.0.10-10.33.0.14");
  for (let i = 1; i < count; i++) expect(ips[`b${i}`]).toBe(`10.33.${i}.10-10.33.${i}.19`);
  expect(await addresses(cluster, "many")).toEqual(before);
}
