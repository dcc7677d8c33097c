import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../src/core/outcome.js";
import type { KubeObject, SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { decideOn } from "../../support/decide.js";
import { deployment, endpoint, livePool, liveReserved, liveSubnet } from "../../support/objects.js";
import { namespaceWith, node, type Running, running } from "../../support/running.js";

const SUBNET = `subnets:
  net:
    cidr: 10.6.0.0/24
    ranges: [10.6.0.10-10.6.0.200]
`;

/** A declared pool `a` with `fields` besides its addresses. */
const poolA = (fields = "", ips = "10.6.0.10-10.6.0.19") => `${SUBNET}pools:
  a: {subnet: net, addresses: [${ips}], default: true${fields}}
`;

const named = (...names: string[]) => ({
  "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4: names }]),
});
const A = { ips: ["10.6.0.10-10.6.0.19"], default: true };
const ours = { install: "default" };

/** A cluster with two Pods of default/app in pool `a`. */
function live(
  pool: Partial<SpiderIPPool["spec"]> = {},
  one: Partial<Running> = {},
  ...more: KubeObject[]
): KubeObject[] {
  const base = [namespaceWith("default"), ...more, livePool("a", { ...A, ...pool }, ours)];
  const app = { name: "default/app", pool: "a", addresses: ["10.6.0.10", "10.6.0.11"], annotations: named("a") };
  return running(base, { ...app, ...one });
}

const NODES = [node("node-a", { zone: "a" }), node("node-b", { zone: "b" })];
const IN_A = { nodeAffinity: { matchLabels: { zone: "a" } } };
const deadNode = (name: string): KubeObject => ({
  ...node(name),
  status: { conditions: [{ type: "Ready", status: "Unknown" }] },
});

const fixed = (elastic: string, more = "") => `${SUBNET}workloads:
  default/Deployment/app:
    replicas: 2
    pods: {labels: {app: app}}
    interfaces: {eth0: {fixed: {subnets: [net], elastic: ${elastic}${more}}}}
`;
const zoned = (labels: string) => `subnets:
  net:
    cidr: 10.6.0.0/24
    ranges: [10.6.0.10-10.6.0.200]
    nodes: {labels: {${labels}}}
workloads:
  default/Deployment/app:
    replicas: 2
    pods: {labels: {app: app}}
    interfaces: {eth0: {fixed: {subnets: [net]}}}
`;
const FIXED_POOL = "default.deployment.app.eth0.net";
const binding = {
  "ipam.spidernet.io/ippools": JSON.stringify([
    {
      interface: "eth0",
      ipv4: ["spiderplan-none-v4", "default.deployment.app.eth0.*"],
      ipv6: ["default.deployment.app.eth0.*"],
    },
  ]),
};

/** Two Pods of default/app in its fixed pool. */
function liveFixed(pool: Partial<SpiderIPPool["spec"]>, one: Partial<Running>, ...more: KubeObject[]): KubeObject[] {
  const spec = {
    ips: ["10.6.0.10-10.6.0.12"],
    namespaceName: ["default"],
    podAffinity: { matchLabels: { app: "app" } },
    ...pool,
  };
  const owner = "default/Deployment/app/eth0/net";
  const base = [namespaceWith("default"), ...more, livePool(FIXED_POOL, spec, { ...ours, owner })];
  return running(base, {
    ...{ name: "default/app", pool: FIXED_POOL, addresses: ["10.6.0.10", "10.6.0.11"], annotations: binding },
    ...one,
  });
}

const withStrategy = (objects: KubeObject[], rollingUpdate: object) =>
  objects.map((object) =>
    object.kind === "Deployment"
      ? { ...object, spec: { ...(object.spec as object), strategy: { rollingUpdate } } }
      : object,
  );
const withNodeSelector = (objects: KubeObject[], nodeSelector: object) =>
  objects.map((object) => {
    if (object.kind !== "Deployment") return object;
    const { template, ...spec } = object.spec as { template: object };
    return { ...object, spec: { ...spec, template: { ...template, spec: { nodeSelector } } } };
  });

/** Template and Pods of another workload with one address of its own. */
const other = (base: KubeObject[], annotations: Record<string, string>, pool = "b", address = "10.6.0.30") =>
  running(base, { name: "default/other", pool, addresses: [address], annotations });

const OTHER_POOL = livePool("b", { ips: ["10.6.0.30-10.6.0.39"] });
/** The same for Pods of the Namespace only, which is a rank above a pool without affinity (A11). */
const RANKED_POOL = livePool("b", { ips: ["10.6.0.30-10.6.0.39"], namespaceName: ["default"] });
const inNamespaceWith = (defaults: string[], objects: KubeObject[]) => [
  ...objects.filter((object) => object.kind !== "Namespace"),
  namespaceWith("default", defaults),
];
const withB = `${poolA()}  b: {subnet: net, addresses: [10.6.0.30-10.6.0.39]}\n`;
const ranked = withB.replace("default: true}", "default: true, namespaces: {names: [default]}}");

type Case = [code: string, what: string, plan: string, cluster: KubeObject[], message: RegExp];

/** A declared pool of two addresses for Pods of app only. */
const OWN_POOL = `${poolA(", pods: {labels: {app: app}}", "10.6.0.10-10.6.0.11")}workloads:
  default/Deployment/app:
    replicas: 2
    interfaces: {eth0: {pools: [a]}}
`;
const ONLY_APP = { ips: ["10.6.0.10-10.6.0.11"], podAffinity: { matchLabels: { app: "app" } } };

const HARMFUL: Case[] = [
  [
    "SP4210",
    "Pods may come to a zone without a pool",
    zoned("zone: a"),
    liveFixed(IN_A, { nodes: ["node-a"] }, ...NODES, node("node-a2", { zone: "a" })),
    /default\/Deployment\/app may be scheduled to node-b, where no pool gives eth0 an IPv4 address/,
  ],
  [
    "SP4211",
    "no address beyond the replicas, and no Pod may be missing",
    fixed("0"),
    withStrategy(liveFixed({ ips: ["10.6.0.10-10.6.0.11"] }, {}), { maxSurge: 1, maxUnavailable: 0 }),
    /a rollout of default\/Deployment\/app never gets on: .*eth0 has 2 IPv4 addresses for 2 replicas \+ 1 surge/,
  ],
  [
    "SP4211",
    "a declared pool that is the workload's alone is too small",
    OWN_POOL,
    withStrategy(live(ONLY_APP), { maxSurge: 2, maxUnavailable: 0 }),
    /a rollout of default\/Deployment\/app never gets on: .* 2 IPv4 addresses for 2 replicas \+ 2 surge/,
  ],
  [
    "SP4212",
    "the only node of a zone is drained",
    zoned("zone: a"),
    liveFixed(IN_A, { nodes: ["node-a"] }, ...NODES),
    /a drain of node-a leaves 2 Pods of default\/Deployment\/app without an IPv4 address on eth0/,
  ],
  [
    "SP4213",
    "a route is added under running Pods",
    poolA(", routes: [{to: 10.7.0.0/16, via: 10.6.0.2}]"),
    live(),
    /gateway or routes of a change, and 2 Pods running on it keep the old ones/,
  ],
  ["SP4213", "the gateway changes", poolA(", gateway: 10.6.0.1"), live({ gateway: "10.6.0.2" }), /2 Pods running/],
  [
    "SP4214",
    "a Namespace's defaults get another pool, of a lower rank",
    `${ranked}namespaces:\n  default: {defaultPools: [a, b]}\n`,
    inNamespaceWith(["a"], live({ namespaceName: ["default"] }, { annotations: {} }, OTHER_POOL)),
    /a Namespace's default pools change.*eth0 of default\/Deployment\/app: a -> a\+b/,
  ],
  [
    "SP4214",
    "a second cluster default",
    ranked.replace("39]}", "39], default: true}"),
    live({ namespaceName: ["default"] }, { annotations: {} }),
    /the cluster's default pools change.*a -> a\+b/,
  ],
  [
    "SP4215",
    "a new pool of a lower rank is matched by somebody's pattern",
    `${poolA()}  team-new: {subnet: net, addresses: [10.6.0.60], default: true}\n`,
    other(live({}, {}, RANKED_POOL), named("b", "team-*")),
    /pattern team-\* of the Pod template of default\/Deployment\/other starts to match the new pool team-new/,
  ],
  [
    "SP4215",
    "a pool that goes was matched by another's pattern",
    fixed("1"),
    [
      ...other(liveFixed({}, {}, RANKED_POOL), named("b", "default.deployment.*")),
      livePool(
        "default.deployment.app.eth0.old",
        { ips: ["10.6.0.70"] },
        { ...ours, owner: "default/Deployment/app/eth0/old" },
      ),
    ],
    /pattern default\.deployment\.\* of the Pod template of default\/Deployment\/other ceases to match default\.deployment\.app\.eth0\.old/,
  ],
  [
    "SP4216",
    "the pool cannot be made",
    fixed("1"),
    [
      namespaceWith("default"),
      deployment("default/app", binding),
      liveSubnet("net", { subnet: "10.6.0.0/24", ips: ["10.6.0.250-10.6.0.254"] }, "another"),
    ],
    /Pods start without that address: IPv4 default\.deployment\.app\.eth0\.\* of the Pod template of default\/Deployment\/app$/,
  ],
  [
    "SP4217",
    "a pool named by a template it shuts out",
    `${poolA(", pods: {labels: {app: nobody}}").replace(", default: true", "")}namespaces:\n  unused: {defaultPools: [a]}\n`,
    [
      livePool("a", { ...A, default: false, podAffinity: { matchLabels: { app: "nobody" } } }, ours),
      deployment("default/app", named("a")),
      namespaceWith("default"),
    ],
    /nobody can get an address of pool a: the Pod template of default\/Deployment\/app names it, but podAffinity app=nobody/,
  ],
  [
    "SP4218",
    "a pool shrinks to what is in use",
    poolA("", "10.6.0.10-10.6.0.11"),
    live(),
    /one more Pod would find no address.*eth0 of default\/Deployment\/app; no pool is left for eth0: a \(full\)/,
  ],
  [
    "SP4218",
    "a reservation takes the last free address",
    `${poolA("", "10.6.0.10-10.6.0.12")}reserved:\n  r: {addresses: [10.6.0.12]}\n`,
    live({ ips: ["10.6.0.10-10.6.0.12"] }),
    /a \(full\)/,
  ],
  [
    "SP4220",
    "a pool in use is being deleted",
    poolA(),
    live(
      {},
      {},
      { ...livePool("b", { ips: ["10.6.0.30"] }, { terminating: true, used: { "10.6.0.30": "default/x" } }) },
    ),
    /SpiderIPPool b is being deleted while 1 Pod has an address of it/,
  ],
  [
    "SP4221",
    "two foreign pools overlap",
    poolA(),
    live({}, {}, livePool("b", { ips: ["10.6.0.30-10.6.0.39"] }), livePool("c", { ips: ["10.6.0.35-10.6.0.50"] })),
    /SpiderIPPools b and c share 10\.6\.0\.35-10\.6\.0\.39/,
  ],
  [
    "SP4222",
    "two Pods have one address",
    poolA(),
    live({}, {}, endpoint("default/x", "b", "10.6.0.30"), endpoint("default/y", "b", "10.6.0.30"), OTHER_POOL),
    /10\.6\.0\.30 is in use by several Pods at once: default\/x, default\/y/,
  ],
  [
    "SP4223",
    "an endpoint of an earlier Pod",
    poolA(),
    live().map((object) =>
      object.kind === "Pod"
        ? { ...object, metadata: { ...object.metadata, uid: `new-${object.metadata.uid}` } }
        : object,
    ),
    /UID of an earlier Pod of that name: default\/app-rs-0, default\/app-rs-1/,
  ],
  [
    "SP4224",
    "a pool without a record of an endpoint's address",
    poolA(),
    live().map((object) => (object.kind === "SpiderIPPool" ? { ...object, status: { totalIPCount: 10 } } : object)),
    /not on record .*10\.6\.0\.10 of default\/app-rs-0, 10\.6\.0\.11 of default\/app-rs-1/,
  ],
  [
    "SP4225",
    "a node does not report",
    poolA(),
    live({}, {}, deadNode("node-a")),
    /node node-a is not ready, and 2 Pods/,
  ],
  [
    "SP4226",
    "a reservation without a family",
    poolA(),
    live({}, {}, { ...liveReserved("r", ["10.6.0.99"]), spec: { ips: ["10.6.0.99"] } } as KubeObject),
    /crash at its start: SpiderReservedIP r/,
  ],
  [
    "SP4226",
    "a pool without a default, elsewhere too",
    poolA(),
    live({}, {}, {
      ...livePool("z", {}),
      spec: { subnet: "10.9.0.0/24", ipVersion: 4, ips: ["10.9.0.9"] },
    } as KubeObject),
    /crash at its start: SpiderIPPool z/,
  ],
];

const HARMLESS: [code: string, what: string, plan: string, cluster: KubeObject[]][] = [
  [
    "SP4210",
    "the other zone is closed to it",
    zoned("zone: a"),
    withNodeSelector(liveFixed(IN_A, { nodes: ["node-a"] }, ...NODES), { zone: "a" }),
  ],
  [
    "SP4210",
    "the other node is tainted",
    zoned("zone: a"),
    liveFixed(IN_A, { nodes: ["node-a"] }, NODES[0]!, {
      ...node("control"),
      spec: { taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] },
    }),
  ],
  ["SP4210", "no pool looks at nodes", fixed("1"), liveFixed({}, {}, ...NODES)],
  ["SP4211", "room for the surge", fixed("1"), withStrategy(liveFixed({}, {}), { maxSurge: 1, maxUnavailable: 0 })],
  [
    "SP4211",
    "no surge at all",
    fixed("0"),
    withStrategy(liveFixed({ ips: ["10.6.0.10-10.6.0.11"] }, {}), { maxSurge: 0, maxUnavailable: 1 }),
  ],
  [
    "SP4212",
    "a second node in the zone",
    zoned("zone: a"),
    liveFixed(IN_A, { nodes: ["node-a"] }, ...NODES, node("node-a2", { zone: "a" })),
  ],
  [
    "SP4212",
    "no other node at all: they only wait",
    zoned("zone: a"),
    liveFixed(IN_A, { nodes: ["node-a"] }, NODES[0]!),
  ],
  [
    "SP4213",
    "a route where nobody runs",
    poolA(", routes: [{to: 10.7.0.0/16, via: 10.6.0.2}]"),
    [livePool("a", A, ours)],
  ],
  ["SP4213", "addresses are added", poolA("", "10.6.0.10-10.6.0.29"), live()],
  [
    "SP4214",
    "workloads that name their pools",
    `${withB}namespaces:\n  default: {defaultPools: [a, b]}\n`,
    [...live({}, {}, OTHER_POOL).filter((object) => object.kind !== "Namespace"), namespaceWith("default", ["a"])],
  ],
  [
    "SP4214",
    "the first default of a Namespace",
    `${poolA().replace(", default: true", "")}namespaces:\n  default: {defaultPools: [a]}\n`,
    [livePool("a", { ...A, default: false }, ours), deployment("default/app"), namespaceWith("default")],
  ],
  [
    "SP4215",
    "the new pool shuts its Pods out",
    `${poolA()}  team-new: {subnet: net, addresses: [10.6.0.60], pods: {labels: {app: mine}}}\nnamespaces:\n  default: {defaultPools: [team-new]}\n`,
    other(live({}, {}, OTHER_POOL), named("b", "team-*")),
  ],
  [
    "SP4215",
    "its own pool under its own pattern",
    fixed("1"),
    [namespaceWith("default"), deployment("default/app", binding)],
  ],
  ["SP4216", "the pool is made now", fixed("1"), [namespaceWith("default"), deployment("default/app", binding)]],
  [
    "SP4216",
    "IPv6 pattern of a workload that the plan gives no IPv6",
    fixed("1"),
    [
      namespaceWith("default"),
      deployment("default/app", {
        "ipam.spidernet.io/ippools": JSON.stringify([
          {
            interface: "eth0",
            ipv4: ["spiderplan-none-v4", "default.deployment.app.eth0.*"],
            ipv6: ["default.deployment.app.eth0.*"],
          },
        ]),
      }),
    ],
  ],
  [
    "SP4217",
    "one of those that name it may use it",
    poolA(", pods: {labels: {app: app}}"),
    other(live({ podAffinity: { matchLabels: { app: "app" } } }, {}, OTHER_POOL), named("a", "b")),
  ],
  [
    "SP4217",
    "whoever hangs on a network that names it may use it",
    `${poolA(", pods: {labels: {app: nobody}}").replace(", default: true", "")}namespaces:\n  unused: {defaultPools: [a]}\n`,
    [
      livePool("a", { ...A, default: false, podAffinity: { matchLabels: { app: "nobody" } } }, ours),
      deployment("default/app", named("a")),
      namespaceWith("default"),
      {
        apiVersion: "spiderpool.spidernet.io/v2beta1",
        kind: "SpiderMultusConfig",
        metadata: { namespace: "kube-system", name: "net" },
        spec: { cniType: "macvlan", macvlan: { master: ["eth1"], ippools: { ipv4: ["a"] } } },
      },
    ],
  ],
  ["SP4218", "one is left to spare", poolA("", "10.6.0.10-10.6.0.12"), live()],
  [
    "SP4218",
    "it was full before",
    poolA(", routes: [{to: 10.7.0.0/16, via: 10.6.0.2}]", "10.6.0.10-10.6.0.11"),
    live({ ips: ["10.6.0.10-10.6.0.11"] }),
  ],
  [
    "SP4220",
    "a pool being deleted that nobody uses",
    poolA(),
    live({}, {}, livePool("b", { ips: ["10.6.0.30"] }, { terminating: true })),
  ],
  [
    "SP4220",
    "one outside the plan",
    poolA(),
    live(
      {},
      {},
      livePool("b", { subnet: "10.9.0.0/24", ips: ["10.9.0.1"] }, { terminating: true, used: { "10.9.0.1": "x/y" } }),
    ),
  ],
  [
    "SP4221",
    "neighbours",
    poolA(),
    live({}, {}, livePool("b", { ips: ["10.6.0.20-10.6.0.29"] }), livePool("c", { ips: ["10.6.0.30"] })),
  ],
  ["SP4222", "pool and endpoint tell of one Pod", poolA(), live()],
  ["SP4223", "the Pod is not there any more", poolA(), live().filter((object) => object.kind !== "Pod")],
  [
    "SP4224",
    "nobody wrote a status down",
    poolA(),
    live().map((object) => {
      const { status: _, ...rest } = object;
      return object.kind === "SpiderIPPool" ? rest : object;
    }),
  ],
  ["SP4225", "nobody of the plan is on the dead node", poolA(), live({}, {}, deadNode("node-z"))],
  ["SP4226", "all is written", poolA(), live({}, {}, liveReserved("r", ["10.6.0.99"]))],
];

