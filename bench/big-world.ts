import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject, ObjectMeta } from "../src/core/spiderpool/objects.js";

/** How big a generated world is. */
export interface WorldSize {
  readonly workloads: number;
  readonly files: number;
  readonly podsPerWorkload: number;
  readonly nodes: number;
  /** This many /24 in place of as few /16 as hold the workloads; the workloads are spread over them in turn. */
  readonly subnets?: number;
}

const ELASTIC = 2;

/**
 * Writes a plan folder and the snapshot of a cluster that already runs it: fixed pools, Deployments, ReplicaSets' Pods with
 * their endpoints and allocations, Nodes. Every tenth workload is new to the cluster, so that there is something to plan.
 */
export function writeBigWorld(folder: string, size: WorldSize): { plan: string; snapshot: string } {
  const plan = writeBigPlan(folder, size);
  const snapshot = join(folder, "snapshot.json");
  const found = asListed(items(size));
  writeFileSync(snapshot, JSON.stringify({ apiVersion: "v1", kind: "List", items: found }));
  return { plan, snapshot };
}

/** Only the plan folder of such a world. */
export function writeBigPlan(folder: string, size: WorldSize): string {
  const plan = join(folder, "plan");
  mkdirSync(plan, { recursive: true });
  writeFileSync(join(plan, "subnets.yaml"), subnetsYaml(size));
  const each = Math.ceil(size.workloads / size.files);
  for (let file = 0; file < size.files; file++) {
    const first = file * each;
    const names = Array.from({ length: Math.min(each, size.workloads - first) }, (_, i) => first + i);
    writeFileSync(join(plan, `team-${String(file).padStart(3, "0")}.yaml`), workloadsYaml(names, size));
  }
  return plan;
}

function perSubnet({ podsPerWorkload, subnets, workloads }: WorldSize): number {
  return subnets === undefined ? Math.floor(60_000 / (podsPerWorkload + ELASTIC)) : Math.ceil(workloads / subnets);
}

function subnetCount(size: WorldSize): number {
  return size.subnets ?? Math.ceil(size.workloads / perSubnet(size));
}

interface Net {
  readonly cidr: string;
  readonly gateway: string;
  readonly range: string;
  /** The tenth address of the subnet and those after it. */
  address(offset: number): string;
}

function net(index: number, { subnets }: WorldSize): Net {
  const first = subnets === undefined ? (index + 1) << 16 : (index + 256) << 8;
  const address = (at: number) => `10.${((first + at) >> 16) & 255}.${((first + at) >> 8) & 255}.${(first + at) & 255}`;
  const [bits, last] = subnets === undefined ? [16, 65_530] : [24, 250];
  return {
    cidr: `${address(0)}/${bits}`,
    gateway: address(1),
    range: `${address(10)}-${address(last)}`,
    address: (offset) => address(10 + offset),
  };
}

