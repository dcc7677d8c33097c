import { describe, expect, test } from "vitest";
import type { Step } from "../../../src/core/change/step.js";
import { tenantsOf } from "../../../src/core/cluster/tenants.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS, type SpiderpoolFacts } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderEndpoint } from "../../../src/core/spiderpool/objects.js";
import { snapshotAfter } from "../../../src/core/verdict/after.js";
import { classesOf } from "../../../src/core/verdict/classes.js";
import { sceneOf } from "../../../src/core/verdict/replay.js";
import { touchedBy } from "../../../src/core/verdict/touched.js";
import { livePool } from "../../support/objects.js";
import { namespaceWith, running } from "../../support/running.js";
import { creating, deleting, updating } from "../../support/steps.js";

const FACTS: SpiderpoolFacts = { ...CHART_DEFAULTS, clusterNetwork: "net" };
const pool = (name: string, first: number) => livePool(name, { ips: [`10.6.0.${first}-10.6.0.${first + 3}`] });
const [P, Q, NEW] = [pool("p", 10), pool("q", 20), pool("web.new", 30)];
const asks = (...ipv4: string[]) => ({ "ipam.spidernet.io/ippool": JSON.stringify({ ipv4 }) });
const network = (name: string, ...ipv4: string[]): KubeObject => ({
  apiVersion: KINDS.SpiderMultusConfig.apiVersion,
  kind: "SpiderMultusConfig",
  metadata: { namespace: "kube-system", name },
  spec: { cniType: "macvlan", macvlan: { master: ["eth1"], ippools: { ipv4 } } },
});
const attachment = (name: string): KubeObject => ({
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
  metadata: { namespace: "kube-system", name },
});
const [NET, OTHER] = [network("net", "q"), network("other", "q")];
const onNet = { "k8s.v1.cni.cncf.io/networks": "kube-system/net" };
const LAB = namespaceWith("lab", ["q"]);

/**
 * `shop/asks` names pools itself, `lab/gets` has them of its Namespace, `far/gets` of its network; each has an address of p.
 */
const LIVE = [
  { name: "shop/asks", addresses: ["10.6.0.10"], annotations: asks("p", "web.*") },
  { name: "lab/gets", addresses: ["10.6.0.11"] },
  { name: "far/gets", addresses: ["10.6.0.12"] },
].reduce<KubeObject[]>(
  (objects, one) => running(objects, { pool: "p", ...one }),
  [...[P, Q, LAB, namespaceWith("shop"), namespaceWith("far"), NET, OTHER], ...["net", "other"].map(attachment)],
);

/** By workload: the numbers of the steps that concern its class, and the pools it has to do with. */
function classes(steps: readonly Step[], live: readonly KubeObject[] = LIVE) {
  const snapshot = buildSnapshot(live, Object.keys(KINDS));
  const ordered = steps.map((step) => ({ steering: ["spec"], ...step }));
  const scene = (some: typeof ordered) => sceneOf(snapshotAfter(snapshot, some), FACTS);
  const after = { after: scene(ordered), between: scene(ordered.filter(({ action }) => action !== "delete")) };
  const tenants = tenantsOf(snapshot, FACTS);
  const found = classesOf(tenants, sceneOf(snapshot, FACTS), after, touchedBy(ordered, snapshot));
  return Object.fromEntries(
    found.map(({ tenants: [first], steps: numbers, pools }) => [
      first!.pod.split("-")[0]!,
      { steps: numbers, pools: [...pools].sort() },
    ]),
  );
}
const concerned = (steps: readonly Step[], live?: readonly KubeObject[]) =>
  Object.entries(classes(steps, live)).flatMap(([pod, one]) => (one.steps.length > 0 ? [`${pod} ${one.steps}`] : []));

/** Another annotation for the Pods of `shop/asks`. */
function renaming(annotations: Record<string, string>): Step {
  const live = LIVE.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "asks")!;
  const spec = { template: { metadata: { annotations } } };
  return { ...updating(live, live, 4), patch: { spec } };
}
const labelled: KubeObject = { ...LAB, metadata: { ...LAB.metadata, labels: { team: "a" } } };
const shopLabelled: KubeObject = { ...namespaceWith("shop"), metadata: { name: "shop", labels: { team: "a" } } };

