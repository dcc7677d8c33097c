import { describe, expect, test } from "vitest";
import { askedNics, boundNics } from "../../../src/core/spiderpool/ipam/nics.js";

const networks = (text: string) => ({ "k8s.v1.cni.cncf.io/networks": text });
const pools = (text: string) => ({ "ipam.spidernet.io/ippools": text });
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
    expect(boundNics({ namespace: "d", annotations }, served)).toEqual(nics);
  });
});
