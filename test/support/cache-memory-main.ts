/**
 * What a cache costs: `tsx test/support/cache-memory-main.ts [PODS] [PODS_PER_POOL]` prints the memory of a process that
 * watches so many Pods, each with a SpiderEndpoint, and the time of an observation.
 * Objects are as large as real ones (noisy.ts), made up page by page by a server in a process of its own.
 */
import { fork } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import { CONTEXT_KINDS, SPIDERPOOL_KINDS } from "../../src/app/observation.js";
import { ClusterCache } from "../../src/app/watch/cluster-cache.js";
import { systemClock } from "../../src/cli/clock.js";
import { KINDS, type Kind, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { kubeconfigFile } from "./kubeconfig-file.js";
import { noisy } from "./noisy.js";
import { seenMetrics } from "./seen-metrics.js";

const SERVED = [...SPIDERPOOL_KINDS, ...CONTEXT_KINDS];
const [pods = 50_000, perPool = 10] = process.argv.slice(2).map(Number);
if (process.send === undefined) await measure();
else serveWorld();

async function measure(): Promise<void> {
  const server = fork(process.argv[1]!, [`${pods}`, `${perPool}`]);
  const url = await new Promise<string>((resolve) => server.once("message", (text) => resolve(String(text))));
  const cluster = await connect({ kubeconfig: kubeconfigFile(url) });
  const idle = process.memoryUsage().rss;
  const clock = systemClock;
  const cache = new ClusterCache(cluster, { namespace: "kube-system", clock, metrics: seenMetrics() });
  const ending = new AbortController();
  const running = cache.run(ending.signal);
  let peak = 0;
  const before = process.cpuUsage();
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  await cache.synced();
  say("synced with", spent(before));
  say("first observation", `${cpu(() => cache.observation())} of ${cache.observation().items.length} objects`);
  for (const change of ["spiderendpoints", "pods", "spiderippools"]) {
    const changed = new Promise<void>((resolve) => {
      const off = cache.onChange(() => {
        off();
        resolve();
      });
    });
    server.send(change);
    await changed;
    say(
      `observation after a change of ${change}`,
      cpu(() => cache.observation()),
    );
  }
  clearInterval(sampling);
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  say("RSS idle, peak, now", [idle, Math.max(peak, rss), rss].map(mebibytes).join(", "));
  say("heap used", mebibytes(heapUsed));
  ending.abort();
  await running;
  await cluster.close();
  server.kill();
}

/** Other work on the machine must not count. */
function cpu(work: () => unknown): string {
  const before = process.cpuUsage();
  work();
  return spent(before);
}

function spent(before: NodeJS.CpuUsage): string {
  const { user, system } = process.cpuUsage(before);
  return `${Math.round((user + system) / 1000)} ms CPU`;
}

function say(what: string, text: string): void {
  process.stdout.write(`${what}: ${text}\n`);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

function serveWorld(): void {
  const watches = new Map<string, ServerResponse>();
  const server = createServer((request, response) => answer(request, response, watches));
  server.listen(0, "127.0.0.1", () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  process.on("message", (plural: string) => {
    const kind = SERVED.find((one) => one.plural === plural)!;
    const object = make(kind, 7)!;
    object.metadata.resourceVersion = "2";
    object.metadata.labels = { changed: "yes" };
    if (plural === "spiderendpoints") (object.status as { ownerControllerName: string }).ownerControllerName = "other";
    watches.get(plural)?.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
  });
  process.once("disconnect", () => process.exit());
}

function answer(request: IncomingMessage, response: ServerResponse, watches: Map<string, ServerResponse>): void {
  const url = new URL(request.url ?? "", "http://x");
  const plural = url.pathname.split("/").at(-1)!;
  const kind = SERVED.find((one) => one.plural === plural);
  if (kind === undefined) return void response.writeHead(404).end("404 page not found");
  if (url.searchParams.has("watch")) {
    watches.set(plural, response);
    return void response.writeHead(200).flushHeaders();
  }
  const [from, limit] = [Number(url.searchParams.get("continue") ?? 0), Number(url.searchParams.get("limit") ?? 1e9)];
  const items: KubeObject[] = [];
  let next = from;
  for (let object = make(kind, next); object && items.length < limit; object = make(kind, ++next)) items.push(object);
  const more = make(kind, next) === undefined ? {} : { continue: `${next}` };
  response.end(JSON.stringify({ metadata: { resourceVersion: "1", ...more }, items }));
}

/** The object of a kind with a number; undefined after the last one. */
function make(kind: Kind, n: number): KubeObject | undefined {
  const { apiVersion } = kind;
  const pools = Math.ceil(pods / perPool);
  const count: Partial<Record<string, number>> = {
    SpiderIPPool: pools,
    Deployment: pools,
    ReplicaSet: pools * 3,
    Pod: pods,
    SpiderEndpoint: pods,
    Namespace: 50,
    Node: 500,
  };
  if (n >= (count[kind.kind] ?? 0)) return undefined;
  const group =
    kind === KINDS.ReplicaSet
      ? Math.floor(n / 3)
      : n < pools && count[kind.kind] === pools
        ? n
        : Math.floor(n / perPool);
  const namespace = `team-${String(group % 50).padStart(2, "0")}`;
  const [app, number] = [`app-${String(group).padStart(6, "0")}`, String(n).padStart(7, "0")];
  const base = (name: string): KubeObject => ({
    apiVersion,
    kind: kind.kind,
    metadata: {
      name,
      ...(kind.namespaced && { namespace }),
      uid: `00000000-0000-4000-8000-00000${number}`,
      resourceVersion: "1",
    },
  });
  const labels = { app, "app.kubernetes.io/part-of": "shop", "pod-template-hash": "7d9f8c6b5" };
  const annotations = { "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4: [`${app}-v4`] }]) };
  const template = { metadata: { labels, annotations }, spec: {} };
  const controller = (of: string, name: string) => [
    { apiVersion: "apps/v1", kind: of, name, uid: "u", controller: true },
  ];
  const address = (i: number) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
  const object = base(`${app}-${number}`);
  switch (kind.kind) {
    case "Pod":
      return noisy({
        ...object,
        metadata: {
          ...object.metadata,
          labels,
          annotations,
          ownerReferences: controller("ReplicaSet", `${app}-7d9f8`),
        },
        spec: { nodeName: `node-${n % 500}` },
      });
    case "SpiderEndpoint": {
      const ips = [
        {
          interface: "eth0",
          ipv4: `${address(n)}/8`,
          ipv4Pool: `${app}-v4`,
          ipv4Gateway: "10.0.0.1",
          vlan: 0,
          cleanGateway: false,
          routes: [],
        },
      ];
      const current = { uid: object.metadata.uid, node: `node-${n % 500}`, ips };
      return noisy({ ...object, status: { current, ownerControllerType: "Deployment", ownerControllerName: app } });
    }
    case "SpiderIPPool": {
      const used = Array.from({ length: perPool }, (_, i) => [
        address(n * perPool + i),
        {
          interface: "eth0",
          pod: `${namespace}/${app}-${String(n * perPool + i).padStart(7, "0")}`,
          podUid: `u-${n}-${i}`,
        },
      ]);
      return noisy({
        ...base(`${app}-v4`),
        spec: {
          subnet: "10.0.0.0/8",
          ipVersion: 4,
          ips: [`${address(n * perPool)}-${address((n + 1) * perPool - 1)}`],
          podAffinity: { matchLabels: { app } },
        },
        status: {
          allocatedIPs: JSON.stringify(Object.fromEntries(used)),
          totalIPCount: perPool,
          allocatedIPCount: perPool,
        },
      });
    }
    case "ReplicaSet":
      return noisy({
        ...object,
        metadata: { ...object.metadata, ownerReferences: controller("Deployment", app) },
        spec: { replicas: 0, template },
      });
    case "Deployment":
      return noisy({ ...base(app), spec: { replicas: perPool, selector: { matchLabels: { app } }, template } });
    case "Node":
      return noisy({ ...base(`node-${n}`), status: { conditions: [{ type: "Ready", status: "True" }] } });
    default:
      return noisy(base(`team-${String(n).padStart(2, "0")}`));
  }
}
