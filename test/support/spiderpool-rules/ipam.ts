import { expect } from "vitest";
import { podFacts, templateFacts } from "../../../src/core/cluster/pod-facts.js";
import { formatAddress } from "../../../src/core/ip/address.js";
import { EMPTY } from "../../../src/core/ip/range-set.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { chooseAddress, MAX_RECORDS, reservedAddresses } from "../../../src/core/spiderpool/ipam/allocate.js";
import { type Candidates, candidates, globMatch } from "../../../src/core/spiderpool/ipam/candidates.js";
import { judgePool } from "../../../src/core/spiderpool/ipam/filter.js";
import { rank, rankGroups } from "../../../src/core/spiderpool/ipam/order.js";
import type { PodFacts } from "../../../src/core/spiderpool/ipam/pod-facts.js";
import { isOrdinalOf, keepsRecord, takesRecordBack } from "../../../src/core/spiderpool/ipam/retain.js";
import { KEYS, type KubeObject, type SpiderEndpoint, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { all, network, pool, type RuleRow, reserved, row } from "../spiderpool.js";

const FACTS = { ...CHART_DEFAULTS, clusterNetwork: "kube-system/main" };
const web: PodFacts = {
  namespace: "shop",
  name: "web-x",
  labels: { app: "web" },
  annotations: {},
  node: "node-b",
  nodeLabels: { zone: "b" },
  namespaceLabels: { team: "net" },
  namespaceAnnotations: {},
  controller: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
};
const asking = (annotations: Record<string, string>, more: Partial<PodFacts> = {}): PodFacts => ({
  ...web,
  annotations,
  ...more,
});
const POOLS = [pool("a.1", {}), pool("a.2", {}), pool("six", { subnet: "fd00::/64" }), pool("main", { default: true })];
const world = (...objects: KubeObject[]) => buildSnapshot([...POOLS, ...objects], []);
const choose = (pod: PodFacts, nic = "eth0", facts = FACTS, cluster = world()): Candidates =>
  candidates(pod, nic, cluster, facts);
const ippools = (value: unknown, nic = "eth0", more: Record<string, string> = {}) =>
  choose(asking({ [KEYS.ippools]: typeof value === "string" ? value : JSON.stringify(value), ...more }), nic);
const judge = (spec: Partial<SpiderIPPool["spec"]>, pod = web, nic = "eth0", facts = FACTS) => {
  const judgement = judgePool(pool("p", spec), pod, nic, 4, facts);
  return judgement.eligible ? "eligible" : `${judgement.rule} ${judgement.reason}`;
};
const records = (entries: Record<string, string>) => ({
  allocatedIPs: JSON.stringify(
    Object.fromEntries(Object.entries(entries).map(([ip, uid]) => [ip, { pod: "shop/x", podUid: uid }])),
  ),
});
const first = (subject: SpiderIPPool, uid = "new", blocked = EMPTY) => {
  const choice = chooseAddress(subject, uid, blocked);
  return choice && formatAddress(choice.address);
};
const set = (replicas: number, start?: number): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "cart", namespace: "shop" },
  spec: { replicas, ...(start === undefined ? {} : { ordinals: { start } }) },
});
const endpoint = (name: string, owner: string): SpiderEndpoint => ({
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderEndpoint",
  metadata: { name, namespace: "shop" },
  status: { ownerControllerType: owner, ownerControllerName: "cart" },
});

