import { describe, expect, test } from "vitest";
import { tenantsOf } from "../../../src/core/cluster/tenants.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS, type SpiderpoolFacts } from "../../../src/core/spiderpool/facts.js";
import type { PodFacts } from "../../../src/core/spiderpool/ipam/pod-facts.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { askKey, candidatesIn, replay, type Scene, sceneOf } from "../../../src/core/verdict/replay.js";
import { type Asker, standingOf, standingWith } from "../../../src/core/verdict/standing.js";
import { endpoint, livePool } from "../../support/objects.js";

const FACTS: SpiderpoolFacts = { ...CHART_DEFAULTS, clusterNetwork: "net" };
const scene = (objects: readonly KubeObject[], facts = FACTS): Scene =>
  sceneOf(buildSnapshot(objects, Object.keys(KINDS)), facts);
const four = (name: string, first: number, count = 1, used: Record<string, string> = {}) =>
  livePool(name, { ips: [`10.6.0.${first}-10.6.0.${first + count - 1}`] }, { used });
const six = (name: string, ...ips: string[]) => livePool(name, { subnet: "fd00::/64", ips });
const asks = (ipv4: string[], ipv6: string[] = []) => ({ "ipam.spidernet.io/ippool": JSON.stringify({ ipv4, ipv6 }) });
const pod = (annotations: Record<string, string>, more: Partial<PodFacts> = {}): PodFacts => ({
  namespace: "d",
  name: "x",
  labels: {},
  annotations,
  node: "a",
  nodeLabels: {},
  namespaceLabels: {},
  namespaceAnnotations: {},
  controller: undefined,
  ...more,
});

describe("what two Pods ask for is one text", () => {
  const set = (kind: string, name: string) => ({ controller: { apiVersion: "apps/v1", kind, name } });
  const [one, auto, autos] = [asks(["p"]), { "ipam.spidernet.io/subnet": "{}" }, { "ipam.spidernet.io/subnets": "[]" }];
  const [v4, v6] = ["ipam.spidernet.io/default-ipv4-ippool", "ipam.spidernet.io/default-ipv6-ippool"];

  test.each<[what: string, a: PodFacts, b: PodFacts, same: boolean]>([
    ["the same annotation, whoever they belong to", pod(one, set("Job", "a")), pod(one, set("Job", "b")), true],
    ["another Pod", pod(one), pod(one, { name: "y", labels: { a: "b" }, node: "b" }), true],
    ["another annotation", pod(one), pod(asks(["q"])), false],
    ["another Namespace", pod(one), pod(one, { namespace: "e" }), false],
    ["auto pools of one workload", pod(auto, set("Job", "a")), pod(auto, set("Job", "a")), true],
    ["auto pools of two workloads", pod(auto, set("Job", "a")), pod(auto, set("Job", "b")), false],
    ["auto pools of two kinds", pod(autos, set("Job", "a")), pod(autos, set("Deployment", "a")), false],
    ["auto pools of no workload", pod(autos), pod(autos), true],
    ["IPv4 defaults", pod({}, { namespaceAnnotations: { [v4]: "[]" } }), pod({}), false],
    ["IPv6 defaults", pod({}, { namespaceAnnotations: { [v6]: "[]" } }), pod({}), false],
    ["defaults nobody knows", pod({}, { namespaceAnnotations: undefined }), pod({}), true],
    ["a mark of the Namespace", pod({}, { namespaceAnnotations: { team: "a" } }), pod({}), true],
  ])("%s", (_what, a, b, same) => {
    expect(askKey(a, "eth0") === askKey(b, "eth0")).toBe(same);
    expect(askKey(a, "eth0")).not.toBe(askKey(a, "net1"));
  });
});

