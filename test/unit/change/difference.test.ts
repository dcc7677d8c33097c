import { describe, expect, test } from "vitest";
import { difference } from "../../../src/core/change/diff.js";
import { identity } from "../../../src/core/change/ownership.js";
import { formatRangeSet } from "../../../src/core/ip/range-set.js";
import { canonicalMultus } from "../../../src/core/spiderpool/canonical.js";
import {
  KINDS,
  type KubeObject,
  type SpiderIPPool,
  type SpiderMultusConfig,
} from "../../../src/core/spiderpool/objects.js";
import { desiredPool, desiredSubnet, livePool, liveReserved, liveSubnet } from "../../support/objects.js";

type Spec = Partial<SpiderIPPool["spec"]>;

/** The same meaning in another spelling is no difference (FIXED-7); one row a rule. */
const SAME: [rule: string, desired: Spec, live: Spec][] = [
  ["G6 ips as a set", { ips: ["10.6.0.1-10.6.0.3"] }, { ips: ["10.6.0.3", "10.6.0.1-10.6.0.2"] }],
  ["M5 one-entry list kept byte for byte", { ips: ["10.6.0.5"] }, { ips: ["10.6.0.5-10.6.0.5"] }],
  [
    "P9 ips minus excludeIPs",
    { ips: ["10.6.0.1", "10.6.0.3"] },
    { ips: ["10.6.0.1-10.6.0.3"], excludeIPs: ["10.6.0.2"] },
  ],
  ["R6 IPv6 spelling", { subnet: "fd00::/64", ips: ["fd00::a"] }, { subnet: "fd00::/64", ips: ["FD00:0::A"] }],
  ["G8 absent is false", { default: false, disable: false }, { default: undefined, disable: undefined }],
  ["G9 empty is absent", { routes: [], namespaceName: [] }, { routes: undefined, namespaceName: undefined }],
  [
    "routes in any order and spelling",
    {
      routes: [
        { dst: "10.7.0.0/16", gw: "10.6.0.2" },
        { dst: "10.8.0.0/16", gw: "10.6.0.2" },
      ],
    },
    {
      routes: [
        { dst: "10.8.0.0/16", gw: "10.6.0.2" },
        { dst: "10.7.3.4/16", gw: "10.6.0.2" },
      ],
    },
  ],
  ["A9 a network without a namespace is Spiderpool's own", { multusName: ["kube-system/m"] }, { multusName: ["m"] }],
  ["A9 beside one with a namespace", { multusName: ["kube-system/m", "x/n"] }, { multusName: ["m", "x/n"] }],
  ["R6 a gateway in another spelling", { gateway: "fd00::1" }, { gateway: "FD00:0::1" }],
  ["G9 an empty gateway is none", {}, { gateway: "" }],
  [
    "expressions in any order",
    {
      nodeAffinity: {
        matchExpressions: [
          { key: "x", operator: "Exists" },
          { key: "a", operator: "Exists" },
        ],
      },
    },
    {
      nodeAffinity: {
        matchExpressions: [
          { key: "a", operator: "Exists" },
          { key: "x", operator: "Exists" },
        ],
      },
    },
  ],
  ["names in any order", { nodeName: ["b", "a"] }, { nodeName: ["a", "b"] }],
  [
    "selectors in any order",
    {
      podAffinity: {
        matchLabels: { a: "1", b: "2" },
        matchExpressions: [{ key: "x", operator: "In", values: ["1", "2"] }],
      },
    },
    {
      podAffinity: {
        matchExpressions: [{ key: "x", operator: "In", values: ["2", "1"] }],
        matchLabels: { b: "2", a: "1" },
      },
    },
  ],
];

describe("the same meaning is no difference", () => {
  test.each(SAME)("%s", (_rule, desired, live) => {
    expect(
      difference(desiredPool("p", desired), livePool("p", live, { install: "default" }), "kube-system"),
    ).toBeUndefined();
  });
});

