import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import type { Observation } from "../../src/app/observation.js";
import { type ObserveOptions, observe } from "../../src/app/observe.js";
import { type CacheChange, ClusterCache } from "../../src/app/watch/cluster-cache.js";
import { project } from "../../src/app/watch/projection.js";
import { systemClock } from "../../src/cli/clock.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { KINDS, type Kind, type KubeObject } from "../../src/core/spiderpool/objects.js";
import type { WatchableCluster } from "../../src/ports/cluster.js";
import { MERGE, pool, type Served, SPIDERPOOL, serve } from "../support/embedded.js";
import { clusterObjects, examples } from "../support/examples.js";
import { flakyProxy } from "../support/flaky-proxy.js";
import { kubeconfigFile } from "../support/kubeconfig-file.js";
import { livePool } from "../support/objects.js";
import { namespaceWith, node, running } from "../support/running.js";
import { seenMetrics } from "../support/seen-metrics.js";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const TIMES = { silence: 90_000, backoff: 20, mostBackoff: 200, missing: 200 };

async function world(objects: readonly KubeObject[] = OBJECTS) {
  const server = await serve({ objects });
  const cluster = await connected(server);
  open.push(
    () => server.stop(),
    () => cluster.close(),
  );
  return { server, cluster };
}

async function connected(server: Served) {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "spiderplan-cache-")), "config");
  writeFileSync(file, server.kubeconfig);
  return connect({ kubeconfig: file });
}

/** A running, synced cache. */
async function cacheOf(cluster: WatchableCluster, follow: readonly string[] = [], times = TIMES) {
  const cache = new ClusterCache(cluster, {
    namespace: "kube-system",
    clock: systemClock,
    metrics: seenMetrics(),
    times,
  });
  const ending = new AbortController();
  const ended = cache.run(ending.signal);
  open.push(async () => {
    ending.abort();
    await ended;
  });
  cache.follow(follow);
  await cache.synced();
  const changes: CacheChange[] = [];
  cache.onChange((change) => changes.push(change));
  return { cache, changes };
}

/** What `observe` answers, with what the cache keeps of each object. */
async function observed(cluster: WatchableCluster, options: ObserveOptions = {}): Promise<Observation> {
  const { items, snapshot, diagnostics } = await observe(cluster, { namespace: "kube-system", ...options });
  const kept = items.map(project);
  return { items: kept, snapshot: buildSnapshot(kept, snapshot.complete, snapshot.facts), diagnostics };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const CONFIGURATION: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "spiderpool-conf", namespace: "kube-system" },
  data: { "conf.yml": "enableIPv6: false\nenableSpiderSubnet: false\n" },
};
const POOL = livePool("app", { ips: ["10.6.0.1-10.6.0.9"] });
const OTHER = { subnet: "10.7.0.0/24", ipVersion: 4, ips: ["10.7.0.1"] };
const OBJECTS = [
  CONFIGURATION,
  namespaceWith("default"),
  node("node-a", { zone: "a" }),
  ...running([POOL], { name: "default/web", pool: "app", addresses: ["10.6.0.1", "10.6.0.2"] }),
];

