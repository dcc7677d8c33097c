import { afterEach, describe, expect, test } from "vitest";
import type { KubeObject, SpiderEndpoint } from "../../src/core/spiderpool/objects.js";
import {
  holders,
  ipPool,
  node,
  type PlayedCluster,
  playCluster,
  poolAnnotation,
  workload,
} from "../support/played-cluster.js";

const NODES = [node("node-a"), node("node-b")];

describe("the players give Pods addresses as Spiderpool does", () => {
  let cluster: PlayedCluster;
  afterEach(() => cluster.stop());
  const start = async (...objects: KubeObject[]) => {
    cluster = await playCluster({ objects: NODES });
    await cluster.create(...objects);
    await cluster.settle();
  };

  test("a Deployment's Pods take the lowest addresses, are recorded, and run (A14, T1, T4)", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.19"], gateway: "10.6.0.1" }),
      workload("Deployment", "web", { replicas: 3, annotations: poolAnnotation("p") }),
    );
    const addresses = await cluster.addresses();
    expect(Object.values(addresses).sort()).toEqual(["10.6.0.10", "10.6.0.11", "10.6.0.12"]);
    const pool = await cluster.find("SpiderIPPool", "p");
    expect(pool!.status).toMatchObject({ totalIPCount: 10, allocatedIPCount: 3 });
    expect(Object.values(holders(pool)).sort()).toEqual(
      Object.keys(addresses)
        .map((name) => `default/${name}`)
        .sort(),
    );
    const [pod] = await cluster.pods();
    const endpoint = (await cluster.find("SpiderEndpoint", `default/${pod!.metadata.name}`)) as SpiderEndpoint;
    expect(endpoint.metadata.finalizers).toEqual(["spiderpool.spidernet.io"]);
    expect(endpoint.metadata.ownerReferences).toMatchObject([{ kind: "Pod", uid: pod!.metadata.uid }]);
    expect(endpoint.status).toMatchObject({
      ownerControllerType: "Deployment",
      ownerControllerName: "web",
      current: { uid: pod!.metadata.uid, ips: [{ interface: "eth0", ipv4Pool: "p", ipv4Gateway: "10.6.0.1" }] },
    });
    expect(endpoint.status!.current!.ips[0]!.ipv4).toMatch(/^10\.6\.0\.1\d\/24$/);
    const status = (await cluster.find("Deployment", "default/web"))!.status;
    expect(status).toMatchObject({ replicas: 3, readyReplicas: 3, updatedReplicas: 3, observedGeneration: 1 });
    expect(pod!.status).toMatchObject({ phase: "Running", podIP: addresses[pod!.metadata.name] });
  });

  test("a Pod no pool will serve waits, with an Event that says why, and starts when one will", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10"], disable: true }),
      workload("Deployment", "web", { annotations: poolAnnotation("p") }),
    );
    const [pod] = await cluster.pods();
    expect(pod!.status).toMatchObject({ phase: "Pending" });
    const events = (await cluster.actor.list({ apiVersion: "v1", kind: "Event", plural: "events", namespaced: true }))
      .items;
    expect((events[0] as unknown as { message: string }).message).toContain(
      "failed to allocate IP addresses in standard mode: no IPPool available, all IPv4 IPPools [p] of eth0 filtered out: the pool is disabled",
    );
    await cluster.patch("SpiderIPPool", "p", {
      spec: { disable: false },
      metadata: await version("SpiderIPPool", "p"),
    });
    await cluster.settle();
    expect(Object.values(await cluster.addresses())).toEqual(["10.6.0.10"]);
  });

  test("a full pool leaves the surplus Pod waiting (A13), a freed address serves it (A14)", async () => {
    await start(
      ipPool("p", { ips: ["10.6.0.10-10.6.0.11"] }),
      workload("Deployment", "web", { replicas: 3, annotations: poolAnnotation("p") }),
    );
    expect(Object.values(await cluster.addresses()).sort()).toEqual(["", "10.6.0.10", "10.6.0.11"]);
    await cluster.patch("Deployment", "default/web", { spec: { replicas: 2 } });
    await cluster.settle();
    expect(Object.values(await cluster.addresses()).sort()).toEqual(["10.6.0.10", "10.6.0.11"]);
  });

  test("reserved addresses are given to nobody (V7 keeps those in use)", async () => {
    const reserved = {
      apiVersion: "spiderpool.spidernet.io/v2beta1",
      kind: "SpiderReservedIP",
      metadata: { name: "r" },
      spec: { ipVersion: 4, ips: ["10.6.0.10-10.6.0.12"] },
    };
    await start(
      reserved,
      ipPool("p", { ips: ["10.6.0.10-10.6.0.14"] }),
      workload("Deployment", "web", { replicas: 2, annotations: poolAnnotation("p") }),
    );
    expect(Object.values(await cluster.addresses()).sort()).toEqual(["10.6.0.13", "10.6.0.14"]);
  });

  test("eth0 on the overlay, net1 and net2 on Spiderpool's networks, each family from its own pool", async () => {
    const config = (name: string) => ({
      apiVersion: "spiderpool.spidernet.io/v2beta1",
      kind: "SpiderMultusConfig",
      metadata: { name, namespace: "kube-system" },
      spec: { cniType: "macvlan", macvlan: { master: ["ens1"] } },
    });
    await start(
      config("m1"),
      config("m2"),
      ipPool("p4", { ips: ["10.6.0.10-10.6.0.11"], multusName: ["kube-system/m1"] }),
      ipPool("p6", { subnet: "fd00::/64", ips: ["fd00::10-fd00::11"] }),
      ipPool("q4", { subnet: "10.7.0.0/24", ips: ["10.7.0.10"], multusName: ["kube-system/m2"] }),
      workload("Deployment", "web", {
        annotations: {
          "k8s.v1.cni.cncf.io/networks": "kube-system/m1,kube-system/m2",
          "ipam.spidernet.io/ippools": JSON.stringify([
            { interface: "net1", ipv4: ["p4"], ipv6: ["p*"] },
            { interface: "net2", ipv4: ["q4"] },
          ]),
        },
      }),
    );
    const [pod] = await cluster.pods();
    expect((pod!.status as { podIP: string }).podIP).toMatch(/^10\.244\./);
    expect(await cluster.addresses("net1")).toEqual({ [pod!.metadata.name]: "10.6.0.10,fd00::10" });
    expect(await cluster.addresses("net2")).toEqual({ [pod!.metadata.name]: "10.7.0.10" });
    const attachment = await cluster.find("NetworkAttachmentDefinition", "kube-system/m1"); // S28
    expect(attachment!.metadata.ownerReferences).toMatchObject([{ kind: "SpiderMultusConfig", controller: true }]);
  });

  test("a network nobody made keeps the Pod from starting", async () => {
    await start(workload("Deployment", "web", { annotations: { "k8s.v1.cni.cncf.io/networks": "kube-system/none" } }));
    expect((await cluster.pods())[0]!.status).toMatchObject({ phase: "Pending" });
  });

  test("a pattern without a hit: no address and no error (A5)", async () => {
    await start(workload("Deployment", "web", { annotations: poolAnnotation("none-*") }));
    expect((await cluster.pods())[0]!.status).toMatchObject({ phase: "Running" });
    expect(Object.values(await cluster.addresses())).toEqual([""]);
  });

  test("node affinity of the Pod and of the pool agree", async () => {
    await start(
      ipPool("pa", { ips: ["10.6.0.10-10.6.0.19"], nodeName: ["node-a"] }),
      ipPool("pb", { ips: ["10.6.0.20-10.6.0.29"], nodeName: ["node-b"] }),
      workload("DaemonSet", "ds", { annotations: poolAnnotation("pa", "pb") }),
    );
    const byNode = (await cluster.pods()).map((pod) => [
      (pod.spec as { nodeName: string }).nodeName,
      (pod.status as { podIP: string }).podIP,
    ]);
    expect(byNode.sort()).toEqual([
      ["node-a", "10.6.0.10"],
      ["node-b", "10.6.0.20"],
    ]);
  });

  test.each(["Job", "CloneSet"] as const)("a %s's Pods get addresses", async (kind) => {
    await start(ipPool("p", { ips: ["10.6.0.10"] }), workload(kind, "w", { annotations: poolAnnotation("p") }));
    expect(Object.values(await cluster.addresses())).toEqual(["10.6.0.10"]);
  });

  async function version(kind: "SpiderIPPool", name: string) {
    const { uid, resourceVersion } = (await cluster.find(kind, name))!.metadata;
    return { uid, resourceVersion };
  }
});
