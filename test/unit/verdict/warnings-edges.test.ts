import { describe, expect, it } from "vitest";
import { identity } from "../../../src/core/change/ownership.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { planWarnings } from "../../../src/core/verdict/warnings/warnings.js";
import { decideOn, planOf } from "../../support/decide.js";
import { deployment, endpoint, livePool, liveReserved, liveSubnet } from "../../support/objects.js";
import { namespaceWith, node, type Running, running } from "../../support/running.js";

type Spec = Partial<SpiderIPPool["spec"]>;
type Case = [code: string, what: string, plan: string, cluster: KubeObject[], messages: string[]];

const SUBNETS = `subnets:
  net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.200]}
  six: {cidr: "fd00::/64", ranges: ["fd00::10-fd00::ff"]}
`;
const OURS = { install: "default" };
const V4 = ["10.6.0.10-10.6.0.19"];
const V6 = { subnet: "fd00::/64", ips: ["fd00::10-fd00::19"] };
const APP = { podAffinity: { matchLabels: { app: "app" } } };
const [NODE_A, NODE_B] = [node("node-a", { zone: "a" }), node("node-b", { zone: "b" })];
const inZone = (zone: string) => ({ nodeAffinity: { matchLabels: { zone } } });
const ZONE = { a: ", nodes: {labels: {zone: a}}", b: ", nodes: {labels: {zone: b}}" };

/** Declared pools; each line is `name: fields`. */
const pools = (...lines: string[]) => `${SUBNETS}pools:\n${lines.map((line) => `  ${line}\n`).join("")}`;
const declared = (name: string, addresses = V4[0]!, more = "", subnet = "net") =>
  `${name}: {subnet: ${subnet}, addresses: ["${addresses}"]${more}}`;
const names = (ipv4: string[], ipv6: string[] = []) => ({
  "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4, ipv6 }]),
});
const ours = (name: string, spec: Spec = {}) => livePool(name, { ips: V4, ...spec }, OURS);
const theirs = (name: string, spec: Spec = {}) => livePool(name, { ips: V4, ...spec });
const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => `10.6.0.${first + i}`);
const workload = (fields: string, key = "default/Deployment/app") => `workloads:\n  ${key}:\n    ${fields}\n`;
const asks = (list: string, key?: string, replicas = 2) =>
  workload(`{replicas: ${replicas}, interfaces: {eth0: {pools: [${list}]}}}`, key);
const edited = (objects: KubeObject[], kind: string, change: (object: KubeObject) => object): KubeObject[] =>
  objects.map((object) => (object.kind === kind ? { ...object, ...change(object) } : object));
const paced = (objects: KubeObject[], maxSurge: number, maxUnavailable: number) =>
  edited(objects, "Deployment", ({ spec }) => ({
    spec: { ...(spec as object), strategy: { rollingUpdate: { maxSurge, maxUnavailable } } },
  }));

/** Pods of default/app in pool p unless told otherwise, beside other objects. */
function live(base: KubeObject[], one: Partial<Running> = {}): KubeObject[] {
  const objects = base.some((object) => object.kind === "Namespace") ? base : [namespaceWith("default"), ...base];
  return running(objects, {
    ...{ name: "default/app", pool: "p", addresses: from(10, 2), annotations: names([one.pool ?? "p"]) },
    ...one,
  });
}

/** Default pools, with Pods of two workloads that name none. */
function onDefaults(defaults: string[], base: KubeObject[], pool = "p"): KubeObject[] {
  const one = { annotations: {}, pool };
  const first = live([namespaceWith("default", defaults), ...base], { ...one, name: "default/two" });
  return live(first, { ...one, name: "default/one", addresses: from(12, 2) });
}

/** A workload scaled to nothing. */
function idle(annotations: Record<string, string> = {}): KubeObject {
  const object = deployment("default/idle", annotations);
  return { ...object, spec: { ...(object.spec as object), replicas: 0 } };
}

/** Fields of a Job that has come to this end. */
function job(type: string): Partial<KubeObject> {
  return { apiVersion: "batch/v1", kind: "Job", status: { conditions: [{ type, status: "True" }] } };
}

const RANKED = ", namespaces: {names: [default]}";
const ranked = { namespaceName: ["default"] };
const DEFAULTS: Case[] = [
  [
    "SP4214",
    "two workloads, in name order",
    `${pools(declared("p", V4[0], RANKED), declared("q", "10.6.0.30"))}namespaces:\n  default: {defaultPools: [p, q]}\n`,
    onDefaults(["p"], [ours("p", ranked), ours("q", { ips: ["10.6.0.30"] })]),
    [
      "a Namespace's default pools change, and with them the candidates of workloads that name no pools: eth0 of default/Deployment/one: p -> p+q, eth0 of default/Deployment/two: p -> p+q",
    ],
  ],
  [
    "SP4214",
    "another Namespace's defaults",
    `${pools(declared("p"), declared("q", "10.6.0.30"))}namespaces:\n  lab: {defaultPools: [q]}\n`,
    [...onDefaults(["p"], [ours("p"), ours("q", { ips: ["10.6.0.30"] })]), namespaceWith("lab")],
    [],
  ],
  [
    "SP4214",
    "a pattern of a Namespace that a new pool meets: told as such",
    pools(declared("p", V4[0], RANKED), declared("p2", "10.6.0.30")),
    onDefaults(["p*"], [ours("p", ranked)]),
    [],
  ],
];

