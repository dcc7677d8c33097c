import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { NodeClasses } from "../../../src/core/verdict/node-classes.js";
import { deployment, livePool } from "../../support/objects.js";
import { node } from "../../support/running.js";

const TAINT = { key: "gpu", value: "yes", effect: "NoSchedule" };
const NODES: KubeObject[] = [
  node("b", { zone: "b", cores: "8" }),
  node("a", { zone: "a", cores: "16" }),
  { ...node("cordoned", { zone: "a" }), spec: { unschedulable: true } },
  { ...node("dead", { zone: "a" }), status: { conditions: [{ type: "Ready", status: "Unknown" }] } },
  {
    ...node("full", { zone: "b" }),
    status: {
      conditions: [
        { type: "DiskPressure", status: "False" },
        { type: "Ready", status: "True" },
      ],
    },
  },
  { ...node("tainted", { zone: "a" }), spec: { taints: [TAINT] } },
  { ...node("unloved", { zone: "c" }), spec: { taints: [{ key: "old", effect: "PreferNoSchedule" }] } },
];
const ANYWHERE = ["a", "b", "full", "unloved"];

/** A workload whose Pods have these fields in their spec. */
function placed(spec: object): KubeObject {
  const { spec: own, ...rest } = deployment("d/app");
  const { template, ...more } = own as { template: object };
  return { ...rest, spec: { ...more, template: { ...template, spec } } };
}
describe("where Pods may be scheduled", () => {
  test("by cluster/scheduling.ts; answers are kept apart by template and by question", () => {
    const classes = new NodeClasses(buildSnapshot(NODES, ["Node"]));
    for (let i = 0; i < 2; i++) {
      expect(classes.allowed(placed({ nodeSelector: { zone: "a" } }))).toEqual(["a"]);
      expect(classes.allowed(placed({}))).toEqual(ANYWHERE);
      expect(classes.lasting(placed({ nodeSelector: { zone: "a" } }))).toEqual(["a", "cordoned", "dead"]);
      expect(classes.allowed(placed({ tolerations: [TAINT] }))).toEqual(["a", "b", "full", "tainted", "unloved"]);
    }
  });

  test("not to nodes that are gone, and to an unknown one where no node is known", () => {
    const without = new NodeClasses(buildSnapshot(NODES, ["Node"]), new Set(["a", "full"]));
    expect(without.allowed(undefined)).toEqual(["b", "unloved"]);
    expect(new NodeClasses(buildSnapshot([], ["Node"])).allowed(placed({}))).toEqual([undefined]);
    expect(new NodeClasses(buildSnapshot([], ["Node"])).allowed(placed({ nodeName: "a" }))).toEqual([undefined]);
  });
});

describe("nodes that pools tell apart", () => {
  const known = () => new NodeClasses(buildSnapshot(NODES, ["Node"]));
  const everywhere = livePool("p", {});
  const inA = livePool("a", { nodeAffinity: { matchLabels: { zone: "a" } } });
  const onB = livePool("b", { nodeName: ["b"], nodeAffinity: { matchLabels: { zone: "a" } } });

  test("are sorted by which pools are open to them", () => {
    const classes = known();
    expect(classes.classes([everywhere, undefined], ANYWHERE)).toEqual([ANYWHERE]);
    expect(classes.classes([everywhere, inA], ANYWHERE)).toEqual([["a"], ["b", "full", "unloved"]]);
    expect(classes.classes([onB, inA], ANYWHERE)).toEqual([["a"], ["b"], ["full", "unloved"]]);
    expect(classes.classes([inA], [])).toEqual([]);
    expect(classes.classes([inA], ["b"])).toEqual([["b"]]);
  });

  test("A7: nodeName counts before nodeAffinity, and a node nobody knows is let in", () => {
    const classes = known();
    expect(["a", "b", undefined].map((name) => classes.isOpen(onB, name))).toEqual([false, true, true]);
    expect(["a", "b", undefined].map((name) => classes.isOpen(inA, name))).toEqual([true, false, true]);
    expect(classes.isOpen(everywhere, "b")).toBe(true);
    expect([everywhere, inA, onB].map(NodeClasses.choosesNodes)).toEqual([false, true, true]);
  });
});
