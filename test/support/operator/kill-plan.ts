import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import type { Chance } from "../worlds/chance.js";
import { planText } from "./plan-text.js";

/** Declared pools, and workloads with fixed addresses; a commit changes nearly all of them. */
const SIZE = { pools: 140, fixed: 20, users: 12 } as const;

/** Numbers of the declared pools that have users. */
const USED = Array.from({ length: SIZE.users }, (_, index) => Math.floor((index * SIZE.pools) / SIZE.users));

const FIXED_SUBNET = "fix";
const fixedName = (index: number) => `fixed-${index}`;

/** Pool of the owner `default/Deployment/NAME/eth0`, as the plan names it. */
export function poolOfOwner(owner: string): string {
  const [namespace, kind, name, nic] = owner.split("/");
  return `${namespace}.${kind!.toLowerCase()}.${name}.${nic}.${FIXED_SUBNET}`;
}

/** A commit: pools that grow, shrink and hand a block to their neighbour; what is released rests for a second. */
export function planOfCommit(chance: Chance): string {
  // Pods take a block's addresses too: pools with users neither give nor get one.
  const blocks = Array.from({ length: SIZE.pools }, (_, index) =>
    USED.includes(index) || USED.includes(index + 1) ? index : (index + chance.below(2)) % SIZE.pools,
  );
  const pools = Array.from({ length: SIZE.pools }, (_, index) => {
    const given = blocks.flatMap((owner, block) =>
      owner === index ? [`10.6.${block + 1}.100-10.6.${block + 1}.109`] : [],
    );
    const own = `10.6.${index + 1}.10-10.6.${index + 1}.${20 + chance.below(60)}`;
    return `  p${index}: {subnet: app, addresses: [${[own, ...given].join(", ")}]}`;
  });
  const workloads = Array.from(
    { length: SIZE.fixed },
    (_, index) =>
      `  default/Deployment/${fixedName(index)}: {interfaces: {eth0: {network: kube-system/net, ` +
      `fixed: {subnets: [${FIXED_SUBNET}], elastic: ${chance.below(4)}}}}}`,
  );
  return planText(
    [
      "settings: {quarantine: 1s}",
      "networks: {kube-system/net: {macvlan: {master: [eth1]}}}",
      "subnets:",
      "  app: {cidr: 10.6.0.0/16, ranges: [10.6.1.10-10.6.200.250]}",
      `  ${FIXED_SUBNET}: {cidr: 10.7.0.0/24, ranges: [10.7.0.10-10.7.0.250]}`,
      "pools:",
      ...pools,
      "workloads:",
      ...workloads,
      `reserved: {r: {addresses: [10.6.200.10-10.6.200.${20 + chance.below(200)}]}}`,
    ].join("\n"),
  );
}

/** Who runs: users of declared pools, and the workloads with fixed addresses. */
export function deployments(): KubeObject[] {
  const users = USED.map((pool) => deployment(`user-${pool}`, `p${pool}`));
  const fixed = Array.from({ length: SIZE.fixed }, (_, index) =>
    deployment(fixedName(index), poolOfOwner(`default/Deployment/${fixedName(index)}/eth0`)),
  );
  return [...users, ...fixed];
}

function deployment(name: string, pool: string): KubeObject {
  const labels = { app: name };
  const annotations = {
    "v1.multus-cni.io/default-network": "kube-system/net",
    "ipam.spidernet.io/ippool": JSON.stringify({ ipv4: [pool] }),
  };
  return {
    apiVersion: KINDS.Deployment.apiVersion,
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec: { containers: [{ name: "c", image: "app:1" }] } },
    },
  };
}