/** One row a modelled field: the patch that makes it so, and what is told. */
const CHANGED: [field: string, desired: Spec, live: Spec, patch: object, told: string][] = [
  ["gateway set", { gateway: "10.6.0.254" }, {}, { gateway: "10.6.0.254" }, "gateway: none -> 10.6.0.254"],
  ["gateway gone", {}, { gateway: "10.6.0.254" }, { gateway: null }, "gateway: 10.6.0.254 -> none"],
  [
    "a route more",
    { routes: [{ dst: "10.7.0.0/16", gw: "10.6.0.2" }] },
    {},
    { routes: [{ dst: "10.7.0.0/16", gw: "10.6.0.2" }] },
    "routes: + 10.7.0.0/16 via 10.6.0.2",
  ],
  [
    "a label replaced nulls the old key",
    { podAffinity: { matchLabels: { app: "b" } } },
    { podAffinity: { matchLabels: { tier: "a" } } },
    { podAffinity: { matchLabels: { app: "b", tier: null } } },
    "podAffinity: tier=a -> app=b",
  ],
  ["a gateway nobody can read gone", {}, { gateway: "router" }, { gateway: null }, "gateway: router -> none"],
  [
    "of two routes one replaced",
    {
      routes: [
        { dst: "10.7.0.0/16", gw: "10.6.0.2" },
        { dst: "10.8.0.0/16", gw: "10.6.0.2" },
      ],
    },
    {
      routes: [
        { dst: "10.7.0.0/16", gw: "10.6.0.2" },
        { dst: "10.9.0.0/16", gw: "10.6.0.2" },
      ],
    },
    {
      routes: [
        { dst: "10.7.0.0/16", gw: "10.6.0.2" },
        { dst: "10.8.0.0/16", gw: "10.6.0.2" },
      ],
    },
    "routes: + 10.8.0.0/16 via 10.6.0.2, - 10.9.0.0/16 via 10.6.0.2",
  ],
  [
    "another value of an expression",
    { nodeAffinity: { matchExpressions: [{ key: "zone", operator: "In", values: ["a", "c"] }] } },
    { nodeAffinity: { matchExpressions: [{ key: "zone", operator: "In", values: ["a", "b"] }] } },
    { nodeAffinity: { matchExpressions: [{ key: "zone", operator: "In", values: ["a", "c"] }] } },
    "nodeAffinity: zone In (a,b) -> zone In (a,c)",
  ],
  [
    "an expression without values",
    { nodeAffinity: { matchExpressions: [{ key: "gpu", operator: "Exists" }] } },
    { nodeAffinity: null as never },
    { nodeAffinity: { matchExpressions: [{ key: "gpu", operator: "Exists" }] } },
    "nodeAffinity: none -> gpu Exists",
  ],
  ["a hand-set nodeName healed", {}, { nodeName: ["n1"] }, { nodeName: null }, "nodeName: n1 -> none"],
  ["disable", { disable: true }, {}, { disable: true }, "disable: false -> true"],
  ["default", { default: false }, { default: true }, { default: false }, "default: true -> false"],
  [
    "G8 disable where it was not written",
    { disable: true },
    { disable: undefined },
    { disable: true },
    "disable: false -> true",
  ],
  [
    "G8 disable not written any more",
    { disable: undefined },
    { disable: true },
    { disable: null },
    "disable: true -> false",
  ],
];

