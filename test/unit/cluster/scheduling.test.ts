import { describe, expect, test } from "vitest";
import { isConfinedTo, mayComeTo, mayStartOn, mayStayOn, placementOf } from "../../../src/core/cluster/scheduling.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { node } from "../../support/running.js";

/** On which nodes a Pod of a template may run: a row a rule. */

const spec = (of: KubeObject, more: object): KubeObject => ({ ...of, spec: more });
const tainted = (name: string, key: string, effect: string, value?: string): KubeObject =>
  spec(node(name, { zone: "t" }), { taints: [{ key, effect, ...(value !== undefined && { value }) }] });
const reporting = (of: KubeObject, status: string): KubeObject => ({
  ...of,
  status: {
    conditions: [
      { type: "DiskPressure", status: "False" },
      { type: "Ready", status },
    ],
  },
});

const NODES: readonly KubeObject[] = [
  node("a", { zone: "a", cores: "16", "kubernetes.io/hostname": "host-a" }),
  reporting(node("b", { zone: "b", cores: "8", spare: "" }), "True"),
  spec(node("cordoned", { zone: "a" }), { unschedulable: true }),
  reporting(node("dead", { zone: "a" }), "Unknown"),
  tainted("gpu", "gpu", "NoSchedule", "yes"),
  tainted("evicting", "ill", "NoExecute"),
  tainted("unloved", "old", "PreferNoSchedule"),
  tainted("pressed", "node.kubernetes.io/disk-pressure", "NoSchedule"),
  tainted("offline", "node.kubernetes.io/network-unavailable", "NoSchedule"),
  tainted("lost", "node.kubernetes.io/not-ready", "NoExecute"),
];

function workload(kind: string, podSpec: unknown, apiVersion = "apps/v1"): KubeObject {
  return {
    apiVersion,
    kind,
    metadata: { namespace: "d", name: "app" },
    spec: { template: { spec: podSpec } },
  };
}
const names = (nodes: readonly KubeObject[]) => nodes.map(({ metadata }) => metadata.name);
const starts = (of: KubeObject) => names(NODES.filter((one) => mayStartOn(placementOf(of), one)));
const comes = (of: KubeObject) => names(NODES.filter((one) => mayComeTo(placementOf(of), one)));
const app = (podSpec: unknown) => workload("Deployment", podSpec);
const required = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const labels = (...list: [key: string, operator: string, ...values: string[]][]) => ({
  matchExpressions: list.map(([key, operator, ...values]) => ({ key, operator, values })),
});
const named = (operator: string, ...values: string[]) => ({
  matchFields: [{ key: "metadata.name", operator, values }],
});
const tolerating = (...tolerations: object[]) => ({ tolerations });

const OPEN = ["a", "b", "unloved"];

