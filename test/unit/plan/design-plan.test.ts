import { expect, test } from "vitest";
import { loadPlanFolder } from "../../../src/adapters/plan-files/plan-loader.js";
import { parseAddress } from "../../../src/core/ip/address.js";
import { formatRangeSet, size } from "../../../src/core/ip/range-set.js";
import { checkAllClusters, clustersOf, mergePlan } from "../../../src/core/plan/merge.js";
import { DESIGN_PLAN } from "../../support/plan-folder.js";

async function designPlan(cluster: string) {
  const loaded = await loadPlanFolder(DESIGN_PLAN);
  expect(loaded.diagnostics).toEqual([]);
  const { value, diagnostics } = mergePlan(loaded.documents, cluster);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return { loaded, plan: value!, diagnostics };
}

test("the design's plan is read whole, without a finding", async () => {
  const { loaded, plan, diagnostics } = await designPlan("dc1-prod");
  expect(diagnostics).toEqual([]);
  expect(loaded.fileCount).toBe(2);
  expect(plan.cluster).toBe("dc1-prod");
  expect(plan.settings).toEqual({
    quarantineSeconds: 86_400,
    pruneBudget: { count: 5, percent: 20 },
    spiderpool: { enableSpiderSubnet: true, namespace: "kube-system" },
  });
  expect([...plan.workloads.keys()]).toEqual([
    "default/Deployment/follows",
    "default/Deployment/manual",
    "default/Deployment/workload01",
    "default/StatefulSet/web",
    "ops/CronJob/nightly",
    "ops/Deployment/legacy",
    "pay/Deployment/api",
    "shop/CloneSet.apps.kruise.io/cart",
  ]);
});

test("subnets: ranges of the cluster, less exclusions and gateway", async () => {
  const { plan } = await designPlan("dc1-prod");
  const subnet = plan.subnets.get("app-v4")!;
  expect(formatRangeSet(subnet.usable)).toEqual(["10.6.124.10-10.6.124.49", "10.6.124.51-10.6.124.200"]);
  expect(subnet).toMatchObject({
    objectName: "app-v4",
    family: 4,
    vlan: 124,
    nodes: { selector: { matchLabels: { zone: "beijing" } } },
  });
  expect(subnet.routes).toEqual([{ dst: "10.7.0.0/16", gw: "10.6.124.2" }]);
  expect(plan.subnets.get("app-v6")).toMatchObject({ objectName: "app-six", family: 6 });
  expect(size(plan.reserved.get("printers")!.addresses.v4)).toBe(10);
});

test("pools inherit from their subnet what they do not say", async () => {
  const { plan } = await designPlan("dc1-prod");
  expect(plan.pools.get("shared-a")).toMatchObject({
    subnet: "app-v4",
    take: { from: parseAddress("10.6.124.100"), count: 20 },
    gateway: parseAddress("10.6.124.1"),
    routes: [{ dst: "10.7.0.0/16", gw: "10.6.124.2" }],
    networks: ["kube-system/macvlan-124"],
    nodes: { selector: { matchLabels: { zone: "beijing" } } },
    default: false,
    disabled: false,
  });
  expect(plan.pools.get("ippool01")).toMatchObject({
    routes: [],
    nodes: { names: ["node-a"] },
    namespaces: { names: ["default"] },
    pods: {
      matchLabels: { app: "workload01" },
      matchExpressions: [{ key: "tier", operator: "In", values: ["web", "api"] }],
    },
  });
});

test("networks: Spiderpool's own field names, default pools sorted by family", async () => {
  const { plan } = await designPlan("dc1-prod");
  expect(plan.networks.get("kube-system/macvlan-124")).toMatchObject({
    namespace: "kube-system",
    objectName: "macvlan-124",
    vlan: 124,
    spec: {
      cniType: "macvlan",
      macvlan: { master: ["ens192"], vlanID: 124, ippools: { ipv4: ["shared-a"], ipv6: ["shared-six"] } },
    },
  });
  expect(plan.networks.get("kube-system/own-cni")!.spec).toEqual({
    cniType: "custom",
    customCNI: '{"cniVersion": "0.3.1", "type": "bridge"}',
  });
});

test("workloads: bound, wishes, kept pools", async () => {
  const { plan } = await designPlan("dc1-prod");
  const bounds = [...plan.workloads.values()].map(({ name, bound }) => `${name.split("/")[2]} ${bound}`);
  expect(bounds).toEqual([
    "follows undefined",
    "manual undefined",
    "workload01 3",
    "web 3",
    "nightly 2",
    "legacy 3",
    "api 6",
    "cart 8",
  ]);
  const ask = (workload: string, nic: string) => plan.workloads.get(workload)!.interfaces.get(nic)!.ask;
  expect(ask("default/Deployment/workload01", "net1")).toEqual({
    type: "fixed",
    subnets: ["app-v4", "app-v6"],
    elastic: 2,
    wishes: [],
    pool: undefined,
  });
  expect(ask("default/StatefulSet/web", "eth0")).toMatchObject({ type: "fixed", elastic: "auto" });
  expect(ask("ops/Deployment/legacy", "eth0")).toMatchObject({ pool: "testingippool" });
  const wishes = ask("pay/Deployment/api", "eth0");
  expect(wishes.type === "fixed" && wishes.wishes.map(formatRangeSet)).toEqual([["10.6.124.60-10.6.124.65"]]);
  expect(ask("default/Deployment/follows", "eth0")).toEqual({ type: "defaultPools" });
});

test("another cluster sees its own documents and ranges only", async () => {
  const { loaded } = await designPlan("dc1-prod");
  const { value, diagnostics } = mergePlan(loaded.documents, "dc2-prod");
  expect([...value!.workloads.keys()]).toEqual([]);
  expect(formatRangeSet(value!.subnets.get("app-v4")!.ranges)).toEqual(["10.6.124.201-10.6.124.250"]);
  // The networks of every cluster name pools that only dc1-prod declares.
  expect(diagnostics.map(({ code }) => code)).toEqual(["SP2006", "SP2006"]);
  expect(clustersOf(loaded.documents)).toEqual(["dc1-prod", "dc2-prod"]);
});

test("clusters that share a subnet with one list of ranges are refused, those with lists of their own are not", async () => {
  const { loaded } = await designPlan("dc1-prod");
  const found = checkAllClusters(loaded.documents);
  expect(found.map(({ code, about, message }) => [code, about, message])).toEqual([
    [
      "SP2035",
      "subnet:app-v6",
      "clusters dc1-prod and dc2-prod may both hand out fd00:124::10-fd00:124::ff (subnets app-v6 and app-v6)",
    ],
  ]);
});
