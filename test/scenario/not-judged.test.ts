import { expect, test } from "vitest";
import { decide } from "../../src/core/engine.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { factsFromConfigMap } from "../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { NO_LOCK, OPTIONS, planOf } from "../support/decide.js";
import { attachment, endpointOf, goesWith, maker, naming, network, podOf } from "../support/makers.js";
import { livePool } from "../support/objects.js";
import { namespaceWith, node } from "../support/running.js";

const PLAN = `settings: {spiderpool: {clusterNetwork: kube-system/calico}}
subnets:
  net: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  a: {subnet: net, addresses: [10.6.0.10-10.6.0.29]}
`;

const BASE: KubeObject[] = [
  ...[node("node-a"), namespaceWith("shop"), namespaceWith("kube-system"), network("net")],
  attachment("calico", { type: "calico", ipam: { type: "calico-ipam" } }),
];

async function codes(objects: readonly KubeObject[], conf = "") {
  const configuration: KubeObject = {
    ...{ apiVersion: "v1", kind: "ConfigMap" },
    metadata: { namespace: "kube-system", name: "spiderpool-conf" },
    data: { "conf.yml": conf },
  };
  const snapshot = buildSnapshot([...BASE, ...objects], Object.keys(KINDS), factsFromConfigMap(configuration));
  const { diagnostics } = decide(await planOf(PLAN), NO_LOCK, snapshot, OPTIONS);
  return diagnostics.filter(({ code }) => /^SP424[0-3]$/.test(code)).map(({ code, message }) => `${code} ${message}`);
}

const set = maker("apps/v1 StatefulSet shop/db", { annotations: naming("a") });
const ordinal = [
  ...[
    livePool("a", { gateway: "10.6.0.1", ips: ["10.6.0.10-10.6.0.19"] }, { used: { "10.6.0.10": "shop/db-0" } }),
    set,
  ],
  ...[podOf(set, "shop/db-0"), endpointOf("shop/db-0", "StatefulSet db", { eth0: "a 10.6.0.10" })],
];

test("says of how many Pods it does not speak, and why", async () => {
  const job = maker("batch/v1 Job shop/load", {});
  const found = await codes([
    ...ordinal,
    ...[job, podOf(job, "shop/load-x", { status: { phase: "Succeeded" } })],
    endpointOf("shop/load-x", "Job load", { eth0: "a 10.6.0.11" }, goesWith("shop/load-x")),
    podOf(undefined, "shop/host", { spec: { hostNetwork: true } }),
    ...["one", "two"].map((name) => podOf(undefined, `shop/${name}`)),
  ]);
  expect(found).toEqual([
    "SP4240 not judged: Pods that finished, are being replaced or go with their Namespace (1), on their node's network (1), whose eth0 is another IPAM's (2)",
  ]);
  expect(await codes(ordinal)).toEqual([]);
});

test.each([
  ["enableGatewayDetection: true\n", "enableGatewayDetection is on"],
  ["enableIPConflictDetection: true\nenableGatewayDetection: true\n", "and enableGatewayDetection are on"],
])("proves no ordinal's address where %j may free it (N10)", async (conf, words) => {
  expect(await codes(ordinal, conf)).toEqual([expect.stringContaining(words)]);
  expect(await codes([ordinal[0]!], conf)).toEqual([]);
});

test("Kruise's ordinals keep nothing that a check could free", async () => {
  const kruise = maker("apps.kruise.io/v1beta1 StatefulSet shop/kv", { annotations: naming("a") });
  const live = [
    ...[ordinal[0]!, kruise, podOf(kruise, "shop/kv-0")],
    endpointOf("shop/kv-0", "StatefulSet kv", { eth0: "a 10.6.0.11" }, goesWith("shop/kv-0")),
  ];
  expect(await codes(live, "enableGatewayDetection: true\n")).toEqual([]);
});

test("says where nodes choose the pools (N6)", async () => {
  const sriov = {
    cniType: "sriov",
    macvlan: undefined,
    sriov: { resourceName: "x", ippools: { matchMasterSubnet: true } },
  };
  expect(await codes([...ordinal, network("fast", sriov)])).toEqual([
    expect.stringMatching(/^SP4242 .*kube-system\/fast/),
  ]);
});

test("says whose networks a webhook writes, where it is on (N12)", async () => {
  const annotations = { ...naming("a"), "cni.spidernet.io/rdma-resource-inject": "rdma" };
  const injected = maker("apps/v1 Deployment shop/ai", { annotations });
  const conf = (on: boolean) => `enableIPv4: true\npodResourceInject:\n  namespacesExclude: []\n  enabled: ${on}\n`;
  expect(await codes([...ordinal, injected], conf(true))).toEqual([
    expect.stringMatching(/^SP4243 .*Deployment shop\/ai/),
  ]);
  expect(await codes([...ordinal, injected], conf(false))).toEqual([]);
});
