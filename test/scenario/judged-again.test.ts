import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { type PlayedCluster, playCluster } from "../support/played-cluster.js";
import { namespaceWith, node } from "../support/running.js";
import { workspace } from "../support/workspace.js";

const plan = ({ p = "", namespace = "[p]", more = "" }: { p?: string; namespace?: string; more?: string } = {}) =>
  `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  networks:
    kube-system/net: {macvlan: {master: [eth1]}}
  subnets:
    app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
  pools:
    p: {subnet: app, addresses: [10.6.0.10-10.6.0.19]${p}}
    q: {subnet: app, addresses: [10.6.0.20-10.6.0.29]}
  namespaces:
    shop: {defaultPools: ${namespace}}
${more}`;

const WEB: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { namespace: "shop", name: "web" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" }, annotations: { "v1.multus-cni.io/default-network": "kube-system/net" } },
      spec: { containers: [{ name: "main", image: "main" }] },
    },
  },
};

const LEASE = { kind: KINDS.Lease, namespace: "kube-system", name: "spiderplan-writer" };

/** Another writer at work: until it lets go, a sync waits. */
async function holdLease(cluster: PlayedCluster): Promise<() => Promise<unknown>> {
  const spec = { holderIdentity: "another writer", leaseDurationSeconds: 60, renewTime: new Date().toISOString() };
  await cluster.actor.patch(LEASE, { spec });
  return () => cluster.actor.patch(LEASE, { spec: { holderIdentity: null } });
}

describe("Pods that come between the decision and the writes", () => {
  test.each<[string, Parameters<typeof plan>[0]]>([
    ["a Namespace default switched", { namespace: "[q]" }],
    ["an affinity closed", { p: ", pods: {labels: {app: nobody}}" }],
    ["a pool disabled", { p: ", disabled: true" }],
    ["all addresses reserved", { more: "  reserved: {r: {addresses: [10.6.0.10-10.6.0.19]}}\n" }],
  ])(
    "are judged too: %s",
    async (_edit, edit) => {
      const cluster = await playCluster();
      onTestFinished(() => cluster.stop());
      await cluster.create(node("node-a"), namespaceWith("shop"));
      const folder = workspace({ "plan/plan.yaml": plan() });
      const kubeconfig = join(folder, "kubeconfig");
      writeFileSync(kubeconfig, cluster.kubeconfig);
      const sync = () => cli(["sync", "--path", "plan", "--kubeconfig", kubeconfig], { cwd: folder });
      expect((await sync()).code).toBe(0);

      writeFileSync(join(folder, "plan/plan.yaml"), plan(edit));
      const letGo = await holdLease(cluster);
      const waiting = sync();
      await new Promise((resolve) => setTimeout(resolve, 2_000)); // it has decided by now and waits for the Lease
      await cluster.create(WEB);
      await cluster.settle();
      const before = Object.values(await cluster.addresses()).sort();
      expect(before).toEqual(["10.6.0.10", "10.6.0.11"]);
      await letGo();

      const result = await waiting;
      expect(result.code, result.stdout).toBe(3);
      expect(result.stdout + result.stderr).toMatch(/the cluster changed meanwhile: .*shop\/web-/);
      for (const pod of await cluster.pods()) await cluster.remove("Pod", `shop/${pod.metadata.name}`);
      await cluster.settle();
      expect(Object.values(await cluster.addresses()).sort()).toEqual(before);
    },
    30_000,
  );
});