describe("the cluster cache", () => {
  it.each(examples().map((example) => [example.name, example] as const))(
    "observes the cluster of %s as a fresh look does",
    async (_name, example) => {
      const { cluster } = await world(clusterObjects(example.snapshots));
      const { cache } = await cacheOf(cluster);
      expect(cache.observation()).toEqual(await observed(cluster));
    },
  );

  it("follows what changes, in the same order as a fresh look", async () => {
    const { cluster, server } = await world();
    const { cache, changes } = await cacheOf(cluster);
    await server.call("POST", `${SPIDERPOOL}/spiderippools`, pool("aaa", OTHER));
    const pod = { kind: KINDS.Pod, namespace: "default", name: "web-rs-1" };
    await cluster.delete(pod, {}, { gracePeriodSeconds: 0 });
    await server.call("PATCH", "/api/v1/nodes/node-a", { metadata: { labels: { zone: "b" } } }, MERGE);
    await until("all three are told", () => changes.length >= 3);
    expect(cache.observation()).toEqual(await observed(cluster));
  });

  it("names who edited an object", async () => {
    const { cluster, server } = await world();
    const { changes } = await cacheOf(cluster);
    await server.call(
      "PATCH",
      `${SPIDERPOOL}/spiderippools/app?fieldManager=kubectl-edit`,
      { spec: { disable: true } },
      MERGE,
    );
    await until("the edit is told", () => changes.length > 0);
    expect(changes).toMatchObject([
      {
        type: "object",
        kind: KINDS.SpiderIPPool,
        key: "app",
        before: { spec: { disable: false } },
        after: { spec: { disable: true } },
        writer: { manager: "kubectl-edit", operation: "Update" },
      },
    ]);
  });

  it("answers with the same observation until something changed, and lists nothing", async () => {
    const { cluster, server } = await world();
    const { cache, changes } = await cacheOf(cluster);
    const [first, requests] = [cache.observation(), server.requests()];
    for (let i = 0; i < 10; i++) expect(cache.observation()).toBe(first);
    expect(server.requests()).toBe(requests);
    await server.call("PATCH", `${SPIDERPOOL}/spiderippools/app`, { spec: { disable: true } }, MERGE);
    await until("the edit is told", () => changes.length > 0);
    expect(cache.observation()).not.toBe(first);
  });

  it("takes over who uses what where no pool and no endpoint changed", async () => {
    const { cluster, server } = await world();
    const { cache, changes } = await cacheOf(cluster);
    const first = cache.observation().snapshot;
    await server.call("PATCH", "/api/v1/nodes/node-a", { metadata: { labels: { zone: "b" } } }, MERGE);
    await until("the node is told", () => changes.length > 0);
    expect(cache.observation().snapshot.use).toBe(first.use);
    await cluster.delete({ kind: KINDS.SpiderEndpoint, namespace: "default", name: "web-rs-0" }, {});
    await until("the endpoint is told", () => changes.length > 1);
    expect(cache.observation().snapshot.use).not.toBe(first.use);
    expect(cache.observation()).toEqual(await observed(cluster));
  });

  it("takes heartbeats and other noise for no change", async () => {
    const { cluster, server } = await world();
    const { cache, changes } = await cacheOf(cluster);
    const before = cache.version;
    const conditions = [{ type: "MemoryPressure", status: "False", lastHeartbeatTime: "2026-11-22T00:00:00Z" }];
    await server.call("PATCH", "/api/v1/nodes/node-a/status", { status: { conditions } }, MERGE);
    const pod = "/api/v1/namespaces/default/pods/web-rs-0";
    await server.call("PATCH", `${pod}/status`, { status: { phase: "Running" } }, MERGE);
    await server.call(
      "PATCH",
      pod,
      { metadata: { annotations: { "k8s.v1.cni.cncf.io/network-status": "[]" } } },
      MERGE,
    );
    await server.call("PATCH", `${SPIDERPOOL}/spiderippools/app`, { metadata: { annotations: { x: "1" } } }, MERGE);
    await until("the last write is told", () => changes.length > 0);
    expect(changes).toMatchObject([{ key: "app" }]);
    expect(cache.version).toBe(before + 1);
  });

  it("keeps the version a write must carry, though another version alone is no change", async () => {
    const { cluster, server } = await world();
    const { cache, changes } = await cacheOf(cluster);
    const target = "/apis/apps/v1/namespaces/default/deployments/web";
    await server.call("PATCH", `${target}/status`, { status: { readyReplicas: 2 } }, MERGE);
    const live = await cluster.get({ kind: KINDS.Deployment, namespace: "default", name: "web" });
    const known = () => cache.observation().snapshot.workloads.get("default/Deployment/web")?.metadata.resourceVersion;
    await until("the version is known", () => known() === live.metadata.resourceVersion);
    expect(changes).toEqual([]);
  });

  it("hears of Spiderpool's configuration", async () => {
    const { cluster, server } = await world();
    const { cache, changes } = await cacheOf(cluster);
    expect(cache.observation().snapshot.facts).toMatchObject({ enableSpiderSubnet: false });
    const data = { "conf.yml": "enableIPv6: true\nenableSpiderSubnet: true\n" };
    await server.call("PATCH", "/api/v1/namespaces/kube-system/configmaps/spiderpool-conf", { data }, MERGE);
    await until("the facts are told", () => changes.some(({ type }) => type === "facts"));
    expect(cache.observation()).toEqual(await observed(cluster));
  });
});

