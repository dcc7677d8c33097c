import { describe, expect, test } from "vitest";
import { identity } from "../../../src/core/change/ownership.js";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { touchedBy } from "../../../src/core/verdict/touched.js";
import { deployment, livePool, liveReserved, liveSubnet } from "../../support/objects.js";
import { namespaceWith } from "../../support/running.js";
import { creating, deleting, updating } from "../../support/steps.js";

const before = livePool("p", { ips: ["10.6.0.10-10.6.0.12"] });
const snapshot = buildSnapshot([before], ["SpiderIPPool"]);

describe("what a step does to a pool, in a sentence of its own", () => {
  test.each([
    ["a new one", creating(before), ["it is a new pool of this plan"]],
    ["one that goes", deleting(before), ["the plan deletes it"]],
    [
      "one whose addresses change",
      updating(before, livePool("p", { ips: ["10.6.0.11-10.6.0.13"] })),
      ["the plan changes its addresses: - 10.6.0.10", "the plan changes its addresses: + 10.6.0.13"],
    ],
  ])("%s", (_what, step, words) => {
    expect(touchedBy([{ steering: [], ...step }], snapshot).changesOf("p")).toEqual(words);
  });
});

const rest = liveReserved("rest", ["10.6.0.12"]);
const resting = { ...rest, metadata: { ...rest.metadata, annotations: { "spiderplan.io/quarantine": "[]" } } };
const touched = (...steps: Step[]) =>
  touchedBy(
    steps.map((step) => ({ steering: [], ...step })),
    snapshot,
  );
const blocked = { type: "conflict", message: "no" } as const;

describe("what the steps touch", () => {
  test.each<[what: string, step: Step & { steering?: string[] }, pools: string[]]>([
    ["a new pool", creating(before), ["p"]],
    ["a new pool without addresses", creating(livePool("e", {})), ["e"]],
    ["a pool that goes", deleting(before), ["p"]],
    ["an empty pool that goes", deleting(livePool("e", {})), ["e"]],
    ["one that gains addresses", updating(before, livePool("p", { ips: ["10.6.0.10-10.6.0.13"] })), ["p"]],
    ["one that loses some", updating(before, livePool("p", { ips: ["10.6.0.10"] })), ["p"]],
    ["one whose affinity changes", { ...updating(before, before), steering: ["nodeName"] }, ["p"]],
    ["one whose gateway changes", { ...updating(before, before), changes: ["gateway: none -> 10.6.0.1"] }, []],
    ["one that is adopted", updating(before, before, 2, "adopt"), []],
    ["one whose step is held back", { ...deleting(before), blocked }, []],
    ["a subnet", creating(liveSubnet("p", { subnet: "10.6.0.0/24", ips: ["10.6.0.10"] })), []],
    ["a reservation of its address", creating(liveReserved("r", ["10.6.0.12"])), ["p"]],
    ["a reservation that goes", deleting(liveReserved("r", ["10.6.0.12"])), ["p"]],
    ["one that moves away", updating(liveReserved("r", ["10.6.0.12"]), liveReserved("r", ["10.6.0.99"])), ["p"]],
    ["one that comes", updating(liveReserved("r", ["10.6.0.99"]), liveReserved("r", ["10.6.0.12"])), ["p"]],
    ["one of addresses that only rest", creating(resting), []],
    ["one beside it", creating(liveReserved("r", ["10.6.0.99"])), []],
    ["one of the other family", creating(liveReserved("r", ["::a06:a"])), []],
  ])("%s", (_what, step, pools) => {
    const found = touched(step);
    expect([...found.pools.keys()]).toEqual(pools);
    expect([found.namespaces.size, found.workloads.size, found.networks.size]).toEqual([0, 0, 0]);
  });

  test("of a pool: which fields steer is told, the others are not", () => {
    const step = {
      ...updating(before, before),
      changes: ["nodeName: none -> a", "gateway: none -> 10.6.0.1", "disable: false -> true"],
      steering: ["nodeName", "disable"],
    };
    expect(touched(step).changesOf("p")).toEqual([
      "the plan changes nodeName: none -> a",
      "the plan changes disable: false -> true",
    ]);
    expect(touched(step).changesOf("q")).toEqual([]);
  });

  test("a pool the plan makes lies under a reservation as a live one does, if it is made", () => {
    const [pool, reservation] = [
      livePool("new", { ips: ["10.6.0.50"] }),
      liveReserved("r", ["10.6.0.12", "10.6.0.50"]),
    ];
    const found = touched(creating(pool), creating(reservation));
    expect([...found.pools]).toEqual([
      ["new", [0, 1]],
      ["p", [1]],
    ]);
    expect(found.changesOf("new")).toEqual([
      "it is a new pool of this plan",
      "the plan changes reservation r (create)",
    ]);
    expect(found.changesOf("p")).toEqual(["the plan changes reservation r (create)"]);
    expect([...touched({ ...creating(pool), blocked }, creating(reservation)).pools]).toEqual([["p", [1]]]);
    const subnet = creating(liveSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.50"] }));
    expect([...touched(subnet, creating(reservation)).pools]).toEqual([["p", [1]]]);
    expect([...touched(deleting(before), creating(reservation)).pools]).toEqual([["p", [0, 1]]]);
  });

  test("networks, Namespaces and Pod templates by their own names", () => {
    const network: KubeObject = {
      ...identity("default", KINDS.SpiderMultusConfig, "net", { namespace: "d" }),
      spec: {},
    };
    expect([...touched(creating(network)).networks]).toEqual([["d/net", [0]]]);
    expect([...touched(updating(namespaceWith("shop"), namespaceWith("shop"))).namespaces]).toEqual([["shop", [0]]]);
    const app = deployment("d/app");
    const step: Step = {
      ...deleting(app),
      kind: { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments", namespaced: true },
    };
    expect([...touched(creating(before), step, step).workloads]).toEqual([["d/Deployment/app", [1, 2]]]);
  });
});
