import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import type { KubeCluster } from "../../src/adapters/kubernetes/kube-cluster.js";
import { observe } from "../../src/app/observe.js";
import { type CacheChange, ClusterCache } from "../../src/app/watch/cluster-cache.js";
import { project } from "../../src/app/watch/projection.js";
import { systemClock } from "../../src/cli/clock.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import { KINDS, type Kind, type KubeObject, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { pool } from "../support/embedded.js";
import { type FlakyProxy, flakyProxy } from "../support/flaky-proxy.js";
import { kubeconfigFile } from "../support/kubeconfig-file.js";
import { type RealCluster, skipReason, startRealCluster, until } from "../support/real-apiserver.js";
import { namespaceWith, node } from "../support/running.js";
import { seenMetrics } from "../support/seen-metrics.js";

const reason = skipReason();
const CRD: Kind = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};
const POOL: KubeObject = pool("watched", { subnet: "10.6.0.0/24", ipVersion: 4, ips: ["10.6.0.1-10.6.0.9"] });
const REF = { kind: KINDS.SpiderIPPool, name: "watched" };

describe.skipIf(reason !== undefined)(`the cluster cache${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let real: RealCluster;
  let proxy: FlakyProxy;
  let cluster: KubeCluster;
  let cache: ClusterCache;
  let ending: AbortController;
  let ended: Promise<void>;
  const changes: CacheChange[] = [];
  const metrics = seenMetrics();

  beforeAll(async () => {
    real = await startRealCluster({ nodes: [node("node-a", { zone: "a" })] });
    await real.actor.create(POOL, KINDS.SpiderIPPool);
    await real.actor.create(namespaceWith("shop"), KINDS.Namespace);
    proxy = await flakyProxy(real.server);
    const admin = real.authority.issue("watcher", { groups: ["system:masters"] });
    const user = { "client-certificate": admin.certFile, "client-key": admin.keyFile };
    const trust = { "certificate-authority": real.authority.certFile };
    cluster = await connect({ kubeconfig: kubeconfigFile(proxy.url, { user, cluster: trust }) });
    const times = { silence: 3_000, backoff: 100, mostBackoff: 1_000, missing: 500 };
    cache = new ClusterCache(cluster, { namespace: "kube-system", clock: systemClock, metrics, times });
    ending = new AbortController();
    ended = cache.run(ending.signal);
    cache.onChange((change) => changes.push(change));
    await cache.synced();
    changes.length = 0;
  });
  afterEach(() => {
    changes.length = 0;
  });
  afterAll(async () => {
    ending?.abort();
    await ended;
    await cluster?.close();
    await proxy?.stop();
    await real?.stop();
  });

  const told = (what: string) =>
    until(`${what} is told`, async () => changes.some((one) => one.type === "object" && one.key === what));
  /** Both looks at a time at which nobody writes. */
  const sameAsFresh = () =>
    until(
      "the cache knows what a fresh look finds",
      async () => {
        const fresh = await observe(real.actor, { namespace: "kube-system" });
        const items = fresh.items.map(project);
        const expected = {
          ...fresh,
          items,
          snapshot: buildSnapshot(items, fresh.snapshot.complete, fresh.snapshot.facts),
        };
        try {
          expect(cache.observation()).toEqual(expected);
          return true;
        } catch {
          return false;
        }
      },
      20,
    );

  test("observes what a fresh look finds", sameAsFresh);

  test("tells an edit within seconds, and who made it; writes of a status name nobody else", async () => {
    await real.actor.patchStatus(REF, { status: { allocatedIPCount: 0 } });
    const asked = Date.now();
    await real.actor.patch(REF, { spec: { disable: true } });
    const disabled = (one: CacheChange) =>
      one.type === "object" && one.kind === KINDS.SpiderIPPool && (one.after as SpiderIPPool).spec.disable === true;
    await until("the edit is told", async () => changes.some(disabled));
    expect(Date.now() - asked).toBeLessThan(5_000);
    const edit = changes.find(disabled);
    expect(edit).toMatchObject({ writer: { manager: "spiderplan", operation: "Update" } });
    expect(changes.some((one) => one.type === "object" && one.writer?.manager === "spiderplan-status")).toBe(false);
    await sameAsFresh();
  });

  test("takes a Node's heartbeat for no change", async () => {
    const before = cache.version;
    const conditions = [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "played",
        lastHeartbeatTime: new Date().toISOString().replace(/\.\d+/, ""),
      },
    ];
    await real.actor.patchStatus({ kind: KINDS.Node, name: "node-a" }, { status: { conditions } });
    await real.actor.patch({ kind: KINDS.Namespace, name: "shop" }, { metadata: { labels: { team: "a" } } });
    await told("shop");
    expect(cache.version).toBe(before + 1);
  });

  test("hears what happened while packets were dropped", async () => {
    proxy.pause();
    await real.actor.patch(REF, { spec: { disable: false } });
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(changes).toEqual([]);
    proxy.resume();
    await told("watched");
    await sameAsFresh();
  });

  test("goes on after the API server was killed and started again", async () => {
    await real.restartApiServer();
    await real.actor.patch(REF, { spec: { disable: true } });
    await told("watched");
    await sameAsFresh();
    expect(changes.filter((one) => one.type === "kind" && one.state.type === "missing")).toEqual([]);
  });

  test("notices that a kind is not served any more, and that it is again", async () => {
    const ref = { kind: CRD, name: "clonesets.apps.kruise.io" };
    const { apiVersion, kind, spec, metadata } = await real.actor.get(ref);
    const state = () => cache.states().get("CloneSet");
    await real.actor.delete(ref, {});
    await until("it is missing", async () => state()?.type === "missing");
    expect(state()).toMatchObject({ reason: "not served" });
    const { name, annotations } = metadata;
    await real.actor.create({ apiVersion, kind, metadata: { name, annotations }, spec }, CRD);
    await until("it is watched", async () => state()?.type === "watching");
    await sameAsFresh();
  });
});