const NEWCOMERS: Case[] = [
  [
    "SP4218",
    "the other pool it names is full",
    pools(declared("p", "10.6.0.10-10.6.0.11")),
    live([ours("p"), theirs("q", { ips: ["10.6.0.30"] }), endpoint("d/x", "q", "10.6.0.30")], {
      annotations: names(["p", "q"]),
    }),
    [
      "after this plan one more Pod would find no address, where before it would have: eth0 of default/Deployment/app; no pool is left for eth0: p (full), q (full)",
    ],
  ],
  [
    "SP4218",
    "it was full before, and is narrowed besides",
    pools(declared("p", "10.6.0.10-10.6.0.11", ", pods: {labels: {app: app}}")),
    live([ours("p", { ips: ["10.6.0.10-10.6.0.11"] })]),
    [],
  ],
  [
    "SP4218",
    "a StatefulSet's pool is closed, and grows",
    pools(declared("p", "10.6.0.10-10.6.0.29", ", disabled: true")),
    live([ours("p")], { kind: "StatefulSet" }),
    [
      "after this plan one more Pod would find no address, where before it would have: eth0 of default/StatefulSet/app; no pool is left for eth0: p (the pool is disabled)",
    ],
  ],
  [
    "SP4218",
    "it is kept to nodes of which none takes another Pod",
    pools(declared("p", V4[0], ZONE.a)),
    live([ours("p"), { ...NODE_A, spec: { unschedulable: true } }, NODE_B], { nodes: ["node-a", "node-a"] }),
    [
      "after this plan one more Pod would find no address, where before it would have: eth0 of default/Deployment/app; no pool is left for eth0: p (nodeAffinity zone=a: node-b has zone=b)",
    ],
  ],
  [
    "SP4218",
    "it is kept to a zone where there is room for Pods",
    pools(declared("p", V4[0], ZONE.a)),
    live([ours("p"), NODE_A, NODE_B], { nodes: ["node-a", "node-a"] }),
    [],
  ],
  [
    "SP4218",
    "a reservation takes the last address of a pool that is not ours",
    `${SUBNETS}reserved:\n  r: {addresses: [10.6.0.12]}\n`,
    live([theirs("p", { ips: ["10.6.0.10-10.6.0.12"] })]),
    [
      "after this plan one more Pod would find no address, where before it would have: eth0 of default/Deployment/app; no pool is left for eth0: p (full)",
    ],
  ],
];

/** What is held back all the same is told to those who would run it. */
const FORCED = (): Case[] => [
  [
    "SP4215",
    "the pool that goes never served them",
    P,
    [
      ...other(["b", "team-*"]),
      ours("team-old", { ips: ["10.6.0.70"], podAffinity: { matchLabels: { app: "else" } } }),
    ],
    [],
  ],
  [
    "SP4218",
    "nothing names a pool any more for a workload without Pods",
    pools(declared("p")),
    [namespaceWith("default"), ours("p", { default: true }), idle()],
    [
      "after this plan one more Pod would find no address, where before it would have: eth0 of default/Deployment/idle; nothing names a pool and no pool is marked default",
    ],
  ],
  ...(["Complete", "Failed"] as const).map(
    (type): Case => [
      "SP4218",
      `a Job makes no Pod any more: ${type}`,
      pools(declared("p", V4[0], ", disabled: true")),
      [namespaceWith("default"), ours("p"), { ...idle(names(["p"])), ...job(type) }],
      [],
    ],
  ),
  [
    "SP4218",
    "a VM runs in one Pod, which keeps its address",
    pools(declared("p", V4[0], ", disabled: true")),
    [
      namespaceWith("default"),
      ours("p"),
      { ...idle(names(["p"])), apiVersion: "kubevirt.io/v1", kind: "VirtualMachine" },
    ],
    [],
  ],
  [
    "SP4218",
    "the IPv6 pool shrinks to what is in use",
    pools(declared("p"), declared("s", "fd00::10", "", "six")),
    live([ours("p"), ours("s", V6), idle(names(["p"], ["s"]))], {
      kind: "StatefulSet",
      pool: "s",
      addresses: ["fd00::10"],
      annotations: names([], ["s"]),
    }),
    [
      "after this plan one more Pod would find no address, where before it would have: eth0 of default/Deployment/idle, eth0 of default/StatefulSet/app; no pool is left for eth0: s (full)",
    ],
  ],
];

const TWO_ZONES = pools(declared("a", "10.6.0.10-10.6.0.19", ZONE.a), declared("b", "10.6.0.30-10.6.0.39", ZONE.b));
const POOL_A = ours("a", inZone("a"));
const POOL_B = ours("b", { ips: ["10.6.0.30-10.6.0.39"], ...inZone("b") });
const AB = names(["a", "b"]);
const shutOut = (nodes: string, pool = "a") =>
  `Pods of default/Deployment/app may be scheduled to ${nodes}, where no pool gives eth0 an IPv4 address`.replace(
    "POOL",
    pool,
  );
