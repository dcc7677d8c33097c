import { afterEach, describe, expect, test } from "vitest";
import { KINDS, type KubeObject, type SpiderEndpoint } from "../../src/core/spiderpool/objects.js";
import {
  holders,
  ipPool,
  node,
  type PlayedCluster,
  playCluster,
  poolAnnotation,
  workload,
} from "../support/played-cluster.js";

/** Which template a Pod's successor is made of, and what ends a Pod: as Kubernetes and Spiderpool have it. */

let cluster: PlayedCluster;
afterEach(() => cluster.stop());
const POOLS = [ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }), ipPool("q", { ips: ["10.6.0.30-10.6.0.39"] })];
const start = async (...objects: KubeObject[]) => {
  cluster = await playCluster({ objects: [node("node-a"), node("node-b")] });
  await cluster.create(...POOLS, ...objects);
  await cluster.settle();
};
const asking = (pool: string) => ({ spec: { template: { metadata: { annotations: poolAnnotation(pool) } } } });
const edit = async (kind: keyof typeof KINDS, name: string, patch: object) => {
  await cluster.patch(kind, name, patch);
  await cluster.settle();
};
const restart = async (...names: string[]) => {
  for (const name of names) await cluster.remove("Pod", `default/${name}`);
  await cluster.settle();
};
/** Pools of the Pods, in name order; "-" where one waits. */
const pools = async () => {
  const found: string[] = [];
  for (const { metadata } of await cluster.pods()) {
    const endpoint = (await cluster.find("SpiderEndpoint", `default/${metadata.name}`)) as SpiderEndpoint | undefined;
    const current = endpoint?.status?.current;
    found.push((current?.uid === metadata.uid && current?.ips[0]?.ipv4Pool) || "-");
  }
  return found;
};
const revisions = async (kind: "StatefulSet" | "DaemonSet", name: string) => {
  const { currentRevision, updateRevision } = (await cluster.find(kind, name))!.status as Record<string, string>;
  const all = (await cluster.actor.list(KINDS.ControllerRevision)).items.map(({ metadata }) => metadata.name);
  return { all: all.length, moved: currentRevision !== updateRevision, known: all.includes(updateRevision!) };
};

