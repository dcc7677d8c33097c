import { describe, expect, test } from "vitest";
import { ownerText, tenantsOf } from "../../../src/core/cluster/tenants.js";
import { formatAddress } from "../../../src/core/ip/address.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderEndpoint } from "../../../src/core/spiderpool/objects.js";
import { idleTemplates } from "../../../src/core/verdict/idle-templates.js";
import { deployment, endpoint, livePool } from "../../support/objects.js";
import { running } from "../../support/running.js";

const ALL = Object.keys(KINDS);
const tenants = (objects: readonly KubeObject[], complete: readonly string[] = ALL) =>
  tenantsOf(buildSnapshot(objects, complete), CHART_DEFAULTS);

/** What Spiderpool wrote down of whose endpoint it is. */
function recorded(one: SpiderEndpoint, type?: string, name?: string): SpiderEndpoint {
  const { current } = one.status!;
  const owner = { ...(type && { ownerControllerType: type }), ...(name && { ownerControllerName: name }) };
  return { ...one, status: { current, ...owner } };
}
function pod(key: string, controller?: { apiVersion: string; kind: string; name: string }): KubeObject {
  const [namespace, name] = key.split("/") as [string, string];
  const owner = controller && [{ ...controller, uid: "uid", controller: true }];
  return { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, ...(owner && { ownerReferences: owner }) } };
}
const statefulSet = (name: string, replicas: number): KubeObject => ({
  ...deployment(`d/${name}`),
  kind: "StatefulSet",
  spec: { ...(deployment(`d/${name}`).spec as object), replicas },
});

describe("everybody who has an address", () => {
  test("in order of family, address and Pod, whatever the order of the cluster", () => {
    const pool = livePool("p", {}, { used: { "10.6.0.3": "d/b" } });
    const objects: KubeObject[] = [
      endpoint("d/x", "six", "fd00::2"),
      endpoint("d/y", "six", "::5"),
      endpoint("d/c", "p", "10.6.0.9"),
      endpoint("d/a", "p", "10.6.0.3"),
      endpoint("d/e", "p", "10.6.0.1"),
      endpoint("d/d", "p", "10.6.0.20"),
    ];
    const order = [
      "d/e 10.6.0.1",
      "d/a 10.6.0.3",
      "d/b 10.6.0.3",
      "d/c 10.6.0.9",
      "d/d 10.6.0.20",
      "d/y ::5",
      "d/x fd00::2",
    ];
    for (const some of [objects, [...objects].reverse()])
      expect(tenants([...some, pool]).map((one) => `${one.pod} ${formatAddress(one.address)}`)).toEqual(order);
  });

  test("or of some holders only", () => {
    const snapshot = buildSnapshot([endpoint("d/a", "p", "10.6.0.1"), endpoint("d/b", "q", "10.6.0.2")], ALL);
    const found = tenantsOf(snapshot, CHART_DEFAULTS, ({ pool }) => pool === "q");
    expect(found.map((one) => one.pod)).toEqual(["d/b"]);
  });

  test("with the pools recorded of all its NICs", () => {
    const two = endpoint("d/a", "p", "10.6.0.1");
    const ips = [
      ...two.status!.current!.ips,
      { interface: "net1", ipv4: "10.7.0.1/24", ipv4Pool: "q", ipv6: "fd00::1/64", ipv6Pool: "six" },
    ];
    const found = tenants([
      { ...two, status: { ...two.status, current: { ...two.status!.current!, ips } } } as KubeObject,
    ]);
    expect(found.map((one) => [one.nic, one.pool])).toEqual([
      ["eth0", "p"],
      ["net1", "q"],
      ["net1", "six"],
    ]);
    for (const { recorded } of found) expect(recorded).toEqual(ips);
  });

  test("one for each NIC that shares an address (A15)", () => {
    const one = endpoint("d/a", "p", "10.6.0.1");
    const shared = { interface: "net1", ipv4: "10.6.0.1/24", ipv4Pool: "p" };
    const other = { interface: "net2", ipv4: "10.6.0.1/24", ipv4Pool: "q" };
    const ips = [...one.status!.current!.ips, shared, other];
    const live = { ...one, status: { ...one.status, current: { ...one.status!.current!, ips } } } as KubeObject;
    expect(tenants([live]).map(({ nic, pool }) => `${nic} ${pool}`)).toEqual(["eth0 p", "net1 p", "net2 q"]);
  });

  test("what only the pool's record tells is nobody's NIC, though the Pod is there", () => {
    const known = pod("d/a");
    const [byRecord] = tenants([known, livePool("p", {}, { used: { "10.6.0.1": "d/a" } })]);
    expect(byRecord).toMatchObject({ nic: "", facts: undefined, recorded: [] });
    const [byEndpoint] = tenants([known, endpoint("d/a", "p", "10.6.0.1")]);
    expect(byEndpoint).toMatchObject({ nic: "eth0", facts: { namespace: "d", name: "a" } });
  });
});