const NODES: Case[] = [
  [
    "SP4210",
    "every node has one of two pools",
    TWO_ZONES + asks("a, b"),
    live([POOL_A, POOL_B, NODE_A, NODE_B], { pool: "a", annotations: AB }),
    [],
  ],
  [
    "SP4210",
    "the pool of the other nodes is closed",
    pools(
      declared("a", "10.6.0.10-10.6.0.19", ZONE.a),
      declared("b", "10.6.0.30-10.6.0.39", `${ZONE.b}, disabled: true`),
    ) + asks("a, b"),
    live([POOL_A, ours("b", { ips: ["10.6.0.30-10.6.0.39"], disable: true, ...inZone("b") }), NODE_A, NODE_B], {
      pool: "a",
      annotations: AB,
    }),
    [shutOut("node-b")],
  ],
  [
    "SP4210",
    "the pool of the other nodes is being deleted",
    TWO_ZONES + asks("a, b"),
    live(
      [
        POOL_A,
        livePool("b", { ips: ["10.6.0.30-10.6.0.39"], ...inZone("b") }, { ...OURS, terminating: true }),
        NODE_A,
        NODE_B,
      ],
      { pool: "a", annotations: AB },
    ),
    [shutOut("node-b")],
  ],
  [
    "SP4210",
    "two nodes, in name order, though IPv6 is everywhere",
    pools(declared("a", "10.6.0.10-10.6.0.19", ZONE.a), declared("s", "fd00::10-fd00::19", "", "six")) + asks("a, s"),
    live([POOL_A, ours("s", V6), NODE_A, NODE_B, node("node-c", { zone: "c" })], {
      pool: "a",
      annotations: names(["a"], ["s"]),
    }),
    [shutOut("node-b, node-c")],
  ],
  [
    "SP4212",
    "exactly enough room on the other node",
    pools(declared("a", "10.6.0.10-10.6.0.11", ZONE.a), declared("b", "10.6.0.30", ZONE.b)) + asks("a, b"),
    live(
      [
        ours("a", { ips: ["10.6.0.10-10.6.0.11"], ...inZone("a") }),
        ours("b", { ips: ["10.6.0.30"], ...inZone("b") }),
        NODE_A,
        NODE_B,
      ],
      {
        pool: "a",
        annotations: AB,
        nodes: ["node-a", "node-b"],
      },
    ),
    [],
  ],
  [
    "SP4212",
    "two nodes whose pools are full, each with its own Pods",
    pools(declared("a", "10.6.0.10", ZONE.a), declared("b", "10.6.0.30-10.6.0.31", ZONE.b)) + asks("b, a"),
    inBoth(),
    [
      "a drain of node-a leaves 1 Pod of default/Deployment/app without an IPv4 address on eth0: their pools have no room on the other nodes; the same holds for node-b",
    ],
  ],
  [
    "SP4212",
    "StatefulSet Pods take their addresses along",
    pools(declared("a", "10.6.0.10-10.6.0.19", ZONE.a)) + asks("a", "default/StatefulSet/app"),
    live([POOL_A, NODE_A, NODE_B], { kind: "StatefulSet", pool: "a" }),
    [],
  ],
  [
    "SP4212",
    "a Pod nobody scheduled yet",
    pools(declared("a", "10.6.0.10-10.6.0.19", ZONE.a)) + asks("a"),
    unscheduled(live([POOL_A, NODE_A, NODE_B], { pool: "a" })),
    [],
  ],
  ...["SpiderEndpoint", "Pod"].map(
    (kind): Case => [
      "SP4212",
      `${kind}s are gone`,
      `subnets:
  net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.200], nodes: {labels: {zone: a}}}
${workload("{replicas: 2, pods: {labels: {app: app}}, interfaces: {eth0: {fixed: {subnets: [net]}}}}")}`,
      fixedInA().filter((object) => object.kind !== kind),
      [
        "a drain of node-a leaves 2 Pods of default/Deployment/app without an IPv4 address on eth0: their pools have no room on the other nodes",
      ],
    ],
  ),
  [
    "SP4212",
    "a pool shared with others: only its own Pods count",
    pools(declared("a", "10.6.0.10-10.6.0.19", ZONE.a)) + asks("a", "default/Deployment/app", 1),
    shared(),
    [
      "a drain of node-a leaves 1 Pod of default/Deployment/app without an IPv4 address on eth0: their pools have no room on the other nodes",
    ],
  ],
];

/** One Pod on node-a with the only address of its zone, two on node-b with all of theirs. */
function inBoth(): KubeObject[] {
  const a = ours("a", { ips: ["10.6.0.10"], ...inZone("a") });
  const b = ours("b", { ips: ["10.6.0.30-10.6.0.31"], ...inZone("b") });
  const onB = live([a, b, NODE_A, NODE_B], {
    pool: "b",
    addresses: from(30, 2),
    annotations: AB,
    nodes: ["node-b"],
  });
  const one = endpoint("default/app-rs-9", "a", "10.6.0.10");
  return [...onB, one];
}

function unscheduled(objects: KubeObject[]): KubeObject[] {
  const pods = edited(objects, "Pod", () => ({ spec: {} }));
  return edited(pods, "SpiderEndpoint", ({ status }) => {
    const { current, ...rest } = status as { current: object };
    return { status: { ...rest, current: { ...current, node: "" } } };
  });
}

function fixedInA(): KubeObject[] {
  const name = "default.deployment.app.eth0.net";
  const owner = "default/Deployment/app/eth0/net";
  const spec = { ips: ["10.6.0.10-10.6.0.12"], ...ranked, ...APP, ...inZone("a") };
  return live([livePool(name, spec, { ...OURS, owner }), NODE_A, NODE_B], {
    pool: name,
    annotations: names(["spiderplan-none-v4", "default.deployment.app.eth0.*"], ["default.deployment.app.eth0.*"]),
  });
}

