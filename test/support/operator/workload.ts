import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { eventually, type Stage } from "./stage.js";

/** A Pod that has the first address of pool x, `10.6.0.10`, of a workload of the network kube-system/net. */
export async function oneUser(stage: Stage): Promise<void> {
  const annotations = {
    "v1.multus-cni.io/default-network": "kube-system/net",
    "ipam.spidernet.io/ippool": JSON.stringify({ ipv4: ["x"] }),
  };
  await stage.add([
    { apiVersion: "v1", kind: "Node", metadata: { name: "node-a" } },
    deploymentOf("user", 1, annotations),
  ]);
  await stage.settle();
  await eventually(
    async () => (await stage.actor.list(KINDS.SpiderEndpoint, { namespace: "default" })).items.length,
    (count) => count === 1,
  );
}

export function deploymentOf(name: string, replicas: number, annotations: Record<string, string> = {}): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: KINDS.Deployment.apiVersion,
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec: { containers: [{ name: "c", image: "app:1" }] } },
    },
  };
}
