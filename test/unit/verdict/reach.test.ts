import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { reachOf } from "../../../src/core/verdict/reach.js";
import type { Touched } from "../../../src/core/verdict/touched.js";
import { deployment, endpoint } from "../../support/objects.js";

const IPPOOL = "ipam.spidernet.io/ippool";
const IPPOOLS = "ipam.spidernet.io/ippools";

/** Steps that touch these sources, and no pool beyond those asked for. */
function touching(kind?: "namespaces" | "workloads" | "networks", key = ""): Touched {
  const none = new Map<string, readonly number[]>();
  const touched = { pools: none, namespaces: none, workloads: none, networks: none, changesOf: () => [] };
  return kind === undefined ? touched : { ...touched, [kind]: new Map([[key, [0]]]) };
}

const one = (...ipv4: string[]) => ({ [IPPOOL]: JSON.stringify({ ipv4 }) });
const many = (...lists: string[][]) => ({
  [IPPOOLS]: JSON.stringify(lists.map((ipv4, index) => ({ interface: `net${index}`, ipv4 }))),
});

describe("whom a change of the pools a.web and a.api may concern, by what is asked for", () => {
  test.each<[what: string, annotations: Record<string, string>, concerned: boolean]>([
    ["nothing: whatever a default says", {}, true],
    ["one of them", one("a.web"), true],
    ["another", one("b.web"), false],
    ["the beginning of their names", one("a"), false],
    ["another, then one of them", one("b.web", "a.api"), true],
    ["one of them as IPv6", { [IPPOOL]: JSON.stringify({ ipv6: ["a.api"] }) }, true],
    ["a pattern that hits both", one("a.*"), true],
    ["a pattern that hits one of them", one("a.*b"), true],
    ["a pattern that begins like one and hits none", one("a.w?x"), false],
    ["a pattern that begins like none", one("b.*"), false],
    ["a pattern nobody can read", one("a.[w"), false],
    ["a list for each NIC, one of which has one of them", many(["b.web"], ["a.web"]), true],
    ["a list for each NIC, none of which has any", many(["b.web"], ["c.web"]), false],
    ["the list counts, not the single one beside it", { ...many(["b.web"]), ...one("a.web") }, false],
    ["a text that is no JSON", { [IPPOOL]: "a.web" }, false],
    ["a list that is no JSON", { [IPPOOLS]: "a.web" }, false],
    ["an auto pool, whatever else", { "ipam.spidernet.io/subnet": "{}", ...one("b.web") }, true],
    ["auto pools, whatever else", { "ipam.spidernet.io/subnets": "[]", ...one("b.web") }, true],
  ])("%s", (_what, annotations, concerned) => {
    const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { namespace: "d", name: "x", annotations } };
    const { holder, template } = reachOf(buildSnapshot([pod], ["Pod"]), touching(), ["a.web", "a.api"]);
    expect(template(deployment("d/app", annotations))).toBe(concerned);
    expect(holder({ address: 1, pool: "held", pod: "d/x", uid: "", nic: "eth0", node: "" })).toBe(concerned);
  });

  test("the same text means something else in the other annotation", () => {
    const { template } = reachOf(buildSnapshot([], []), touching(), ["a.web"]);
    const text = JSON.stringify({ ipv4: ["a.web"] });
    expect(template(deployment("d/list", { [IPPOOLS]: text }))).toBe(false);
    expect(template(deployment("d/one", { [IPPOOL]: text }))).toBe(true);
  });

  test("whatever order the pools are told in", () => {
    for (const pools of [
      ["b.x", "a.web"],
      ["a.web", "b.x"],
    ])
      expect(reachOf(buildSnapshot([], []), touching(), pools).template(deployment("d/app", one("a.*")))).toBe(true);
  });

  test("no pool, no source: nobody", () => {
    const { template } = reachOf(buildSnapshot([], []), touching(), []);
    expect(template(deployment("d/app"))).toBe(false);
    expect(template(deployment("d/app", one("a.web")))).toBe(false);
  });
});

describe("whom a change concerns by the source it edits", () => {
  const asking = one("other");
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "d", name: "x", annotations: asking },
  };
  const set = endpoint("d/set-0", "held", "10.6.0.1");
  const ordinal = { ...set, status: { ...set.status!, ownerControllerType: "StatefulSet" } };
  const snapshot = buildSnapshot([pod, ordinal, endpoint("d/gone", "held", "10.6.0.2")], Object.keys(KINDS));
  const holds = (name: string, pool = "held") => ({
    address: 1,
    pool,
    pod: `d/${name}`,
    uid: "",
    nic: "eth0",
    node: "",
  });

  test("a Pod where none were read asks as its template does", () => {
    const maker = deployment("d/app", one("p"));
    const held = endpoint("d/app-1", "held", "10.6.0.3");
    const gone = {
      ...held,
      status: { ...held.status!, ownerControllerType: "Deployment", ownerControllerName: "app" },
    };
    const reached = (complete: readonly string[], pool: string) =>
      reachOf(buildSnapshot([maker, gone], complete), touching(), [pool]).holder(holds("app-1"));
    expect([reached([], "p"), reached([], "q"), reached(["Pod"], "p")]).toEqual([true, false, false]);
  });

  test.each<[what: string, touched: Touched, pools: string[], concerned: string[]]>([
    ["a network: everybody", touching("networks", "kube-system/net"), [], ["x", "set-0", "gone", "template"]],
    ["their Namespace", touching("namespaces", "d"), [], ["x", "set-0", "gone", "template"]],
    ["another Namespace", touching("namespaces", "e"), [], []],
    [
      "a workload of their Namespace",
      touching("workloads", "d/Deployment/app"),
      [],
      ["x", "set-0", "gone", "template"],
    ],
    ["a workload of another Namespace", touching("workloads", "e/Deployment/app"), [], []],
    ["a pool nobody here asks for: ordinals between two lives may", touching(), ["p"], ["set-0"]],
    ["a pool nobody here asks for, and another Namespace", touching("namespaces", "e"), ["p"], ["set-0"]],
    ["the pool they hold", touching(), ["held"], ["x", "set-0", "gone"]],
    ["nothing", touching(), [], []],
  ])("%s", (_what, touched, pools, concerned) => {
    const { holder, template } = reachOf(snapshot, touched, pools);
    const found = ["x", "set-0", "gone"].filter((name) => holder(holds(name)));
    expect([...found, ...(template(deployment("d/app", asking)) ? ["template"] : [])]).toEqual(concerned);
  });
});
