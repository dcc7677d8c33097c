import { describe, expect, it } from "vitest";
import { type SimulationRequest, simulate } from "../../../src/core/query/simulate/simulate.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderEndpoint } from "../../../src/core/spiderpool/objects.js";
import { livePool, liveReserved } from "../../support/objects.js";
import { namespaceWith, node, type Running, running } from "../../support/running.js";

const POOLS = { "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["a"]}]' };
const NODES = [node("node-a", { zone: "a" }), node("node-b", { zone: "b" })];

function cluster(pool: Parameters<typeof livePool>[1], one: Partial<Running>, ...more: KubeObject[]): KubeObject[] {
  const base = [namespaceWith("default"), ...NODES, livePool("a", pool), ...more];
  return running(base, {
    name: "default/app",
    pool: "a",
    addresses: ["10.6.0.10", "10.6.0.11"],
    annotations: POOLS,
    nodes: ["node-a"],
    ...one,
  });
}

function play(objects: readonly KubeObject[], request: Partial<SimulationRequest>) {
  const snapshot = buildSnapshot(objects, Object.keys(KINDS));
  const nothing = { failed: [], drained: [], scale: new Map(), rollout: [], restart: false };
  return simulate(snapshot, CHART_DEFAULTS, { ...nothing, ...request });
}

/** `pod fate before -> after`. */
function lines(objects: readonly KubeObject[], request: Partial<SimulationRequest>): string[] {
  return play(objects, request).addresses.map((one) => {
    const after = one.after.map((choice) => choice.address).join("|");
    return `${one.pod} ${one.fate} ${one.before?.address ?? "-"} -> ${after || "-"}`;
  });
}

const strategy = (objects: KubeObject[], rollingUpdate: object) =>
  objects.map((object) =>
    object.kind === "Deployment"
      ? { ...object, spec: { ...(object.spec as object), strategy: { rollingUpdate } } }
      : object,
  );

describe("drain", () => {
  it("an evicted Pod gets an address again: its own came free", () => {
    expect(lines(cluster({ ips: ["10.6.0.10-10.6.0.11"] }, {}), { drained: ["node-a"] })).toEqual([
      "default/app-rs-0 gets 10.6.0.10 -> 10.6.0.10",
      "default/app-rs-1 gets 10.6.0.11 -> 10.6.0.11",
    ]);
  });

  it("a pool of one zone serves nobody elsewhere", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.19"], nodeAffinity: { matchLabels: { zone: "a" } } }, {});
    const { addresses } = play(objects, { drained: ["node-a"] });
    expect(addresses.map((one) => one.fate)).toEqual(["none", "none"]);
    expect(addresses[0]!.reasons.join()).toMatch(/nodeAffinity zone=a: node-b has zone=b/);
  });

  it("a StatefulSet's Pod keeps its own even where the pool's nodes exclude it (A19)", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.19"], nodeName: ["node-a"] }, { kind: "StatefulSet" });
    expect(lines(objects, { drained: ["node-a"] })).toEqual([
      "default/app-0 keeps 10.6.0.10 -> 10.6.0.10",
      "default/app-1 keeps 10.6.0.11 -> 10.6.0.11",
    ]);
  });

  it("leaves Pods of other nodes alone, and a Pod for which no node is left waits", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.19"] }, { nodes: ["node-a", "node-b"] });
    expect(play(objects, { drained: ["node-a"] })).toMatchObject({
      untouched: 1,
      addresses: [{ pod: "default/app-rs-0" }],
    });
    expect(play(objects, { drained: ["node-a", "node-b"] }).addresses.map((one) => one.fate)).toEqual([
      "waits",
      "waits",
    ]);
  });

  it("where the scheduler decides, both ends are told", () => {
    const objects = cluster(
      { ips: ["10.6.0.10-10.6.0.19"], nodeName: ["node-a", "node-b"] },
      {},
      node("node-c", { zone: "c" }),
    );
    const [first] = play(objects, { drained: ["node-a"] }).addresses;
    expect(first).toMatchObject({ fate: "may get none", after: [{ address: "10.6.0.10" }] });
    expect(first!.reasons.join()).toContain("on node-c: ");
  });

  it("a Pod that may go to two zones is one rival in their common pool, not two", () => {
    const both = { "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["a","b"]}]' };
    const objects = cluster(
      { ips: ["10.6.0.10-10.6.0.11"] },
      { annotations: both },
      livePool("b", { ips: ["10.6.0.20"], nodeAffinity: { matchLabels: { zone: "b" } } }),
      node("node-c", { zone: "c" }),
    );
    expect(play(objects, { drained: ["node-a"] }).addresses.map((one) => one.fate)).toEqual(["gets", "gets"]);
  });

  it("a reserved address that a StatefulSet's Pod keeps is no one else's loss", () => {
    const base = cluster(
      { ips: ["10.6.0.10-10.6.0.11"] },
      { name: "default/set", kind: "StatefulSet", addresses: ["10.6.0.11"] },
      liveReserved("r", ["10.6.0.11"]),
    );
    const objects = running(base, {
      ...{ name: "default/app", pool: "a", addresses: ["10.6.0.10"], annotations: POOLS, nodes: ["node-a"] },
    });
    expect(lines(objects, { restart: true })).toEqual([
      "default/app-rs-0 gets 10.6.0.10 -> 10.6.0.10",
      "default/set-0 keeps 10.6.0.11 -> 10.6.0.11",
    ]);
  });
});