/** The cluster without some kinds: forbidden ones, and ones it does not serve. */
function lacking(cluster: WatchableCluster, lack: { forbidden?: Set<Kind>; unserved?: Set<Kind> }): WatchableCluster {
  const { forbidden = new Set(), unserved = new Set() } = lack;
  const refuse = (kind: Kind) => {
    if (forbidden.has(kind)) throw new ClusterError("Forbidden", `cannot list ${kind.plural}`, false, 403);
    if (unserved.has(kind)) throw new ClusterError("NotFound", "404 page not found", false, 404);
  };
  return {
    served: async (kinds) => new Set([...(await cluster.served(kinds))].filter((kind) => !unserved.has(kind))),
    find: async (group, name) => cluster.find?.(group, name),
    list: async (kind, options) => {
      refuse(kind);
      return cluster.list(kind, options);
    },
    watch: async function* (kind, version, signal) {
      refuse(kind);
      for await (const event of cluster.watch(kind, version, signal)) {
        yield event;
        refuse(kind);
      }
    },
    get: (ref) => cluster.get(ref),
    create: (object, kind) => cluster.create(object, kind),
    patch: (ref, patch) => cluster.patch(ref, patch),
    patchStatus: (ref, patch) => cluster.patchStatus(ref, patch),
    delete: (ref, preconditions) => cluster.delete(ref, preconditions),
  };
}

describe("a cluster that lacks kinds", () => {
  it("counts forbidden context as unknown and what is not served as none, as a fresh look does", async () => {
    const { cluster } = await world();
    const forbidden = new Set<Kind>([KINDS.Node, KINDS.CronJob]);
    const unserved = new Set<Kind>([KINDS.CloneSet, KINDS.NetworkAttachmentDefinition]);
    const partly = lacking(cluster, { forbidden, unserved });
    const { cache } = await cacheOf(partly);
    const seen = cache.observation();
    expect(seen).toEqual(await observed(partly));
    expect(seen.diagnostics.map(({ code }) => code)).toEqual(["SP2701", "SP2701"]);
    expect(cache.states().get("Node")).toMatchObject({ type: "missing", reason: "forbidden" });
    expect(cache.states().get("CloneSet")).toMatchObject({ type: "missing", reason: "not served" });
  });

  it.each([
    ["forbids SpiderEndpoints", { forbidden: new Set<Kind>([KINDS.SpiderEndpoint]) }],
    ["has no Spiderpool", { unserved: new Set<Kind>([KINDS.SpiderIPPool]) }],
  ])("that %s cannot be observed, and says so as a fresh look does", async (_what, lack) => {
    const { cluster } = await world();
    const partly = lacking(cluster, lack);
    const { cache } = await cacheOf(partly);
    const expected = await observe(partly).catch((error: unknown) => error);
    expect(expected).toBeInstanceOf(ClusterError);
    expect(() => cache.observation()).toThrow((expected as ClusterError).message);
  });

  it("is watched completely once it allows and serves all", async () => {
    const { cluster } = await world();
    const forbidden = new Set<Kind>([KINDS.Node]);
    const unserved = new Set<Kind>([KINDS.SpiderIPPool]);
    const { cache, changes } = await cacheOf(lacking(cluster, { forbidden, unserved }));
    forbidden.clear();
    unserved.clear();
    await until("both are told", () => changes.length >= 2);
    expect(changes.map((change) => change.type === "kind" && change.kind.kind).sort()).toEqual([
      "Node",
      "SpiderIPPool",
    ]);
    expect(cache.observation()).toEqual(await observed(cluster));
  });
});