describe("a changed field is patched and told", () => {
  test.each(CHANGED)("%s", (_name, desired, live, patch, told) => {
    const found = difference(desiredPool("p", desired), livePool("p", live, { install: "default" }), "kube-system");
    expect(found?.patch).toEqual({ spec: patch });
    expect(found?.changes).toEqual([told]);
  });

  test("addresses: gained and lost, excludes folded into ips", () => {
    const live = livePool("p", { ips: ["10.6.0.1-10.6.0.5"], excludeIPs: ["10.6.0.3"] }, { install: "default" });
    const found = difference(desiredPool("p", { ips: ["10.6.0.2-10.6.0.6"] }), live, "kube-system");
    expect(formatRangeSet(found!.added)).toEqual(["10.6.0.3", "10.6.0.6"]);
    expect(formatRangeSet(found!.removed)).toEqual(["10.6.0.1"]);
    expect(found!.patch).toEqual({ spec: { ips: ["10.6.0.2-10.6.0.6"], excludeIPs: null } });
  });

  test.each<[string, string[], string[], added: string[], removed: string[]]>([
    ["the last entry gone", ["10.6.0.1"], ["10.6.0.1", "10.6.0.9"], [], ["10.6.0.9"]],
    ["an entry more at the end", ["10.6.0.1", "10.6.0.9"], ["10.6.0.1"], ["10.6.0.9"], []],
    ["another second entry", ["10.6.0.1", "10.6.0.5"], ["10.6.0.1", "10.6.0.9"], ["10.6.0.5"], ["10.6.0.9"]],
  ])("addresses: %s", (_name, desired, live, added, removed) => {
    const found = difference(desiredPool("p", { ips: desired }), livePool("p", { ips: live }), "kube-system");
    expect(formatRangeSet(found!.added)).toEqual(added);
    expect(formatRangeSet(found!.removed)).toEqual(removed);
    expect(found!.patch.spec).toEqual({ ips: desired });
  });

  test("a subnet: its excludes go with its addresses, its gateway is told", () => {
    const live = liveSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.1-10.6.0.9"] }, "default");
    const spec = { subnet: "10.6.0.0/24", ips: ["10.6.0.1-10.6.0.9"], excludeIPs: ["10.6.0.5"], gateway: "10.6.0.254" };
    const found = difference(desiredSubnet("s", spec), live, "kube-system");
    expect(found?.patch).toEqual({
      spec: { ips: ["10.6.0.1-10.6.0.9"], excludeIPs: ["10.6.0.5"], gateway: "10.6.0.254" },
    });
    expect(found?.changes).toEqual(["gateway: none -> 10.6.0.254"]);
  });

  test("adoption writes our marks and leaves foreign labels and annotations alone", () => {
    const live = livePool("p", { ips: ["10.6.0.1"] });
    live.metadata.annotations = { "their/note": "keep" };
    const found = difference(desiredPool("p", { ips: ["10.6.0.1"] }), live, "kube-system");
    expect(found?.patch).toEqual({
      metadata: {
        labels: { "app.kubernetes.io/managed-by": "spiderplan" },
        annotations: { "spiderplan.io/tracking-id": "default:spiderpool.spidernet.io/SpiderIPPool:/p" },
      },
    });
    expect(found?.changes).toEqual([]);
    expect(found?.steering).toEqual([]);
  });

  test("marks the plan does not set any more are taken off, where the plan sets marks at all", () => {
    const owned = livePool("p", {}, { install: "default", owner: "d/Deployment/app/eth0/net" });
    const patch = { metadata: { annotations: { "spiderplan.io/owner": null } } };
    expect(difference(desiredPool("p", {}), owned, "kube-system")?.patch).toEqual(patch);
    const other = desiredPool("p", {}, "default", "d/Deployment/other/eth0/net");
    expect(difference(other, owned, "kube-system")?.patch).toEqual({
      metadata: { annotations: { "spiderplan.io/owner": "d/Deployment/other/eth0/net" } },
    });
    const { object, ...rest } = desiredPool("p", {});
    const unmarked = { ...rest, object: { ...object, metadata: { name: "p" } } };
    expect(difference(unmarked, owned, "kube-system")).toBeUndefined();
  });

  test("only affinity-like fields steer Pods", () => {
    const steering = (desired: Spec, live: Spec) =>
      difference(desiredPool("p", desired), livePool("p", live, { install: "default" }), "kube-system")?.steering;
    expect(steering({ gateway: "10.6.0.254" }, {})).toEqual([]);
    expect(steering({ ips: ["10.6.0.1"] }, {})).toEqual([]);
    for (const field of ["podAffinity", "namespaceAffinity", "nodeAffinity"] as const) {
      expect(steering({ [field]: { matchLabels: { a: "b" } } }, {})).toEqual([field]);
    }
    for (const field of ["namespaceName", "nodeName", "multusName"] as const) {
      expect(steering({ [field]: ["x"] }, {})).toEqual([field]);
    }
  });
});

