import { describe, expect, test } from "vitest";
import { identity } from "../../../src/core/change/ownership.js";
import type { Step } from "../../../src/core/change/step.js";
import { referencesIn } from "../../../src/core/cluster/references.js";
import { EMPTY } from "../../../src/core/ip/range-set.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { namersAfter } from "../../../src/core/verdict/named.js";
import { deployment } from "../../support/objects.js";
import { namespaceWith } from "../../support/running.js";
import { deleting } from "../../support/steps.js";

const POOLS = "ipam.spidernet.io/ippools";
const POOL = "ipam.spidernet.io/ippool";
const NETWORKS = "k8s.v1.cni.cncf.io/networks";
const DEFAULT_NETWORK = "v1.multus-cni.io/default-network";

const network = (spec: object): KubeObject => ({
  ...identity("default", KINDS.SpiderMultusConfig, "net", { namespace: "kube-system" }),
  spec,
});
const app = (annotations: Record<string, string>) => deployment("default/app", annotations);
const choice = (...items: unknown[]) => ({ [POOLS]: JSON.stringify(items) });
const attachment = (config: object, metadata = {}): KubeObject => ({
  ...{ apiVersion: KINDS.NetworkAttachmentDefinition.apiVersion, kind: KINDS.NetworkAttachmentDefinition.kind },
  metadata: { namespace: "kube-system", name: "byhand", ...metadata },
  spec: { config: JSON.stringify({ cniVersion: "0.3.1", type: "macvlan", ...config }) },
});
const ipam = (type: string) => ({ ipam: { type, default_ipv4_ippool: ["p"] } });
const job = (...conditions: object[]): KubeObject => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { namespace: "default", name: "load" },
  spec: { template: { metadata: { annotations: choice({ ipv4: ["p"] }) } } },
  status: { conditions },
});
const index = (live: readonly KubeObject[], steps: readonly Step[] = []) => {
  const ordered = steps.map((step) => ({ steering: [], ...step }));
  return namersAfter(ordered, buildSnapshot(live, Object.keys(KINDS)), CHART_DEFAULTS, () => true);
};

const MADE = { ownerReferences: [{ apiVersion: "v1", kind: "SpiderMultusConfig", name: "byhand", uid: "u" }] };
const BY_APP = "the Pod template of default/Deployment/app";
const BY_NAMESPACE = "Namespace shop";
const BY_NETWORK = "SpiderMultusConfig kube-system/net";

describe("who names a pool", () => {
  const v6Defaults: KubeObject = {
    ...namespaceWith("shop"),
    metadata: { name: "shop", annotations: { "ipam.spidernet.io/default-ipv6-ippool": '["p"]' } },
  };
  test.each<[what: string, live: KubeObject, by: string | undefined, literally: boolean]>([
    ["a template by name", app(choice({ ipv4: ["p"] })), BY_APP, true],
    ["in its second item", app(choice({ ipv4: ["x"] }, { ipv6: ["p"] })), BY_APP, true],
    ["in the annotation of one NIC", app({ [POOL]: '{"ipv4":["p"]}' }), BY_APP, true],
    ["by a pattern", app(choice({ ipv4: ["?"] })), BY_APP, false],
    ["a Namespace", namespaceWith("shop", ["x", "p"]), BY_NAMESPACE, true],
    ["a Namespace for IPv6", v6Defaults, BY_NAMESPACE, true],
    ["a network", network({ cniType: "macvlan", macvlan: { ippools: { ipv4: ["p"] } } }), BY_NETWORK, true],
    ["a network for IPv6", network({ cniType: "ipvlan", ipvlan: { ippools: { ipv6: ["p"] } } }), BY_NETWORK, true],
    [
      "a network without pools",
      network({ cniType: "macvlan", macvlan: { master: ["eth1"] }, ovs: null }),
      undefined,
      false,
    ],
    ["a template without annotations", app({}), undefined, false],
    ["one nobody can read", app({ [POOLS]: "[", [POOL]: "p" }), undefined, false],
    ["one of two NICs, though Spiderpool refuses the other", app(choice({ ipv4: ["p"] }, null)), BY_APP, true],
    [
      "one in the annotation that does not count",
      app({ ...choice({ ipv4: ["x"] }), [POOL]: '{"ipv4":["p"]}' }),
      undefined,
      false,
    ],
    ["a Job that runs", job(), "the Pod template of default/Job/load", true],
    ["a Job that is done", job({ type: "Complete", status: "True" }), undefined, false],
    ["a net-attach-def", attachment(ipam("spiderpool")), "NetworkAttachmentDefinition kube-system/byhand", true],
    ["a net-attach-def of another IPAM", attachment(ipam("whereabouts")), undefined, false],
    ["one that Spiderpool made, whose config tells", attachment(ipam("spiderpool"), MADE), undefined, false],
    ["one of another shape", app(choice(null, "p", 3, { ipv4: "p" }, { ipv4: [["p"], null, 3] })), undefined, false],
  ])("%s", (_what, live, by, literally) => {
    const found = index([live]);
    expect(found.pool("p")).toBe(by);
    expect(found.literally("p")).toBe(literally);
    expect(found.pool("other-pool")).toBeUndefined();
  });

  test.each<[pattern: string, hits: string[]]>([
    ["app.eth0.*", ["app.eth0.x", "app.eth0.x.y"]],
    ["app.*", ["app.eth0.x", "app.eth0.x.y", "app.net1.x"]],
    ["app.*.x", ["app.eth0.x", "app.net1.x"]],
    ["*.x", ["app.eth0.x", "app.net1.x", "web.eth0.x"]],
    ["app.[en]*.*", ["app.eth0.x", "app.eth0.x.y", "app.net1.x"]],
    ["*", ["app.eth0.x", "app.eth0.x.y", "app.net1.x", "web.eth0.x", "app"]],
  ])("the pattern %s", (pattern, hits) => {
    const found = index([app(choice({ ipv4: [pattern] }))]);
    const names = ["app.eth0.x", "app.eth0.x.y", "app.net1.x", "web.eth0.x", "app"];
    expect(names.filter((name) => found.pool(name) !== undefined)).toEqual(hits);
  });

  test.each<[pattern: string, hit: string[], missed: string[]]>([
    ["d.w.*", ["d.w.a", "d.w.a.1", "d.w."], ["d.w", "d.wx.a", "e.d.w.a"]],
    ["w*.*", ["w.a", "wax.a"], ["x.a"]],
    ["*.*", ["a.b"], ["ab"]],
    ["x*y.*", ["xy.1", "xay.1"], ["xa.1"]],
    ["x?z", ["xyz"], ["xz", "xabz"]],
    ["x*[a]b", ["xab", "x1ab"], ["xb", "x1cb"]],
    ["a.?", ["a.b"], ["axb", "ba.b", "a.bc"]],
    ["[z-a]", [], ["z", "za"]],
  ])("the pattern %s names nothing by its whole name", (pattern, hit, missed) => {
    const found = index([app(choice({ ipv6: [pattern] }))]);
    expect([...hit, ...missed].filter((name) => found.pool(name) !== undefined)).toEqual(hit);
    expect([pattern, ...hit].filter(found.literally)).toEqual([]);
  });

  test("nobody in a Namespace that goes away", () => {
    const ending = { ...namespaceWith("default", ["p"]), status: { phase: "Terminating" } };
    expect(index([app(choice({ ipv4: ["p"] })), ending]).pool("p")).toBeUndefined();
  });

  test("templates alone, where only they are asked about", () => {
    const namers = referencesIn(
      buildSnapshot([namespaceWith("shop", ["p", "q"]), app(choice({ ipv4: ["q"] }))], []),
    ).namers({ on: "template" });
    expect([namers.pool("p"), namers.pool("q")]).toEqual([undefined, BY_APP]);
  });

  test("of several the first in order is told, whatever the order of the cluster", () => {
    const names = ["default/b", "default/a", "default/c"].map((key) => deployment(key, choice({ ipv4: ["p"] })));
    for (const order of [names, [...names].reverse()]) {
      expect(index(order).pool("p")).toBe("the Pod template of default/Deployment/a");
    }
  });
});

