import { afterEach, describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { ipPool, node, type PlayedCluster, playCluster, poolAnnotation, workload } from "../support/played-cluster.js";

/** A running Pod as another cluster's controller made it, with its endpoint. */
function runningPod(owner: KubeObject, name: string, address: string): KubeObject[] {
  const { apiVersion, kind, metadata, spec } = owner;
  const { template } = spec as { template: { metadata: { labels: object; annotations: object }; spec: object } };
  const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid!, controller: true }];
  const labels = { ...template.metadata.labels, "controller-revision-hash": "db-58dc8c4466" };
  const uid = `uid-${name}`;
  const current = { uid, node: "node-a", ips: [{ interface: "eth0", ipv4: `${address}/24`, ipv4Pool: "p" }] };
  return [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        namespace: "default",
        uid,
        labels,
        annotations: { ...template.metadata.annotations },
        ownerReferences,
      },
      spec: { ...template.spec, nodeName: "node-a" },
      status: { phase: "Running", podIP: address, conditions: [{ type: "Ready", status: "True" }] },
    },
    {
      apiVersion: "spiderpool.spidernet.io/v2beta1",
      kind: "SpiderEndpoint",
      metadata: { name, namespace: "default", finalizers: ["spiderpool.spidernet.io"] },
      status: { ownerControllerType: kind, ownerControllerName: metadata.name, current },
    },
  ];
}

describe("players on a cluster that had a life before them", () => {
  let cluster: PlayedCluster;
  afterEach(() => cluster.stop());
  const start = async (kind: "StatefulSet" | "DaemonSet") => {
    const owner = workload(kind, "db", { annotations: poolAnnotation("p") });
    owner.metadata.uid = "uid-db";
    const pool = ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] });
    pool.status = {
      allocatedIPs: JSON.stringify({ "10.6.0.15": { pod: "default/db-0", podUid: "uid-db-0" } }),
      allocatedIPCount: 1,
    };
    const objects = [node("node-a"), owner, pool, ...runningPod(owner, "db-0", "10.6.0.15")];
    cluster = await playCluster({ objects });
    await cluster.settle();
  };

  test.each(["StatefulSet", "DaemonSet"] as const)(
    "Pods of a %s are not restarted for another controller's revision",
    async (kind) => {
      await start(kind);
      expect((await cluster.pods()).map(({ metadata }) => metadata.uid)).toEqual(["uid-db-0"]);
      expect(await cluster.addresses()).toEqual({ "db-0": "10.6.0.15" });
    },
  );

  test.each(["StatefulSet", "DaemonSet"] as const)("but a new template of the %s reaches them", async (kind) => {
    await start(kind);
    const annotations = { ...poolAnnotation("p"), "k8s/restarted": "1" };
    await cluster.patch(kind, "default/db", { spec: { template: { metadata: { annotations } } } });
    await cluster.settle();
    const [pod] = await cluster.pods();
    expect(pod!.metadata.uid).not.toBe("uid-db-0");
    expect(pod!.metadata.annotations).toMatchObject({ "k8s/restarted": "1" });
    // A18 keeps the ordinal's address; a DaemonSet's Pod takes the lowest free one.
    expect(Object.values(await cluster.addresses())).toEqual([kind === "StatefulSet" ? "10.6.0.15" : "10.6.0.10"]);
  });

  test("an annotation nobody can read keeps the Pod waiting, not the players from playing", async () => {
    const annotations = { ...poolAnnotation("p"), "ipam.spidernet.io/routes": "{" };
    cluster = await playCluster({ objects: [node("node-a")] });
    await cluster.create(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }),
      workload("Deployment", "odd", { annotations }),
      workload("Deployment", "fine", { annotations: poolAnnotation("p") }),
    );
    await cluster.settle();
    const phases = (await cluster.pods()).map(({ status }) => (status as { phase: string }).phase);
    expect(phases.sort()).toEqual(["Pending", "Running"]);
  });
});
