import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS, type SpiderpoolFacts } from "../../../src/core/spiderpool/facts.js";
import { candidates } from "../../../src/core/spiderpool/ipam/candidates.js";
import type { PodFacts } from "../../../src/core/spiderpool/ipam/pod-facts.js";
import { KEYS } from "../../../src/core/spiderpool/objects.js";
import { pool } from "../../support/spiderpool.js";

/** An auto pool of shop/Deployment/web, by its labels (B6). */
function auto(name: string, changed: Record<string, string> = {}) {
  const labels = {
    "owner-application-name": "web",
    "owner-application-kind": "Deployment",
    "owner-application-namespace": "shop",
    "owner-application-gv": "apps_v1",
    interface: "eth0",
    "ip-version": "IPv4",
    "owner-spider-subnet": "s",
    ...changed,
  };
  const named = Object.entries(labels).map(([key, value]) => [`ipam.spidernet.io/${key}`, value]);
  const subnet = labels["ip-version"] === "IPv6" ? "fd00::/64" : "10.6.0.0/24";
  return pool(name, { subnet }, { labels: Object.fromEntries(named) });
}

const POOLS = [
  auto("four"),
  auto("six", { "ip-version": "IPv6", "owner-spider-subnet": "s6" }),
  auto("net1", { interface: "net1" }),
  auto("api", { "owner-application-name": "api" }),
  auto("set", { "owner-application-kind": "StatefulSet" }),
  auto("lab", { "owner-application-namespace": "lab" }),
  auto("old", { "owner-application-gv": "apps_v1beta1" }),
  auto("other", { "owner-spider-subnet": "t" }),
  auto("six in s", { "ip-version": "IPv6" }),
];
const FACTS: SpiderpoolFacts = { ...CHART_DEFAULTS, enableSpiderSubnet: true, enableAutoPoolForApplication: true };

function ask(annotations: Record<string, unknown>, nic = "eth0", facts: Partial<SpiderpoolFacts> = {}) {
  const pod: PodFacts = {
    namespace: "shop",
    name: "web-x",
    labels: {},
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, JSON.stringify(value)])),
    controller: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
  };
  const { v4, v6, error } = candidates(pod, nic, buildSnapshot(POOLS, []), { ...FACTS, ...facts });
  return error ?? [...v4, ...v6];
}
const BOTH = { ipv4: ["s"], ipv6: ["s6"] };

describe("the auto pools a Pod asks for by subnet", () => {
  test("are those labelled with its workload, NIC, family and subnet, and no other (B6)", () => {
    expect(ask({ [KEYS.subnet]: { ipv4: ["s"] } })).toEqual(["four"]);
    expect(ask({ [KEYS.subnet]: BOTH })).toEqual(["four", "six"]);
    expect(ask({ [KEYS.subnets]: [{ interface: "net1", ipv4: ["s"] }] }, "net1")).toEqual(["net1"]);
  });

  test("a NIC that is not listed asks for none (B4)", () => {
    expect(ask({ [KEYS.subnets]: [{ interface: "net1", ipv4: ["s"] }] })).toEqual([]);
    expect(ask({ [KEYS.subnet]: { interface: "net1", ipv4: ["s"] } })).toEqual([]);
  });

  test("one that does not exist yet fails the Pod, unless its family is off", () => {
    expect(ask({ [KEYS.subnet]: { ipv4: ["gone"] } })).toBe("the auto pool in subnet gone does not exist yet");
    expect(ask({ [KEYS.subnet]: { ipv4: ["s"], ipv6: ["gone"] } })).toBe(
      "the auto pool in subnet gone does not exist yet",
    );
    expect(ask({ [KEYS.subnet]: { ipv4: ["s"], ipv6: ["gone"] } }, "eth0", { enableIPv6: false })).toEqual(["four"]);
    expect(ask({ [KEYS.subnet]: { ipv4: ["gone"], ipv6: ["s6"] } }, "eth0", { enableIPv4: false })).toEqual(["six"]);
  });

  test.each<[what: string, value: unknown, error: string]>([
    ["an empty list", [], "annotation ipam.spidernet.io/subnets has an invalid format"],
    ["an item without a NIC", [{ ipv4: ["s"] }], "annotation ipam.spidernet.io/subnets has an invalid format"],
    [
      "a NIC with an empty name",
      [{ interface: "", ipv4: ["s"] }],
      "annotation ipam.spidernet.io/subnets has an invalid format",
    ],
    ["no subnet", [{ interface: "eth0" }], "annotation ipam.spidernet.io/subnets names no subnet for eth0"],
    [
      "an empty name",
      [{ interface: "eth0", ipv4: [""] }],
      "annotation ipam.spidernet.io/subnets names no subnet for eth0",
    ],
    [
      "one empty name",
      [{ interface: "eth0", ipv4: ["s"], ipv6: [""] }],
      "annotation ipam.spidernet.io/subnets names no subnet for eth0",
    ],
    [
      "a NIC twice (B1)",
      [
        { interface: "eth0", ipv4: ["s"] },
        { interface: "eth0", ipv4: ["t"] },
      ],
      "annotation ipam.spidernet.io/subnets names eth0 twice",
    ],
    [
      "a subnet twice (B3)",
      [
        { interface: "eth0", ipv4: ["s"] },
        { interface: "net1", ipv4: ["s"] },
      ],
      "annotation ipam.spidernet.io/subnets names s twice",
    ],
    [
      "a subnet twice beside others of one family (B3)",
      [
        { interface: "eth0", ipv4: ["s"] },
        { interface: "net1", ipv4: ["t"] },
        { interface: "net2", ipv4: ["s"] },
      ],
      "annotation ipam.spidernet.io/subnets names s twice",
    ],
  ])("%s fails the Pod", (_what, value, error) => {
    expect(ask({ [KEYS.subnets]: value })).toBe(error);
  });

  test("two NICs of one family each are fine", () => {
    expect(
      ask({
        [KEYS.subnets]: [
          { interface: "eth0", ipv4: ["s"] },
          { interface: "net1", ipv6: ["s6"] },
        ],
      }),
    ).toEqual(["four"]);
  });
});