describe("where a Pod may start", () => {
  test.each<[rule: string, podSpec: unknown, nodes: readonly string[]]>([
    ["anywhere that is alive, not cordoned and not tainted", {}, OPEN],
    ["a template that says nothing of its Pods", undefined, OPEN],
    ["nodeSelector", { nodeSelector: { zone: "b" } }, ["b"]],
    ["nodeSelector, all of it", { nodeSelector: { zone: "b", cores: "16" } }, []],
    ["nodeSelector of a label without a value", { nodeSelector: { spare: "" } }, ["b"]],
    ["nodeSelector by the hostname the node has", { nodeSelector: { "kubernetes.io/hostname": "host-a" } }, ["a"]],
    ["nodeSelector by the hostname a node is sure to have", { nodeSelector: { "kubernetes.io/hostname": "b" } }, ["b"]],
    ["nodeSelector of a key no label has", { nodeSelector: { constructor: "x" } }, []],
    ["In", required(labels(["zone", "In", "a", "b"])), ["a", "b"]],
    ["In of nothing is no condition Kubernetes takes", required(labels(["zone", "In"])), []],
    ["NotIn, which a node without the label meets", required(labels(["cores", "NotIn", "8"])), ["a", "unloved"]],
    ["NotIn of nothing is no condition Kubernetes takes", required(labels(["zone", "NotIn"])), []],
    ["Exists", required(labels(["cores", "Exists"])), ["a", "b"]],
    ["Exists with a value is no condition Kubernetes takes", required(labels(["cores", "Exists", "8"])), []],
    ["DoesNotExist", required(labels(["cores", "DoesNotExist"])), ["unloved"]],
    ["Gt", required(labels(["cores", "Gt", "8"])), ["a"]],
    ["Lt", required(labels(["cores", "Lt", "16"])), ["b"]],
    ["Gt compares numbers, not texts", required(labels(["cores", "Gt", "9"])), ["a"]],
    ["Gt of a label that is no number", required(labels(["zone", "Gt", "0"])), []],
    ["Lt of a label without a value", required(labels(["spare", "Lt", "1"])), []],
    ["Gt with a bound that is no integer", required(labels(["cores", "Gt", "8.5"])), []],
    ["Gt with two bounds", required(labels(["cores", "Gt", "1", "2"])), []],
    ["Gt with a bound above 64 bits", required(labels(["cores", "Lt", "9223372036854775808"])), []],
    ["an operator Kubernetes does not know", required(labels(["cores", "Equals", "8"])), []],
    ["both expressions of a term", required(labels(["zone", "In", "a", "b"], ["cores", "In", "8"])), ["b"]],
    ["either of two terms", required(labels(["zone", "In", "a"]), labels(["zone", "In", "b"])), ["a", "b"]],
    ["the fields of a term", required(named("In", "a")), ["a"]],
    ["the fields of a term, not", required(named("NotIn", "a")), ["b", "unloved"]],
    ["the labels and the fields of a term", required({ ...labels(["zone", "In", "b"]), ...named("In", "a") }), []],
    ["nodeSelector and affinity", { nodeSelector: { zone: "b" }, ...required(named("In", "a", "b")) }, ["b"]],
    ["a term without a condition matches nothing", required({}), []],
    ["and leaves the others alone", required({ matchExpressions: [] }, named("In", "a")), ["a"]],
    ["no term matches nothing", required(), []],
    [
      "a preference forbids nothing",
      {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: labels(["zone", "In", "a"]) }],
          },
        },
      },
      OPEN,
    ],
    [
      "a toleration by key and value",
      tolerating({ key: "gpu", value: "yes", effect: "NoSchedule" }),
      ["a", "b", "gpu", "unloved"],
    ],
    [
      "Equal is meant where no operator stands",
      tolerating({ key: "gpu", operator: "Equal", value: "yes" }),
      ["a", "b", "gpu", "unloved"],
    ],
    ["of another value", tolerating({ key: "gpu", value: "no" }), OPEN],
    ["of no value", tolerating({ key: "gpu" }), OPEN],
    ["of a taint without a value", tolerating({ key: "ill" }), ["a", "b", "evicting", "unloved"]],
    ["of its key whatever the value", tolerating({ key: "gpu", operator: "Exists" }), ["a", "b", "gpu", "unloved"]],
    [
      "of an empty effect: of every",
      tolerating({ key: "ill", operator: "Exists", effect: "" }),
      ["a", "b", "evicting", "unloved"],
    ],
    ["of another effect", tolerating({ key: "gpu", operator: "Exists", effect: "NoExecute" }), OPEN],
    ["of another key", tolerating({ key: "disk", operator: "Exists" }), OPEN],
    ["of no key and no operator", tolerating({ value: "yes" }), OPEN],
    ["of an unknown operator", tolerating({ key: "gpu", operator: "Like", value: "yes" }), OPEN],
    [
      "of an empty key with Exists: of everything, cordons too; a dead node still starts nothing",
      tolerating({ operator: "Exists" }),
      names(NODES).filter((name) => name !== "dead"),
    ],
    [
      "of an empty key and one effect",
      tolerating({ key: "", operator: "Exists", effect: "NoSchedule" }),
      ["a", "b", "cordoned", "gpu", "unloved", "pressed", "offline"],
    ],
    ["nodeName", { nodeName: "b" }, ["b"]],
    ["nodeName passes NoSchedule", { nodeName: "gpu" }, ["gpu"]],
    ["nodeName passes a cordon", { nodeName: "cordoned" }, ["cordoned"]],
    ["nodeName does not pass NoExecute", { nodeName: "evicting" }, []],
    ["unless that is tolerated", { nodeName: "evicting", ...tolerating({ operator: "Exists" }) }, ["evicting"]],
    ["nodeName of a dead node", { nodeName: "dead" }, []],
    ["nodeName of a node that is not there", { nodeName: "gone" }, []],
    ["a kubelet refuses what its node does not suit", { nodeName: "b", nodeSelector: { zone: "a" } }, []],
    ["an empty nodeName is none", { nodeName: "" }, OPEN],
    // Custom resources may hold anything.
    ["what is no Pod spec", "x", OPEN],
    ["parts of another shape", { nodeName: 7, nodeSelector: [], affinity: null, tolerations: { key: "gpu" } }, OPEN],
    ["a selector with a value that is no text", { nodeSelector: { zone: { a: 1 } } }, []],
    [
      "terms of another shape",
      { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: "a" } } } },
      [],
    ],
    ["a term with a part of another shape", required({ matchExpressions: [null, { key: 1, values: 2 }] }), []],
    ["tolerations of another shape", { tolerations: [null, "x", { key: {} }] }, OPEN],
  ])("%s", (_rule, podSpec, nodes) => expect(starts(app(podSpec))).toEqual(nodes));

  test.each<[kind: string, KubeObject, more: readonly string[]]>([
    ["a DaemonSet tolerates what the controller adds", workload("DaemonSet", {}), ["cordoned", "pressed", "lost"]],
    [
      "and the missing network with hostNetwork",
      workload("DaemonSet", { hostNetwork: true }),
      ["cordoned", "pressed", "offline", "lost"],
    ],
    ["its controller looks at taints even of a nodeName", workload("DaemonSet", { nodeName: "gpu" }), []],
    ["so does one of Kruise", workload("DaemonSet", {}, "apps.kruise.io/v1beta1"), ["cordoned", "pressed", "lost"]],
    ["a DaemonSet of yet another group is another thing", workload("DaemonSet", {}, "example.io/v1"), []],
    ["hostNetwork alone tolerates nothing", app({ hostNetwork: true }), []],
  ])("%s", (_kind, of, more) => expect(starts(of).filter((name) => !OPEN.includes(name))).toEqual(more));
});