/** Pods of four workloads in one pool. */
function shared(): KubeObject[] {
  const base = [namespaceWith("default"), namespaceWith("lab"), POOL_A, NODE_A, NODE_B];
  const one = { pool: "a", annotations: names(["a"]) };
  const app = live(base, { ...one, addresses: from(10, 1) });
  const lab = live(app, { ...one, name: "lab/app", addresses: from(11, 1) });
  const other = live(lab, { ...one, name: "default/other", addresses: from(12, 1) });
  return live(other, { ...one, kind: "StatefulSet", addresses: from(13, 1) });
}

const OUTSIDE = { subnet: "10.9.0.0/24", ips: ["10.9.0.1-10.9.0.9"] };
const P = pools(declared("p"));
const DANGER: Case[] = [
  [
    "SP4221",
    "two pools that share several ranges: the first is told",
    P,
    live([
      ours("p"),
      theirs("b", { ips: ["10.6.0.30-10.6.0.39", "10.6.0.60"] }),
      theirs("c", { ips: ["10.6.0.35-10.6.0.36", "10.6.0.60"] }),
    ]),
    [
      "SpiderIPPools b and c share 10.6.0.35-10.6.0.36: two Pods may get one address, and Spiderpool refuses every edit of either (P9)",
    ],
  ],
  [
    "SP4221",
    "IPv4 before IPv6",
    P,
    live([
      ours("p"),
      theirs("x", V6),
      theirs("y", V6),
      theirs("b", { ips: ["10.6.0.30"] }),
      theirs("c", { ips: ["10.6.0.30"] }),
    ]),
    [
      "SpiderIPPools b and c share 10.6.0.30: two Pods may get one address, and Spiderpool refuses every edit of either (P9)",
      "SpiderIPPools x and y share fd00::10-fd00::19: two Pods may get one address, and Spiderpool refuses every edit of either (P9)",
    ],
  ],
  ["SP4221", "outside the plan", P, live([ours("p"), theirs("b", OUTSIDE), theirs("c", OUTSIDE)]), []],
  [
    "SP4222",
    "outside the plan",
    P,
    live([ours("p"), theirs("b", OUTSIDE), endpoint("d/x", "b", "10.9.0.1"), endpoint("d/y", "b", "10.9.0.1")]),
    [],
  ],
  [
    "SP4222",
    "one of the pools is in the plan",
    P,
    live([
      ours("p"),
      theirs("b", { subnet: "10.6.0.0/16", ips: ["10.6.5.5"] }),
      theirs("c", { subnet: "10.6.5.0/24", ips: ["10.6.5.5"] }),
      endpoint("d/x", "b", "10.6.5.5"),
      endpoint("d/y", "c", "10.6.5.5"),
    ]),
    ["10.6.5.5 is in use by several Pods at once: d/x, d/y"],
  ],
  [
    "SP4222",
    "one Pod by two pools",
    P,
    live([
      ours("p"),
      livePool("b", { ips: ["10.6.0.30"] }, { used: { "10.6.0.30": "d/x" } }),
      theirs("c", { ips: ["10.6.0.30"] }),
      endpoint("d/x", "c", "10.6.0.30"),
    ]),
    [],
  ],
  [
    "SP4223",
    "one NIC in the plan, another Pod outside",
    P,
    [
      ...live([ours("p"), theirs("b", OUTSIDE)], { addresses: [] }),
      ...stale("default/in", [nicIn("p", "10.6.0.10"), nicIn("b", "10.9.0.1")]),
      ...stale("default/out", [nicIn("b", "10.9.0.2")]),
    ],
    ["SpiderEndpoints with the UID of an earlier Pod of that name: default/in"],
  ],
  [
    "SP4224",
    "three pools, in order, and not outside the plan",
    P,
    edited(
      live([
        ours("p"),
        theirs("a", { ips: ["10.6.0.50"] }),
        theirs("z", { ips: ["10.6.0.30"] }),
        theirs("b", OUTSIDE),
        endpoint("d/a", "a", "10.6.0.50"),
        endpoint("d/x", "z", "10.6.0.30"),
        endpoint("d/y", "b", "10.9.0.1"),
      ]),
      "SpiderIPPool",
      () => ({ status: { totalIPCount: 10 } }),
    ),
    [
      "in use by their SpiderEndpoint, but not on record in the status of their pool, so that another Pod may get them: 10.6.0.10 of default/app-rs-0, 10.6.0.11 of default/app-rs-1, 10.6.0.30 of d/x, 10.6.0.50 of d/a",
    ],
  ],
  [
    "SP4225",
    "in order of the nodes, and not outside the plan",
    P,
    live(
      [
        ours("p"),
        theirs("b", OUTSIDE),
        deadNode("node-a"),
        deadNode("node-b"),
        deadNode("node-c"),
        endpointOn("node-c"),
      ],
      { addresses: from(10, 3), nodes: ["node-a", "node-b"] },
    ),
    [
      "node node-a is not ready, and 2 Pods on it hold addresses of the plan: default/app-rs-0, default/app-rs-2",
      "node node-b is not ready, and 1 Pod on it hold addresses of the plan: default/app-rs-1",
    ],
  ],
];

function deadNode(name: string): KubeObject {
  return { ...node(name), status: { conditions: [{ type: "Ready", status: "False" }] } };
}

function endpointOn(name: string): KubeObject {
  const object = endpoint("d/x", "b", "10.9.0.1");
  return { ...object, status: { ...object.status!, current: { ...object.status!.current!, node: name } } };
}

