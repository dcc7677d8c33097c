import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import { observe } from "../../src/app/observe.js";
import { type LookAgainContext, lookAgain } from "../../src/app/plan-sync/look-again.js";
import { ClusterCache } from "../../src/app/watch/cluster-cache.js";
import { project } from "../../src/app/watch/projection.js";
import { systemClock } from "../../src/cli/clock.js";
import type { Step } from "../../src/core/change/step.js";
import type { Snapshot } from "../../src/core/snapshot.js";
import { KINDS, type Kind, type KubeObject } from "../../src/core/spiderpool/objects.js";
import type { Cluster } from "../../src/ports/cluster.js";
import { MERGE, pool, SPIDERPOOL, serve } from "../support/embedded.js";
import { livePool } from "../support/objects.js";
import { namespaceWith, node, running } from "../support/running.js";
import { seenMetrics } from "../support/seen-metrics.js";
import { workspace } from "../support/workspace.js";

const POOLS = [livePool("app", { ips: ["10.6.0.1-10.6.0.9"] }), livePool("other", { ips: ["10.6.0.20"] })];
const OBJECTS = [
  namespaceWith("default"),
  node("node-a"),
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "fat", namespace: "default", annotations: { note: "x".repeat(250_000) } },
  },
  ...running(POOLS, { name: "default/web", pool: "app", addresses: ["10.6.0.1", "10.6.0.2"] }),
];

/** A cluster, what a watch knows of it, and which kinds are listed from now on. */
async function world() {
  const server = await serve({ objects: OBJECTS });
  const file = join(workspace({}), "kubeconfig");
  writeFileSync(file, server.kubeconfig);
  const cluster = await connect({ kubeconfig: file });
  const options = { namespace: "kube-system", clock: systemClock, metrics: seenMetrics() };
  const cache = new ClusterCache(cluster, options);
  const ending = new AbortController();
  const ended = cache.run(ending.signal);
  onTestFinished(async () => {
    ending.abort();
    await ended;
    await cluster.close();
    await server.stop();
  });
  await cache.synced();
  const listed: string[] = [];
  const counting: Cluster = {
    served: (kinds) => cluster.served(kinds),
    find: (group, name) => cluster.find(group, name),
    list: (kind, asked) => {
      listed.push(kind.kind);
      return cluster.list(kind, asked);
    },
    get: (ref) => cluster.get(ref),
    create: (object, kind) => cluster.create(object, kind),
    patch: (ref, patch) => cluster.patch(ref, patch),
    delete: (ref, preconditions) => cluster.delete(ref, preconditions),
  };
  const watched: LookAgainContext["watched"] = {
    observation: () => cache.observation(),
    caughtUp: async () => true,
    isWatched: (kind) => cache.states().get(kind.kind)?.type === "watching",
  };
  return { server, cluster, cache, listed, context: { cluster: counting, watched, needs: {} } };
}

/** What a list of everything sees, reduced to what the core reads. */
async function listAll(cluster: Cluster): Promise<Snapshot> {
  return (await observe(cluster, {}, async (kind) => (await cluster.list(kind, { project })).items)).snapshot;
}

function step(name: string, kind: Kind = KINDS.SpiderIPPool): Step {
  const object: KubeObject = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name } };
  const nothing = { added: [], removed: [], reason: "", changes: [] };
  return { wave: 4, action: "update", kind, namespace: undefined, name, object, ...nothing };
}

describe("the look before a wave that may harm", () => {
  test("lists everything but the pools, which the watch knows, and sees what a list of all sees", async () => {
    const { cluster, listed, context } = await world();
    const seen = await lookAgain([step("app")], context);
    const snapshot = await listAll(cluster);
    expect([...seen.pools.keys()]).toEqual([...snapshot.pools.keys()]);
    expect({ ...seen, pools: undefined }).toEqual({ ...snapshot, pools: undefined });
    expect(listed).toContain("SpiderEndpoint");
    expect(listed).toContain("Pod");
    expect(listed).not.toContain("SpiderIPPool");
  });

  test("keeps nothing that nobody reads, however much of it a tenant wrote", async () => {
    const { context } = await world();
    const { pods } = await lookAgain([step("app")], context);
    expect([...pods.keys()]).toContain("default/fat");
    expect(JSON.stringify([...pods.values()]).length).toBeLessThan(10_000);
  });

  test.each<[string, (context: LookAgainContext["watched"]) => Partial<LookAgainContext["watched"]>, Step[]]>([
    ["its watch is not alive", () => ({ isWatched: () => false }), [step("app")]],
    ["its watch has not seen our own writes", () => ({ caughtUp: async () => false }), [step("app")]],
    ["a step of another kind is left", () => ({}), [step("app"), step("default", KINDS.Namespace)]],
    ["many pools are left", () => ({}), Array.from({ length: 100 }, (_, i) => step(`p${i}`))],
  ])("lists the pools too where %s", async (_why, otherwise, remaining) => {
    const { listed, context } = await world();
    await lookAgain(remaining, { ...context, watched: { ...context.watched, ...otherwise(context.watched) } });
    expect(listed).toContain("SpiderIPPool");
  });

  const TAKEN = JSON.stringify({ "10.6.0.9": { interface: "eth0", pod: "default/late", podUid: "late" } });
  test.each<[string, string, (call: Awaited<ReturnType<typeof world>>["server"]["call"]) => Promise<unknown>]>([
    [
      "took an address",
      "app",
      (call) => call("PATCH", `${SPIDERPOOL}/spiderippools/app/status`, { status: { allocatedIPs: TAKEN } }, MERGE),
    ],
    ["deleted the pool", "other", (call) => call("DELETE", `${SPIDERPOOL}/spiderippools/other`)],
    [
      "made the pool",
      "new",
      (call) =>
        call(
          "POST",
          `${SPIDERPOOL}/spiderippools`,
          pool("new", { subnet: "10.7.0.0/24", ips: ["10.7.0.1"], ipVersion: 4 }),
        ),
    ],
  ])("lists the pools too where somebody %s and the watch has not told it yet", async (_what, name, change) => {
    const { server, cluster, cache, listed, context } = await world();
    const before = cache.observation();
    await change(server.call);
    const late = { ...context.watched, observation: () => before };
    const seen = await lookAgain([step(name)], { ...context, watched: late });
    expect(listed).toContain("SpiderIPPool");
    expect(seen).toEqual(await listAll(cluster));
  });
});