const warningsOf = (outcome: Outcome, code: string) => outcome.diagnostics.filter((one) => one.code === code);

describe("warnings", () => {
  it.each(HARMFUL)("%s: %s", async (code, _what, plan, cluster, message) => {
    const found = warningsOf(await decideOn(plan, cluster), code);
    expect(found.map((one) => one.message).join("\n")).toMatch(message);
    for (const one of found) {
      expect(one.severity).toBe("warning");
      expect(one.hint).toBeTruthy();
    }
  });

  it.each(HARMLESS)("%s not: %s", async (code, _what, plan, cluster) => {
    expect(warningsOf(await decideOn(plan, cluster), code)).toEqual([]);
  });

  it("has both for every code", () => {
    const codes = (rows: readonly (readonly [string, ...unknown[]])[]) =>
      [...new Set(rows.map(([code]) => code))].sort();
    expect(codes(HARMLESS)).toEqual(codes(HARMFUL));
  });

  it("a healthy cluster has none", async () => {
    const outcome = await decideOn(fixed("1"), liveFixed({}, {}, ...NODES));
    expect(outcome.diagnostics.filter((one) => one.severity === "warning")).toEqual([]);
  });

  it("a rollout that only waits is an information, told once for all", async () => {
    const outcome = await decideOn(OWN_POOL, withStrategy(live(ONLY_APP), { maxSurge: 2, maxUnavailable: 1 }));
    expect(warningsOf(outcome, "SP4211")).toMatchObject([
      { severity: "info", message: expect.stringMatching(/wait for old ones to go: default\/Deployment\/app\/eth0$/) },
    ]);
  });

  it("says at the step too that running Pods keep their routes", async () => {
    const outcome = await decideOn(poolA(", routes: [{to: 10.7.0.0/16, via: 10.6.0.2}]"), live());
    expect(outcome.steps.find((step) => step.name === "a")?.note).toBe(
      "2 running Pods keep their old routes until they restart",
    );
  });

  it("are the same whatever the order of the cluster's objects", async () => {
    for (const [, , plan, cluster] of HARMFUL) {
      const told = async (objects: KubeObject[]) =>
        (await decideOn(plan, objects)).diagnostics.map((one) => one.message);
      expect(await told([...cluster].reverse())).toEqual(await told(cluster));
    }
  });
});