function nicIn(pool: string, address: string): object {
  return { interface: "eth0", ipv4: `${address}/24`, ipv4Pool: pool };
}

function stale(pod: string, ips: object[]): KubeObject[] {
  const object = endpoint(pod, "p", "10.6.0.10");
  const [namespace, name] = pod.split("/") as [string, string];
  const current = { ...object.status!.current!, ips };
  return [
    { ...object, status: { ...object.status!, current } } as KubeObject,
    { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, uid: "new" }, spec: { nodeName: "node-a" } },
  ];
}

const SLOW = "fewer addresses than replicas + maxSurge, so that new Pods of a rollout wait for old ones to go: ";
const small = (name: string, count = 2, more = "") =>
  declared(name, `10.6.0.10-10.6.0.${9 + count}`, `, pods: {labels: {app: app}}${more}`);
const liveSmall = (name: string, count = 2, more: Spec = {}) =>
  ours(name, { ips: [`10.6.0.10-10.6.0.${9 + count}`], ...APP, ...more });
const SURGE: Case[] = [
  ["SP4211", "enough room", pools(small("p", 4)) + asks("p"), paced(live([liveSmall("p", 4)]), 2, 0), []],
  [
    "SP4211",
    "one to spare, but not two",
    pools(small("p", 3)) + asks("p"),
    paced(live([liveSmall("p", 3)]), 2, 0),
    [`${SLOW}default/Deployment/app/eth0`],
  ],
  [
    "SP4211",
    "IPv6 has room, IPv4 has not",
    pools(small("p"), declared("s", "fd00::10-fd00::19", ", pods: {labels: {app: app}}", "six")) + asks("p, s"),
    paced(live([liveSmall("p"), ours("s", { ...V6, ...APP })], { annotations: names(["p"], ["s"]) }), 1, 1),
    [`${SLOW}default/Deployment/app/eth0`],
  ],
  [
    "SP4211",
    "the second pool may be others' as well",
    pools(small("p"), declared("q", "10.6.0.30")) + asks("p, q"),
    paced(live([liveSmall("p"), ours("q", { ips: ["10.6.0.30"] })], { annotations: names(["p", "q"]) }), 2, 0),
    [],
  ],
  [
    "SP4211",
    "the second pool is closed",
    pools(small("p"), declared("q", "10.6.0.30-10.6.0.39", ", pods: {labels: {app: app}}, disabled: true")) +
      asks("p, q"),
    paced(
      live([liveSmall("p"), ours("q", { ips: ["10.6.0.30-10.6.0.39"], disable: true, ...APP })], {
        annotations: names(["p", "q"]),
      }),
      1,
      1,
    ),
    [`${SLOW}default/Deployment/app/eth0`],
  ],
  [
    "SP4211",
    "nothing runs",
    pools(small("p")) + asks("p", "default/Deployment/app", 0),
    edited(paced(live([liveSmall("p")], { addresses: [] }), 3, 0), "Deployment", ({ spec }) => ({
      spec: { ...(spec as object), replicas: 0 },
    })),
    [],
  ],
  [
    "SP4211",
    "too small already, but no surge",
    pools(small("p")) + asks("p", "default/Deployment/app", 3),
    edited(paced(live([liveSmall("p")]), 0, 1), "Deployment", ({ spec }) => ({
      spec: { ...(spec as object), replicas: 3 },
    })),
    [],
  ],
  [
    "SP4211",
    "two workloads, in name order",
    `${pools(
      declared("p", "10.6.0.10-10.6.0.11", ", pods: {labels: {app: two}}"),
      declared("q", "10.6.0.12-10.6.0.13", ", pods: {labels: {app: one}}"),
    )}${asks("p", "default/Deployment/two")}  default/Deployment/one: {replicas: 2, interfaces: {eth0: {pools: [q]}}}\n`,
    paced(
      live(
        live(
          [
            ours("p", { ips: ["10.6.0.10-10.6.0.11"], podAffinity: { matchLabels: { app: "two" } } }),
            ours("q", { ips: ["10.6.0.12-10.6.0.13"], podAffinity: { matchLabels: { app: "one" } } }),
          ],
          { name: "default/two" },
        ),
        { name: "default/one", pool: "q", addresses: from(12, 2) },
      ),
      1,
      1,
    ),
    [`${SLOW}default/Deployment/one/eth0, default/Deployment/two/eth0`],
  ],
];

const nobody = (name: string, addresses = "10.6.0.30", more = "") =>
  declared(name, addresses, `, pods: {labels: {app: nobody}}${more}`);
const liveNobody = (name: string, more: Spec = {}) =>
  ours(name, { ips: ["10.6.0.30"], podAffinity: { matchLabels: { app: "nobody" } }, ...more });
const shut = (pool: string, by = "the Pod template of default/Deployment/app", rest = "") =>
  `nobody can get an address of pool ${pool}: ${by} names it, but podAffinity app=nobody: the Pod has app=app${rest}`;
