import { describe, expect, it } from "vitest";
import {
  canonicalPool,
  canonicalReserved,
  canonicalSubnet,
  effectiveSet,
} from "../../../src/core/spiderpool/canonical.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import type { SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { pool, reserved, subnet } from "../../support/spiderpool.js";

type Spec = Partial<SpiderIPPool["spec"]>;

const same = (a: Spec, b: Spec) =>
  expect(canonicalPool(pool("p", a), CHART_DEFAULTS).spec).toEqual(canonicalPool(pool("p", b), CHART_DEFAULTS).spec);
const route = (dst: string, gw: string) => ({ dst, gw });

describe("canonical form: what means the same is the same (section 7)", () => {
  it.each<[string, Spec, Spec]>([
    ["ranges in any cut and order (G6)", { ips: ["10.6.0.3", "10.6.0.1-10.6.0.2"] }, { ips: ["10.6.0.1-10.6.0.3"] }],
    ["a range of one", { ips: ["10.6.0.3-10.6.0.3"] }, { ips: ["10.6.0.3"] }],
    [
      "IPv6 in any spelling",
      { subnet: "fd00::/64", ips: ["FD00:0::1"], gateway: "FD00::FE" },
      { subnet: "fd00::/64", ips: ["fd00::1"], gateway: "fd00::fe" },
    ],
    ["a derived version (G5)", { ipVersion: undefined }, { ipVersion: 4 }],
    ["default and disable (G8)", { default: undefined, disable: undefined }, { default: false, disable: false }],
    ["empty lists and absence (G9)", { ips: [], routes: [], nodeName: [] }, {}],
    [
      "routes in any order and spelling",
      { routes: [route("10.9.0.0/16", "10.6.0.1"), route("10.8.0.9/16", "10.6.0.1")] },
      { routes: [route("10.8.0.0/16", "10.6.0.1"), route("10.9.0.0/16", "10.6.0.1")] },
    ],
    ["names in any order", { nodeName: ["b", "a", "b"] }, { nodeName: ["a", "b"] }],
    ["a network without namespace (A9)", { multusName: ["main"] }, { multusName: ["kube-system/main"] }],
    [
      "selectors in any order",
      {
        podAffinity: {
          matchLabels: {},
          matchExpressions: [
            { key: "b", operator: "In", values: ["y", "x"] },
            { key: "a", operator: "Exists", values: [] },
          ],
        },
      },
      {
        podAffinity: {
          matchExpressions: [
            { key: "a", operator: "Exists" },
            { key: "b", operator: "In", values: ["x", "y"] },
          ],
        },
      },
    ],
  ])("%s", (_, a, b) => same(a, b));

  it("an empty selector is not an absent one: it ranks the pool higher (A11)", () => {
    expect(canonicalPool(pool("p", { nodeAffinity: {} }), CHART_DEFAULTS).spec.nodeAffinity).toEqual({});
  });

  it("subnets and reservations likewise", () => {
    const made = canonicalSubnet(
      subnet("s", { ipVersion: undefined, ips: ["10.6.0.2", "10.6.0.1"], excludeIPs: [] }),
      CHART_DEFAULTS,
    );
    expect(made.spec).toEqual({ subnet: "10.6.0.0/24", ipVersion: 4, ips: ["10.6.0.1-10.6.0.2"] });
    expect(canonicalReserved(reserved("r", { ips: ["fd00::2", "FD00::1"] }), CHART_DEFAULTS).spec).toEqual({
      ipVersion: 6,
      ips: ["fd00::1-fd00::2"],
    });
    expect(canonicalReserved(reserved("r", { ips: ["what"] }), CHART_DEFAULTS).spec).toEqual({ ips: ["what"] });
  });

  it("the effective set takes what can be read, in one family", () => {
    expect(
      effectiveSet({ ips: ["what", "10.6.0.1-10.6.0.3", "fd00::1"], excludeIPs: ["10.6.0.2", "fd00::1", "x"] }),
    ).toEqual([
      { first: 0x0a060001, last: 0x0a060001 },
      { first: 0x0a060003, last: 0x0a060003 },
    ]);
    expect(effectiveSet({})).toEqual([]);
  });
});
