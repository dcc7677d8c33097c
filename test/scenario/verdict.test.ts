import { describe, expect, test } from "vitest";
import { decide } from "../../src/core/engine.js";
import type { Outcome } from "../../src/core/outcome.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, NO_LOCK, OPTIONS, planOf, told } from "../support/decide.js";
import { namespaceWith, node, type Running, running } from "../support/running.js";

/** The plan before every edit: two pools of one subnet; `p` is the Namespace's default. */
interface Edit {
  p?: string;
  q?: string;
  namespace?: string;
  more?: string;
}

const plan = ({ p = "", q = "", namespace = "[p]", more = "" }: Edit = {}) => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  p: {subnet: app, addresses: [10.6.0.10-10.6.0.19]${p}}
  q: {subnet: app, addresses: [10.6.0.20-10.6.0.29]${q}}
namespaces:
  shop: {defaultPools: ${namespace}}
${more}`;

const NODES = [node("node-a", { zone: "a" }), node("node-b", { zone: "b" })];
const WEB: Running = {
  name: "shop/web",
  pool: "p",
  addresses: ["10.6.0.10", "10.6.0.11"],
  nodes: ["node-a", "node-b"],
};
const DB: Running = { ...WEB, kind: "StatefulSet", name: "shop/db" };

/** A cluster in sync with the plan before the edit, the workload running on it. */
async function world(workload: Running, before: Edit = {}): Promise<KubeObject[]> {
  const bare = [...NODES, namespaceWith("shop")];
  return running(applied(await decideOn(plan(before), bare), bare), workload);
}

async function edit(workload: Running, change: Edit, before: Edit = {}): Promise<Outcome> {
  return decideOn(plan({ ...before, ...change }), await world(workload, before));
}

/** `moves`, `strands`, `released` or `stays`, when it is the same for all. */
function effect({ verdict }: Outcome): string {
  const found = (["moves", "strands", "released"] as const).filter((name) => verdict[name].length > 0);
  return found.map((name) => `${name} ${verdict[name].length}`).join(", ") || "stays";
}

/** ANCHORS 0.2, row by row: an edit, and what it does to a Deployment and to a StatefulSet of two Pods. */
const ROWS: [row: string, before: Edit, change: Edit, deployment: string, statefulSet: string][] = [
  ["an allocated address removed", {}, { p: ", gateway: 10.6.0.1", q: "" }, "stays", "stays"],
  ["podAffinity that fits no user", {}, { p: ", pods: {labels: {app: other}}" }, "strands 2", "stays"],
  [
    "podAffinity that fits its users",
    {},
    { p: ", pods: {expressions: [{key: app, operator: Exists}]}" },
    "stays",
    "stays",
  ],
  ["nodeName without one node in use", {}, { p: ", nodes: {names: [node-a]}" }, "strands 1", "stays"],
  ["nodeName with all nodes in use", {}, { p: ", nodes: {names: [node-a, node-b]}" }, "stays", "stays"],
  ["nodeAffinity of one zone", {}, { p: ", nodes: {labels: {zone: b}}" }, "strands 1", "stays"],
  ["namespaceName of others", {}, { p: ", namespaces: {names: [other]}" }, "strands 2", "stays"],
  ["namespaceName of its users", {}, { p: ", namespaces: {names: [shop, other]}" }, "stays", "stays"],
  [
    "namespaceAffinity by the name label",
    {},
    { p: ", namespaces: {labels: {kubernetes.io/metadata.name: shop}}" },
    "stays",
    "stays",
  ],
  ["multusName of another network", {}, { p: ", networks: [kube-system/other]" }, "strands 2", "stays"],
  ["multusName of their network", {}, { p: ", networks: [kube-system/net]" }, "stays", "stays"],
  ["disable", {}, { p: ", disabled: true" }, "strands 2", "stays"],
  ["disable with a second pool in the list", { namespace: "[p, q]" }, { p: ", disabled: true" }, "stays", "stays"],
  ["Namespace default switched", {}, { namespace: "[q]" }, "moves 2", "moves 2"],
  ["Namespace default gains a pool of equal rank", {}, { namespace: "[p, q]" }, "moves 2", "stays"],
  [
    "Namespace default gains a pool of lower rank",
    { p: ", pods: {expressions: [{key: app, operator: Exists}]}" },
    { namespace: "[p, q]" },
    "stays",
    "stays",
  ],
  [
    "a listed pool gains a higher rank",
    { namespace: "[p, q]", q: ", disabled: true" },
    { q: ", pods: {expressions: [{key: app, operator: Exists}]}" },
    "moves 2",
    "stays",
  ],
  ["cluster default set on a pool nobody falls back to", {}, { q: ", default: true" }, "stays", "stays"],
  [
    "gateway and routes",
    {},
    { p: ", gateway: 10.6.0.2, routes: [{to: 10.9.0.0/16, via: 10.6.0.3}]" },
    "stays",
    "stays",
  ],
  [
    "a reservation over used addresses of a pool that has others",
    {},
    { more: "reserved: {r: {addresses: [10.6.0.10-10.6.0.11]}}" },
    "stays",
    "stays",
  ],
  [
    "a reservation over all addresses of the pool",
    {},
    { more: "reserved: {r: {addresses: [10.6.0.10-10.6.0.19]}}" },
    "strands 2",
    "stays",
  ],
  ["a reservation beside the pool", {}, { more: "reserved: {r: {addresses: [10.6.0.50]}}" }, "stays", "stays"],
];

describe("one edit, two kinds of workloads", () => {
  test.each(ROWS)("%s", async (_row, before, change, deployment, statefulSet) => {
    expect({
      deployment: effect(await edit(WEB, change, before)),
      statefulSet: effect(await edit(DB, change, before)),
    }).toEqual({ deployment, statefulSet });
  });

  test("what does not stay blocks its steps and says why in words", async () => {
    const outcome = await edit(WEB, { p: ", pods: {labels: {app: other}}" });
    expect(told(outcome)).toEqual(["6 update SpiderIPPool p [verdict]"]);
    expect(outcome.verdict.strands[0]).toEqual({
      pod: "shop/web-rs-0",
      interface: "eth0",
      address: "10.6.0.10",
      pool: "p",
      owner: "shop/Deployment/web/eth0",
      reasons: [
        "p: the plan changes podAffinity: none -> app=other",
        "no pool is left for eth0: p (podAffinity app=other: the Pod has app=web)",
      ],
    });
  });
});

describe("taking addresses away (FIXED-1)", () => {
  test.each<[string, Running]>([
    ["Deployment", WEB],
    ["StatefulSet", DB],
  ])("a shrink over a %s's address is refused", async (_kind, workload) => {
    const outcome = await decideOn(plan().replace("10.6.0.10-10.6.0.19", "10.6.0.11-10.6.0.19"), await world(workload));
    expect(effect(outcome)).toBe("released 1");
    expect(told(outcome)).toEqual(["6 update SpiderIPPool p [in-use]"]);
  });

  test("an ordinal between two lives is protected by its endpoint", async () => {
    const between = (await world(DB))
      .filter((object) => object.kind !== "Pod")
      .map((object) => (object.metadata.name === "p" ? { ...object, status: {} } : object));
    const outcome = await decideOn(plan().replace("10.6.0.10-10.6.0.19", "10.6.0.11-10.6.0.19"), between);
    expect(effect(outcome)).toBe("released 1");
  });

  test("free addresses may go", async () => {
    const outcome = await decideOn(plan().replace("10.6.0.10-10.6.0.19", "10.6.0.10-10.6.0.12"), await world(WEB));
    expect(effect(outcome)).toBe("stays");
    expect(told(outcome)).toEqual(["6 update SpiderIPPool p"]);
  });
});

describe("those who compete", () => {
  const crowded = { ...WEB, addresses: Array.from({ length: 10 }, (_, i) => `10.6.0.${10 + i}`) };

  test("a pool that loses its second pool must hold all who may come", async () => {
    const other = (cluster: KubeObject[]) =>
      running(cluster, { ...WEB, name: "shop/api", pool: "q", addresses: ["10.6.0.20", "10.6.0.21"] });
    const before = other(await world(crowded, { namespace: "[p, q]" }));
    const outcome = await decideOn(plan({ namespace: "[p, q]", q: ", disabled: true" }), before);
    expect(outcome.verdict.strands.map((entry) => entry.pod)).toContain("shop/api-rs-0");
    expect(outcome.verdict.strands.at(-1)?.reasons.at(-1)).toMatch(
      /12 Pods may come for the 10 usable addresses|no pool is left/,
    );
  });

  test("newcomers may take what those who were there need", async () => {
    const many = (count: number, first: number) => Array.from({ length: count }, (_, i) => `10.6.0.${first + i}`);
    const bare = [...NODES, namespaceWith("shop"), namespaceWith("lab")];
    const namespaces = (lab: string) => `  lab: {defaultPools: ${lab}}\n`;
    const before = applied(await decideOn(plan() + namespaces("[q]"), bare), bare);
    const shop = running(before, { ...WEB, addresses: many(8, 10) });
    const live = running(shop, { ...WEB, name: "lab/jobs", pool: "q", addresses: many(6, 20) });
    const outcome = await decideOn(plan() + namespaces("[p]"), live);
    expect(new Set(outcome.verdict.strands.map((entry) => entry.pod.split("/")[0]))).toEqual(new Set(["shop", "lab"]));
    expect(outcome.verdict.strands[0]?.reasons.at(-1)).toBe("14 Pods may come for the 10 usable addresses of p");
  });

  test("a pool shrunk to exactly its users still serves them", async () => {
    const outcome = await decideOn(plan().replace("10.6.0.10-10.6.0.19", "10.6.0.10-10.6.0.11"), await world(WEB));
    expect(effect(outcome)).toBe("stays");
  });
});

describe("a live template without a Pod that holds an address", () => {
  const idle = async (change: Edit, nodeSelector?: Record<string, string>) => {
    const cluster = await world({ ...WEB, addresses: [] }, {});
    const pinned = cluster.map((object) => {
      if (object.kind !== "Deployment" || nodeSelector === undefined) return object;
      const spec = object.spec as { template: object };
      return { ...object, spec: { ...spec, template: { ...spec.template, spec: { nodeSelector } } } };
    });
    return decideOn(plan(change), pinned);
  };

  test("strands when no node is left on which it finds a pool", async () => {
    const outcome = await idle({ p: ", pods: {labels: {app: other}}" });
    expect(outcome.verdict.strands).toMatchObject([
      { pod: "shop/web", interface: "eth0", owner: "shop/Deployment/web/eth0" },
    ]);
    expect(told(outcome)).toEqual(["6 update SpiderIPPool p [verdict]"]);
  });

  test("does not strand while one node of those it allows still serves it", async () => {
    expect(effect(await idle({ p: ", nodes: {labels: {zone: b}}" }))).toBe("stays");
    expect(effect(await idle({ p: ", nodes: {labels: {zone: b}}" }, { zone: "a" }))).toBe("strands 1");
  });
});

describe("Pods the snapshot does not hold", () => {
  const away = { p: ", pods: {labels: {app: other}}" };

  test("where no Pods were read their template tells what they are", async () => {
    const live = (await world(WEB)).filter((object) => object.kind !== "Pod");
    const kinds = Object.keys(KINDS).filter((kind) => kind !== "Pod");
    const outcome = decide(await planOf(plan(away)), NO_LOCK, buildSnapshot(live, kinds), OPTIONS);
    expect(effect(outcome)).toBe("strands 2");
  });

  test("a Pod missing from a complete list is judged on the pool it holds", async () => {
    const live = (await world(WEB)).filter((object) => object.kind !== "Pod" && object.kind !== "Deployment");
    expect(effect(await decideOn(plan(away), live))).toBe("stays");
    expect(effect(await decideOn(plan({ p: ", disabled: true" }), live))).toBe("strands 2");
  });
});

describe("groups", () => {
  test("a harmful edit is held back, an unrelated one goes on", async () => {
    const outcome = await edit(WEB, { p: ", disabled: true", q: ", gateway: 10.6.0.2" });
    expect(told(outcome)).toEqual(["2 update SpiderIPPool q", "6 update SpiderIPPool p [verdict]"]);
    expect(outcome.summary).toMatchObject({ update: 1, blocked: 1 });
  });

  test("a Pod already in danger is a warning and blocks nothing", async () => {
    const live = await world(WEB, { p: ", disabled: true", namespace: "[p]" });
    const outcome = await decideOn(plan({ p: ", disabled: true, pods: {labels: {app: other}}" }), live);
    expect(effect(outcome)).toBe("stays");
    expect(outcome.diagnostics.map((one) => one.code)).toContain("SP4202");
  });

  test("a pool growing under its own users is no move", async () => {
    const outcome = await decideOn(
      plan().replace("10.6.0.10-10.6.0.19", "10.6.0.10-10.6.0.19, 10.6.0.40"),
      await world(WEB),
    );
    expect(effect(outcome)).toBe("stays");
    expect(told(outcome)).toEqual(["2 update SpiderIPPool p"]);
  });
});