const UNUSED = (list: string) => `namespaces:\n  unused: {defaultPools: [${list}]}\n`;
const UNREACHABLE: Case[] = [
  [
    "SP4217",
    "one that names it",
    pools(nobody("p")) + UNUSED("p"),
    [namespaceWith("default"), liveNobody("p"), deployment("default/app", names(["p"]))],
    [shut("p")],
  ],
  [
    "SP4217",
    "three that name it",
    pools(nobody("p")) + UNUSED("p"),
    [
      namespaceWith("default"),
      liveNobody("p"),
      ...["app", "bar", "car"].map((name) => deployment(`default/${name}`, names(["p"]))),
    ],
    [shut("p", undefined, "; so it is with the 2 others that name it")],
  ],
  [
    "SP4217",
    "two of three pools of a pattern, in name order",
    pools(
      nobody("team-b"),
      nobody("alpha", "10.6.0.31"),
      nobody("team-a", "10.6.0.32"),
      nobody("team-ab", "10.6.0.33"),
    ) + UNUSED("alpha, team-a, team-b, team-ab"),
    [
      namespaceWith("default"),
      liveNobody("team-b"),
      liveNobody("alpha", { ips: ["10.6.0.31"] }),
      liveNobody("team-a", { ips: ["10.6.0.32"] }),
      liveNobody("team-ab", { ips: ["10.6.0.33"] }),
      deployment("default/app", names(["team-?"])),
    ],
    [shut("team-a"), shut("team-b")],
  ],
  [
    "SP4217",
    "named by the other annotation",
    pools(nobody("p")) + UNUSED("p"),
    [
      namespaceWith("default"),
      liveNobody("p"),
      deployment("default/app", { "ipam.spidernet.io/ippool": '{"ipv4":["p"]}' }),
    ],
    [shut("p")],
  ],
  [
    "SP4217",
    "named by a Namespace it shuts out",
    pools(declared("p", "10.6.0.30", ", namespaces: {names: [lab]}, pods: {labels: {app: nobody}}")),
    [
      namespaceWith("default", ["p"]),
      ours("p", { ips: ["10.6.0.30"], namespaceName: ["lab"], podAffinity: { matchLabels: { app: "nobody" } } }),
    ],
    ["nobody can get an address of pool p: Namespace default names it, but namespaceName lab: the Pod is in default"],
  ],
  [
    "SP4217",
    "a closed pool",
    pools(nobody("p", "10.6.0.30", ", disabled: true")) + UNUSED("p"),
    [namespaceWith("default"), liveNobody("p", { disable: true }), deployment("default/app", names(["p"]))],
    [],
  ],
  [
    "SP4217",
    "a cluster default",
    pools(nobody("p", "10.6.0.30", ", default: true")),
    [namespaceWith("default"), liveNobody("p", { default: true }), deployment("default/app", names(["p"]))],
    [],
  ],
  [
    "SP4217",
    "the second that names it may use it",
    pools(declared("p", "10.6.0.30", ", pods: {labels: {app: bar}}")),
    [
      namespaceWith("default"),
      ours("p", { ips: ["10.6.0.30"], podAffinity: { matchLabels: { app: "bar" } } }),
      deployment("default/app", names(["p"])),
      deployment("default/bar", names(["p"])),
    ],
    [],
  ],
  [
    "SP4217",
    "an IPv6 pool",
    pools(declared("s", "fd00::10-fd00::19", "", "six")),
    [namespaceWith("default"), ours("s", V6), deployment("default/app", names([], ["s"]))],
    [],
  ],
];

const NEW = pools(declared("p"), declared("team-new", "10.6.0.60", ", default: true"));
const starts = (pattern: string, by: string) =>
  `the pattern ${pattern} of ${by} starts to match the new pool team-new, which may serve its Pods`;
const other = (ipv4: string[], ipv6: string[] = []) =>
  live([ours("p"), theirs("b", { ips: ["10.6.0.30"], ...ranked })], {
    name: "default/other",
    pool: "b",
    addresses: ["10.6.0.30"],
    annotations: names(ipv4, ipv6),
  });
const WILDCARDS: Case[] = [
  [
    "SP4215",
    "the name and a star",
    NEW,
    other(["b", "team-new*"]),
    [starts("team-new*", "the Pod template of default/Deployment/other")],
  ],
  ["SP4215", "a pattern of which only the beginning fits", NEW, other(["b", "team-?"]), []],
  ["SP4215", "a pattern for the other family", NEW, other(["b"], ["team-*"]), []],
  [
    "SP4215",
    "a Namespace's pattern",
    NEW,
    [namespaceWith("default", ["p", "team-*"]), ours("p", { default: true })],
    [starts("team-*", "Namespace default")],
  ],
  [
    "SP4215",
    "a Namespace's pattern, and the pool is closed",
    pools(declared("p"), declared("team-new", "10.6.0.60", ", default: true, disabled: true")),
    [namespaceWith("default", ["p", "team-*"]), ours("p", { default: true })],
    [],
  ],
  [
    "SP4215",
    "the pool is there already and only grows",
    pools(declared("p"), declared("team-new", "10.6.0.60-10.6.0.69", ", default: true")),
    [...other(["b", "team-*"]), ours("team-new", { ips: ["10.6.0.60"], default: true })],
    [],
  ],
  [
    "SP4215",
    "something else of that name is made",
    `${P}reserved:\n  team-new: {addresses: [10.6.0.99]}\n`,
    other(["b", "team-*"]),
    [],
  ],
];

const ROUTED = (name = "p", gateway = "10.6.0.1") => declared(name, V4[0], `, gateway: ${gateway}`);
const ROUTES: Case[] = [
  [
    "SP4213",
    "a foreign pool is taken over, its gateway is not",
    pools(ROUTED()),
    live([theirs("p", { gateway: "10.6.0.2" })]),
    ["the gateway or routes of p change, and 2 Pods running on it keep the old ones until they restart"],
  ],
  [
    "SP4213",
    "it is held back, as it takes an address in use",
    pools(declared("p", "10.6.0.11-10.6.0.19", ", gateway: 10.6.0.1")),
    live([ours("p", { gateway: "10.6.0.2" })]),
    [],
  ],
];