describe("failing nodes", () => {
  it("the dead Pods' addresses are still taken, unlike in a drain", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.12"] }, {});
    expect(lines(objects, { failed: ["node-a"] })).toEqual([
      "default/app-rs-0 may get none 10.6.0.10 -> 10.6.0.12",
      "default/app-rs-1 none 10.6.0.11 -> -",
    ]);
  });

  it("a StatefulSet's Pod waits for its node", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.19"] }, { kind: "StatefulSet" });
    expect(lines(objects, { failed: ["node-a"] })[0]).toBe("default/app-0 waits 10.6.0.10 -> -");
  });
});

describe("scaling", () => {
  it("new Pods get the lowest free addresses, those beyond the pool none", () => {
    const objects = cluster({ ips: ["10.6.0.9-10.6.0.12"] }, {});
    expect(lines(objects, { scale: new Map([["default/Deployment/app", 5]]) })).toEqual([
      "default/app (new 1) may get none - -> 10.6.0.9",
      "default/app (new 2) may get none - -> 10.6.0.12",
      "default/app (new 3) none - -> -",
    ]);
  });

  it("a StatefulSet grows at its end and loses its highest ordinals", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.19"] }, { kind: "StatefulSet" });
    const scaled = (replicas: number) => lines(objects, { scale: new Map([["default/StatefulSet/app", replicas]]) });
    expect(scaled(3)).toEqual(["default/app-2 gets - -> 10.6.0.12"]);
    expect(scaled(1)).toEqual(["default/app-1 gone 10.6.0.11 -> -"]);
    expect(scaled(2)).toEqual([]);
  });

  it("what goes makes room for a restart in the same run", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.11"] }, {});
    expect(lines(objects, { scale: new Map([["default/Deployment/app", 1]]), restart: true })).toEqual([
      "default/app-rs-0 gets 10.6.0.10 -> 10.6.0.10",
      "default/app-rs-1 gone 10.6.0.11 -> -",
    ]);
  });
});