describe("the template in force for a successor", () => {
  const set = (updateStrategy: object) =>
    workload("StatefulSet", "web", { replicas: 3, annotations: poolAnnotation("p"), spec: { updateStrategy } });

  test("OnDelete: the update revision, for each Pod that somebody deletes (Z3)", async () => {
    await start(set({ type: "OnDelete" }));
    await edit("StatefulSet", "default/web", asking("q"));
    expect(await pools()).toEqual(["p", "p", "p"]);
    await restart("web-1");
    expect(await pools()).toEqual(["p", "q", "p"]);
    await restart("web-0", "web-2");
    expect(await pools()).toEqual(["q", "q", "q"]);
    expect(await revisions("StatefulSet", "default/web")).toEqual({ all: 2, moved: true, known: true });
  });

  test("a partition: the one before below it, however often such a Pod restarts", async () => {
    await start(set({ type: "RollingUpdate", rollingUpdate: { partition: 2 } }));
    await edit("StatefulSet", "default/web", asking("q"));
    expect(await pools()).toEqual(["p", "p", "q"]);
    await restart("web-0", "web-2");
    expect(await pools()).toEqual(["p", "p", "q"]);
    expect(await revisions("StatefulSet", "default/web")).toMatchObject({ moved: true });
    await edit("StatefulSet", "default/web", { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    expect(await pools()).toEqual(["q", "q", "q"]);
    expect(await revisions("StatefulSet", "default/web")).toEqual({ all: 2, moved: false, known: true });
  });

  test("a template that comes back has its old revision", async () => {
    await start(set({ type: "RollingUpdate" }));
    await edit("StatefulSet", "default/web", asking("q"));
    await edit("StatefulSet", "default/web", asking("p"));
    expect(await pools()).toEqual(["p", "p", "p"]);
    expect(await revisions("StatefulSet", "default/web")).toEqual({ all: 2, moved: false, known: true });
  });

  test("a DaemonSet's, by revision when it rolls, by who deletes when not", async () => {
    const daemons = (type: string) =>
      workload("DaemonSet", "ds", { annotations: poolAnnotation("p"), spec: { updateStrategy: { type } } });
    await start(daemons("OnDelete"));
    await edit("DaemonSet", "default/ds", asking("q"));
    expect(await pools()).toEqual(["p", "p"]);
    const [first] = await cluster.pods();
    await restart(first!.metadata.name);
    expect((await pools()).sort()).toEqual(["p", "q"]);
    await edit("DaemonSet", "default/ds", { spec: { updateStrategy: { type: "RollingUpdate" } } });
    expect(await pools()).toEqual(["q", "q"]);
  });

  test("a paused Deployment has no new ReplicaSet, and its Pods come back as they were", async () => {
    const spec = { paused: true };
    await start(workload("Deployment", "web", { replicas: 2, annotations: poolAnnotation("p") }));
    await edit("Deployment", "default/web", { spec: { ...spec, ...asking("q").spec } });
    const [pod] = await cluster.pods();
    await restart(pod!.metadata.name);
    expect(await pools()).toEqual(["p", "p"]);
    await edit("Deployment", "default/web", { spec: { replicas: 3 } });
    expect(await pools()).toEqual(["p", "p", "p"]);
    await edit("Deployment", "default/web", { spec: { paused: false } });
    expect(await pools()).toEqual(["q", "q", "q"]);
  });

  test("paused in the middle both ReplicaSets live, each with its own template", async () => {
    const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await start(
      ipPool("full", { subnet: "10.8.0.0/24", ips: ["10.8.0.9"], disable: true }),
      workload("Deployment", "web", { replicas: 2, annotations: poolAnnotation("p"), spec: { strategy } }),
    );
    await edit("Deployment", "default/web", asking("full"));
    await edit("Deployment", "default/web", { spec: { paused: true } });
    expect((await pools()).sort()).toEqual(["-", "p", "p"]);
    await edit("SpiderIPPool", "full", { spec: { disable: false } });
    expect((await pools()).sort()).toEqual(["full", "p", "p"]);
    await restart(...(await cluster.pods()).map(({ metadata }) => metadata.name));
    expect((await pools()).sort()).toEqual(["full", "p", "p"]);
  });
});

describe("who keeps a record", () => {
  test("not a Pod of a Kruise StatefulSet: its endpoint goes with it (Z1)", async () => {
    await start();
    const owner = { apiVersion: "apps.kruise.io/v1beta1", kind: "StatefulSet", name: "web", uid: "kruise" };
    const pod = (): KubeObject => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        namespace: "default",
        name: "web-0",
        annotations: poolAnnotation("p"),
        ownerReferences: [{ ...owner, controller: true }],
      },
      spec: { containers: [] },
    });
    await cluster.create(pod());
    await cluster.settle();
    const endpoint = await cluster.find("SpiderEndpoint", "default/web-0");
    expect(endpoint!.metadata.ownerReferences).toMatchObject([{ kind: "Pod", name: "web-0" }]);
    await restart("web-0");
    expect(await cluster.find("SpiderEndpoint", "default/web-0")).toBeUndefined();
    expect(holders(await cluster.find("SpiderIPPool", "p"))).toEqual({});
  });

  test("a NIC that left the template keeps its own and stands in nobody's way (Z4)", async () => {
    const network = (name: string): KubeObject => ({
      apiVersion: KINDS.SpiderMultusConfig.apiVersion,
      kind: "SpiderMultusConfig",
      metadata: { namespace: "kube-system", name },
      spec: { cniType: "macvlan", macvlan: { master: ["ens1"] } },
    });
    const nics = (more: boolean) => ({
      "v1.multus-cni.io/default-network": "kube-system/n0",
      "k8s.v1.cni.cncf.io/networks": more ? "kube-system/n1" : null,
      "ipam.spidernet.io/ippools": JSON.stringify([
        { interface: "eth0", ipv4: ["p"] },
        ...(more ? [{ interface: "net1", ipv4: ["q"] }] : []),
      ]),
    });
    await start(
      network("n0"),
      network("n1"),
      workload("StatefulSet", "web", { annotations: nics(true) as Record<string, string> }),
    );
    expect([await cluster.addresses(), await cluster.addresses("net1")]).toEqual([
      { "web-0": "10.6.0.10" },
      { "web-0": "10.6.0.30" },
    ]);
    for (const name of ["p", "q"]) await cluster.patch("SpiderIPPool", name, { spec: { disable: true } });
    await edit("StatefulSet", "default/web", { spec: { template: { metadata: { annotations: nics(false) } } } });
    expect(await cluster.addresses()).toEqual({ "web-0": "10.6.0.10" });
    expect(holders(await cluster.find("SpiderIPPool", "q"))).toEqual({ "10.6.0.30": "default/web-0" });
  });

  test("no ordinal whose `ippools` names no interface (Z5)", async () => {
    const annotations = { "ipam.spidernet.io/ippools": JSON.stringify([{ ipv4: ["p"] }]) };
    await start(workload("StatefulSet", "web", { annotations }));
    expect(await pools()).toEqual(["p"]);
    await cluster.patch("SpiderIPPool", "p", { spec: { disable: true } });
    await restart("web-0");
    expect(await pools()).toEqual(["-"]);
    expect(holders(await cluster.find("SpiderIPPool", "p"))).toEqual({});
  });

  test("an ordinal whose network leaves Spiderpool's hands has an overlay's address, and its record stays", async () => {
    const n0: KubeObject = {
      apiVersion: KINDS.SpiderMultusConfig.apiVersion,
      kind: "SpiderMultusConfig",
      metadata: { namespace: "kube-system", name: "n0" },
      spec: { cniType: "macvlan", macvlan: { master: ["ens1"] } },
    };
    const annotations = { ...poolAnnotation("p"), "v1.multus-cni.io/default-network": "kube-system/n0" };
    await start(n0, workload("StatefulSet", "web", { annotations }));
    await cluster.patch("SpiderMultusConfig", "kube-system/n0", { spec: { disableIPAM: true } });
    await restart("web-0");
    const [pod] = await cluster.pods();
    expect((pod!.status as { podIP: string }).podIP).toMatch(/^10\.244\./);
    expect(holders(await cluster.find("SpiderIPPool", "p"))).toEqual({ "10.6.0.10": "default/web-0" });
  });

  test("a Pod on its node's network has none", async () => {
    await start(workload("Deployment", "web", { annotations: poolAnnotation("p"), pod: { hostNetwork: true } }));
    const [pod] = await cluster.pods();
    expect(pod!.status).toMatchObject({ phase: "Running" });
    expect(await cluster.find("SpiderEndpoint", `default/${pod!.metadata.name}`)).toBeUndefined();
    expect(holders(await cluster.find("SpiderIPPool", "p"))).toEqual({});
  });
});