describe("what of a change concerns whom", () => {
  test.each<[what: string, steps: Step[], concerned: string[]]>([
    ["a pool all hold", [updating(P, P)], ["shop/asks 0", "lab/gets 0", "far/gets 0"]],
    ["a pool that may serve two of them", [updating(Q, Q)], ["lab/gets 0", "far/gets 0"]],
    ["a new pool that a pattern hits", [creating(NEW)], ["shop/asks 0"]],
    ["a new pool nobody names", [creating(pool("x", 40))], []],
    ["a Namespace's defaults", [updating(LAB, namespaceWith("lab", ["p"]))], ["lab/gets 0"]],
    ["labels of a Namespace that gives defaults", [updating(LAB, labelled)], ["lab/gets 0"]],
    ["labels of a Namespace whose Pods name their pools", [updating(namespaceWith("shop"), shopLabelled)], []],
    ["the pools of a network that is somebody's", [updating(NET, network("net", "p"))], ["far/gets 0"]],
    ["a network that is nobody's", [updating(OTHER, network("other", "p"))], []],
    [
      "a network that named a pool that is not there, and names another",
      [updating(network("net", "gone"), network("net", "missing"))],
      ["far/gets 0"],
    ],
    [
      "a network that is somebody's, but not its pools",
      [
        updating(NET, {
          ...NET,
          spec: { cniType: "macvlan", macvlan: { master: ["eth2"], ippools: { ipv4: ["q"] } } },
        }),
      ],
      [],
    ],
    ["a template", [renaming(asks("q"))], ["shop/asks 0"]],
    [
      "a pool that only the new template names",
      [updating(Q, Q), renaming(asks("q"))],
      ["shop/asks 0,1", "lab/gets 0", "far/gets 0"],
    ],
    [
      "steps in their order, whatever tells of them first",
      [updating(P, P), updating(Q, Q), updating(LAB, namespaceWith("lab", ["p"]))],
      ["shop/asks 0", "lab/gets 0,1,2", "far/gets 0,1"],
    ],
  ])("%s", (_what, steps, expected) => {
    // Defaults of a network are for NICs without a default-network annotation: far/gets has the cluster's.
    const far = LIVE.map((object) => (object.metadata.namespace === "far" ? onClusterNetwork(object) : object));
    const before = steps.map((step) => step.live);
    const live = far.map((object) => before.find((one) => one?.kind === object.kind && same(one, object)) ?? object);
    expect(concerned(steps, live).sort()).toEqual([...expected].sort());
  });

  test("the pools of a new template, or of a Namespace's new defaults, are theirs too", () => {
    expect(classes([renaming(asks("q"))])["shop/asks"]?.pools).toEqual(["p", "q"]);
    const annotations = { "ipam.spidernet.io/default-ipv4-ippool": '["web.new"]' };
    const step = { ...updating(LAB, LAB, 4), patch: { metadata: { annotations } } };
    expect(classes([step], [...LIVE, NEW])["lab/gets"]?.pools).toEqual(["p", "q", "web.new"]);
  });

  test("a pool that goes at the end may serve somebody until then, who is given its name meanwhile", () => {
    const live = [...LIVE, pool("old.a", 50)];
    const steps = [renaming(asks("p", "old.*")), deleting(pool("old.a", 50), 6)];
    expect(classes(steps, live)["shop/asks"]).toEqual({ steps: [0, 1], pools: ["old.a", "p"] });
  });

  test("the pools of a listed NIC that only some of its Pods lack", () => {
    const annotations = {
      "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["p"]},{"interface":"net1","ipv4":["q"]}]',
      ...onNet,
    };
    const live = running(LIVE, { name: "two/nics", pool: "p", addresses: ["10.6.0.15", "10.6.0.16"], annotations });
    const served = live.map((object) => {
      if (object.kind !== "SpiderEndpoint" || object.metadata.name !== "nics-rs-0") return object;
      const { status } = object as SpiderEndpoint;
      const ips = [{ interface: "net1", ipv4: "10.6.0.2/24", ipv4Pool: "q" }, ...status!.current!.ips];
      return { ...object, status: { ...status, current: { ...status!.current!, ips } } };
    });
    for (const objects of [live, served]) expect(classes([], objects)["two/nics"]?.pools).toEqual(["p", "q"]);
  });

  test("the network of another NIC, for an ordinal that takes back all it had or nothing (A19)", () => {
    const annotations = { "v1.multus-cni.io/default-network": "kube-system/other", ...onNet };
    const set = (kind: "StatefulSet" | "Deployment") =>
      running([...LIVE.filter(({ metadata }) => metadata.namespace !== "far")], {
        ...{ kind, name: "two/nics", pool: "q", addresses: ["10.6.0.20"], annotations },
      }).map((object) => {
        if (object.kind !== "SpiderEndpoint" || !object.metadata.name.startsWith("nics")) return object;
        const { status } = object as SpiderEndpoint;
        const ips = [{ interface: "net1", ipv4: "10.6.0.2/24", ipv4Pool: "q" }, ...status!.current!.ips];
        return { ...object, status: { ...status, current: { ...status!.current!, ips } } };
      });
    const moved = [{ ...updating(NET, network("net", "p")), patch: network("net", "p") }];
    expect(classes(moved, set("StatefulSet"))["two/nics"]?.steps).toEqual([0]);
    expect(classes(moved, set("Deployment"))["two/nics"]?.steps).toEqual([]);
  });

  test("who is asked for under another name is a class of its own", () => {
    const two = running(LIVE, {
      name: "shop/more",
      pool: "p",
      addresses: ["10.6.0.13"],
      annotations: asks("p", "web.*"),
    });
    expect(concerned([renaming(asks("q"))], two)).toEqual(["shop/asks 0"]);
  });
});

function onClusterNetwork(object: KubeObject): KubeObject {
  const { "v1.multus-cni.io/default-network": _, ...annotations } = object.metadata.annotations ?? {};
  return object.kind === "Pod" ? { ...object, metadata: { ...object.metadata, annotations } } : object;
}

function same(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;
}
