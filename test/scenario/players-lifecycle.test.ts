import { afterEach, describe, expect, test } from "vitest";
import type { KubeObject, SpiderSubnet } from "../../src/core/spiderpool/objects.js";
import {
  holders,
  ipPool,
  node,
  type PlayedCluster,
  playCluster,
  poolAnnotation,
  workload,
} from "../support/played-cluster.js";

const subnet = (ips: string[], more: object = {}): SpiderSubnet => ({
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderSubnet",
  metadata: { name: "s" },
  spec: { subnet: "10.6.0.0/24", ips, ...more },
});

describe("the players carry a cluster through its life", () => {
  let cluster: PlayedCluster;
  afterEach(() => cluster.stop());
  const start = async (...objects: KubeObject[]) => {
    cluster = await playCluster({ objects: [node("node-a"), node("node-b")] });
    await cluster.create(...objects);
    await cluster.settle();
  };

  test("a rolling update replaces every Pod within replicas + maxSurge addresses (A22)", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.14"] }),
      workload("Deployment", "web", { replicas: 4, annotations: poolAnnotation("p") }),
    );
    const before = (await cluster.pods()).map(({ metadata }) => metadata.uid);
    const containers = [{ name: "c", image: "app:2" }];
    await cluster.patch("Deployment", "default/web", { spec: { template: { spec: { containers } } } });
    await cluster.settle();
    const after = await cluster.pods();
    expect(after).toHaveLength(4);
    expect(after.some(({ metadata }) => before.includes(metadata.uid))).toBe(false);
    expect(Object.keys(holders(await cluster.find("SpiderIPPool", "p")))).toHaveLength(4);
    expect((await cluster.find("Deployment", "default/web"))!.status).toMatchObject({
      replicas: 4,
      updatedReplicas: 4,
      readyReplicas: 4,
    });
    const sets = (
      await cluster.actor.list({ apiVersion: "apps/v1", kind: "ReplicaSet", plural: "replicasets", namespaced: true })
    ).items;
    expect(sets.map(({ spec }) => (spec as { replicas: number }).replicas).sort()).toEqual([0, 4]);
  });

  test("with a pool of exactly its replicas and nothing unavailable a rollout waits for ever (A22)", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.11"] }),
      workload("Deployment", "web", { replicas: 2, annotations: poolAnnotation("p") }),
    );
    await cluster.patch("Deployment", "default/web", { spec: { template: { metadata: { labels: { v: "2" } } } } });
    await cluster.settle();
    const phases = (await cluster.pods()).map(({ status }) => (status as { phase: string }).phase);
    expect(phases.sort()).toEqual(["Pending", "Running", "Running"]);
  });

  test("a StatefulSet scaled 3 -> 1 -> 3: the one inside keeps its address, the others get what is lowest free (A18)", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }),
      workload("StatefulSet", "web", { replicas: 3, annotations: poolAnnotation("p") }),
    );
    expect(await cluster.addresses()).toEqual({ "web-0": "10.6.0.10", "web-1": "10.6.0.11", "web-2": "10.6.0.12" });
    await cluster.patch("StatefulSet", "default/web", { spec: { replicas: 1 } });
    await cluster.settle();
    expect(holders(await cluster.find("SpiderIPPool", "p"))).toEqual({ "10.6.0.10": "default/web-0" });
    await cluster.create(
      ipPool("other", { subnet: "10.9.0.0/24", ips: ["10.9.0.1"] }),
      workload("Deployment", "thief", { annotations: poolAnnotation("p") }),
    );
    await cluster.settle();
    await cluster.patch("StatefulSet", "default/web", { spec: { replicas: 3 } });
    await cluster.settle();
    expect(await cluster.addresses()).toMatchObject({
      "web-0": "10.6.0.10",
      "web-1": "10.6.0.12",
      "web-2": "10.6.0.13",
    });
  });

  test("a StatefulSet Pod that is deleted comes back with its address, under another uid (A18)", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }),
      workload("StatefulSet", "web", { replicas: 2, annotations: poolAnnotation("p") }),
    );
    const uid = (await cluster.find("Pod", "default/web-0"))!.metadata.uid;
    await cluster.remove("Pod", "default/web-0");
    await cluster.settle();
    const pod = (await cluster.find("Pod", "default/web-0"))!;
    expect(pod.metadata.uid).not.toBe(uid);
    expect(await cluster.addresses()).toEqual({ "web-0": "10.6.0.10", "web-1": "10.6.0.11" });
    const records = ((await cluster.find("SpiderIPPool", "p"))!.status as { allocatedIPs: string }).allocatedIPs;
    expect(JSON.parse(records)["10.6.0.10"].podUid).toBe(pod.metadata.uid);
  });

  test("an ordinal leaves its address only when its pool is no candidate any more (A19)", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10"] }),
      ipPool("q", { ips: ["10.6.0.20"] }),
      workload("StatefulSet", "web", { annotations: poolAnnotation("p") }),
    );
    await cluster.patch("SpiderIPPool", "p", { spec: { disable: true }, metadata: await guard("p") });
    await cluster.remove("Pod", "default/web-0");
    await cluster.settle();
    expect(await cluster.addresses()).toEqual({ "web-0": "10.6.0.10" });
    await cluster.patch("StatefulSet", "default/web", {
      spec: { template: { metadata: { annotations: poolAnnotation("q") } } },
    });
    await cluster.settle();
    expect(await cluster.addresses()).toEqual({ "web-0": "10.6.0.20" });
    expect(holders(await cluster.find("SpiderIPPool", "p"))).toEqual({});
  });

  test("a workload that goes gives its addresses back; its Pods go with it", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }),
      workload("Deployment", "web", { replicas: 2, annotations: poolAnnotation("p") }),
      workload("StatefulSet", "db", { replicas: 2, annotations: poolAnnotation("p") }),
    );
    expect(Object.keys(holders(await cluster.find("SpiderIPPool", "p")))).toHaveLength(4);
    await cluster.remove("Deployment", "default/web");
    await cluster.remove("StatefulSet", "default/db");
    await cluster.settle();
    expect(await cluster.pods()).toEqual([]);
    expect((await cluster.find("SpiderIPPool", "p"))!.status).toEqual({ totalIPCount: 10, allocatedIPCount: 0 });
  });

  test("a pool deleted in use stays terminating until its last user is gone, and serves nobody meanwhile (P20, P21)", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }),
      workload("Deployment", "web", { annotations: poolAnnotation("p") }),
    );
    await cluster.remove("SpiderIPPool", "p");
    await cluster.settle();
    expect((await cluster.find("SpiderIPPool", "p"))!.metadata.deletionTimestamp).toBeDefined();
    await cluster.patch("Deployment", "default/web", { spec: { replicas: 2 } });
    await cluster.settle();
    expect(Object.values(await cluster.addresses()).sort()).toEqual(["", "10.6.0.10"]);
    await cluster.remove("Deployment", "default/web");
    await cluster.settle();
    expect(await cluster.find("SpiderIPPool", "p")).toBeUndefined();
  });

  test("a subnet adopts the pools of its CIDR, lends them gateway and routes, and reports them (M9, M12, T2, T3)", async () => {
    await start(ipPool("p", { ips: ["10.6.0.10-10.6.0.12"] }), ipPool("empty", {}));
    const routes = [{ dst: "10.0.0.0/8", gw: "10.6.0.2" }];
    await cluster.create(subnet(["10.6.0.10-10.6.0.29"], { gateway: "10.6.0.1", routes }));
    await cluster.settle();
    const pool = (await cluster.find("SpiderIPPool", "p"))!;
    expect(pool.metadata.labels).toMatchObject({ "ipam.spidernet.io/owner-spider-subnet": "s" });
    expect(pool.metadata.ownerReferences).toMatchObject([{ kind: "SpiderSubnet", name: "s", controller: true }]);
    expect(pool.spec).toMatchObject({ gateway: "10.6.0.1", routes });
    const status = (await cluster.find("SpiderSubnet", "s"))!.status as SpiderSubnet["status"];
    expect(status).toEqual({
      totalIPCount: 20,
      allocatedIPCount: 3,
      controlledIPPools: '{"p":{"ips":["10.6.0.10-10.6.0.12"]}}',
    });
    await cluster.patch("SpiderIPPool", "p", { spec: { ips: ["10.6.0.10"] }, metadata: await guard("p") });
    await cluster.settle();
    expect((await cluster.find("SpiderSubnet", "s"))!.status).toMatchObject({ allocatedIPCount: 1 });
  });

  test.each([
    ["its only pool", []],
    ["one of two", [ipPool("other", { ips: ["10.6.0.20"] })]],
  ])("a subnet's status forgets %s when that is deleted (T2)", async (_what, others) => {
    await start(subnet(["10.6.0.10-10.6.0.29"]), ipPool("p", { ips: ["10.6.0.10-10.6.0.12"] }), ...others);
    expect((await cluster.find("SpiderSubnet", "s"))!.status).toMatchObject({ allocatedIPCount: 3 + others.length });
    await cluster.remove("SpiderIPPool", "p");
    await cluster.settle();
    expect(await cluster.find("SpiderIPPool", "p")).toBeUndefined();
    expect((await cluster.find("SpiderSubnet", "s"))!.status).toEqual({
      totalIPCount: 20,
      allocatedIPCount: others.length,
      ...(others.length > 0 && { controlledIPPools: '{"other":{"ips":["10.6.0.20"]}}' }),
    });
  });

  test("a deleted subnet takes its pools along; one in use keeps both (U9)", async () => {
    await start(
      subnet(["10.6.0.10-10.6.0.29"]),
      ipPool("used", { ips: ["10.6.0.10"] }),
      ipPool("free", { ips: ["10.6.0.11"] }),
      workload("Deployment", "web", { annotations: poolAnnotation("used") }),
    );
    await cluster.remove("SpiderSubnet", "s");
    await cluster.settle();
    expect(await cluster.find("SpiderIPPool", "free")).toBeUndefined();
    expect((await cluster.find("SpiderIPPool", "used"))!.metadata.deletionTimestamp).toBeDefined();
    expect((await cluster.find("SpiderSubnet", "s"))!.metadata.deletionTimestamp).toBeDefined();
    await cluster.remove("Deployment", "default/web");
    await cluster.settle();
    expect(await cluster.find("SpiderSubnet", "s")).toBeUndefined();
  });

  test("records of a Pod that vanished are freed (A23)", async () => {
    await start(ipPool("p", { ips: ["10.6.0.10"] }));
    const pool = (await cluster.find("SpiderIPPool", "p"))!;
    const allocatedIPs = JSON.stringify({ "10.6.0.10": { pod: "default/ghost", podUid: "u" } });
    await cluster.actor.replaceStatus(
      { ...pool, status: { allocatedIPs, allocatedIPCount: 1 } },
      { apiVersion: pool.apiVersion, kind: "SpiderIPPool", plural: "spiderippools", namespaced: false },
    );
    await cluster.settle();
    expect((await cluster.find("SpiderIPPool", "p"))!.status).toEqual({ totalIPCount: 1, allocatedIPCount: 0 });
  });

  async function guard(name: string) {
    const { uid, resourceVersion } = (await cluster.find("SpiderIPPool", name))!.metadata;
    return { uid, resourceVersion };
  }
});
