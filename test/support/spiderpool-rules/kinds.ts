import { expect } from "vitest";
import { podTemplate } from "../../../src/core/snapshot.js";
import { canonicalPool, cidrLabel } from "../../../src/core/spiderpool/canonical.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { autoPoolCandidates } from "../../../src/core/spiderpool/ipam/auto-pools.js";
import { judgePool } from "../../../src/core/spiderpool/ipam/filter.js";
import type { PodFacts } from "../../../src/core/spiderpool/ipam/pod-facts.js";
import { isAutoPool, KEYS, KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { applySchema, describe } from "../../../src/core/spiderpool/structural.js";
import {
  all,
  coordinator,
  created,
  mutated,
  network,
  pool,
  type RuleRow,
  reserved,
  row,
  subnet,
  updated,
} from "../spiderpool.js";

const kindRow = (rule: string, kind: keyof typeof KINDS, expected: object) =>
  row(rule, `${kind}: ${JSON.stringify(expected)}`, () => {
    expect(describe(kind)).toMatchObject({ plural: KINDS[kind].plural, ...expected });
    expect(describe(kind)!.scope === "Namespaced").toBe(KINDS[kind].namespaced);
  });

const errorsOf = (kind: string, object: object) => applySchema(kind, object as KubeObject).errors;
const stored = (kind: string, object: object) =>
  applySchema(kind, object as KubeObject).object as { spec: unknown; status: unknown };
const bare = (kind: string, spec: object) => ({ apiVersion: "x/v1", kind, metadata: { name: "a" }, spec });

const AUTO = {
  "ipam.spidernet.io/owner-application-gv": "apps_v1",
  "ipam.spidernet.io/owner-application-kind": "Deployment",
  "ipam.spidernet.io/owner-application-namespace": "shop",
  "ipam.spidernet.io/owner-application-name": "web",
  "ipam.spidernet.io/interface": "eth0",
  "ipam.spidernet.io/ip-version": "IPv4",
  "ipam.spidernet.io/owner-spider-subnet": "s",
};
const APP = {
  "ipam.spidernet.io/app-api-group": "apps",
  "ipam.spidernet.io/app-api-version": "v1",
  "ipam.spidernet.io/app-kind": "Deployment",
  "ipam.spidernet.io/app-namespace": "shop",
  "ipam.spidernet.io/app-name": "web",
};
const autoPool = pool(
  "auto4-web-eth0-abcde",
  { ips: ["10.6.0.1"], podAffinity: { matchLabels: APP } },
  { labels: AUTO },
);
const web = (annotations: Record<string, string>): PodFacts => ({
  namespace: "shop",
  name: "web-x",
  labels: {},
  annotations,
  controller: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
});

/** S1-S31: kinds, fields, defaults and marks. */
export const KIND_RULES: readonly RuleRow[] = [
  kindRow("S1", "SpiderIPPool", { group: "spiderpool.spidernet.io", version: "v2beta1", categories: ["spiderpool"] }),
  kindRow("S2", "SpiderSubnet", { shortNames: ["ss"], statusSubresource: true }),
  kindRow("S3", "SpiderIPPool", { shortNames: ["sp"], statusSubresource: true }),
  kindRow("S4", "SpiderReservedIP", { shortNames: ["sr"], statusSubresource: false }),
  kindRow("S5", "SpiderEndpoint", { shortNames: ["se"], statusSubresource: false }),
  kindRow("S6", "SpiderMultusConfig", { shortNames: ["smc"], statusSubresource: false }),
  kindRow("S7", "SpiderCoordinator", { shortNames: ["scc"], statusSubresource: true }),
  row("S8", "a subnet needs its CIDR, has no defaults and loses what is unknown", () => {
    expect(errorsOf("SpiderSubnet", bare("SpiderSubnet", {}))).toEqual(["spec.subnet: Required value"]);
    expect(errorsOf("SpiderSubnet", bare("SpiderSubnet", { subnet: "x", ipVersion: 5 }))).toEqual([
      'spec.ipVersion: Unsupported value: 5: supported values: "4", "6"',
    ]);
    expect(errorsOf("SpiderSubnet", bare("SpiderSubnet", { subnet: "x", routes: [{ dst: "d" }] }))).toEqual([
      "spec.routes[0].gw: Required value",
    ]);
    expect(stored("SpiderSubnet", bare("SpiderSubnet", { subnet: "x", vlan: 3 })).spec).toEqual({ subnet: "x" });
  }),
  row("S9", "counts of a subnet are never negative", () => {
    expect(errorsOf("SpiderSubnet", { ...subnet("s", {}), status: { totalIPCount: -1 } })).toEqual([
      "status.totalIPCount: Invalid value: -1: status.totalIPCount in body should be greater than or equal to 0",
    ]);
    expect(describe("SpiderSubnet")!.printerColumns.map((column) => column.name)).toEqual([
      "VERSION",
      "SUBNET",
      "ALLOCATED-IP-COUNT",
      "TOTAL-IP-COUNT",
    ]);
  }),
  row("S10", "a pool gets default and disable, and no vlan any more", () => {
    const spec = { subnet: "10.6.0.0/24", vlan: 3, podAffinity: { matchLabels: { app: "web" }, other: 1 } };
    expect(stored("SpiderIPPool", bare("SpiderIPPool", spec)).spec).toEqual({
      subnet: "10.6.0.0/24",
      podAffinity: { matchLabels: { app: "web" } },
      default: false,
      disable: false,
    });
    expect(
      errorsOf("SpiderIPPool", bare("SpiderIPPool", { subnet: "x", ips: "a", podAffinity: { matchLabels: { a: 1 } } })),
    ).toEqual([
      'spec.ips: Invalid value: "string": spec.ips in body must be of type array: "string"',
      'spec.podAffinity.matchLabels.a: Invalid value: "integer": spec.podAffinity.matchLabels.a in body must be of type string: "integer"',
    ]);
  }),
  row("S11", "the wide columns of a pool have priority 10", () => {
    const wide = describe("SpiderIPPool")!.printerColumns.filter((column) => column.priority === 10);
    expect(wide.map((column) => column.name)).toEqual(["DISABLE", "NodeName", "MultusName", "APP-NAMESPACE"]);
  }),
  row("S12", "a reservation has a family and addresses", () => {
    expect(errorsOf("SpiderReservedIP", reserved("r", { ipVersion: 4, ips: ["10.6.0.1"] }))).toEqual([]);
    expect(errorsOf("SpiderReservedIP", bare("SpiderReservedIP", { ipVersion: "4" }))).toHaveLength(1);
  }),
  row("S13", "an endpoint's fields are required, vlan defaults to 0", () => {
    const status = { current: { uid: "u", node: "n", ips: [{ interface: "eth0" }] } };
    const shaped = applySchema("SpiderEndpoint", { ...bare("SpiderEndpoint", {}), status } as KubeObject);
    expect(shaped.errors).toEqual([
      "status.ownerControllerName: Required value",
      "status.ownerControllerType: Required value",
    ]);
    expect(shaped.object.status).toMatchObject({ current: { ips: [{ interface: "eth0", vlan: 0 }] } });
  }),
  row("S14", "enums and ranges of every network block", () => {
    const with_ = (spec: object) => errorsOf("SpiderMultusConfig", bare("SpiderMultusConfig", spec)).length;
    all(
      [
        with_({ cniType: "x" }),
        with_({ macvlan: {} }),
        with_({ vlan: { master: ["a"], vlanMode: "x" } }),
        with_({ sriov: { vlanID: 4095 } }),
        with_({ ibsriov: { linkState: "x" } }),
        with_({ ovs: {} }),
        with_({ ovs: { bridge: "b", trunk: [{ id: 4095 }] } }),
        with_({ ipvlan: { master: ["a"], bond: { name: "b", mode: 7 } } }),
      ],
      1,
    );
    all([with_({ ipoib: { master: "ib0" } }), with_({ macvlan: { master: ["a"], ippools: { ipv4: ["p"] } } })], 0);
  }),
  row("S15", "a coordinator's enums and defaults", () => {
    expect(stored("SpiderCoordinator", bare("SpiderCoordinator", {})).spec).toEqual({
      mode: "auto",
      tunePodRoutes: true,
      hostRuleTable: 500,
      podRPFilter: 0,
      txQueueLen: 0,
    });
    expect(errorsOf("SpiderCoordinator", coordinator({ mode: "x", vethMTU: 0 }))).toHaveLength(2);
  }),
  row("S16", "defaults are there in what is stored", () => {
    expect(
      stored("SpiderMultusConfig", bare("SpiderMultusConfig", { macvlan: { master: ["a"], ippools: {}, mtu: null } }))
        .spec,
    ).toEqual({
      cniType: "custom",
      enableCoordinator: true,
      disableIPAM: false,
      macvlan: { master: ["a"], mtu: 0, ippools: { matchMasterSubnet: false } },
    });
    const plain = {
      apiVersion: "x/v1",
      kind: "SpiderIPPool",
      metadata: { name: "p" },
      spec: { subnet: "10.6.0.0/24" },
    };
    expect(canonicalPool(plain, CHART_DEFAULTS).spec).toEqual({
      subnet: "10.6.0.0/24",
      ipVersion: 4,
      default: false,
      disable: false,
    });
  }),
  row("S17", "pools, subnets and coordinators get the finalizer, reservations and networks do not", () => {
    const finalizers = (object: KubeObject) => mutated({ ...object, metadata: { name: "a" } }).metadata.finalizers;
    for (const object of [pool("p", {}), subnet("s", {}), coordinator()])
      expect(finalizers(object)).toEqual([KEYS.finalizer]);
    for (const object of [reserved("r", { ips: ["10.6.0.1"] }), network("m", {})])
      expect(finalizers(object)).toBeUndefined();
  }),
  row("S18", "a subnet in foreground deletion keeps taking updates once Spiderpool's finalizer is gone", () => {
    const dying = { deletionTimestamp: "2026-01-01T00:00:00Z" };
    const foreground = subnet("s", {}, { ...dying, finalizers: ["foregroundDeletion"] });
    expect(updated(subnet("s", {}, dying), foreground)).toBe("accept");
  }),
  row("S19", "the CIDR label: first 3 dots, first 7 colons and the slash become dashes", () => {
    expect(cidrLabel("172.18.40.0/24")).toBe("172-18-40-0-24");
    expect(cidrLabel("fd00:db8::/64")).toBe("fd00-db8---64");
    expect(mutated(pool("p", {}, { labels: { [KEYS.poolCidr]: "old" } })).metadata.labels?.[KEYS.poolCidr]).toBe(
      "10-6-0-0-24",
    );
  }),
  row("S20", "subnets carry the same encoding", () => {
    expect(mutated({ ...subnet("s", {}), metadata: { name: "s" } }).metadata.labels).toEqual({
      [KEYS.subnetCidr]: "10-6-0-0-24",
    });
  }),
  row("S21", "an adopted pool names its subnet in a label", () => {
    const made = mutated({ ...pool("p", {}), metadata: { name: "p" } }, { stored: [subnet("s", {})] });
    expect(made.metadata.labels?.[KEYS.ownerSubnet]).toBe("s");
  }),
  row("S22", "and in a blocking controller reference", () => {
    const made = mutated({ ...pool("p", {}), metadata: { name: "p" } }, { stored: [subnet("s", {})] });
    expect(made.metadata.ownerReferences).toEqual([
      {
        apiVersion: "spiderpool.spidernet.io/v2beta1",
        kind: "SpiderSubnet",
        name: "s",
        uid: "uid-s",
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
  }),
  row("S23", "an auto pool is found by the labels of its workload", () => {
    const pools = new Map([[autoPool.metadata.name, autoPool]]);
    const pod = web({ [KEYS.subnet]: '{"ipv4":["s"]}' });
    expect(autoPoolCandidates(pod, "eth0", pools, CHART_DEFAULTS).v4).toEqual(["auto4-web-eth0-abcde"]);
    const other = { ...pod, controller: { ...pod.controller!, name: "api" } };
    expect(autoPoolCandidates(other, "eth0", pools, CHART_DEFAULTS).error).toContain("does not exist yet");
  }),
  row("S24", "and by NIC and family", () => {
    const pools = new Map([[autoPool.metadata.name, autoPool]]);
    const pod = web({ [KEYS.subnets]: '[{"interface":"net1","ipv4":["s"]}]' });
    expect(autoPoolCandidates(pod, "net1", pools, CHART_DEFAULTS).error).toContain("does not exist yet");
  }),
  row("S25", "annotations of an auto pool may be edited", () => {
    const annotated = {
      ...autoPool,
      metadata: { ...autoPool.metadata, annotations: { "ipam.spidernet.io/ippool-ip-number": "+1" } },
    };
    expect(updated(autoPool, annotated)).toBe("accept");
  }),
  row("S26", "an auto pool's podAffinity is matched against the Pod's top controller", () => {
    const facts = { ...CHART_DEFAULTS, clusterNetwork: "kube-system/a" };
    expect(judgePool(autoPool, web({}), "eth0", 4, facts)).toEqual({ eligible: true, assumed: [] });
    const other = { ...web({}), controller: { apiVersion: "apps/v1", kind: "StatefulSet", name: "web" } };
    expect(judgePool(autoPool, other, "eth0", 4, facts)).toMatchObject({ eligible: false, rule: "A8" });
  }),
  row("S27", "resource-inject annotations of a network are mirrored as labels", () => {
    const key = "cni.spidernet.io/rdma-resource-inject";
    expect(mutated(network("m", {}, { [key]: "rdma", other: "x" })).metadata.labels).toEqual({ [key]: "rdma" });
    expect(mutated(network("m", {}, { other: "x" })).metadata.labels).toBeUndefined();
  }),
  row("S28", "a net-attach-def is a kind of its own with a config text", () => {
    const object = {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name: "a" },
      spec: { config: "{}", x: 1 },
    };
    expect(stored("NetworkAttachmentDefinition", object).spec).toEqual({ config: "{}" });
    expect(describe("NetworkAttachmentDefinition")).toMatchObject({
      group: "k8s.cni.cncf.io",
      version: "v1",
      plural: KINDS.NetworkAttachmentDefinition.plural,
    });
  }),
  row("S29", "one label alone makes a pool an auto pool", () => {
    expect(isAutoPool(pool("p", {}, { labels: { [KEYS.ownerApplicationName]: "" } }))).toBe(true);
    expect(isAutoPool(pool("auto4-web-eth0-abcde", {}))).toBe(false);
  }),
  row("S30", "an unknown CNI version is refused", () => {
    const version = (text: string) =>
      created(network("m", { customCNI: "" }, { "multus.spidernet.io/cni-version": text }));
    all(["0.3.0", "0.3.1", "0.4.0", "1.0.0"].map(version), "accept");
    expect(version("1.1.0")).toBe("X8");
  }),
  row("S31", "annotations are read from the Pod template, of a CronJob one level deeper", () => {
    const template = { metadata: { annotations: { a: "b" } } };
    const cron = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "c" },
      spec: { jobTemplate: { spec: { template } } },
    };
    expect(podTemplate(cron)).toBe(template);
  }),
];