describe("one allocation replayed", () => {
  const outcome = (objects: readonly KubeObject[], facts: PodFacts, free = 1, settings = FACTS) => {
    const on = scene(objects, settings);
    return replay(on, facts, "eth0", 4, candidatesIn(on, facts, "eth0"), () => free);
  };

  test("tries equals together and later ranks after them", () => {
    const first = livePool("b", { podAffinity: { matchLabels: {} } });
    expect(outcome([four("c", 1), four("a", 2), first], pod(asks(["a", "b", "c"])))).toEqual({
      pools: ["b"],
      eligible: [["b"], ["a", "c"]],
      assumed: [],
    });
  });

  test("says why there is nothing", () => {
    const shut = livePool("s", { disable: true });
    const nothing = { pools: [], assumed: [] };
    expect(outcome([four("p", 1), shut], pod(asks(["p", "s"])), 0)).toEqual({
      ...nothing,
      eligible: [["p"]],
      failure: "no pool is left for eth0: s (the pool is disabled), p (full)",
    });
    expect(outcome([], pod(asks(["p"])))).toEqual({
      ...nothing,
      eligible: [],
      failure: "pool p does not exist",
      failing: ["p"],
    });
    expect(outcome([six("s", "fd00::1")], pod(asks([], ["s"])))).toEqual({
      ...nothing,
      eligible: [],
      failure: "no candidate pool of IPv4 is left for eth0 (from: ippool annotation)",
      silent: true,
    });
  });

  test("says in order what nobody knows and is taken as matching", () => {
    const picky = livePool("p", { ips: ["10.6.0.1"], nodeName: ["a"], multusName: ["net"] });
    const unknown = { ...FACTS, clusterNetwork: undefined };
    expect(outcome([picky], pod(asks(["p"]), { node: undefined }), 1, unknown)).toEqual({
      pools: ["p"],
      eligible: [["p"]],
      assumed: ["the cluster's default network", "the node"],
    });
  });
});

describe("what a tenant gets when it starts anew", () => {
  const asker = (more: Partial<Asker> = {}): Asker => ({
    nic: "eth0",
    family: 4,
    pool: "p",
    recorded: [{ interface: "eth0", ipv4Pool: "p" }],
    keeps: "nothing",
    ...more,
  });
  const standing = (objects: readonly KubeObject[], tenant: Asker, facts: PodFacts | undefined, free = 1) =>
    standingWith(scene(objects), tenant, facts, () => free);
  const own = { keepsOwn: true, outcome: { pools: ["p"], eligible: [["p"]], assumed: [] } };
  const unknown = { keepsOwn: false, outcome: { pools: ["p"], eligible: [["p"]], failure: undefined, assumed: [] } };

  test("a VM and an ordinal take their own back", () => {
    expect(standing([], asker({ keeps: "vm" }), undefined)).toEqual(own);
    expect(standing([four("p", 1)], asker({ keeps: "ordinal" }), pod(asks(["p"])), 0)).toEqual(own);
  });

  test("an ordinal does not, where its pool is gone, not named or its template cannot be read", () => {
    const set = asker({ keeps: "ordinal" });
    expect(standing([four("q", 1)], set, pod(asks(["q"]))).keepsOwn).toBe(false);
    expect(standing([four("p", 1), four("q", 2)], set, pod(asks(["q"]))).keepsOwn).toBe(false);
    expect(standing([four("p", 1)], { ...set, recorded: [] }, pod(asks(["gone"]))).keepsOwn).toBe(false);
  });

  test("a Pod nobody knows is judged on its pool", () => {
    const failing = (failure: string) => ({
      keepsOwn: false,
      outcome: { ...unknown.outcome, pools: [], failure },
    });
    expect(standing([four("p", 1)], asker(), undefined)).toEqual(unknown);
    expect(standing([four("p", 1)], asker(), undefined, 0)).toEqual(failing("p is full"));
    expect(standing([], asker(), undefined)).toEqual(failing("p does not exist"));
    expect(standing([livePool("p", { disable: true })], asker(), undefined)).toEqual(failing("p is disabled"));
    expect(standing([livePool("p", {}, { terminating: true })], asker(), undefined)).toEqual(
      failing("p is being deleted"),
    );
  });

  test("the family it asks for and does not hold is told beside", () => {
    const pools = [four("p", 1), six("s", "fd00::1")];
    const both = pod(asks(["p"], ["s"]));
    const beside = { beside: [{ nic: "eth0", family: 6, eligible: [["s"]], pools: ["s"] }] };
    const served = { pools: ["p"], eligible: [["p"]], assumed: [] };
    expect(standing(pools, asker(), both).outcome).toEqual({ ...served, ...beside });
    expect(
      standing(pools, asker({ recorded: [{ interface: "eth0", ipv4Pool: "p", ipv6Pool: "s" }] }), both).outcome,
    ).toEqual(served);
    expect(standing(pools, asker(), pod(asks(["p"]))).outcome).toEqual(served);
    const only = asker({ family: 6, pool: "s", recorded: [{ interface: "eth0", ipv6Pool: "s" }] });
    expect(standing(pools, only, pod(asks([], ["s"]))).outcome).toEqual({ ...served, pools: ["s"], eligible: [["s"]] });
    expect(standing(pools, only, both).outcome).toEqual({
      ...{ pools: ["s"], eligible: [["s"]], assumed: [] },
      beside: [{ nic: "eth0", family: 4, eligible: [["p"]], pools: ["p"] }],
    });
  });
});