/** A1-A21 as far as the model has them: candidates, filters, order, choice and retention. */
export const IPAM_RULES: readonly RuleRow[] = [
  row("A1", "the first source that says anything wins, lower ones are ignored", () => {
    const one = (name: string) => JSON.stringify({ ipv4: [name] });
    const everything = {
      [KEYS.subnet]: one("s"),
      [KEYS.ippools]: JSON.stringify([{ interface: "eth0", ipv4: ["a.1"] }]),
      [KEYS.ippool]: one("a.2"),
    };
    const namespaced = { namespaceAnnotations: { [KEYS.namespaceDefaultV4]: '["a.1"]' } };
    const net = network("main", { cniType: "macvlan", macvlan: { master: ["e"], ippools: { ipv4: ["a.2"] } } });
    expect(choose(asking(everything)).source).toBe("subnet annotation");
    expect(choose(asking({ ...everything }), "eth0", { ...FACTS, enableSpiderSubnet: false })).toMatchObject({
      source: "ippools annotation",
      v4: ["a.1"],
    });
    expect(choose(asking({ [KEYS.ippool]: one("a.2") }, namespaced))).toMatchObject({
      source: "ippool annotation",
      v4: ["a.2"],
    });
    expect(choose(asking({}, namespaced), "eth0", FACTS, world(net))).toMatchObject({
      source: "namespace annotation",
      v4: ["a.1"],
    });
    expect(choose(web, "eth0", FACTS, world(net))).toMatchObject({ source: "network configuration", v4: ["a.2"] });
    expect(choose(web)).toMatchObject({ source: "default pools", v4: ["main"], v6: [] });
    expect(choose(web, "eth0", FACTS, buildSnapshot([], [])).error).toContain("no pool is marked default");
  }),
  row("A1", "source 5 is read from a net-attach-def too, and from a config of another name", () => {
    const config = JSON.stringify({
      plugins: [{ type: "macvlan", ipam: { type: "spiderpool", default_ipv4_ippool: ["a.1"] } }],
    });
    const attachment = {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name: "main", namespace: "kube-system" },
      spec: { config },
    };
    expect(choose(web, "eth0", FACTS, world(attachment)).v4).toEqual(["a.1"]);
    const renamed = network(
      "other",
      { cniType: "ipoib", ipoib: { ippools: { ipv4: ["a.2"] } } },
      { "multus.spidernet.io/cr-name": "main" },
    );
    expect(choose(web, "eth0", FACTS, world(renamed)).v4).toEqual(["a.2"]);
  }),
  row("A2", "subnet annotations fail without auto pools or without a controller", () => {
    const pod = asking({ [KEYS.subnet]: '{"ipv4":["s"]}' });
    expect(choose(pod, "eth0", { ...FACTS, enableAutoPoolForApplication: false }).error).toContain(
      "auto pools are off",
    );
    expect(choose({ ...pod, controller: undefined }).error).toContain("without a controller");
    expect(choose(pod, "eth0", { ...FACTS, enableSpiderSubnet: false }).source).toBe("default pools");
  }),
  row("A3", "an annotation of another shape fails the Pod", () => {
    for (const text of ["{", "{}", '"x"', '[{"ipv4":"a.1"}]', "[1]"]) expect(ippools(text).error).toBeDefined();
    expect(choose(asking({ [KEYS.ippool]: "[]" })).error).toContain("invalid format");
    expect(choose(asking({}, { namespaceAnnotations: { [KEYS.namespaceDefaultV4]: "main" } })).error).toContain(
      "invalid format",
    );
  }),
  row("A4", "interfaces on all items or on none, unique, the asked one listed", () => {
    expect(ippools([]).error).toContain("empty");
    expect(ippools([{ interface: "net1", ipv4: ["a.1"] }]).error).toContain("does not list eth0");
    expect(ippools([{ interface: "eth0" }, { ipv4: ["a.1"] }]).error).toContain("some items only");
    expect(ippools([{ interface: "eth0" }, { interface: "eth0" }]).error).toContain("eth0 twice");
    const networks = { [KEYS.networks]: "kube-system/a@fast, b" };
    const unnamed = [{ ipv4: ["main"] }, { ipv4: ["a.1"] }, { ipv4: ["a.2"], cleangateway: true }];
    expect(ippools(unnamed, "eth0", networks).v4).toEqual(["main"]);
    expect(ippools(unnamed, "fast", networks).v4).toEqual(["a.1"]);
    expect(ippools(unnamed, "net2", networks)).toMatchObject({ v4: ["a.2"], cleanGateway: true });
  }),
  row("A5", "patterns expand inside their family, may hit nothing, and may not double a name", () => {
    const v4 = (...names: string[]) => ippools([{ interface: "eth0", ipv4: names }]);
    expect(v4("a.*").v4).toEqual(["a.1", "a.2"]);
    expect(v4("*").v4).toEqual(["a.1", "a.2", "main"]);
    expect(v4("b.*")).toEqual({
      source: "ippools annotation",
      v4: [],
      v6: [],
      unmatched: ["b.*"],
      cleanGateway: false,
    });
    expect(v4("gone").error).toContain("gone does not exist");
    expect(v4("a.*", "a.1").error).toContain("a.1 is named twice");
    expect(v4("a.[").error).toContain("bad pattern");
    // Another NIC's bad name fails this one too: all are served in one go.
    expect(
      ippools([
        { interface: "eth0", ipv4: ["a.1"] },
        { interface: "net1", ipv4: ["gone"] },
      ]).error,
    ).toContain("gone");
    const sorted = { ...world(), sortedPoolNames: ["a.1", "a.2", "main", "six"] };
    expect(choose(asking({ [KEYS.ippool]: '{"ipv4":["a.?"]}' }), "eth0", FACTS, sorted).v4).toEqual(["a.1", "a.2"]);
  }),
  row("A5", "patterns are Go's filepath.Match", () => {
    const hits: [string, string][] = [
      ["*", "a-b.c"],
      ["a?c", "abc"],
      ["a[a-c]", "ab"],
      ["a[^x]", "ab"],
      ["a\\*", "a*"],
      ["", ""],
      ["a[\\-]", "a-"],
      ["p-*-[0-9]", "p-x-7"],
      ["a+b", "a+b"],
    ];
    const misses: [string, string][] = [
      ["*", "a/b"],
      ["a?c", "ac"],
      ["a[a-c]", "ad"],
      ["a[^b]", "ab"],
      ["a", "ab"],
      ["a[", "a["],
      ["a[]", "a"],
      ["a\\", "a\\"],
      ["a[c-a]", "ab"],
      ["[-]", "-"],
    ];
    all(
      hits.map(([pattern, name]) => globMatch(pattern, name)),
      true,
    );
    all(
      misses.map(([pattern, name]) => globMatch(pattern, name)),
      false,
    );
  }),
  row("A6", "families the source does not name or that are off are not allocated", () => {
    const both = [{ interface: "eth0", ipv4: ["a.1"], ipv6: ["six"] }];
    expect(ippools(both)).toMatchObject({ v4: ["a.1"], v6: ["six"] });
    const pod = asking({ [KEYS.ippools]: JSON.stringify(both) });
    expect(choose(pod, "eth0", { ...FACTS, enableIPv6: false })).toMatchObject({ v4: ["a.1"], v6: [] });
    expect(choose(asking({}, { namespaceAnnotations: { [KEYS.namespaceDefaultV6]: '["six"]' } }))).toMatchObject({
      source: "namespace annotation",
      v4: [],
      v6: ["six"],
    });
  }),
  row("A7", "all filters must pass; names win over selectors; the reason is in words", () => {
    expect(judge({})).toBe("eligible");
    expect(judge({ disable: true })).toBe("A7 the pool is disabled");
    expect(judge({ ipVersion: 6 })).toBe("A7 the pool is IPv6, not IPv4");
    expect(judge({ nodeName: ["node-a"] })).toBe("A7 nodeName node-a: the Pod is on node-b");
    expect(judge({ nodeName: ["node-b"], nodeAffinity: { matchLabels: { zone: "a" } } })).toBe("eligible");
    expect(judge({ nodeAffinity: { matchLabels: { zone: "a" } } })).toBe("A7 nodeAffinity zone=a: node-b has zone=b");
    expect(judge({ namespaceName: ["default"] })).toBe("A7 namespaceName default: the Pod is in shop");
    expect(judge({ namespaceAffinity: { matchExpressions: [{ key: "x", operator: "Exists" }] } })).toBe(
      "A7 namespaceAffinity x: shop has no label x",
    );
    expect(judge({ podAffinity: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] } })).toBe(
      "A7 podAffinity app notin (web): the Pod has app=web",
    );
    expect(judge({ nodeAffinity: { matchExpressions: [{ key: "zone", operator: "what" }] } })).toContain(
      "not a legal selector",
    );
    const dying = pool("p", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(judgePool(dying, web, "eth0", 4, FACTS)).toMatchObject({
      eligible: false,
      reason: "the pool is being deleted",
    });
    const unknown = { ...web, node: undefined, nodeLabels: undefined };
    expect(judgePool(pool("p", { nodeName: ["node-a"] }), unknown, "eth0", 4, FACTS)).toEqual({
      eligible: true,
      assumed: ["the node"],
    });
  }),
  row("A8", "an auto pool is accepted before its networks are looked at", () => {
    const app = {
      "app-api-group": "apps",
      "app-api-version": "v1",
      "app-kind": "Deployment",
      "app-namespace": "shop",
      "app-name": "web",
    };
    const matchLabels = Object.fromEntries(
      Object.entries(app).map(([key, value]) => [`ipam.spidernet.io/${key}`, value]),
    );
    const auto = pool(
      "p",
      { podAffinity: { matchLabels }, multusName: ["x/y"] },
      { labels: { [KEYS.ownerApplicationName]: "web" } },
    );
    expect(judgePool(auto, web, "eth0", 4, FACTS).eligible).toBe(true);
  }),
  row("A9", "multusName is compared with the NIC's network", () => {
    const on = (multusName: string[], annotations: Record<string, string> = {}, nic = "eth0", facts = FACTS) =>
      judge({ multusName }, asking(annotations), nic, facts);
    const networks = { [KEYS.networks]: '[{"name":"a","namespace":"kube-system"},{"name":"b"}]' };
    all(
      [
        on(["kube-system/main"]),
        on(["main"]),
        on(["x/y"], { [KEYS.defaultNetwork]: "x/y@eth0" }),
        on(["kube-system/a"], networks, "net1"),
        on(["shop/b"], networks, "net2"),
      ],
      "eligible",
    );
    expect(on(["x/y"])).toBe("A9 multusName x/y: eth0 is on kube-system/main");
    expect(on(["b"], networks, "net2")).toBe("A9 multusName kube-system/b: net2 is on shop/b");
    expect(judge({}, web, "net1")).toContain("A9 net1 hangs on no Multus network");
    expect(judge({}, web, "eth0", { ...FACTS, clusterNetwork: "" })).toContain("A9");
    const unknown = { ...FACTS, clusterNetwork: undefined };
    expect(judgePool(pool("p", { multusName: ["x/y"] }), web, "eth0", 4, unknown)).toMatchObject({
      eligible: true,
      assumed: ["the cluster's default network"],
    });
  }),
  row(
    "A10",
    "each family is judged by itself: an IPv6 candidate does not save a NIC whose IPv4 ones are all filtered",
    () => {
      const six = pool("six", { subnet: "fd00::/64" });
      expect(judgePool(six, web, "eth0", 6, FACTS).eligible).toBe(true);
      expect(judgePool(six, web, "eth0", 4, FACTS).eligible).toBe(false);
    },
  ),
  row(
    "A11",
    "presence of podAffinity, nodeName, nodeAffinity, namespaceName, namespaceAffinity, multusName, in this order",
    () => {
      const selector = { matchLabels: { a: "b" } };
      const ladder: Partial<SpiderIPPool["spec"]>[] = [
        { podAffinity: selector },
        { nodeName: ["n"] },
        { nodeAffinity: {} },
        { namespaceName: ["n"] },
        { namespaceAffinity: selector },
        { multusName: ["m"] },
        { nodeName: [] },
      ];
      const ranks = ladder.map((spec) => rank(pool("p", spec)));
      expect(ranks).toEqual([...ranks].sort((a, b) => b - a));
      expect(new Set(ranks).size).toBe(ranks.length);
      const rest = rank(
        pool("p", {
          nodeName: ["n"],
          nodeAffinity: {},
          namespaceName: ["n"],
          namespaceAffinity: {},
          multusName: ["m"],
        }),
      );
      expect(rank(pool("p", { podAffinity: selector }))).toBeGreaterThan(rest);
    },
  ),
  row("A12", "pools of equal rank are one group: their order in a list means nothing", () => {
    const groups = rankGroups([pool("b", {}), pool("z", { multusName: ["m"] }), pool("a", {})]);
    expect(groups.map((group) => group.map((item) => item.metadata.name))).toEqual([["z"], ["a", "b"]]);
  }),
  row("A13", "a full pool gives nothing, and the next is tried", () => {
    expect(first(pool("p", { ips: ["10.6.0.1"] }, {}, records({ "10.6.0.1": "old" })))).toBeUndefined();
    const many = Object.fromEntries(
      Array.from({ length: MAX_RECORDS }, (_, i) => [formatAddress(0x0a070000 + i), `u${i}`]),
    );
    expect(first(pool("p", { ips: ["10.6.0.1"] }, {}, records(many)))).toBeUndefined();
  }),
  row("A14", "the lowest free address: not excluded, not reserved, not recorded", () => {
    const ips = ["10.6.0.1-10.6.0.9"];
    expect(first(pool("p", { ips }))).toBe("10.6.0.1");
    const blocked = reservedAddresses(
      [reserved("r", { ipVersion: 4, ips: ["10.6.0.2"] }), reserved("s", { ipVersion: 6, ips: ["fd00::1"] })],
      4,
    );
    expect(
      first(pool("p", { ips, excludeIPs: ["10.6.0.1"] }, {}, records({ "10.6.0.3": "old" })), "new", blocked),
    ).toBe("10.6.0.4");
    expect(first(pool("p", { ips: ["10.6.0.8", "10.6.0.1"] }))).toBe("10.6.0.8"); // entry by entry
    expect(first(pool("p", { ips: ["10.6.0.9-10.6.0.2"] }))).toBeUndefined();
    expect(
      first(
        pool("p", { subnet: "fd00::/64", ips: ["fd00::-fd00::ffff:ffff:ffff:ffff"] }, {}, records({ "fd00::": "old" })),
      ),
    ).toBe("fd00::1");
  }),
  row("A15", "a record of the same Pod UID is used again", () => {
    const held = pool("p", { ips: ["10.6.0.1-10.6.0.9"] }, {}, records({ "10.6.0.5": "mine" }));
    expect(chooseAddress(held, "mine", EMPTY)).toEqual({ address: 0x0a060005, reused: true });
    expect(first(held)).toBe("10.6.0.1");
  }),
  row("A17", "a stateless Pod that is gone gives its addresses back", () => {
    expect(keepsRecord(endpoint("web-x", "Deployment"), {}, FACTS)).toBe(false);
  }),
  row("A18", "an ordinal inside its StatefulSet keeps its record", () => {
    all([isOrdinalOf("cart-0", set(2)), isOrdinalOf("cart-1", set(2)), isOrdinalOf("cart-5", set(2, 4))], true);
    all(
      [
        isOrdinalOf("cart-2", set(2)),
        isOrdinalOf("cart-0", set(2, 4)),
        isOrdinalOf("cart-x", set(2)),
        isOrdinalOf("other-0", set(2)),
        isOrdinalOf("cart-0", undefined),
      ],
      false,
    );
    expect(keepsRecord(endpoint("cart-1", "StatefulSet"), { statefulSet: set(2) }, FACTS)).toBe(true);
    expect(
      keepsRecord(endpoint("cart-1", "StatefulSet"), { statefulSet: set(2) }, { ...FACTS, enableStatefulSet: false }),
    ).toBe(false);
  }),
  row("A19", "and takes it back while each recorded pool is still a candidate", () => {
    const recorded = { ipv4Pool: "a.1", ipv6Pool: "six" };
    expect(takesRecordBack(recorded, { v4: ["a.1", "a.2"], v6: ["six"] })).toBe(true);
    expect(takesRecordBack(recorded, { v4: ["a.1"], v6: [] })).toBe(false);
    expect(takesRecordBack({ ipv4Pool: "a.1" }, { v4: ["a.1"], v6: [] })).toBe(true);
  }),
  row("A20", "Pods of third-party kinds are stateless", () => {
    expect(keepsRecord(endpoint("cart-0", "AdvancedStatefulSet"), { statefulSet: set(2) }, FACTS)).toBe(false);
  }),
  row("A21", "a KubeVirt VM keeps its record while it lives or may start again", () => {
    const vm = { ...set(0), kind: "VirtualMachine" };
    const dying = { ...vm, metadata: { ...vm.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    const keeps = (keepers: object, facts = FACTS) =>
      keepsRecord(endpoint("vm", "VirtualMachineInstance"), keepers, facts);
    all([keeps({ virtualMachineInstance: vm }), keeps({ virtualMachine: vm })], true);
    all(
      [
        keeps({}),
        keeps({ virtualMachine: dying }),
        keeps({ virtualMachine: vm }, { ...FACTS, enableKubevirtStaticIP: false }),
      ],
      false,
    );
  }),
];

/** Where the facts of a Pod come from. */
export const POD_FACT_ROWS: readonly RuleRow[] = [
  row("A7", "a live Pod: node, namespace and top controller as far as they are known", () => {
    const owner = (kind: string, name: string) => [{ apiVersion: "apps/v1", kind, name, uid: "u", controller: true }];
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web-x", namespace: "shop", ownerReferences: owner("ReplicaSet", "web-1") },
      spec: { nodeName: "n" },
    };
    const replicaSet = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: { name: "web-1", namespace: "shop", ownerReferences: owner("Deployment", "web") },
    };
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n", labels: { zone: "a" } } };
    expect(podFacts(pod, buildSnapshot([pod, replicaSet, node], []))).toMatchObject({
      node: "n",
      nodeLabels: { zone: "a" },
      namespaceLabels: undefined,
      controller: { kind: "Deployment", name: "web" },
    });
    expect(podFacts(pod, buildSnapshot([], []))).toMatchObject({
      nodeLabels: undefined,
      controller: { kind: "ReplicaSet" },
    });
  }),
  row("A18", "a template's Pod: ordinals of a StatefulSet carry their own name as label", () => {
    const cart = { ...set(2), spec: { replicas: 2, template: { metadata: { labels: { app: "cart" } } } } };
    expect(templateFacts(cart, buildSnapshot([], []), 1)).toMatchObject({
      name: "cart-1",
      labels: { app: "cart", [KEYS.podName]: "cart-1" },
    });
  }),
];
