import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { planText } from "../operator/plan-text.js";

/** The namespace whose tenant does its worst. */
export const HOSTILE = "hostile";
/** Names of what the tenant has in the plan begin so. */
const OWN = "web";
/** Addresses a Deployment has to spare. */
const ELASTIC = 1;
/** Pods of a Deployment of the town; the plan always has room for them. */
const RUNNING = 2;
const SUBNET = "app";

/** Namespaces of those who only want their commits carried out. */
export function honestNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `team${String(index).padStart(2, "0")}`);
}

/** Whether the tenant's quota leaves controllers nothing to do for an object. */
export function isOutOfQuota({ namespace, name }: KubeObject["metadata"]): boolean {
  return namespace === HOSTILE && !name.startsWith(OWN);
}

export function poolOf(namespace: string): string {
  return `${namespace}.deployment.${OWN}.eth0.${SUBNET}`;
}

/** How many addresses the pool of a Deployment has that may grow to so many Pods. */
export function sizeOf(replicas: number): number {
  return replicas + ELASTIC;
}

/** A Deployment's replicas in the plan: one of 2 to 9. */
export function replicasBy(below: (limit: number) => number): number {
  return RUNNING + below(8);
}

/** The file with what all share. */
export function sharedFile(): string {
  return planText(
    [
      "settings: {quarantine: 20s}",
      `subnets: {${SUBNET}: {cidr: 10.6.0.0/16, gateway: 10.6.0.1, ranges: [10.6.1.0-10.6.250.250]}}`,
      "networks: {kube-system/net: {macvlan: {master: [eth1]}}}",
    ].join("\n"),
  );
}

/** The file of one namespace: a Deployment and a StatefulSet with fixed addresses. */
export function fileOf(namespace: string, replicas: number): string {
  const one = (kind: string, name: string, size: number, more: string) =>
    `  ${namespace}/${kind}/${name}: {replicas: ${size}, interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [${SUBNET}]${more}}}}}`;
  const web = one("Deployment", OWN, replicas, `, elastic: ${ELASTIC}`);
  return planText(["workloads:", web, one("StatefulSet", `${OWN}-db`, 1, "")].join("\n"));
}

/** Who runs in a namespace. */
export function workloadsOf(namespace: string): KubeObject[] {
  return [running("Deployment", namespace, OWN, RUNNING), running("StatefulSet", namespace, `${OWN}-db`, 1)];
}

function running(kind: "Deployment" | "StatefulSet", namespace: string, name: string, replicas: number): KubeObject {
  const labels = { app: name };
  const stem = `${namespace}.${kind.toLowerCase()}.${name}.eth0.*`;
  const choice = { interface: "eth0", ipv4: ["spiderplan-none-v4", stem] };
  const annotations = {
    "v1.multus-cni.io/default-network": "kube-system/net",
    "ipam.spidernet.io/ippools": JSON.stringify([choice]),
  };
  return {
    apiVersion: KINDS[kind].apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec: { containers: [{ name: "c", image: "app:1" }] } },
    },
  };
}
