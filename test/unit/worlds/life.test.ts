import { describe, expect, test } from "vitest";
import { KEYS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { heldBy } from "../../support/worlds/agent.js";
import { asTemplate, Kubernetes, type LiveWorkload } from "../../support/worlds/kubernetes.js";
import type { Life } from "../../support/worlds/life-spec.js";
import { Copy, endpointsOf, type Objects, poolsOf, recordsOf } from "../../support/worlds/objects.js";
import type { PlanModel } from "../../support/worlds/plan-model.js";
import { harmTo, holders } from "../../support/worlds/restarts.js";
import { faultsOf } from "../../support/worlds/standing.js";

/** The stand-in of Kubernetes in the worlds, in the situations that features add: what follows is worked out by hand. */

const NOTHING: Objects = { all: () => new Map(), put: () => undefined, remove: () => undefined };
const POOLS: PlanModel["pools"] = [1, 2].map((number) => ({
  number,
  name: `p${number}`,
  subnet: number - 1,
  isDefault: false,
  disabled: false,
  slicesOnly: false,
  take: 3,
}));
const MODEL = {
  pools: POOLS,
  fixed: [],
  subnets: [0, 1].map((index) => ({ key: `s${index}`, index, family: 4, zone: [], room: 3 })),
} as unknown as PlanModel;

function world(kind: LiveWorkload["kind"], life: Life, replicas = 2) {
  const objects = new Copy(NOTHING);
  for (const name of ["node-0", "node-1"])
    objects.put({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { zone: name === "node-0" ? "a" : "b" } },
    });
  objects.put({
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderMultusConfig",
    metadata: { namespace: "kube-system", name: "n0" },
    spec: {},
  });
  for (const { name, subnet } of POOLS)
    objects.put({
      apiVersion: "spiderpool.spidernet.io/v2beta1",
      kind: "SpiderIPPool",
      metadata: { name },
      spec: { subnet: `10.0.${subnet}.0/24`, ipVersion: 4, ips: [`10.0.${subnet}.10-10.0.${subnet}.14`] },
    });
  const annotations = { [KEYS.defaultNetwork]: "kube-system/n0", [KEYS.ippool]: '{"ipv4":["p1"]}' };
  const one: LiveWorkload = {
    namespace: "blue",
    name: "w0",
    kind,
    labels: { app: "w0", tier: "x" },
    annotations,
    networks: { eth0: "kube-system/n0" },
    chosen: {},
    life,
  };
  const kubernetes = new Kubernetes(objects, () => 0, "u");
  kubernetes.scale(one, replicas);
  const change = (both = false) =>
    kubernetes.retemplate(
      one,
      { type: "template", workload: 0, names: [1], relabel: false, dropNic: false, both },
      MODEL,
    );
  const pools = () =>
    kubernetes.pods().map((pod) => heldBy(endpointsOf(objects).get(`blue/${pod.metadata.name}`))[0]?.pool ?? "-");
  /** The pool each Pod's successor asks for. */
  const next = () =>
    kubernetes
      .pods()
      .map((pod) => asTemplate(objects, pod).metadata.annotations?.[KEYS.ippool]?.match(/p\d/)?.[0] ?? "-");
  const records = () => [...poolsOf(objects).values()].flatMap((pool) => Object.values(recordsOf(pool)).length);
  return { objects, kubernetes, one, change, pools, next, records };
}

describe("the template in force", () => {
  test.each<[what: string, LiveWorkload["kind"], Life, running: string[], next: string[]]>([
    ["a Deployment rolls out", "Deployment", {}, ["p2", "p2"], ["p2", "p2"]],
    ["a StatefulSet, too", "StatefulSet", {}, ["p2", "p2"], ["p2", "p2"]],
    ["OnDelete waits for who deletes", "StatefulSet", { way: "on-delete" }, ["p1", "p1"], ["p2", "p2"]],
    ["a partition keeps what is below it", "StatefulSet", { way: "partition" }, ["p1", "p2"], ["p1", "p2"]],
    ["a Kruise StatefulSet rolls out", "StatefulSet", { way: "kruise" }, ["p2", "p2"], ["p2", "p2"]],
    ["a paused Deployment stays", "Deployment", { way: "paused" }, ["p1", "p1"], ["p1", "p1"]],
  ])("%s", (_what, kind, life, running, next) => {
    const { kubernetes, change, pools, next: coming } = world(kind, life);
    expect(pools()).toEqual(["p1", "p1"]);
    expect(change()).toBe(true);
    kubernetes.retryWaiting();
    expect([pools(), coming()]).toEqual([running, next]);
    for (const pod of kubernetes.pods()) kubernetes.restart(pod);
    expect(pools()).toEqual(next);
  });

  test("paused in the middle each ReplicaSet has its own", () => {
    const { kubernetes, change, pools } = world("Deployment", { way: "paused" });
    change(true);
    expect(pools().sort()).toEqual(["p1", "p1", "p2"]);
    for (const pod of kubernetes.pods()) kubernetes.restart(pod);
    expect(pools().sort()).toEqual(["p1", "p1", "p2"]);
  });
});

describe("who is harmed when a pool closes", () => {
  const closed = (objects: Objects) => {
    const copy = new Copy(objects);
    const pool = poolsOf(copy).get("p1")!;
    copy.put({ ...pool, spec: { ...pool.spec, disable: true } } as KubeObject);
    return copy;
  };
  test.each<[what: string, LiveWorkload["kind"], Life, harmed: number]>([
    ["no ordinal of apps/v1 (A19)", "StatefulSet", {}, 0],
    ["every Pod of a Kruise StatefulSet (Z1)", "StatefulSet", { way: "kruise" }, 2],
    ["every Pod of a Deployment", "Deployment", {}, 2],
    ["nobody on a node's network", "Deployment", { way: "host-network" }, 0],
  ])("%s", (_what, kind, life, harmed) => {
    const { objects } = world(kind, life);
    const found = holders(objects).filter((pod) => harmTo(objects, closed(objects), pod).size > 0);
    expect(found).toHaveLength(harmed);
  });
});

describe("the end of a Pod", () => {
  test("an evicted Pod frees its record and keeps its endpoint, which is no use (Z2, FIXED-1)", () => {
    const { objects, kubernetes, records } = world("Deployment", {});
    const [pod] = kubernetes.pods() as [KubeObject];
    kubernetes.replaceOver(pod, { ...pod, status: { phase: "Failed", reason: "Evicted" } });
    expect([kubernetes.pods().length, records(), endpointsOf(objects).size]).toEqual([2, [2, 0], 3]);
    expect([...faultsOf(objects).keys()]).toEqual([]);
  });

  test("a dead node's Pods come elsewhere but for ordinals, which wait with their records", () => {
    for (const [kind, elsewhere] of [
      ["Deployment", 2],
      ["StatefulSet", 1],
    ] as const) {
      const { objects, kubernetes, records } = world(kind, {});
      kubernetes.setNode(objects.all("Node").get("node-0")!, true);
      expect([kubernetes.pods().length, records()]).toEqual([elsewhere, [2, 0]]);
      kubernetes.setNode(objects.all("Node").get("node-0")!, false);
      expect([kubernetes.pods().length, records()]).toEqual([2, [2, 0]]);
      expect(objects.all("Pod").size).toBe(2);
    }
  });

  test("Pods run only where their template lets them", () => {
    const { kubernetes } = world("Deployment", { placement: 2 }, 3);
    expect(kubernetes.pods().map(({ spec }) => (spec as { nodeName: string }).nodeName)).toEqual(
      Array(3).fill("node-1"),
    );
  });
});