describe("a NIC beside another of its Pod (A10)", () => {
  const on = (network: string) => ({
    "v1.multus-cni.io/default-network": "kube-system/n0",
    "k8s.v1.cni.cncf.io/networks": network,
  });
  const shut = livePool("p", { ips: ["10.6.0.1"], multusName: ["kube-system/n0"] });
  const record = (nic: string, ipv4Pool: string) => ({ interface: nic, ipv4Pool });
  const got = (objects: readonly KubeObject[], tenant: Partial<Asker>, facts: PodFacts) =>
    standingWith(
      scene(objects),
      { nic: "eth0", family: 4, pool: "p", recorded: [record("eth0", "p")], keeps: "nothing", ...tenant },
      facts,
      () => 1,
    );
  const two = { recorded: [record("eth0", "p"), record("net1", "p")] };

  test("that was served before and finds no pool takes the address from it", () => {
    const facts = pod({ ...asks(["p"]), ...on("kube-system/n1") });
    const { outcome } = got([shut], two, facts);
    expect(outcome.pools).toEqual([]);
    expect(outcome.failure).toMatch(/^no pool is left for net1: p \(multusName/);
    expect(got([four("p", 1)], two, facts).outcome).toMatchObject({ pools: ["p"] });
  });

  test("nobody knows whether Spiderpool serves a network, where it never did", () => {
    expect(got([shut], {}, pod({ ...asks(["p"]), ...on("kube-system/n1") })).outcome.failure).toBeUndefined();
    const listed = {
      "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["p"]},{"interface":"net1","ipv4":["p"]}]',
    };
    expect(got([shut], {}, pod({ ...listed, ...on("kube-system/n1") })).outcome.failure).toMatch(/^no pool is left/);
  });

  test("is not looked at any more where the template has no such NIC", () => {
    expect(got([shut], two, pod({ ...asks(["p"]), ...on("kube-system/n0@net2") })).outcome.failure).toBeUndefined();
  });

  test("an ordinal takes back what all its NICs had, or nothing (A19)", () => {
    const both = [four("p", 1), four("q", 2)];
    const ordinal = { keeps: "ordinal", recorded: [record("eth0", "p"), record("net1", "q")] } as const;
    const keepsOwn = (names: string[]) => got(both, ordinal, pod({ ...asks(names), ...on("kube-system/n1") })).keepsOwn;
    expect(keepsOwn(["p", "q"])).toBe(true);
    expect(keepsOwn(["p"])).toBe(false);
    expect(keepsOwn(["q"])).toBe(false);
  });

  test("an ordinal takes nothing back where a NIC it gets besides finds no pool", () => {
    const listed = {
      "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["p"]},{"interface":"net1","ipv4":["q"]}]',
    };
    const ordinal = (open: KubeObject) =>
      got([four("p", 1), open], { keeps: "ordinal" }, pod({ ...listed, ...on("n") }));
    expect(ordinal(four("q", 2)).keepsOwn).toBe(true);
    expect(ordinal(livePool("q", { disable: true }))).toMatchObject({ keepsOwn: false, outcome: { pools: [] } });
  });

  test("an ordinal that never had an address takes nothing back", () => {
    const fresh = { keeps: "ordinal", recorded: [] } as const;
    expect(got([shut], fresh, pod(asks(["p"]))).keepsOwn).toBe(false);
  });
});

describe("what is free for one who gives all back first", () => {
  const live = (annotations: Record<string, string>): KubeObject => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "d", name: "x", annotations },
    spec: { nodeName: "a" },
  });
  /** The pools that may serve d/x, for each address it has. */
  const served = (...objects: KubeObject[]) => {
    const on = scene(objects);
    const mine = tenantsOf(on.snapshot, FACTS).filter((one) => one.pod === "d/x");
    return mine.map((one) => standingOf(on, one, one.facts).outcome.pools);
  };
  const held = (...ips: object[]): KubeObject => {
    const one = endpoint("d/x", "p", "10.6.0.1");
    return { ...one, status: { ...one.status!, current: { ...one.status!.current!, ips } } } as KubeObject;
  };
  const nic = (name: string, address: string, pool: string) => ({
    interface: name,
    ipv4: `${address}/24`,
    ipv4Pool: pool,
  });

  test.each<[what: string, objects: KubeObject[], pools: string[][]]>([
    ["its own pool, full of itself", [live(asks(["p"])), four("p", 1), held(nic("eth0", "10.6.0.1", "p"))], [["p"]]],
    [
      "its own pool, of which the record tells only",
      [live(asks(["p"])), four("p", 1, 1, { "10.6.0.1": "d/x" })],
      [["p"]],
    ],
    [
      "another pool, full of others",
      [live(asks(["q"])), four("p", 1), four("q", 5, 1, { "10.6.0.5": "d/y" }), held(nic("eth0", "10.6.0.1", "p"))],
      [[]],
    ],
    [
      "another pool, full of its other NIC",
      [
        live({ ...asks(["q"]), "k8s.v1.cni.cncf.io/networks": "net" }),
        ...[four("p", 1), four("q", 5)],
        held(nic("eth0", "10.6.0.1", "p"), nic("net1", "10.6.0.5", "q")),
      ],
      [["q"], ["q"]],
    ],
    [
      "no address that it has of a pool that is gone",
      [live(asks(["q"])), four("q", 5, 1, { "10.6.0.5": "d/y" }), held(nic("eth0", "10.6.0.5", "gone"))],
      [[]],
    ],
    [
      "what the record and the endpoint tell of, both",
      [
        ...[live(asks(["p"])), four("p", 1, 2, { "10.6.0.1": "d/x", "10.6.0.2": "d/y" })],
        held(nic("eth0", "10.6.0.9", "p")),
      ],
      [["p"], []],
    ],
  ])("%s", (_what, objects, pools) => {
    expect(served(...objects)).toEqual(pools);
  });

  test("IPv6 as well, of the pool that is asked", () => {
    const both = { interface: "eth0", ipv4: "10.6.0.1/24", ipv4Pool: "p", ipv6: "fd00::1/64", ipv6Pool: "s" };
    const objects = (ipv6Pool: string) => [
      ...[live(asks(["p"], ["s"])), four("p", 1), six("s", "fd00::1")],
      held({ ...both, ipv6Pool }),
    ];
    expect(served(...objects("s"))).toEqual([["p"], ["s"]]);
    const others = livePool("s", { subnet: "fd00::/64", ips: ["fd00::1"] }, { used: { "fd00::1": "d/y" } });
    expect(served(...objects("gone").map((one) => (one.metadata.name === "s" ? others : one)))).toEqual([[], []]);
  });
});
