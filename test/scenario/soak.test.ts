import { expect, onTestFinished, test } from "vitest";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { node, playCluster, poolAnnotation, workload } from "../support/played-cluster.js";
import { soak } from "../support/soak/soak.js";
import { trendOf } from "../support/soak/trend.js";
import { Watcher } from "../support/soak/watcher.js";

test("twenty seconds of commits, scaling, drift and restarts break nothing, and end at the last commit", async () => {
  const lines: string[] = [];
  const { violations, left, events, starts, looks } = await soak({
    minutes: 1 / 3,
    leastEvents: 6,
    seed: 5,
    onProgress: (line) => lines.push(line),
  });
  expect({ violations, left }, lines.join("\n")).toEqual({ violations: [], left: [] });
  expect(events).toBeGreaterThan(5);
  expect(starts).toBeGreaterThan(1);
  expect(looks).toBeGreaterThan(50);
}, 240_000);

const OURS = (owner: string) => ({
  "spiderplan.io/tracking-id": "net/dc:spiderpool.spidernet.io/SpiderIPPool:/x",
  "spiderplan.io/owner": owner,
});

test("the watcher of a soak tells of an address taken from its user, shared, moved, and given away too early", async () => {
  const cluster = await playCluster({
    objects: ["a", "b"].map((name, index) => ({
      ...{ apiVersion: KINDS.SpiderIPPool.apiVersion, kind: "SpiderIPPool" },
      metadata: { name, annotations: OURS(`default/Deployment/${name}/eth0/app`) },
      spec: { subnet: "10.6.0.0/24", ipVersion: 4, ips: [`10.6.0.1${index}-10.6.0.1${index}`, `10.6.0.2${index}`] },
    })),
  });
  onTestFinished(() => cluster.stop());
  const watcher = new Watcher(cluster.actor);
  onTestFinished(() => watcher.stop());
  await cluster.create(node("node-a"), workload("StatefulSet", "db", { annotations: poolAnnotation("a") }));
  await cluster.settle();
  await watcher.look();
  expect([...watcher.violations]).toEqual([]);

  await cluster.patch("SpiderIPPool", "a", { spec: { ips: ["10.6.0.10"] } });
  await cluster.patch("SpiderIPPool", "b", { spec: { ips: ["10.6.0.11", "10.6.0.20"] } });
  const endpoint = await cluster.find("SpiderEndpoint", "default/db-0");
  const ips = [{ interface: "eth0", ipv4: "10.6.0.99/24", ipv4Pool: "a" }];
  const status = { ...(endpoint!.status as object), current: { uid: "uid", node: "node-a", ips } };
  const { resourceVersion: _, uid: __, ...metadata } = endpoint!.metadata;
  await cluster.create({ ...endpoint!, metadata: { ...metadata, name: "thief" }, status });
  await cluster.actor.replaceStatus({ ...endpoint!, status }, KINDS.SpiderEndpoint);
  await watcher.look();
  const told = [...watcher.violations].join("\n");
  expect(told).toMatch(/FIXED-1: 10\.6\.0\.99, in use by default\/db-0, is not offered by a/);
  expect(told).toMatch(/one Pod an address: 10\.6\.0\.99 is default\/.*'s and default\/.*'s/);
  expect(told).toMatch(/ordinals: default\/db-0 had 10\.6\.0\.\d+ and has 10\.6\.0\.99/);
  expect(told).toMatch(/FIXED-2: 10\.6\.0\.20, released by default\/Deployment\/a\/eth0 \d+ ms ago, is offered by b/);
});

test("a trend is the line of least squares", () => {
  const samples = [0, 1, 2, 3].map((minute) => ({ minute, rss: 10 + 2 * minute, heap: 5, sockets: minute % 2 }));
  expect(trendOf(samples, ({ rss }) => rss)).toEqual({ mean: 13, slope: 2, rise: 6 });
  expect(trendOf(samples, ({ heap }) => heap)).toEqual({ mean: 5, slope: 0, rise: 0 });
  expect(trendOf(samples, ({ sockets }) => sockets).slope).toBeCloseTo(0.2);
});
