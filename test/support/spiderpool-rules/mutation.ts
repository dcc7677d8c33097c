import { expect } from "vitest";
import { adoptPool } from "../../../src/core/spiderpool/admission/adoption.js";
import { canonicalMultus, canonicalPool } from "../../../src/core/spiderpool/canonical.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import type { KubeObject, SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { coordinator, mutated, NO_SUBNETS, network, pool, type RuleRow, reserved, row, subnet } from "../spiderpool.js";

const GATEWAY = "10.6.0.254";
const ROUTES = [{ dst: "10.0.0.0/8", gw: "10.6.0.253" }];
const SUBNET = subnet("s", { ips: ["10.6.0.1-10.6.0.9"], excludeIPs: ["10.6.0.5"], gateway: GATEWAY, routes: ROUTES });
const adopting = { stored: [SUBNET] };
const bare = (spec: Partial<SpiderIPPool["spec"]>): SpiderIPPool => ({
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderIPPool",
  metadata: { name: "p" },
  spec: { subnet: "10.6.0.0/24", ...spec },
});

/** M1-M16: what the mutating step and the CRD make of an object. */
export const MUTATION_RULES: readonly RuleRow[] = [
  row("M1", "a terminating object is left alone", () => {
    const dying = {
      ...bare({ ips: ["10.6.0.2", "10.6.0.1"] }),
      metadata: { name: "p", deletionTimestamp: "2026-01-01T00:00:00Z" },
    };
    expect(mutated(dying)).toEqual(dying);
  }),
  row("M2", "pool: finalizer, version, label, adoption, fused lists; a failure stops the rest", () => {
    const made = mutated(bare({ ips: ["10.6.0.2", "10.6.0.1"] }), adopting);
    expect(made.metadata.finalizers).toEqual(["spiderpool.spidernet.io"]);
    expect(made.metadata.labels).toEqual({
      "ipam.spidernet.io/ippool-cidr": "10-6-0-0-24",
      "ipam.spidernet.io/owner-spider-subnet": "s",
    });
    expect(made.spec).toMatchObject({ ipVersion: 4, ips: ["10.6.0.1-10.6.0.2"] });
    const stopped = mutated(bare({ ips: ["x", "10.6.0.1"], excludeIPs: ["10.6.0.2", "10.6.0.1"] }), NO_SUBNETS);
    expect(stopped.spec.excludeIPs).toEqual(["10.6.0.2", "10.6.0.1"]);
    expect(mutated(bare({ subnet: "broken" })).metadata).toEqual({
      name: "p",
      finalizers: ["spiderpool.spidernet.io"],
    });
  }),
  row("M3", "subnet: finalizer, version, label, fused lists", () => {
    const made: KubeObject = mutated<KubeObject>({
      ...SUBNET,
      metadata: { name: "s" },
      spec: { subnet: "fd00::/64", ips: ["fd00::2", "fd00::1"] },
    });
    expect(made.metadata.finalizers).toEqual(["spiderpool.spidernet.io"]);
    expect(made.metadata.labels).toEqual({ "ipam.spidernet.io/subnet-cidr": "fd00---64" });
    expect(made.spec).toEqual({ subnet: "fd00::/64", ipVersion: 6, ips: ["fd00::1-fd00::2"] });
  }),
  row("M4", "reservation: family of the first entry, fused, no finalizer and no label", () => {
    expect(mutated(reserved("r", { ips: ["10.6.0.2", "10.6.0.1"] }))).toEqual(
      reserved("r", { ipVersion: 4, ips: ["10.6.0.1-10.6.0.2"] }),
    );
    expect(mutated(reserved("r", {}))).toEqual(reserved("r", {}));
  }),
  row("M5", "only lists of two or more are fused; one entry stays byte for byte", () => {
    const ips = (list: string[], cidr = "10.6.0.0/24") =>
      mutated(bare({ subnet: cidr, ips: list }), NO_SUBNETS).spec.ips;
    expect(ips(["10.6.0.5-10.6.0.5"])).toEqual(["10.6.0.5-10.6.0.5"]);
    expect(ips(["FD00:0::1"], "fd00::/64")).toEqual(["FD00:0::1"]);
    expect(ips(["FD00:0::3", "fd00::1-fd00::2"], "fd00::/64")).toEqual(["fd00::1-fd00::3"]);
    expect(ips(["10.6.0.9", "10.6.0.1", "10.6.0.2", "10.6.0.1"])).toEqual(["10.6.0.1-10.6.0.2", "10.6.0.9"]);
  }),
  row("M6", "a list of two whole /64 halves costs nothing here", () => {
    const halves = ["fd00::-fd00::7fff:ffff:ffff:ffff", "fd00::8000:0:0:0-fd00::ffff:ffff:ffff:ffff"];
    expect(mutated(bare({ subnet: "fd00::/64", ips: halves })).spec.ips).toEqual(["fd00::-fd00::ffff:ffff:ffff:ffff"]);
  }),
  row("M7", "the owning subnet is found by its CIDR label", () => {
    const unlabelled = { ...SUBNET, metadata: { ...SUBNET.metadata, labels: {} } };
    expect(mutated(bare({}), { stored: [unlabelled] }).metadata.ownerReferences).toBeUndefined();
  }),
  row("M8", "label and controller agree: no lookup, no inheritance", () => {
    const done = mutated(bare({}), adopting);
    const again = { ...done, spec: { ...done.spec, gateway: undefined } };
    expect(mutated(again, adopting).spec.gateway).toBeUndefined();
  }),
  row("M9", "adoption gives a missing gateway and absent routes, never excludeIPs", () => {
    expect(mutated(bare({}), adopting).spec).toMatchObject({ gateway: GATEWAY, routes: ROUTES });
    expect(mutated(bare({}), adopting).spec.excludeIPs).toBeUndefined();
    expect(mutated(bare({ gateway: "10.6.0.77" }), adopting).spec.gateway).toBe("10.6.0.77");
    expect(mutated(bare({ routes: [] }), adopting).spec.routes).toBeUndefined();
  }),
  row("M10", "a full replace that strips the label triggers inheritance again", () => {
    const done = mutated(bare({}), adopting);
    const stripped = {
      ...done,
      metadata: { ...done.metadata, labels: {} },
      spec: { ...done.spec, gateway: undefined },
    };
    expect(mutated(stripped, adopting).spec.gateway).toBe(GATEWAY);
  }),
  row("M11", "empty optional lists vanish, and absent equals empty in canonical form", () => {
    expect(mutated(bare({ ips: [], namespaceName: [] }), NO_SUBNETS).spec).toEqual({
      subnet: "10.6.0.0/24",
      ipVersion: 4,
    });
    expect(canonicalPool(bare({ ips: [], multusName: [] }), CHART_DEFAULTS)).toEqual(
      canonicalPool(bare({}), CHART_DEFAULTS),
    );
  }),
  row("M12", "the controller adopts pools that were there before their subnet", () => {
    const adopted = adoptPool(pool("p", {}), SUBNET);
    expect(adopted?.metadata.ownerReferences).toMatchObject([
      { kind: "SpiderSubnet", name: "s", uid: "uid-s", controller: true },
    ]);
    expect(adopted?.spec).toMatchObject({ gateway: GATEWAY, routes: ROUTES });
  }),
  row("M13", "a pool with another controller is not adopted", () => {
    const owner = { apiVersion: "x/v1", kind: "Plan", name: "s", uid: "u", controller: true };
    expect(adoptPool(pool("p", {}, { ownerReferences: [owner] }), SUBNET)).toBeUndefined();
  }),
  row("M14", "every block of a Multus config is filled; custom loses its coordinator", () => {
    const block = (cniType: string, name: string, fields: object) =>
      mutated(network("m", { cniType, [name]: fields })).spec[name];
    const ippools = { matchMasterSubnet: false };
    const link = { mtu: 0, rdmaResourceName: "", ippools };
    const master = ["a"];
    expect(block("macvlan", "macvlan", { master })).toEqual({ master, vlanID: 0, ...link });
    expect(block("ipvlan", "ipvlan", { master, bond: { name: "b", mode: 1 } })).toEqual({
      master,
      vlanID: 0,
      ...link,
      bond: { name: "b", mode: 1, options: "" },
    });
    expect(block("vlan", "vlan", { master })).toEqual({ master, vlanMode: "manual", vlanID: 0, ...link });
    expect(block("vlan", "vlan", { master, vlanMode: "auto" })).toEqual({ master, vlanMode: "auto", ...link });
    expect(block("sriov", "sriov", {})).toEqual({
      vlanID: 0,
      mtu: 0,
      minTxRateMbps: 0,
      maxTxRateMbps: 0,
      rdmaIsolation: false,
      resourceName: "",
      ippools,
    });
    expect(block("ib-sriov", "ibsriov", {})).toEqual({
      pkey: "",
      linkState: "enable",
      rdmaIsolation: true,
      enableIbKubernetes: false,
      resourceName: "",
      ippools,
    });
    expect(block("ipoib", "ipoib", { master: "ib0" })).toEqual({ master: "ib0", ippools });
    expect(block("ovs", "ovs", { bridge: "br" })).toEqual({ bridge: "br", vlan: 0, deviceID: "", ippools });
    expect(mutated(network("m", { coordinator: { mode: "auto" } })).spec).toEqual({
      cniType: "custom",
      customCNI: "",
      enableCoordinator: false,
    });
    const config = canonicalMultus(network("m", { cniType: "macvlan", macvlan: { master } }));
    expect(canonicalMultus(config)).toEqual(config);
  }),
  row("M15", "a missing coordinator is made, a present one has its gaps filled", () => {
    const spec = (coordinatorSpec?: object) =>
      canonicalMultus(network("m", { cniType: "macvlan", macvlan: { master: ["a"] }, coordinator: coordinatorSpec }))
        .spec.coordinator;
    const both = {
      mode: "auto",
      tunePodRoutes: true,
      podRPFilter: 0,
      podMACPrefix: "",
      podDefaultRouteNIC: "",
      hostRuleTable: 500,
      txQueueLen: 0,
    };
    expect(spec(undefined)).toEqual({ ...both, vethLinkAddress: "" });
    expect(spec({ mode: "underlay" })).toEqual({ ...both, mode: "underlay" });
  }),
  row("M16", "SpiderCoordinator: defaults, prefixes for bare addresses, finalizer", () => {
    const made = mutated(
      coordinator({
        hijackCIDR: ["10.0.0.1", "fd00::1", "10.0.0.0/8"],
        policyRoutes: [{ dst: "10.1.1.1", gw: "10.6.0.1" }],
      }),
    );
    expect(made.metadata.finalizers).toEqual(["spiderpool.spidernet.io"]);
    expect(made.spec).toEqual({
      podCIDRType: "auto",
      podRPFilter: 0,
      mode: "auto",
      tunePodRoutes: true,
      hostRuleTable: 500,
      txQueueLen: 0,
      vethLinkAddress: "",
      vethMTU: 1500,
      hijackCIDR: ["10.0.0.1/32", "fd00::1/128", "10.0.0.0/8"],
      policyRoutes: [{ dst: "10.1.1.1/32", gw: "10.6.0.1" }],
    });
  }),
];