describe("kinds of workloads a plan names", () => {
  it("are followed on demand, as a fresh look takes them in", async () => {
    const { cluster, server } = await world();
    const workloadKinds = ["Lease.coordination.k8s.io", "Deployment", "Nothing.example.io"];
    const { cache, changes } = await cacheOf(cluster);
    expect(cache.observation().snapshot.complete.has("Lease")).toBe(false);
    cache.follow(workloadKinds);
    cache.follow(workloadKinds);
    await cache.synced();
    const lease = { apiVersion: KINDS.Lease.apiVersion, kind: "Lease", metadata: { name: "l" }, spec: {} };
    const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    expect((await server.call("POST", path, lease)).code).toBe(201);
    await until("the Lease is told", () => changes.some((one) => one.type === "object"));
    expect(cache.observation()).toEqual(await observed(cluster, { workloadKinds }));
    const before = cache.version;
    await server.call("PATCH", `${path}/l`, { spec: { renewTime: "2026-11-22T00:00:00.000000Z" } }, MERGE);
    await server.call("PATCH", "/api/v1/namespaces/default", { metadata: { labels: { team: "a" } } }, MERGE);
    await until("the Namespace is told", () => cache.version > before);
    expect(changes.at(-1), "a renewal is no change").toMatchObject({ key: "default" });
    expect(cache.version).toBe(before + 1);
  });

  it("are looked for until they are served", async () => {
    const { cluster } = await world();
    let served = false;
    const later: WatchableCluster = {
      ...lacking(cluster, {}),
      find: async () => (served ? KINDS.Lease : undefined),
    };
    const { cache, changes } = await cacheOf(later, ["Lease.example.io"]);
    expect(cache.observation()).toEqual(await observed(cluster));
    served = true;
    await until("the kind is told", () => changes.length > 0);
    expect(changes).toMatchObject([{ type: "kind", kind: KINDS.Lease, state: { type: "watching" } }]);
    expect(cache.observation().snapshot.complete).toContain("Lease");
  });
});

describe("a network that fails", () => {
  it("hides no drift for longer than the silence, and no change is told twice", async () => {
    const { server } = await world();
    const proxy = await flakyProxy(server.url);
    const cluster = await connect({ kubeconfig: kubeconfigFile(proxy.url) });
    open.push(
      () => proxy.stop(),
      () => cluster.close(),
    );
    const { cache, changes } = await cacheOf(cluster, [], { ...TIMES, silence: 1_000 });
    const edit = (n: number) =>
      server.call("PATCH", `${SPIDERPOOL}/spiderippools/app`, { metadata: { annotations: { n: `${n}` } } }, MERGE);
    const told = () =>
      changes.map((one) => one.type === "object" && Number(one.after?.metadata.annotations?.n)).filter(Number.isFinite);
    const faults = [() => {}, () => proxy.cut(), () => proxy.pauseOpen(), () => proxy.pause(), () => proxy.refuse()];
    for (const [n, fault] of faults.entries()) {
      fault();
      await edit(n);
      if (n >= 3) await new Promise((resolve) => setTimeout(resolve, 1_500));
      proxy.resume();
      await until(`edit ${n} is told`, () => told().includes(n));
    }
    expect(told()).toEqual(faults.map((_fault, n) => n));
    expect(cache.observation()).toEqual(await observed(cluster));
  });
});