/** As `kubectl get -A -o json` prints them: kind by kind, each in the order of the API server. */
function asListed(items: readonly KubeObject[]): readonly KubeObject[] {
  const key = ({ kind, metadata: { namespace, name } }: KubeObject) =>
    `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
  const keyed = items.map((item) => ({ item, key: key(item) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ item }) => item);
}

function subnetsYaml(size: WorldSize): string {
  const subnets = Array.from({ length: subnetCount(size) }, (_, i) => {
    const { cidr, gateway, range } = net(i, size);
    return `    net-${i}:\n      cidr: ${cidr}\n      gateway: ${gateway}\n      ranges: [${range}]\n`;
  });
  return `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n  subnets:\n${subnets.join("")}`;
}

function workloadsYaml(numbers: readonly number[], size: WorldSize): string {
  const workloads = numbers.map(
    (n) => `    team-${n % 50}/Deployment/app-${n}:
      replicas: ${size.podsPerWorkload}
      pods: {labels: {app: app-${n}}}
      interfaces:
        eth0:
          network: kube-system/macvlan
          fixed: {subnets: [net-${Math.floor(n / perSubnet(size))}], elastic: ${ELASTIC}}
`,
  );
  return `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n  workloads:\n${workloads.join("")}`;
}

/** The network all workloads of a plan hang on. */
export const NETWORK: KubeObject = {
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderMultusConfig",
  metadata: { namespace: "kube-system", name: "macvlan" },
  spec: { cniType: "macvlan", macvlan: { master: ["eth1"] } },
};

function items(size: WorldSize): KubeObject[] {
  const found: KubeObject[] = [NETWORK];
  const subnets = subnetCount(size);
  for (let i = 0; i < 50; i++) found.push({ apiVersion: "v1", kind: "Namespace", metadata: { name: `team-${i}` } });
  for (let i = 0; i < size.nodes; i++) {
    found.push({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: `node-${i}`, labels: { "kubernetes.io/hostname": `node-${i}` } },
    });
  }
  found.push({
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderIPPool",
    metadata: {
      name: "spiderplan-none-v4",
      labels: { "app.kubernetes.io/managed-by": "spiderplan", "spiderplan.io/anchor": "true" },
    },
    spec: { subnet: "192.0.2.255/32", ipVersion: 4, default: false, disable: true },
  });
  for (let i = 0; i < subnets; i++) {
    const { cidr, gateway, range } = net(i, size);
    found.push({
      apiVersion: "spiderpool.spidernet.io/v2beta1",
      kind: "SpiderSubnet",
      metadata: marks(`net-${i}`, "SpiderSubnet"),
      spec: { subnet: cidr, ipVersion: 4, gateway, ips: [range] },
    });
  }
  for (let n = 0; n < size.workloads; n++) if (n % 10 !== 9) found.push(...workloadItems(n, size));
  return found;
}

function workloadItems(n: number, size: WorldSize): KubeObject[] {
  const inSubnet = perSubnet(size);
  const subnet = Math.floor(n / inSubnet);
  const block = size.podsPerWorkload + ELASTIC;
  const { cidr, gateway, address: inNet } = net(subnet, size);
  const address = (i: number) => inNet((n % inSubnet) * block + i);
  const namespace = `team-${n % 50}`;
  const app = `app-${n}`;
  const pool = `${namespace}.deployment.${app}.eth0.net-${subnet}`;
  const pods = Array.from({ length: size.podsPerWorkload }, (_, i) => ({
    name: `${app}-7d9f8-${i}`,
    uid: `uid-${n}-${i}`,
    ip: address(i),
    node: `node-${(n + i) % size.nodes}`,
  }));
  const template = {
    metadata: {
      labels: { app },
      annotations: {
        "ipam.spidernet.io/ippools": JSON.stringify([
          {
            interface: "eth0",
            ipv4: ["spiderplan-none-v4", `${namespace}.deployment.${app}.eth0.*`],
            ipv6: [`${namespace}.deployment.${app}.eth0.*`],
          },
        ]),
        "v1.multus-cni.io/default-network": "kube-system/macvlan",
      },
    },
    spec: { containers: [{ name: "main", image: "app:1" }] },
  };
  return [
    {
      apiVersion: "spiderpool.spidernet.io/v2beta1",
      kind: "SpiderIPPool",
      metadata: marks(pool, "SpiderIPPool", `${namespace}/Deployment/${app}/eth0/net-${subnet}`),
      spec: {
        subnet: cidr,
        ipVersion: 4,
        ips: [`${address(0)}-${address(block - 1)}`],
        gateway,
        podAffinity: { matchLabels: { app } },
        namespaceName: [namespace],
        default: false,
        disable: false,
      },
      status: {
        allocatedIPs: JSON.stringify(
          Object.fromEntries(pods.map((pod) => [pod.ip, { pod: `${namespace}/${pod.name}`, podUid: pod.uid }])),
        ),
        allocatedIPCount: pods.length,
        totalIPCount: block,
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { namespace, name: app, uid: `uid-${n}` },
      spec: { replicas: pods.length, selector: { matchLabels: { app } }, template },
    },
    ...pods.flatMap((pod) => [
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          namespace,
          name: pod.name,
          uid: pod.uid,
          labels: { app },
          annotations: template.metadata.annotations,
          ownerReferences: [
            { apiVersion: "apps/v1", kind: "ReplicaSet", name: `${app}-7d9f8`, uid: `rs-${n}`, controller: true },
          ],
        },
        spec: { nodeName: pod.node },
        status: { phase: "Running", podIP: pod.ip },
      },
      {
        apiVersion: "spiderpool.spidernet.io/v2beta1",
        kind: "SpiderEndpoint",
        metadata: { namespace, name: pod.name },
        status: {
          current: {
            uid: pod.uid,
            node: pod.node,
            ips: [{ interface: "eth0", ipv4: `${pod.ip}/${cidr.split("/")[1]}`, ipv4Pool: pool, vlan: 0 }],
          },
          ownerControllerType: "Deployment",
          ownerControllerName: app,
        },
      },
    ]),
  ];
}

function marks(name: string, kind: string, owner?: string): ObjectMeta {
  return {
    name,
    labels: { "app.kubernetes.io/managed-by": "spiderplan" },
    annotations: {
      "spiderplan.io/tracking-id": `default:spiderpool.spidernet.io/${kind}:/${name}`,
      ...(owner && { "spiderplan.io/owner": owner }),
    },
  };
}
