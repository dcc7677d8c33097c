import { expect } from "vitest";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { all, coordinator, created, deleted, mutated, network, type RuleRow, row, updated } from "../spiderpool.js";

type Spec = Record<string, unknown>;

const macvlan = (block: Spec = {}, more: Spec = {}) =>
  network("m", { cniType: "macvlan", macvlan: { master: ["ens1"], ...block }, ...more });
const of = (cniType: string, name: string, block: Spec) => created(network("m", { cniType, [name]: block }));
const vlan = (block: Spec) => of("vlan", "vlan", { master: ["ens1"], ...block });
const attachment = (owner?: string): KubeObject => ({
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
  metadata: {
    name: "m",
    namespace: "kube-system",
    ...(owner ? { ownerReferences: [{ apiVersion: "x/v1", kind: "SpiderMultusConfig", name: owner, uid: "u" }] } : {}),
  },
});
const RDMA = "cni.spidernet.io/rdma-resource-inject";
const NETWORK = "cni.spidernet.io/network-resource-inject";
const NAME = "multus.spidernet.io/cr-name";

/** X1-X12 and C1: admission of SpiderMultusConfigs and SpiderCoordinators. */
export const NETWORK_RULES: readonly RuleRow[] = [
  row("X1", "the block of the cniType and no other; customCNI counts as one, even empty", () => {
    all(
      [
        created(network("m", { cniType: "macvlan" })),
        created(macvlan({}, { ipvlan: { master: ["a"] } })),
        created(macvlan({}, { customCNI: "" })),
        created(network("m", { macvlan: { master: ["a"] } })),
      ],
      "X1",
    );
    all([created(macvlan()), created(network("m", {}))], "accept");
  }),
  row("X2", "master, bond for several, vlanID and mtu in range, no matchMasterSubnet", () => {
    all(
      [
        created(macvlan({ master: [] })),
        created(macvlan({ master: ["a", "b"] })),
        created(macvlan({ vlanID: 4095 })),
        created(macvlan({ mtu: -1 })),
        created(macvlan({ ippools: { matchMasterSubnet: true } })),
        of("ipvlan", "ipvlan", {}),
      ],
      "X2",
    );
    expect(created(macvlan({ master: ["a", "b"], bond: { name: "bond0", mode: 1 }, vlanID: 4094 }))).toBe("accept");
  }),
  row("X3", "vlan: auto forbids a vlanID, manual gets one", () => {
    expect(vlan({ vlanMode: "auto", vlanID: 3 })).toBe("X3");
    all([vlan({ vlanMode: "auto" }), vlan({}), vlan({ vlanID: 3 })], "accept");
  }),
  row("X4", "sriov, ib-sriov and ipoib need their resource or master; rates ascend", () => {
    all(
      [
        of("sriov", "sriov", {}),
        of("sriov", "sriov", { resourceName: "r", minTxRateMbps: 2, maxTxRateMbps: 1 }),
        of("ib-sriov", "ibsriov", {}),
        of("ipoib", "ipoib", {}),
      ],
      "X4",
    );
    all(
      [
        of("sriov", "sriov", { resourceName: "r" }),
        of("ib-sriov", "ibsriov", { resourceName: "r" }),
        of("ipoib", "ipoib", { master: "ib0" }),
      ],
      "accept",
    );
  }),
  row("X5", "ovs: vlan and trunk in range, maxID only with minID; no resource injection", () => {
    const ovs = (block: Spec) => of("ovs", "ovs", { bridge: "br", ...block });
    all(
      [
        ovs({ vlan: 4095 }),
        ovs({ vlan: -1 }),
        ovs({ trunk: [{ minID: 5, maxID: 4 }] }),
        ovs({ trunk: [{ maxID: 4 }] }),
        ovs({ trunk: [{ id: 5000 }] }),
      ],
      "X5",
    );
    all(
      [
        ovs({}),
        ovs({ vlan: 0 }),
        ovs({ trunk: [{ minID: 4, maxID: 5 }, { id: 7 }] }),
        ovs({ trunk: [{ minID: 4, maxID: 4 }] }),
      ],
      "accept",
    );
    expect(created(network("m", { customCNI: "{}" }, { [RDMA]: "x" }))).toBe("X5");
  }),
  row("X6", "customCNI is empty or JSON, each chained plugin a CNI configuration", () => {
    expect(created(network("m", { customCNI: "{" }))).toBe("X6");
    const chained = (value: unknown) => created(macvlan({}, { chainCNIJsonData: [JSON.stringify(value)] }));
    all([created(macvlan({}, { chainCNIJsonData: ["["] })), chained({}), chained({ type: "" }), chained(null)], "X6");
    all([chained({ type: "tuning", name: 3 }), chained({ type: "tuning", cniVersion: 1 })], "X6");
    expect(chained({ type: "tuning", name: "t", cniVersion: "1.0.0" })).toBe("accept");
    all(
      [
        created(network("m", { customCNI: '{"a":1}' })),
        created(macvlan({}, { chainCNIJsonData: ['{"type":"tuning"}'] })),
      ],
      "accept",
    );
  }),
  row("X7", "the coordinator block", () => {
    const with_ = (fields: Spec) => created(macvlan({}, { coordinator: fields }));
    const route = (dst: string, gw: string) => with_({ policyRoutes: [{ dst, gw }] });
    all(
      [
        with_({ hijackCIDR: ["x"] }),
        with_({ podMACPrefix: "0b:01" }),
        with_({ podMACPrefix: "0a" }),
        with_({ podRPFilter: 3 }),
        with_({ txQueueLen: -1 }),
        with_({ vethLinkAddress: "x" }),
        with_({ vethMTU: 0 }),
        route("10.0.0.0/8", "fd00::1"),
      ],
      "X7",
    );
    all(
      [
        with_({ hijackCIDR: ["10.0.0.1", "fd00::/8"], podMACPrefix: "0a:1b", podRPFilter: -1 }),
        with_({ podRPFilter: 2, txQueueLen: 0, vethMTU: 1 }),
        route("10.0.0.0/8", "10.6.0.1"),
      ],
      "accept",
    );
  }),
  row("X8", "cr-name is a legal name, never added or changed, and another config's net-attach-def is not taken", () => {
    const named = (name?: string) => network("m", { customCNI: "" }, name === undefined ? {} : { [NAME]: name });
    all(
      [created(named("No")), created(named("")), updated(named(), named("a")), updated(named("a"), named("b"))],
      "X8",
    );
    expect(updated(named("a"), named())).toBe("accept");
    expect(created(named(), { stored: [attachment("other")] })).toBe("X8");
    all(
      [
        created(named(), { stored: [attachment()] }),
        created(named(), { stored: [attachment("m")] }),
        created(named("x"), { stored: [attachment("other")] }),
      ],
      "accept",
    );
    expect(created(network("m", { customCNI: "" }, { "multus.spidernet.io/cni-version": "9.9.9" }))).toBe("X8");
  }),
  row("X9", "injected resources need a resource name and default pools", () => {
    const with_ = (key: string, block: Spec) =>
      created({ ...macvlan(block), metadata: { name: "m", namespace: "kube-system", annotations: { [key]: "x" } } });
    const full = { rdmaResourceName: "r", ippools: { ipv4: ["p"] } };
    all(
      [
        with_(RDMA, {}),
        with_(RDMA, { rdmaResourceName: "r" }),
        with_(RDMA, { ippools: { ipv4: ["p"] } }),
        with_(NETWORK, { rdmaResourceName: "r" }),
      ],
      "X9",
    );
    all([with_(RDMA, full), with_(NETWORK, full), with_(NETWORK, {})], "accept");
  }),
  row("X10", "names in ippools are not looked up", () => {
    expect(created(macvlan({ ippools: { ipv4: ["nowhere"] } }))).toBe("accept");
  }),
  row("X11", "a delete always passes, there is no finalizer", () => {
    expect(deleted(macvlan())).toBe("accept");
    expect(mutated(macvlan()).metadata.finalizers).toBeUndefined();
  }),
  row("X12", "an unowned net-attach-def of the name is taken over", () => {
    expect(created(macvlan(), { stored: [attachment()] })).toBe("accept");
  }),
  row("C1", "podCIDRType and podRPFilter are required, any number of coordinators, deletes pass", () => {
    const bare = { ...coordinator(), spec: { podRPFilter: 0 } };
    all([created(bare), created(coordinator({ vethMTU: 0 })), created(coordinator({ podCIDRType: "x" }))], "C1");
    all(
      [
        created(coordinator()),
        created({ ...coordinator(), metadata: { name: "second" } }, { stored: [coordinator()] }),
        deleted(coordinator()),
      ],
      "accept",
    );
  }),
];