describe("the end of a Pod", () => {
  const finish = async (name: string, phase: "Succeeded" | "Failed") => {
    const pod = (await cluster.find("Pod", `default/${name}`))!;
    await cluster.actor.replaceStatus({ ...pod, status: { ...(pod.status as object), phase } }, KINDS.Pod);
    await cluster.settle();
  };

  test("a finished Pod's record is free for the next one, its endpoint stays until it is deleted (Z2)", async () => {
    await start(workload("Job", "work", { annotations: poolAnnotation("p"), spec: { completions: 2 } }));
    const [first] = (await cluster.pods()).map(({ metadata }) => metadata.name);
    await finish(first!, "Succeeded");
    const second = (await cluster.pods()).map(({ metadata }) => metadata.name).find((name) => name !== first)!;
    expect(holders(await cluster.find("SpiderIPPool", "p"))).toEqual({ "10.6.0.10": `default/${second}` });
    expect(await cluster.addresses()).toEqual({ [first!]: "10.6.0.10", [second]: "10.6.0.10" });
    await finish(second, "Succeeded");
    expect(await cluster.pods()).toHaveLength(2);
    expect((await cluster.find("Job", "default/work"))!.status).toMatchObject({ succeeded: 2, active: 0 });
    expect(holders(await cluster.find("SpiderIPPool", "p"))).toEqual({});
    await restart(first!);
    expect(await cluster.find("SpiderEndpoint", `default/${first}`)).toBeUndefined();
  });

  test("an evicted Pod of a Deployment stays beside the one in its place, that of a StatefulSet is made anew", async () => {
    await start(
      workload("Deployment", "web", { annotations: poolAnnotation("p") }),
      workload("StatefulSet", "db", { annotations: poolAnnotation("q") }),
    );
    const web = (await cluster.pods("web"))[0]!.metadata.name;
    const before = (await cluster.pods("db"))[0]!.metadata.uid;
    await finish(web, "Failed");
    await finish("db-0", "Failed");
    expect(await cluster.pods("web")).toHaveLength(2);
    expect(Object.keys(holders(await cluster.find("SpiderIPPool", "p")))).toEqual(["10.6.0.10"]);
    const [db] = await cluster.pods("db");
    expect(db!.metadata.uid).not.toBe(before);
    expect(holders(await cluster.find("SpiderIPPool", "q"))).toEqual({ "10.6.0.30": "default/db-0" });
  });

  test("on a dead node Pods stay Terminating: a Deployment's come elsewhere, an ordinal waits with its record", async () => {
    await start();
    await edit("Node", "node-b", { spec: { unschedulable: true } });
    await cluster.create(
      workload("Deployment", "web", { annotations: poolAnnotation("p") }),
      workload("StatefulSet", "db", { annotations: poolAnnotation("q") }),
      workload("DaemonSet", "ds", { annotations: poolAnnotation("q") }),
    );
    await cluster.settle();
    await edit("Node", "node-b", { spec: { unschedulable: false } });
    const ready = async (status: string) => {
      const found = (await cluster.find("Node", "node-a"))!;
      const conditions = [{ type: "Ready", status }];
      await cluster.actor.replaceStatus({ ...found, status: { conditions } }, KINDS.Node);
      await cluster.settle();
    };
    const web = (await cluster.pods("web"))[0]!.metadata.name;
    await ready("Unknown");
    const terminating = (await cluster.pods()).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(terminating.map(({ metadata }) => metadata.name).sort()).toEqual(["db-0", web]);
    expect(Object.values(holders(await cluster.find("SpiderIPPool", "p")))).not.toContain(`default/${web}`);
    expect(await cluster.find("SpiderEndpoint", `default/${web}`)).toBeDefined();
    expect(Object.values(holders(await cluster.find("SpiderIPPool", "q")))).toContain("default/db-0");
    expect(await cluster.pods("ds")).toHaveLength(2);
    const before = terminating.find(({ metadata }) => metadata.name === "db-0")!.metadata.uid;
    await ready("True");
    expect((await cluster.pods(web)).length).toBe(0);
    const [db] = await cluster.pods("db");
    expect(db!.metadata.uid).not.toBe(before);
    expect((await cluster.find("Node", "node-a"))!.spec).toEqual({ taints: [] });
  });
});
