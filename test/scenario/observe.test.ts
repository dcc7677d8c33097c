import { afterEach, describe, expect, it } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { observe } from "../../src/app/observe.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS, type Kind, type KubeObject } from "../../src/core/spiderpool/objects.js";
import type { Cluster } from "../../src/ports/cluster.js";

const clusters: EmbeddedCluster[] = [];
afterEach(async () => {
  for (const one of clusters.splice(0)) await one.stop();
});

const pool: KubeObject = {
  apiVersion: KINDS.SpiderIPPool.apiVersion,
  kind: "SpiderIPPool",
  metadata: { name: "p", managedFields: [{ manager: "kubectl" }] },
  spec: { subnet: "10.6.0.0/24", ipVersion: 4, ips: ["10.6.0.1"], default: false, disable: false },
};
const configuration: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "spiderpool-conf", namespace: "spiderpool" },
  data: { "conf.yml": "enableIPv6: false\nenableSpiderSubnet: false\n" },
};

async function world(objects: KubeObject[], change: Partial<Cluster> = {}): Promise<Cluster> {
  const one = await startEmbeddedCluster({ objects });
  clusters.push(one);
  const { actor } = one;
  return {
    served: (kinds) => actor.served(kinds),
    list: (kind, options) => actor.list(kind, options),
    get: (ref) => actor.get(ref),
    create: (object, kind) => actor.create(object, kind),
    patch: (ref, patch) => actor.patch(ref, patch),
    delete: (ref, preconditions) => actor.delete(ref, preconditions),
    ...change,
  };
}

const forbids =
  (cluster: Cluster, kind: Kind): Cluster["list"] =>
  async (asked, options) => {
    if (asked === kind) throw new ClusterError("Forbidden", `cannot list ${kind.plural}`, false, 403);
    return cluster.list(asked, options);
  };

describe("observe", () => {
  it("reads every kind completely, and how Spiderpool is configured", async () => {
    const cluster = await world([pool, configuration]);
    const { snapshot, items, diagnostics } = await observe(cluster, { namespace: "spiderpool" });
    expect(diagnostics).toEqual([]);
    expect([...snapshot.pools.keys()]).toEqual(["p"]);
    for (const kind of ["SpiderIPPool", "SpiderEndpoint", "Pod", "Node", "Deployment", "NetworkAttachmentDefinition"]) {
      expect(snapshot.complete).toContain(kind);
    }
    expect(snapshot.facts).toMatchObject({ namespace: "spiderpool", enableIPv6: false, enableSpiderSubnet: false });
    expect(items.some(({ metadata }) => metadata.managedFields !== undefined)).toBe(false);
    const keys = items.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""} ${metadata.name}`);
    expect(keys).toEqual([...keys].sort());
  });

  it("counts a kind that is not served as read: there is none", async () => {
    const cluster = await world([]);
    const served: Cluster["served"] = async (kinds) =>
      new Set(kinds.filter((kind) => kind !== KINDS.NetworkAttachmentDefinition && kind !== KINDS.CronJob));
    const list: Cluster["list"] = async (kind, options) => {
      if (kind === KINDS.CronJob) throw new ClusterError("NotFound", "no such resource", false, 404);
      return cluster.list(kind, options);
    };
    const { snapshot } = await observe({ ...cluster, served, list });
    expect(snapshot.complete).toContain("CronJob");
    expect(snapshot.networkAttachments.size).toBe(0);
  });

  it("takes a forbidden kind of context as unknown, with a warning", async () => {
    const cluster = await world([]);
    const { snapshot, diagnostics } = await observe({ ...cluster, list: forbids(cluster, KINDS.Node) });
    expect(snapshot.complete.has("Node")).toBe(false);
    expect(diagnostics).toMatchObject([{ code: "SP2701", severity: "warning" }]);
    expect(diagnostics[0]?.message).toContain("not allowed to list nodes");
  });

  it("takes a forbidden ConfigMap as unknown facts, with a warning", async () => {
    const cluster = await world([configuration]);
    const get: Cluster["get"] = async () => {
      throw new ClusterError("Forbidden", "cannot get", false, 403);
    };
    const { snapshot, diagnostics } = await observe({ ...cluster, get });
    expect(snapshot.facts).toEqual({});
    expect(diagnostics).toMatchObject([{ code: "SP2701" }]);
  });

  it.each([KINDS.SpiderIPPool, KINDS.SpiderEndpoint])("cannot go on without $kind", async (kind) => {
    const cluster = await world([]);
    await expect(observe({ ...cluster, list: forbids(cluster, kind) })).rejects.toMatchObject({ reason: "Forbidden" });
  });

  it("says when Spiderpool is not installed", async () => {
    const cluster = await world([]);
    await expect(observe({ ...cluster, served: async () => new Set<Kind>() })).rejects.toThrow(
      /^Spiderpool is not installed here/,
    );
  });

  it("finds the kinds of third-party workloads the plan names", async () => {
    const kind: Kind = { apiVersion: "example.io/v2", kind: "Shop", plural: "shops", namespaced: true };
    const template = { metadata: { labels: { app: "s" } }, spec: { containers: [] } };
    const shop = {
      apiVersion: "example.io/v2",
      kind: "Shop",
      metadata: { namespace: "default", name: "s" },
      spec: { template },
    };
    const cluster = await world([]);
    const asked: string[] = [];
    const { snapshot } = await observe(
      {
        ...cluster,
        served: async (kinds) => new Set(kinds),
        list: async (one) => (one === kind ? { items: [shop], resourceVersion: "1" } : cluster.list(one)),
        find: async (group, name) => {
          asked.push(`${name}.${group}`);
          return kind;
        },
      },
      { workloadKinds: ["Deployment", "Shop.example.io", "CloneSet.apps.kruise.io", "Shop.example.io"] },
    );
    expect(asked).toEqual(["Shop.example.io"]);
    expect([...snapshot.workloads.keys()]).toEqual(["default/Shop.example.io/s"]);
    expect(snapshot.complete).toContain("Shop");
  });
});