describe("where a Pod may come to run once what passes has passed", () => {
  const LASTING = names(NODES).filter((name) => name !== "gpu" && name !== "evicting");
  test.each<[what: string, KubeObject, nodes: readonly string[]]>([
    ["cordons, dead nodes and Kubernetes' own taints pass", app({}), LASTING],
    ["for a DaemonSet too", workload("DaemonSet", {}), LASTING],
    [
      "other taints stay",
      app(tolerating({ key: "gpu", operator: "Exists" })),
      [...names(NODES)].filter((name) => name !== "evicting"),
    ],
    ["labels stay", app({ nodeSelector: { zone: "a" } }), ["a", "cordoned", "dead"]],
    ["so does a name", app({ nodeName: "dead" }), ["dead"]],
  ])("%s", (_what, of, nodes) => expect(comes(of)).toEqual(nodes));
});

test("a DaemonSet's Pod is left on a node that only takes no new ones, and leaves one that evicts", () => {
  const set = placementOf(workload("DaemonSet", { nodeSelector: { zone: "t" } }));
  expect(names(NODES.filter((one) => mayStayOn(set, one)))).toEqual(["gpu", "unloved", "pressed", "offline", "lost"]);
});

describe("whether Pods can only run where a subnet's node affinity holds", () => {
  const known = new Map(NODES.map((one) => [one.metadata.name, one]));
  const zone = (...values: string[]) => ({
    selector: { matchExpressions: [{ key: "zone", operator: "In" as const, values }] },
  });
  const asking = (key: string, operator: "In" | "NotIn" | "Exists" | "DoesNotExist", ...values: string[]) => ({
    selector: { matchExpressions: [{ key, operator, values }] },
  });
  const all = asking("zone", "Exists");

  test.each<[what: string, affinity: Parameters<typeof isConfinedTo>[0], podSpec: object, confined: boolean]>([
    ["by a nodeSelector", zone("a"), { nodeSelector: { zone: "a" } }, true],
    ["by an expression", zone("a", "b"), required(labels(["zone", "In", "a", "b"])), true],
    ["by one value too many", zone("a"), required(labels(["zone", "In", "a", "b"])), false],
    [
      "by two expressions together",
      zone("a"),
      required(labels(["zone", "In", "a", "b"], ["zone", "In", "a", "c"])),
      true,
    ],
    [
      "by every term",
      zone("a"),
      required(labels(["zone", "In", "a"]), labels(["zone", "In", "a"], ["cores", "Exists"])),
      true,
    ],
    ["by one term of two", zone("a"), required(labels(["zone", "In", "a"]), labels(["cores", "Exists"])), false],
    [
      "by the nodeSelector beside terms",
      zone("a"),
      { nodeSelector: { zone: "a" }, ...required(labels(["cores", "Exists"])) },
      true,
    ],
    ["a term that matches nothing frees nobody", zone("a"), required({}, labels(["zone", "In", "a"])), true],
    ["by the name of a known node", zone("a"), { nodeName: "dead" }, true],
    ["by the name of a node in another zone", zone("a"), { nodeName: "b" }, false],
    ["by the name of a node nobody knows", zone("a"), { nodeName: "new" }, false],
    ["by the names in a field", zone("a"), required(named("In", "a", "dead")), true],
    ["by names, of which the template has one", { names: ["a", "b"] }, { nodeName: "a" }, true],
    ["by names, of which a field has others", { names: ["a", "b"] }, required(named("In", "a", "c")), false],
    ["by names, and the template has none", { names: ["a"] }, {}, false],
    ["Exists by a number", asking("cores", "Exists"), required(labels(["cores", "Gt", "1"])), true],
    ["DoesNotExist by the same", asking("cores", "DoesNotExist"), required(labels(["cores", "DoesNotExist"])), true],
    ["NotIn by a value", asking("zone", "NotIn", "a"), { nodeSelector: { zone: "b" } }, true],
    ["NotIn by a wider NotIn", asking("zone", "NotIn", "a"), required(labels(["zone", "NotIn", "a", "b"])), true],
    ["NotIn by a narrower one", asking("zone", "NotIn", "a", "b"), required(labels(["zone", "NotIn", "a"])), false],
    ["NotIn by no such label", asking("zone", "NotIn", "a"), required(labels(["zone", "DoesNotExist"])), true],
    ["In by a NotIn: there may be new zones", zone("a"), required(labels(["zone", "NotIn", "b"])), false],
    ["by a preference: no", zone("a"), { affinity: { nodeAffinity: {} } }, false],
    ["an affinity that asks for nothing", {}, { nodeName: "a" }, false],
    ["no condition at all", all, {}, false],
  ])("%s", (_what, affinity, podSpec, confined) => {
    expect(isConfinedTo(affinity, placementOf(app(podSpec)), known)).toBe(confined);
  });
});
