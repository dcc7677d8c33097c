import { expect, test } from "vitest";
import { simulate } from "../../../src/core/query/simulate/simulate.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS, type SpiderpoolFacts } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { namespaceWith, node, running } from "../../support/running.js";

const { apiVersion } = KINDS.SpiderIPPool;
const label = (key: string) => `ipam.spidernet.io/${key}`;

/** Two Pods of an automatic pool of three, beside a pool and a reservation of the same subnet. */
function cluster(size = "+1", last = 40): KubeObject[] {
  const pool = "auto4-web-eth0-12345";
  const labels = Object.fromEntries(
    Object.entries({
      "owner-application-gv": "apps_v1",
      "owner-application-kind": "Deployment",
      "owner-application-namespace": "shop",
      "owner-application-name": "web",
      interface: "eth0",
      "ip-version": "IPv4",
      "owner-spider-subnet": "app",
    }).map(([key, value]) => [label(key), value]),
  );
  const objects: KubeObject[] = [
    node("node-a"),
    namespaceWith("shop"),
    {
      ...{ apiVersion, kind: "SpiderSubnet", metadata: { name: "app" } },
      spec: { subnet: "10.6.0.0/24", ipVersion: 4, ips: [`10.6.0.10-10.6.0.${last}`] },
    },
    {
      ...{ apiVersion, kind: "SpiderIPPool", metadata: { name: pool, labels } },
      spec: { subnet: "10.6.0.0/24", ipVersion: 4, ips: ["10.6.0.10-10.6.0.12"] },
    },
    {
      ...{ apiVersion, kind: "SpiderIPPool", metadata: { name: "other" } },
      spec: { subnet: "10.6.0.0/24", ipVersion: 4, ips: ["10.6.0.13-10.6.0.15"] },
    },
    {
      ...{ apiVersion, kind: "SpiderReservedIP", metadata: { name: "spiderplan-promised-default-v4" } },
      spec: { ipVersion: 4, ips: ["10.6.0.16-10.6.0.19"] },
    },
  ];
  const annotations = { [label("subnet")]: '{"ipv4":["app"]}', [label("ippool-ip-number")]: size };
  return running(objects, { name: "shop/web", pool, addresses: ["10.6.0.10", "10.6.0.11"], annotations });
}

function scaled(objects: readonly KubeObject[], replicas: number, facts: Partial<SpiderpoolFacts> = {}): string[] {
  const snapshot = buildSnapshot(objects, Object.keys(KINDS));
  const scale = new Map([["shop/Deployment/web", replicas]]);
  const request = { failed: [], drained: [], scale, rollout: [], restart: false };
  const { addresses } = simulate(snapshot, { ...CHART_DEFAULTS, ...facts }, request);
  return addresses.map(({ fate, after }) => `${fate} ${after.map(({ address }) => address).join()}`.trim());
}

test("a workload that scales up has its auto pool grown by the lowest free addresses, around pools and reservations", () => {
  expect(scaled(cluster(), 5)).toEqual(["gets 10.6.0.12", "gets 10.6.0.20", "gets 10.6.0.21"]);
});

test("a fixed number does not follow the replicas", () => {
  expect(scaled(cluster("3"), 5).map((one) => one.split(" ")[0])).toEqual(["may", "none", "none"]);
});

test("where the subnet has too few, the pool stays as it is", () => {
  expect(scaled(cluster("+1", 20), 5).map((one) => one.split(" ")[0])).toEqual(["may", "none", "none"]);
});

test("without auto pools or SpiderSubnets nothing grows", () => {
  expect(scaled(cluster(), 5, { enableSpiderSubnet: false }).filter((one) => one.startsWith("gets"))).toEqual([]);
});
