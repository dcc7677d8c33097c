import { describe, expect, test } from "vitest";
import type { Affinity } from "../../../src/core/plan/plan.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { cluster, fixed, plan, run, subnet } from "../../support/allocate-world.js";

/** When subnets of different node affinity stop a StatefulSet (A19, SP4114). */

const four = (name: string, third: number, nodes?: Affinity) => ({
  ...subnet(name, `10.${third}.0.0/24`, [`10.${third}.0.10-10.${third}.0.20`]),
  ...(nodes && { nodes }),
});
const six = (name: string, part: number, nodes?: Affinity) => ({
  ...subnet(name, `fd0${part}::/64`, [`fd0${part}::10-fd0${part}::20`]),
  ...(nodes && { nodes }),
});
const zone = (value: string): Affinity => ({ selector: { matchLabels: { zone: value } } });
const on = (...names: string[]): Affinity => ({ names });
const asking = (operator: string, values?: string[], matchLabels?: Record<string, string>): Affinity =>
  ({
    selector: {
      matchExpressions: [{ key: "disk", operator, ...(values && { values }) }],
      ...(matchLabels && { matchLabels }),
    },
  }) as Affinity;

function told(subnets: ReturnType<typeof four>[], nodeSelector: Record<string, string> = {}, kind = "StatefulSet") {
  return toldFor(subnets, { nodeSelector }, [], kind);
}

function toldFor(subnets: ReturnType<typeof four>[], podSpec: object, nodes: KubeObject[] = [], kind = "StatefulSet") {
  const live: KubeObject = {
    apiVersion: "apps/v1",
    kind,
    metadata: { namespace: "d", name: "web" },
    spec: { replicas: 1, template: { metadata: {}, spec: podSpec } },
  };
  const workloads = [fixed(`d/${kind}/web`, { replicas: 1, subnets: subnets.map(({ name }) => name) })];
  const { diagnostics } = run({ plan: plan({ subnets, workloads }), snapshot: cluster(live, ...nodes) });
  return diagnostics.filter(({ code }) => code === "SP4114").map(({ message }) => /\((.*?)\)/.exec(message)?.[1]);
}

const HOST = "kubernetes.io/hostname";

describe("a template that can only run in one of two subnets is left in peace, any other is told", () => {
  test.each<
    [what: string, first: Affinity | undefined, second: Affinity | undefined, Record<string, string>, pinned: boolean]
  >([
    ["names, and its node is one of the first", on("n1", "n2"), on("n3"), { [HOST]: "n2" }, true],
    ["names, and its node is none of them", on("n1"), on("n3"), { [HOST]: "n4" }, false],
    ["names, and it says no node", on("n1"), on("n3"), {}, false],
    ["a label, the other subnet is for all nodes", zone("1"), undefined, { zone: "1" }, true],
    [
      "two labels, of which it says one",
      { selector: { matchLabels: { zone: "1", disk: "x" } } },
      zone("2"),
      { zone: "1" },
      false,
    ],
    [
      "two labels, of which it says both",
      { selector: { matchLabels: { zone: "1", disk: "x" } } },
      zone("2"),
      { zone: "1", disk: "x" },
      true,
    ],
    ["In, and its value is there", asking("In", ["a", "b"]), zone("2"), { disk: "b" }, true],
    ["In, and its value is not there", asking("In", ["a"]), zone("2"), { disk: "b" }, false],
    ["In, and it has no such label", asking("In", ["a"]), zone("2"), { zone: "1" }, false],
    ["Exists, and it has the label", asking("Exists"), zone("2"), { disk: "b" }, true],
    ["Exists, and it has not", asking("Exists"), zone("2"), {}, false],
    ["NotIn, and its value is excluded", asking("NotIn", ["a"]), zone("2"), { disk: "a" }, false],
    ["NotIn, and its value is another", asking("NotIn", ["a"]), zone("2"), { disk: "b" }, true],
    ["NotIn, and it says nothing of the label", asking("NotIn", ["a"]), zone("2"), {}, false],
    [
      "a label and an expression, both met",
      asking("In", ["a"], { zone: "1" }),
      zone("2"),
      { disk: "a", zone: "1" },
      true,
    ],
    ["a label and an expression, one met", asking("In", ["a"], { zone: "1" }), zone("2"), { disk: "a" }, false],
    ["both subnets", zone("1"), asking("Exists"), { zone: "1", disk: "a" }, false],
  ])("%s", (_, first, second, nodeSelector, pinned) => {
    expect(told([four("a", 1, first), four("b", 2, second)], nodeSelector)).toEqual(pinned ? [] : ["a, b"]);
  });
});

test.each<[what: string, terms: object[], pinned: boolean]>([
  ["one term in one zone", [{ zone: ["1"] }], true],
  ["two terms in one zone", [{ zone: ["1"] }, { zone: ["1"], disk: ["x"] }], true],
  ["a term for each zone", [{ zone: ["1"] }, { zone: ["2"] }], false],
  ["a term for both zones", [{ zone: ["1", "2"] }], false],
])("required node affinity pins as a nodeSelector does: %s", (_, terms, pinned) => {
  const nodeSelectorTerms = terms.map((term) => ({
    matchExpressions: Object.entries(term).map(([key, values]) => ({ key, operator: "In", values })),
  }));
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
  expect(toldFor([four("a", 1, zone("1")), four("b", 2, zone("2"))], { affinity })).toEqual(pinned ? [] : ["a, b"]);
});

test("a node's name pins to the zone the node is in", () => {
  const subnets = [four("a", 1, zone("1")), four("b", 2, zone("2"))];
  const node: KubeObject = { apiVersion: "v1", kind: "Node", metadata: { name: "n1", labels: { zone: "1" } } };
  expect(toldFor(subnets, { nodeName: "n1" }, [node])).toEqual([]);
  expect(toldFor(subnets, { nodeName: "n2" }, [node])).toEqual(["a, b"]);
});

describe("affinities differ", () => {
  test.each<[string, ReturnType<typeof four>[], (string | undefined)[]]>([
    ["not by the order of names", [four("a", 1, on("n1", "n2")), four("b", 2, on("n2", "n1"))], []],
    ["by one name", [four("a", 1, on("n1")), four("b", 2, on("n2"))], ["a, b"]],
    ["not between families", [four("a", 1, zone("1")), six("b", 1, zone("2"))], []],
    ["in the second family", [four("a", 1, zone("1")), six("b", 1, zone("1")), six("c", 2, zone("2"))], ["b, c"]],
    [
      "in both, and the first is told",
      [six("a", 1, zone("1")), six("b", 2, zone("2")), four("c", 1, zone("1")), four("e", 2, zone("2"))],
      ["c, e"],
    ],
  ])("%s", (_, subnets, expected) => expect(told(subnets)).toEqual(expected));

  test("which other kinds are free to", () => {
    expect(told([four("a", 1, zone("1")), four("b", 2, zone("2"))], {}, "Deployment")).toEqual([]);
  });
});