describe("rollout", () => {
  const rolled = (ips: string, rollingUpdate: object) =>
    play(strategy(cluster({ ips: [ips] }, {}), rollingUpdate), { rollout: ["default/Deployment/app"] });

  it("one spare address is passed on from Pod to Pod", () => {
    expect(rolled("10.6.0.10-10.6.0.12", { maxSurge: 1, maxUnavailable: 0 }).addresses.map((one) => one.after)).toEqual(
      [[{ pool: "a", address: "10.6.0.12" }], [{ pool: "a", address: "10.6.0.10" }]],
    );
  });

  it("without one, and with no Pod allowed to be missing, it never starts (A22)", () => {
    const { addresses } = rolled("10.6.0.10-10.6.0.11", { maxSurge: 1, maxUnavailable: 0 });
    expect(addresses.map((one) => one.fate)).toEqual(["none", "none"]);
    expect(addresses[0]!.reasons.join()).toMatch(/a \(full\).*stops with 2 of 2 old Pods left \(A22\)/);
  });

  it("without one, but with a Pod allowed to be missing, it goes on", () => {
    expect(rolled("10.6.0.10-10.6.0.11", { maxSurge: 1, maxUnavailable: 1 }).addresses.map((one) => one.fate)).toEqual([
      "gets",
      "gets",
    ]);
  });

  it("a StatefulSet goes from its highest ordinal down and keeps its addresses", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.11"] }, { kind: "StatefulSet" });
    expect(lines(objects, { rollout: ["default/StatefulSet/app"] })).toEqual([
      "default/app-0 keeps 10.6.0.10 -> 10.6.0.10",
      "default/app-1 keeps 10.6.0.11 -> 10.6.0.11",
    ]);
  });
});

describe("restart", () => {
  it("pools of equal rank: one of them (A12)", () => {
    const both = { "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["a","b"]}]' };
    const objects = cluster(
      { ips: ["10.6.0.10"] },
      { addresses: ["10.6.0.10"], annotations: both },
      livePool("b", { ips: ["10.6.0.20"] }),
    );
    expect(lines(objects, { restart: true })).toEqual(["default/app-rs-0 gets 10.6.0.10 -> 10.6.0.10|10.6.0.20"]);
  });

  it("a choice among equals that can leave another without is told", () => {
    const base = cluster(
      { ips: ["10.6.0.10"] },
      {
        addresses: ["10.6.0.10"],
        annotations: { "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["a","b"]}]' },
      },
      livePool("b", { ips: ["10.6.0.20"] }),
    );
    const objects = running(base, {
      name: "default/picky",
      pool: "b",
      addresses: ["10.6.0.20"],
      annotations: { "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["b"]}]' },
      nodes: ["node-a"],
    });
    const [app, picky] = play(objects, { restart: true }).addresses;
    expect(app!.fate).toBe("gets");
    expect(picky).toMatchObject({ fate: "may get none", after: [{ address: "10.6.0.20" }] });
    expect(picky!.reasons.join()).toMatch(/2 Pods may come for the 1 usable addresses of b/);
  });

  it("all of a healthy cluster comes back, on its own nodes, in whatever order the API listed it", () => {
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.11"], nodeName: ["node-a"] }, {});
    const expected = lines(objects, { restart: true });
    expect(expected).toHaveLength(2);
    expect(lines([...objects].reverse(), { restart: true })).toEqual(expected);
    expect(play(objects, { restart: true }).addresses.every((one) => one.fate === "gets")).toBe(true);
  });

  it("two NICs of one Pod that come for one pool share an address (A15)", () => {
    const annotations = {
      "ipam.spidernet.io/ippool": '{"ipv4":["a"]}',
      "k8s.v1.cni.cncf.io/networks": "kube-system/net",
    };
    const objects = cluster({ ips: ["10.6.0.10-10.6.0.11"] }, { addresses: ["10.6.0.10"], annotations }).map(
      (object) => {
        if (object.kind !== "SpiderEndpoint") return object;
        const { status } = object as unknown as SpiderEndpoint;
        const [first] = status!.current!.ips;
        const ips = [first, { ...first, interface: "net1" }];
        return { ...object, status: { ...status, current: { ...status!.current, ips } } };
      },
    );
    const told = lines(objects, { restart: true });
    expect(told).toEqual(Array(2).fill("default/app-rs-0 gets 10.6.0.10 -> 10.6.0.10"));
  });
});
