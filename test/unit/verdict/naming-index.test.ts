import { describe, expect, test } from "vitest";
import { identity } from "../../../src/core/change/ownership.js";
import type { Step } from "../../../src/core/change/step.js";
import { EMPTY } from "../../../src/core/ip/range-set.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { namingIndex } from "../../../src/core/verdict/naming-index.js";
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
const index = (live: readonly KubeObject[], steps: readonly Step[] = []) =>
  namingIndex(buildSnapshot(live, Object.keys(KINDS)), steps);

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
    ["a step that says nothing of it", config, [write({ [POOLS]: null })], BY_NETWORK],
  ])("%s", (_what, live, steps, by) => {
    expect(index([live], steps).pool("p")).toBe(by);
  });
});

describe("who names a network", () => {
  test.each<[what: string, annotations: Record<string, string>, names: string[]]>([
    ["the default network", { [DEFAULT_NETWORK]: "kube-system/net" }, ["kube-system/net"]],
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