describe("the workload above", () => {
  const apps = (kind: string, name: string) => ({ apiVersion: "apps/v1", kind, name });
  const written = (type?: string, name?: string) => recorded(endpoint("d/x", "p", "10.6.0.1"), type, name);

  test.each<[what: string, objects: KubeObject[], workload: string | undefined]>([
    ["a bare Pod", [pod("d/x"), written("Deployment", "web")], undefined],
    ["a Pod nobody knows, as Spiderpool wrote down", [written("Deployment", "web")], "d/Deployment/web"],
    ["of its own word", [pod("d/x", apps("StatefulSet", "db")), written("Deployment", "web")], "d/StatefulSet/db"],
    [
      "of another group",
      [pod("d/x", { apiVersion: "apps.kruise.io/v1", kind: "CloneSet", name: "c" }), written("Deployment", "web")],
      "d/CloneSet.apps.kruise.io/c",
    ],
    [
      "as Spiderpool wrote down",
      [pod("d/x", apps("ReplicaSet", "rs")), written("Deployment", "web")],
      "d/Deployment/web",
    ],
    ["of no Deployment", [pod("d/x", apps("ReplicaSet", "rs")), written("ReplicaSet", "rs")], "d/ReplicaSet/rs"],
    ["where nothing is written down", [pod("d/x", apps("ReplicaSet", "rs")), written()], "d/ReplicaSet/rs"],
    ["where half is written down", [pod("d/x", apps("ReplicaSet", "rs")), written("Deployment")], "d/ReplicaSet/rs"],
  ])("%s", (_what, objects, workload) => {
    expect(tenants(objects).map((one) => one.workload)).toEqual([workload]);
  });
});

describe("a Pod that is not there", () => {
  const between = (name: string, type = "StatefulSet", of = "db2") =>
    recorded(endpoint(`d/${name}`, "p", "10.6.0.1"), type, of);

  test.each<[what: string, objects: KubeObject[], found: object[]]>([
    [
      "an ordinal between two lives is what its template makes it",
      [statefulSet("db2", 13), between("db2-12")],
      [
        {
          facts: { name: "db2-12", labels: { "statefulset.kubernetes.io/pod-name": "db2-12" }, node: "node-a" },
          ...{ workload: "d/StatefulSet/db2", keeps: "ordinal" },
        },
      ],
    ],
    ["one its StatefulSet does not want never comes back", [statefulSet("db2", 12), between("db2-12")], []],
    ["one whose StatefulSet is gone never comes back", [between("db2-0")], []],
    [
      "one of a Deployment is known by its pool alone",
      [deployment("d/web"), between("web-1", "Deployment", "web")],
      [{ facts: undefined, workload: "d/Deployment/web", keeps: "nothing" }],
    ],
  ])("%s", (_what, objects, found) => {
    expect(tenants(objects)).toMatchObject(found);
  });

  test("is what its template makes it where no Pods were read at all", () => {
    const live = [deployment("d/web"), between("web-1", "Deployment", "web")];
    expect(tenants(live, ["Deployment"])).toMatchObject([
      { facts: { name: "web", node: "node-a" }, workload: "d/Deployment/web", keeps: "nothing" },
    ]);
    expect(tenants([between("web-1", "Deployment", "web")], [])).toMatchObject([{ facts: undefined }]);
  });
});

describe("whose an address is", () => {
  const ours = (owner: string) => livePool("p", {}, { install: "default", owner });
  const one = endpoint("d/x", "p", "10.6.0.1");

  test.each<[what: string, objects: KubeObject[], owner: string]>([
    ["its pool's owner's", [one, ours("d/Deployment/web/eth0/net")], "d/Deployment/web/eth0/net"],
    ["its workload's, in a declared pool", [one, ours("pool:p/net")], "d/Deployment/app/eth0"],
    ["its workload's, in a pool of nobody", [one, livePool("p", {})], "d/Deployment/app/eth0"],
    ["its own, where no workload is known", [recorded(one), livePool("p", {})], "d/Pod/x/eth0"],
    ["a Pod's without a name", [livePool("p", {}, { used: { "10.6.0.1": "" } })], "a Pod without a name"],
  ])("%s", (_what, objects, owner) => {
    const snapshot = buildSnapshot(objects, ALL);
    expect([...snapshot.use.byAddress.values()].flat().map((holder) => ownerText(holder, snapshot))).toEqual([owner]);
  });
});

describe("templates none of whose Pods has an address", () => {
  const bare: KubeObject = { ...deployment("d/bare"), spec: { template: { spec: {} } } };
  const live = running([deployment("e/last"), deployment("d/z"), deployment("d/a"), bare, livePool("p", {})], {
    name: "d/web",
    pool: "p",
    addresses: ["10.6.0.10"],
  });
  const idle = (wanted: (workload: KubeObject) => boolean) =>
    idleTemplates(buildSnapshot(live, ALL), CHART_DEFAULTS, wanted).map(({ metadata }) => metadata.name);

  test("in order, without those that run and those that say nothing of their Pods", () => {
    expect(idle(() => true)).toEqual(["a", "z", "last"]);
    expect(idle(({ metadata }) => metadata.name !== "a")).toEqual(["z", "last"]);
    expect(idle(({ metadata }) => metadata.name === "web")).toEqual([]);
    expect(idle(() => false)).toEqual([]);
  });
});
