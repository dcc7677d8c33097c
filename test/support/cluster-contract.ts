import { describe, expect, it } from "vitest";
import type { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import type { ClusterActor, WatchEvent } from "../../src/ports/cluster.js";

const pool = (name: string, ips: string[] = []): SpiderIPPool => ({
  apiVersion: KINDS.SpiderIPPool.apiVersion,
  kind: "SpiderIPPool",
  metadata: { name },
  spec: { subnet: "10.99.0.0/16", ipVersion: 4, ips, default: false, disable: false },
});
const ref = (name: string) => ({ kind: KINDS.SpiderIPPool, name });
const configMap = (namespace: string, name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name, labels },
  data: { a: "1", b: "2" },
});

async function failure(call: Promise<unknown>): Promise<ClusterError> {
  return call.then(
    () => expect.unreachable("the call went through"),
    (error: ClusterError) => error,
  );
}

/** What every implementation of the Cluster port must do, whatever is behind it. */
export function clusterContract(actor: () => ClusterActor): void {
  describe("the Cluster port", () => {
    it("serves Spiderpool's kinds and the built-in ones", async () => {
      const kinds = [KINDS.SpiderIPPool, KINDS.SpiderSubnet, KINDS.Pod, KINDS.Deployment];
      expect(await actor().served(kinds)).toEqual(new Set(kinds));
      const unknown = { apiVersion: "nobody.io/v1", kind: "Thing", plural: "things", namespaced: true };
      expect(await actor().served([unknown])).toEqual(new Set());
    });

    it("creates, reads, lists; stored objects have uid and resourceVersion", async () => {
      const created = await actor().create(pool("crud", ["10.99.1.1"]), KINDS.SpiderIPPool);
      expect(created.metadata.uid).toBeTruthy();
      expect(created.metadata.resourceVersion).toBeTruthy();
      expect((await actor().get(ref("crud"))).spec).toMatchObject({ ips: ["10.99.1.1"], disable: false });
      const { items, resourceVersion } = await actor().list(KINDS.SpiderIPPool);
      expect(resourceVersion).toBeTruthy();
      const found = items.find(({ metadata }) => metadata.name === "crud");
      expect(found).toMatchObject({ kind: "SpiderIPPool", apiVersion: KINDS.SpiderIPPool.apiVersion });
    });

    it("lists built-in kinds with their kind, by namespace and by label", async () => {
      for (const [namespace, name, labels] of [
        ["default", "one", { t: "list" }],
        ["default", "two", {}],
        ["kube-system", "three", { t: "list" }],
      ] as const) {
        await actor().create(configMap(namespace, name, labels), KINDS.ConfigMap);
      }
      const names = async (options: Parameters<ClusterActor["list"]>[1]) =>
        (await actor().list(KINDS.ConfigMap, options)).items.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      expect(await names({ labelSelector: "t=list" })).toEqual(["ConfigMap one", "ConfigMap three"]);
      expect(await names({ namespace: "default", labelSelector: "t=list" })).toEqual(["ConfigMap one"]);
    });

    it("gets past one page", async () => {
      const many = Array.from({ length: 620 }, (_, i) => configMap("default", `many-${i}`, { t: "many" }));
      for (let at = 0; at < many.length; at += 20) {
        await Promise.all(many.slice(at, at + 20).map((one) => actor().create(one, KINDS.ConfigMap)));
      }
      const { items } = await actor().list(KINDS.ConfigMap, { labelSelector: "t=many" });
      expect(new Set(items.map(({ metadata }) => metadata.name)).size).toBe(620);
    });

    it("says what is missing, there already, or stale", async () => {
      expect(await failure(actor().get(ref("absent")))).toMatchObject({ reason: "NotFound", transient: false });
      expect(await failure(actor().delete(ref("absent"), {}))).toMatchObject({ reason: "NotFound" });
      expect(await failure(actor().patch(ref("absent"), { metadata: { labels: { a: "b" } } }))).toMatchObject({
        reason: "NotFound",
      });
      const map = configMap("default", "twice");
      await actor().create(map, KINDS.ConfigMap);
      expect(await failure(actor().create(map, KINDS.ConfigMap))).toMatchObject({ reason: "AlreadyExists" });
      const old = await actor().get({ kind: KINDS.ConfigMap, namespace: "default", name: "twice" });
      await actor().replace({ ...old, data: { a: "2" } }, KINDS.ConfigMap);
      expect(await failure(actor().replace({ ...old, data: { a: "3" } }, KINDS.ConfigMap))).toMatchObject({
        reason: "Conflict",
      });
    });

    it("merges patches under their preconditions", async () => {
      const target = { kind: KINDS.ConfigMap, namespace: "default", name: "patched" };
      const { metadata } = await actor().create(configMap("default", "patched"), KINDS.ConfigMap);
      const { uid, resourceVersion } = metadata;
      const patched = await actor().patch(target, { metadata: { uid, resourceVersion }, data: { a: null, c: "3" } });
      expect(patched.data).toEqual({ b: "2", c: "3" });
      const stale = actor().patch(target, { metadata: { uid, resourceVersion }, data: { c: "4" } });
      expect(await failure(stale)).toMatchObject({ reason: "Conflict" });
      const another = actor().patch(target, {
        metadata: { uid: "7c2ae16c-0000-0000-0000-000000000000" },
        data: { c: "5" },
      });
      expect(await failure(another)).toMatchObject({ reason: "Conflict" });
      expect((await actor().get(target)).data).toEqual({ b: "2", c: "3" });
    });

    it("deletes under preconditions only", async () => {
      const target = { kind: KINDS.ConfigMap, namespace: "default", name: "deleted" };
      const { uid, resourceVersion } = (await actor().create(configMap("default", "deleted"), KINDS.ConfigMap))
        .metadata;
      await actor().patch(target, { metadata: { labels: { touched: "yes" } } });
      expect(await failure(actor().delete(target, { uid, resourceVersion }))).toMatchObject({ reason: "Conflict" });
      const wrong = "7c2ae16c-0000-0000-0000-000000000000";
      expect(await failure(actor().delete(target, { uid: wrong }))).toMatchObject({ reason: "Conflict" });
      const now = (await actor().get(target)).metadata.resourceVersion;
      await actor().delete(target, { uid, resourceVersion: now });
      expect(await failure(actor().get(target))).toMatchObject({ reason: "NotFound" });
    });

    it("refuses what the schema refuses", async () => {
      const bad = pool("bad");
      (bad.spec as { subnet?: string }).subnet = undefined;
      expect(await failure(actor().create(bad, KINDS.SpiderIPPool))).toMatchObject({ transient: false });
      const wrong = { ...pool("bad"), spec: { ...pool("bad").spec, ipVersion: 5 } };
      expect(["Invalid", "Denied"]).toContain((await failure(actor().create(wrong, KINDS.SpiderIPPool))).reason);
    });

    it("keeps status apart from the rest", async () => {
      await actor().create(pool("status", ["10.99.2.1"]), KINDS.SpiderIPPool);
      await actor().patch(ref("status"), { status: { allocatedIPCount: 9 } });
      expect(((await actor().get(ref("status"))) as SpiderIPPool).status?.allocatedIPCount).toBeUndefined();
      const now = await actor().get(ref("status"));
      const status = { allocatedIPCount: 1, allocatedIPs: '{"10.99.2.1":{"pod":"a/b","podUid":"u"}}' };
      const changed = { ...now, spec: { ...(now.spec as object), disable: true }, status };
      await actor().replaceStatus(changed, KINDS.SpiderIPPool);
      const after = (await actor().get(ref("status"))) as SpiderIPPool;
      expect(after.status).toMatchObject(status);
      expect(after.spec.disable).toBe(false);
    });

    it("watches from a version on, in order, until called off", async () => {
      const { resourceVersion } = await actor().list(KINDS.ConfigMap);
      const target = { kind: KINDS.ConfigMap, namespace: "default", name: "watched" };
      const controller = new AbortController();
      const seen: string[] = [];
      const watching = (async () => {
        for await (const event of actor().watch(KINDS.ConfigMap, resourceVersion, controller.signal)) {
          if (event.type === "BOOKMARK" || event.object.metadata.name !== "watched") continue;
          seen.push(`${event.type} ${(event as Exclude<WatchEvent, { type: "BOOKMARK" }>).object.data?.a}`);
          if (seen.length === 3) controller.abort();
        }
      })();
      const created = await actor().create(configMap("default", "watched"), KINDS.ConfigMap);
      await actor().replace({ ...created, data: { a: "2" } }, KINDS.ConfigMap);
      await actor().delete(target, {});
      await watching;
      expect(seen).toEqual(["ADDED 1", "MODIFIED 2", "DELETED 2"]);
    });

    it("binds a Pod to a node", async () => {
      const containers = [{ name: "c", image: "i" }];
      const metadata = { namespace: "default", name: "bound" };
      await actor().create(
        { apiVersion: "v1", kind: "Pod", metadata, spec: { containers, schedulerName: "nobody" } },
        KINDS.Pod,
      );
      const target = { kind: KINDS.Pod, ...metadata };
      await actor().bind(target, "node-x");
      expect((await actor().get(target)).spec).toMatchObject({ nodeName: "node-x" });
    });
  });
}
