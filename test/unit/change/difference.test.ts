import { describe, expect, test } from "vitest";
import { difference } from "../../../src/core/change/diff.js";
import { formatRangeSet } from "../../../src/core/ip/range-set.js";
import type { SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { desiredPool, livePool } from "../../support/objects.js";

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
  ["a hand-set nodeName healed", {}, { nodeName: ["n1"] }, { nodeName: null }, "nodeName: n1 -> none"],
  ["disable", { disable: true }, {}, { disable: true }, "disable: false -> true"],
  ["default", { default: false }, { default: true }, { default: false }, "default: true -> false"],
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