/** The config of the network every Pod hangs on. */
const NETWORK_PLAN = (list: string) =>
  `networks:\n  kube-system/net: {macvlan: {master: [ens1]}, defaultPools: [${list}]}\n`;
const liveNetwork = (ipv4: string[]): KubeObject => ({
  apiVersion: KINDS.SpiderMultusConfig.apiVersion,
  kind: "SpiderMultusConfig",
  metadata: {
    ...identity("default", KINDS.SpiderMultusConfig, "net", {}).metadata,
    name: "net",
    namespace: "kube-system",
  },
  spec: { cniType: "macvlan", macvlan: { master: ["ens1"], ippools: { ipv4 } } },
});
const NETWORKS: Case[] = [
  [
    "SP4214",
    "a network's pools",
    pools(declared("p", V4[0], RANKED), declared("q", "10.6.0.30")) + NETWORK_PLAN("p, q"),
    [liveNetwork(["p"]), ...onDefaults([], [ours("p", ranked), ours("q", { ips: ["10.6.0.30"] })])],
    [
      "a network's default pools change, and with them the candidates of workloads that name no pools: eth0 of default/Deployment/one: p -> p+q, eth0 of default/Deployment/two: p -> p+q",
    ],
  ],
  [
    "SP4214",
    "a pattern of a network that a new pool meets",
    pools(declared("p", V4[0], RANKED), declared("p2", "10.6.0.30")),
    [liveNetwork(["p*"]), ...onDefaults([], [ours("p", ranked)])],
    [],
  ],
];

/** A subnet whose addresses, as numbers, are those of IPv4. */
const LOW = `subnets:
  net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.200]}
  low: {cidr: "::/64", ranges: ["::1-::2"]}
pools:
  ${declared("p")}
`;
const FAMILIES: Case[] = [
  [
    "SP4221",
    "the same number in both families",
    LOW,
    live([ours("p"), theirs("b", { ips: ["10.6.0.30"] }), theirs("c", { subnet: "::/64", ips: ["::a06:1e"] })]),
    [],
  ],
  ["SP4221", "in no subnet of its family", LOW, live([ours("p"), theirs("b", OUTSIDE), theirs("c", OUTSIDE)]), []],
  [
    "SP4215",
    "a Namespace's pattern for the other family",
    NEW,
    [
      {
        ...namespaceWith("default"),
        metadata: { name: "default", annotations: { "ipam.spidernet.io/default-ipv6-ippool": '["team-*"]' } },
      },
      ours("p", { default: true }),
    ],
    [],
  ],
];

const OURS_IN_NET = ["net", "six"].map((name) =>
  liveSubnet(name, name === "net" ? { subnet: "10.6.0.0/24" } : { subnet: "fd00::/64" }, "another"),
);
const fixedBoth = (elastic: number, settings = "") => `${settings}${SUBNETS}workloads:
${["app", "bar"]
  .map(
    (name) =>
      `  default/Deployment/${name}: {replicas: 2, pods: {labels: {app: ${name}}}, interfaces: {eth0: {fixed: {subnets: [net, six], elastic: ${elastic}}}}}\n`,
  )
  .join("")}`;
const boundTo = (name: string) => {
  const pattern = `default.deployment.${name}.eth0.*`;
  return deployment(`default/${name}`, names([pattern], [pattern]));
};
const lost = (...list: string[]) =>
  `patterns match no pool after this plan, so Pods start without that address: ${list
    .map((one) =>
      one.replace(/(\S+) (\S+)/, "$1 default.deployment.$2.eth0.* of the Pod template of default/Deployment/$2"),
    )
    .join(", ")}`;
const HELD: Case[] = [
  [
    "SP4216",
    "two workloads and two families, in order",
    fixedBoth(1),
    [namespaceWith("default"), boundTo("app"), boundTo("bar"), ...OURS_IN_NET],
    [lost("IPv4 app", "IPv4 bar", "IPv6 app", "IPv6 bar")],
  ],
  [
    "SP4216",
    "IPv6 is off",
    fixedBoth(1, "settings: {spiderpool: {enableIPv6: false}}\n"),
    [namespaceWith("default"), boundTo("app"), boundTo("bar"), ...OURS_IN_NET],
    [lost("IPv4 app", "IPv4 bar")],
  ],
  [
    "SP4216",
    "IPv4 is off",
    fixedBoth(1, "settings: {spiderpool: {enableIPv4: false}}\n"),
    [namespaceWith("default"), boundTo("app"), boundTo("bar"), ...OURS_IN_NET],
    [lost("IPv6 app", "IPv6 bar")],
  ],
  [
    "SP4216",
    "a pool with a name of its own cannot be made, and the template does not name it",
    fixedBoth(1)
      .replaceAll("{subnets: [net, six], elastic: 1}", "{pool: kept, subnets: [net], elastic: 1}")
      .replace(/^ .*bar.*$/m, ""),
    [namespaceWith("default"), deployment("default/app", names(["default.deployment.app.eth0.*"])), ...OURS_IN_NET],
    [lost("IPv4 app")],
  ],
  [
    "SP4211",
    "the pools are held back, but what they will have is known",
    fixedBoth(0),
    paced([namespaceWith("default"), boundTo("app"), ...OURS_IN_NET], 2, 1),
    [`${SLOW}default/Deployment/app/eth0`],
  ],
];