/** A SpiderMultusConfig `kube-system/m` with our marks. */
const network = (spec: SpiderMultusConfig["spec"]): SpiderMultusConfig => ({
  ...identity("default", KINDS.SpiderMultusConfig, "m", { namespace: "kube-system" }),
  spec,
});
const MACVLAN = { cniType: "macvlan", macvlan: { master: ["eth1"], ippools: { ipv4: ["a"] } } };

function between(desired: KubeObject, live: KubeObject) {
  const kind = KINDS[desired.kind as keyof typeof KINDS];
  return difference({ kind, object: desired, reason: "wanted", scope: "whole" }, live, "kube-system");
}

describe("a network", () => {
  const want = (spec: SpiderMultusConfig["spec"]) => canonicalMultus(network(spec));

  test("G14: what Spiderpool's webhook fills in is no difference, nor is a field set to null", () => {
    expect(between(want(MACVLAN), network(MACVLAN))).toBeUndefined();
    const withNull = { ...MACVLAN, macvlan: { ...MACVLAN.macvlan, vlanID: null } };
    expect(between(want(MACVLAN), network(withNull as unknown as SpiderMultusConfig["spec"]))).toBeUndefined();
  });

  test("one field changed is patched alone and told, and steers nobody", () => {
    const found = between(want({ ...MACVLAN, macvlan: { ...MACVLAN.macvlan, master: ["eth2"] } }), network(MACVLAN));
    expect(found?.patch).toEqual({ spec: { macvlan: { master: ["eth2"] } } });
    expect(found?.changes).toEqual(["macvlan.master: eth1 -> eth2"]);
    expect(found?.steering).toEqual([]);
  });

  test("another type: fields come and go, told in the order of their names", () => {
    const found = between(want(MACVLAN), network({ cniType: "ipvlan", ipvlan: MACVLAN.macvlan }));
    expect(found?.patch).toEqual({ spec: expect.objectContaining({ cniType: "macvlan", ipvlan: null }) });
    const fields = { "ippools.ipv4": "a", "ippools.matchMasterSubnet": "false", master: "eth1", mtu: "0", vlanID: "0" };
    const block = (name: string, line: (field: string, value: string) => string) =>
      Object.entries(fields).map(([field, value]) => line(`${name}.${field}`, value));
    expect(found?.changes).toEqual([
      "cniType: ipvlan -> macvlan",
      ...block("ipvlan", (field, value) => `${field}: ${value} -> none`),
      ...block("macvlan", (field, value) => `${field}: none -> ${value}`),
    ]);
  });
});

describe("a reservation", () => {
  const reserved = (...ips: string[]) => liveReserved("r", ips, "default");

  test("the same addresses in another spelling are no difference", () => {
    expect(between(reserved("10.6.0.1-10.6.0.2"), reserved("10.6.0.1", "10.6.0.2"))).toBeUndefined();
  });

  test.each<[string, string[], string[]]>([
    ["addresses: + 10.6.0.2", ["10.6.0.1", "10.6.0.2"], ["10.6.0.1"]],
    ["addresses: - 10.6.0.2", ["10.6.0.1"], ["10.6.0.1", "10.6.0.2"]],
  ])("%s: it offers and takes nothing by itself", (told, desired, live) => {
    expect(between(reserved(...desired), reserved(...live))).toEqual({
      patch: { spec: { ips: desired } },
      added: [],
      removed: [],
      changes: [told],
      steering: [],
    });
  });
});
