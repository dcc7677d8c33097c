import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { askedNics, boundNics, unlistedNics } from "../../../src/core/spiderpool/ipam/nics.js";

const networks = (text: string) => ({ "k8s.v1.cni.cncf.io/networks": text });
const pools = (text: string) => ({ "ipam.spidernet.io/ippools": text });
const ONLY_NET1 = '[{"interface":"net1","ipv4":["p"]}]';
const LISTED = '[{"interface":"eth0","ipv4":["p"]},{"interface":"net1","ipv4":["q"]}]';

describe("the NICs a template asks addresses for", () => {
  test.each<[what: string, annotations: Record<string, string>, nics: string[]]>([
    ["the first, where nothing is said", {}, ["eth0"]],
    ["the first and those of further networks", networks("net, d/other@data"), ["eth0", "net1", "data"]],
    ["the first, where its networks cannot be read", networks("[{"), ["eth0"]],
    ["those it lists pools for", pools('[{"interface":"net7","ipv4":["p"]}]'), ["net7"]],
    ["by position", { ...pools('[{"ipv4":["p"]},{"ipv4":["q"]}]'), ...networks("net") }, ["eth0", "net1"]],
    ["those of its networks, where its list cannot be read", { ...pools("p"), ...networks("net") }, ["eth0", "net1"]],
  ])("%s", (_what, annotations, nics) => {
    expect(askedNics({ namespace: "d", annotations })).toEqual(nics);
  });
});

describe("the NICs that start together or not at all (A10)", () => {
  test.each<[what: string, annotations: Record<string, string>, served: string[], nics: string[]]>([
    ["none, where the Pod has one network", pools('[{"interface":"eth0","ipv4":["p"]}]'), ["eth0"], []],
    ["those it lists pools for", { ...pools(LISTED), ...networks("net") }, [], ["eth0", "net1"]],
    ["none it lists and does not have", { ...pools(LISTED), ...networks("net@data") }, [], ["eth0"]],
    ["those that were served before, whoever named the pools", networks("net"), ["eth0", "net1"], ["eth0", "net1"]],
    ["not eth0 of another network, which nobody served", networks("net"), ["net1"], ["net1"]],
    ["none that is gone from its networks", networks("net"), ["net1", "net2"], ["net1"]],
    ["each once", { ...pools(LISTED), ...networks("net") }, ["net1"], ["eth0", "net1"]],
    ["those served, where its list cannot be read", { ...pools("p"), ...networks("net") }, ["net1"], ["net1"]],
  ])("%s", (_what, annotations, served, nics) => {
    expect(boundNics({ namespace: "d", annotations }, served, () => false)).toEqual(nics);
  });

  test.each<[what: string, annotations: Record<string, string>, nics: string[]]>([
    ["eth0 too, where its network is Spiderpool's", { ...pools(ONLY_NET1), ...networks("net") }, ["eth0", "net1"]],
    ["none of one network alone", pools(ONLY_NET1), []],
  ])("%s", (_what, annotations, nics) => {
    expect(boundNics({ namespace: "d", annotations }, [], () => true)).toEqual(nics);
  });
});

describe("the NICs on Spiderpool's networks that an ippools annotation leaves out (A4)", () => {
  const config = (name: string, spec: object) => ({
    ...{ apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderMultusConfig" },
    ...{ metadata: { namespace: "kube-system", name }, spec },
  });
  const world = buildSnapshot(
    [
      config("mac", { cniType: "macvlan", macvlan: { master: ["eth1"] } }),
      config("bare", { cniType: "macvlan", macvlan: { master: ["eth1"] }, disableIPAM: true }),
      config("own", { cniType: "custom", customCNI: "{}" }),
    ],
    [],
  );
  const first = (name: string) => ({ "v1.multus-cni.io/default-network": `kube-system/${name}` });
  const more = (...names: string[]) => networks(names.map((name) => `kube-system/${name}`).join());
  const only = (nic: string) => pools(`[{"interface":"${nic}","ipv4":["p"]}]`);

  test.each<[what: string, annotations: Record<string, string>, nics: string[]]>([
    ["none, where there is no such annotation", { ...first("mac"), ...more("mac") }, []],
    ["the first", { ...only("net1"), ...first("mac"), ...more("mac") }, ["eth0"]],
    ["a further one", { ...only("eth0"), ...first("mac"), ...more("mac", "mac") }, ["net1", "net2"]],
    ["not one that asks nobody", { ...only("eth0"), ...first("mac"), ...more("bare") }, []],
    ["not one that may ask another", { ...only("eth0"), ...first("mac"), ...more("own", "gone") }, []],
    ["not the first on a network nobody knows", { ...only("net1"), ...more("mac") }, []],
  ])("%s", (_what, annotations, nics) => {
    const nobody = { labels: {}, node: undefined, nodeLabels: {}, namespaceLabels: {}, namespaceAnnotations: {} };
    const pod = { namespace: "d", name: "x", controller: undefined, ...nobody, annotations };
    expect(unlistedNics(pod, world, CHART_DEFAULTS)).toEqual(nics);
  });
});