const MORE_NODES: Case[] = [
  [
    "SP4212",
    "DaemonSet Pods go nowhere",
    pools(declared("a", "10.6.0.10-10.6.0.19", ZONE.a)) +
      workload("{interfaces: {eth0: {pools: [a]}}}", "default/DaemonSet/app"),
    edited(
      edited(live([POOL_A, NODE_A, NODE_B], { pool: "a" }), "SpiderEndpoint", ({ status }) => ({
        status: { ...(status as object), ownerControllerType: "DaemonSet" },
      })),
      "Deployment",
      () => ({ kind: "DaemonSet" }),
    ),
    [],
  ],
  [
    "SP4212",
    "a Pod nobody scheduled, whose pool is open nowhere",
    pools(declared("a", "10.6.0.10-10.6.0.11", ", nodes: {labels: {zone: z}}")) + asks("a"),
    unscheduled(live([ours("a", { ips: ["10.6.0.10-10.6.0.11"], ...inZone("z") }), NODE_A, NODE_B], { pool: "a" })),
    [],
  ],
  [
    "SP4213",
    "a subnet of the pool's name gets a gateway",
    `subnets:\n  p: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.200]}\npools:\n  ${declared("p", V4[0], ", gateway: 10.6.0.2", "p")}\n`,
    live([
      ours("p", { gateway: "10.6.0.2" }),
      liveSubnet("p", { subnet: "10.6.0.0/24", gateway: "10.6.0.3" }, "default"),
    ]),
    [],
  ],
];

describe("warnings at their edges", () => {
  const ALL = [
    DEFAULTS,
    NEWCOMERS,
    NODES,
    DANGER,
    SURGE,
    UNREACHABLE,
    WILDCARDS,
    ROUTES,
    NETWORKS,
    FAMILIES,
    HELD,
    MORE_NODES,
  ].flat();
  it.each(ALL)("%s: %s", async (code, _what, plan, cluster, messages) => {
    for (const objects of [cluster, [...cluster].reverse()]) {
      const { diagnostics } = await decideOn(plan, objects);
      expect(diagnostics.filter((one) => one.code === code).map((one) => one.message)).toEqual(messages);
    }
  });

  it.each(FORCED())("%s, were its steps not held back: %s", async (code, _what, plan, cluster, messages) => {
    const { steps } = await decideOn(plan, cluster);
    const free = steps.map(({ blocked: _, ...step }) => step);
    const snapshot = buildSnapshot(cluster, Object.keys(KINDS));
    const watched = { plan: await planOf(plan), allocations: [], steps: free, snapshot, facts: CHART_DEFAULTS };
    const found = planWarnings(watched, new Set()).filter((one) => one.code === code);
    expect(found.map((one) => one.message)).toEqual(messages);
    const held = { ...watched, steps: steps.filter((step) => step.blocked !== undefined) };
    expect(planWarnings(held, new Set()).filter((one) => one.code === code)).toEqual([]);
  });

  it("a reservation alone narrows a pool that is not ours", async () => {
    const plan = `${SUBNETS}reserved:\n  r: {addresses: [10.6.0.12]}\n`;
    const cluster = live([theirs("p", { ips: ["10.6.0.10-10.6.0.12"] })]);
    const steps = (await decideOn(plan, cluster)).steps.filter((step) => step.kind.kind === "SpiderReservedIP");
    const snapshot = buildSnapshot(cluster, Object.keys(KINDS));
    const found = planWarnings(
      { plan: await planOf(plan), allocations: [], steps, snapshot, facts: CHART_DEFAULTS },
      new Set(),
    );
    expect(found.map((one) => one.code)).toEqual(["SP4218"]);
  });

  it("four are told by name, the fifth as a number", async () => {
    const told = async (count: number) => {
      const reserved = from(30, count).map(
        (ip) => ({ ...liveReserved(`r${ip.slice(-1)}`, [ip]), spec: { ips: [ip] } }) as KubeObject,
      );
      const { diagnostics } = await decideOn(P, live([ours("p"), ...reserved]));
      return diagnostics.find((one) => one.code === "SP4226")!.message.split(": ")[1];
    };
    const four = "SpiderReservedIP r0, SpiderReservedIP r1, SpiderReservedIP r2, SpiderReservedIP r3";
    expect([await told(4), await told(5)]).toEqual([four, `${four} and 1 more`]);
  });

  it("names the pools that are for other nodes in order", async () => {
    const cluster = live([POOL_A, POOL_B, NODE_A, NODE_B, node("node-c", { zone: "c" })], {
      pool: "a",
      annotations: AB,
    });
    for (const objects of [cluster, [...cluster].reverse()]) {
      const { diagnostics } = await decideOn(TWO_ZONES + asks("b, a"), objects);
      expect(diagnostics.find((one) => one.code === "SP4210")?.hint).toMatch(/for other nodes: a, b$/);
    }
  });

  it("a step says how many Pods keep their routes, and nothing where there are none", async () => {
    const note = async (count: number) => {
      const { steps } = await decideOn(
        pools(ROUTED()),
        live([ours("p", { gateway: "10.6.0.2" })], { addresses: from(10, count) }),
      );
      return steps.find((step) => step.name === "p")?.note;
    };
    expect([await note(0), await note(1), await note(2)]).toEqual([
      undefined,
      "1 running Pod keeps its old routes until it restarts",
      "2 running Pods keep their old routes until they restart",
    ]);
  });
});