describe("after the plan's own writes", () => {
  const named = app(choice({ ipv4: ["p"] }));
  const config = network({ cniType: "macvlan", macvlan: { ippools: { ipv4: ["p"] } } });
  const write = (annotations: Record<string, string | null>, more: Partial<Step> = {}): Step => ({
    ...deleting(named),
    kind: { apiVersion: "apps/v1", kind: "Deployment" } as Step["kind"],
    action: "update",
    added: EMPTY,
    removed: EMPTY,
    patch: { spec: { template: { metadata: { annotations } } } },
    ...more,
  });
  const blocked = { type: "conflict", message: "no" } as const;

  test.each<[what: string, live: KubeObject, steps: Step[], by: string | undefined]>([
    ["a template that names it no longer", named, [write({ [POOLS]: null })], undefined],
    ["one that comes to name it", app({}), [write(choice({ ipv4: ["p"] }))], BY_APP],
    ["one whose write is held back", named, [write({ [POOLS]: null }, { blocked })], BY_APP],
    ["a network that goes", config, [deleting(config)], undefined],
    ["one that stays, as its deletion is held back", config, [{ ...deleting(config), blocked }], BY_NETWORK],
    ["a step that says nothing of it", config, [write({ [POOLS]: null }, { object: app({}) })], BY_NETWORK],
  ])("%s", (_what, live, steps, by) => {
    expect(index([live], steps).pool("p")).toBe(by);
  });
});

describe("who names a network", () => {
  test.each<[what: string, annotations: Record<string, string>, names: string[]]>([
    ["the default network", { [DEFAULT_NETWORK]: "kube-system/net" }, ["kube-system/net"]],
    ["the default network without a namespace", { [DEFAULT_NETWORK]: "net" }, ["kube-system/net"]],
    ["further networks", { [NETWORKS]: "net, kube-system/net@net2" }, ["kube-system/net", "default/net"]],
    ["as JSON", { [NETWORKS]: '[{"name":"net"},{"name":"b","namespace":"x"}]' }, ["default/net", "x/b"]],
    ["what nobody can read", { [NETWORKS]: '[null,3,"net",{"namespace":"x"}]' }, []],
    ["nobody", {}, []],
  ])("%s", (_what, annotations, names) => {
    const found = index([app(annotations)]);
    const all = ["kube-system/net", "default/net", "x/b"];
    expect(all.filter((name) => found.network(name) === BY_APP)).toEqual(names);
  });
});
