import { describe, expect, test } from "vitest";
import { decideOn } from "../support/decide.js";
import { endpointOf, goesWith, maker, podOf } from "../support/makers.js";
import { livePool } from "../support/objects.js";
import { namespaceWith, node } from "../support/running.js";

/*
 * A pool that a NIC's choice names twice fails the Pod (A5), so that a new pool harms whoever has two patterns for it, though
 * none of its own pools changes.
 */

const KEY = "ipam.spidernet.io/";
const ippool = (...ipv4: string[]) => ({ [`${KEY}ippool`]: JSON.stringify({ ipv4 }) });
const ippools = (nics: Record<string, string[]>) => ({
  [`${KEY}ippools`]: JSON.stringify(Object.entries(nics).map(([nic, ipv4]) => ({ interface: nic, ipv4 }))),
  "k8s.v1.cni.cncf.io/networks": "kube-system/second",
});

const PLAN = `settings: {trustedNamespaces: [shop]}
subnets:
  net: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  blue: {subnet: net, addresses: [10.6.0.10-10.6.0.19]}
  side: {subnet: net, addresses: [10.6.0.20-10.6.0.29]}
  blue-2: {subnet: net, addresses: [10.6.0.30-10.6.0.39]}
`;

/** One Pod of a Deployment with an address of blue, and on further NICs of side; none of it where it is idle. */
function cluster(
  annotations: Record<string, string>,
  { idle = false, nics = ["eth0"], defaults = [] as string[] } = {},
) {
  const app = maker("apps/v1 Deployment shop/app", { annotations });
  const replicas = { ...maker("apps/v1 ReplicaSet shop/app-rs", { annotations }, { metadata: {} }) };
  replicas.metadata = {
    ...replicas.metadata,
    ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "app", uid: "u", controller: true }],
  };
  const has = Object.fromEntries(nics.map((nic, at) => [nic, at === 0 ? "blue 10.6.0.10" : "side 10.6.0.20"]));
  const running = [
    podOf(replicas, "shop/app-1"),
    endpointOf("shop/app-1", "Deployment app", has, goesWith("shop/app-1")),
  ];
  const blue = { gateway: "10.6.0.1", ips: ["10.6.0.10-10.6.0.19"] };
  const side = { gateway: "10.6.0.1", ips: ["10.6.0.20-10.6.0.29"] };
  return [
    ...[node("node-a"), namespaceWith("shop", defaults), namespaceWith("kube-system"), app, replicas],
    livePool("blue", blue, { used: idle ? {} : { "10.6.0.10": "shop/app-1" } }),
    livePool("side", side, { used: nics.length > 1 ? { "10.6.0.20": "shop/app-1" } : {} }),
    ...(idle ? [] : running),
  ];
}

describe("a new pool that a NIC names twice (A5)", () => {
  test.each([
    ["two patterns of a running Pod meet it", cluster(ippool("blue*", "*-2")), ["shop/app-1 eth0"]],
    ["two patterns of an idle template do", cluster(ippool("blue*", "*-2"), { idle: true }), ["shop/app eth0"]],
    ["two patterns of the Namespace do", cluster({}, { defaults: ["blue*", "?lue-2"] }), ["shop/app-1 eth0"]],
    [
      "two patterns of another NIC do, and all NICs come in one go",
      cluster(ippools({ eth0: ["blue"], net1: ["side", "*-2", "blue-?"] }), { nics: ["eth0", "net1"] }),
      ["shop/app-1 eth0", "shop/app-1 net1"],
    ],
    ["one pattern meets it, another meets nothing", cluster(ippool("blue", "blue-1*", "side*")), []],
    ["its name is no pattern's", cluster(ippool("blue", "s*")), []],
  ])("%s", async (_, live, strands) => {
    const { verdict } = await decideOn(PLAN, live);
    expect(verdict.strands.map((one) => `${one.pod} ${one.interface}`).sort()).toEqual(strands);
    for (const { reasons } of verdict.strands) {
      expect(reasons).toContain("blue-2: it is a new pool of this plan");
      expect(reasons.at(-1)).toBe("pool blue-2 is named twice");
    }
  });
});
