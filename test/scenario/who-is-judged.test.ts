import { describe, expect, test } from "vitest";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { decideOn } from "../support/decide.js";
import { attachment, endpointOf, goesWith, maker, naming, network, ownedBy, podOf } from "../support/makers.js";
import { livePool } from "../support/objects.js";
import { namespaceWith, node } from "../support/running.js";

/*
 * Who is judged, and as what (DESIGN 6): the successor by the template in force, in group and kind, if it starts again at all
 * and asks Spiderpool. Every kind of situation has a row that must be blocked beside one that must not.
 */

const SUBNET = "subnets:\n  net: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}\n";

/** A plan that disables a pool of ten addresses; the others stay. */
const disables = (name: string) => `${SUBNET}pools:
${["a", "b"].map((pool, at) => `  ${pool}: {subnet: net, addresses: [10.6.0.${at + 1}0-10.6.0.${at + 1}9]${pool === name ? ", disabled: true" : ""}}`).join("\n")}
`;

const pool = (name: "a" | "b", used: Record<string, string> = {}): SpiderIPPool => {
  const at = name === "a" ? 1 : 2;
  return livePool(name, { gateway: "10.6.0.1", ips: [`10.6.0.${at}0-10.6.0.${at}9`] }, { used });
};

const BASE: KubeObject[] = [node("node-a"), namespaceWith("shop"), namespaceWith("kube-system")];

/** One Pod with the first address of pool a, and what makes it. */
function holding(owner: KubeObject, path: string, type: string, more: Parameters<typeof podOf>[2] = {}): KubeObject[] {
  const keeps = type.startsWith("StatefulSet ") && owner.apiVersion === "apps/v1";
  return [
    ...BASE,
    pool("a", { "10.6.0.10": path }),
    pool("b"),
    owner,
    podOf(owner, path, more),
    endpointOf(path, type, { eth0: "a 10.6.0.10" }, keeps ? {} : goesWith(path)),
  ];
}

const going = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: "2026-11-22T00:00:00Z" },
});

interface Case {
  readonly what: string;
  readonly live: readonly KubeObject[];
  readonly plan?: string;
  /** `moves`, `strands`, `released`: Pod and NIC; empty = nothing happens to anybody. */
  readonly verdict: readonly string[];
}

function check(cases: readonly Case[]) {
  test.each(cases)("$what", async ({ live, plan = disables("a"), verdict }) => {
    const { verdict: found } = await decideOn(plan, live);
    const told = (["moves", "strands", "released"] as const).flatMap((list) =>
      found[list].map((one) => `${list} ${one.pod} ${one.interface}`),
    );
    expect([...new Set(told)].sort()).toEqual([...verdict].sort());
  });
}

const statefulSet = (annotations: Record<string, string>, spec: object = {}, status?: object) =>
  maker("apps/v1 StatefulSet shop/db", { annotations }, { spec, ...(status && { status }) });

describe("a workload is its group and kind (A18, A20)", () => {
  const kruise = maker("apps.kruise.io/v1beta1 StatefulSet shop/db", { annotations: naming("a") });
  const noPod = (objects: KubeObject[]) => objects.filter(({ kind }) => kind !== "Pod");
  check([
    {
      what: "an ordinal of apps/v1 takes its address back",
      live: holding(statefulSet(naming("a")), "shop/db-0", "StatefulSet db"),
      verdict: [],
    },
    {
      what: "one of another group keeps nothing (Z1)",
      live: holding(kruise, "shop/db-0", "StatefulSet db"),
      verdict: ["strands shop/db-0 eth0"],
    },
    {
      what: "so does one whose Pod is away: its endpoint went with the Pod",
      live: noPod(holding(kruise, "shop/db-0", "StatefulSet db")),
      verdict: ["strands shop/db-0 eth0"],
    },
  ]);
});

describe("in a Namespace that is being deleted nobody starts again", () => {
  const web = maker("apps/v1 ReplicaSet shop/web", { annotations: naming("a") });
  const daemon = maker("apps/v1 DaemonSet shop/web", { annotations: naming("a") });
  const ended = (objects: readonly KubeObject[], name = "shop") =>
    objects.map((one) => (one.kind === "Namespace" && one.metadata.name === name ? going(one) : one));
  const phase = (objects: readonly KubeObject[]) =>
    objects.map((one) => (one.metadata.name === "shop" ? { ...one, status: { phase: "Terminating" } } : one));
  const pods = holding(web, "shop/web-x", "ReplicaSet web");
  const ordinal = holding(statefulSet({}), "shop/db-0", "StatefulSet db");
  check([
    { what: "a Pod", live: ended(pods), verdict: [] },
    { what: "a Pod, by the Namespace's phase", live: phase(pods), verdict: [] },
    {
      what: "a Pod of a DaemonSet that terminates",
      live: ended(holding(daemon, "shop/web-x", "DaemonSet web").map((one) => (one.kind === "Pod" ? going(one) : one))),
      verdict: [],
    },
    { what: "an idle template", live: ended([...BASE, pool("a"), pool("b"), web]), verdict: [] },
    {
      what: "a Pod where another Namespace goes",
      live: ended(pods, "kube-system"),
      verdict: ["strands shop/web-x eth0"],
    },
    {
      what: "a Pod where the Namespace was not read",
      live: pods.filter(({ kind }) => kind !== "Namespace"),
      verdict: ["strands shop/web-x eth0"],
    },
    {
      what: "but what a Pod still has is taken from nobody (FIXED-1)",
      live: ended(pods),
      plan: disables("").replace("10.6.0.10-10.6.0.19", "10.6.0.11-10.6.0.19"),
      verdict: ["released shop/web-x eth0"],
    },
    {
      what: "nor what an ordinal has",
      live: ended(ordinal),
      plan: disables("").replace("10.6.0.10-10.6.0.19", "10.6.0.11-10.6.0.19"),
      verdict: ["released shop/db-0 eth0"],
    },
  ]);

  test("an ordinal gets nothing again, whichever pools are the defaults", async () => {
    const used = { "10.6.0.10": "shop/db-0" };
    const byDefault = livePool("a", { gateway: "10.6.0.1", ips: ["10.6.0.10-10.6.0.19"], default: true }, { used });
    const all = [...ordinal.filter(({ metadata }) => metadata.name !== "a"), byDefault];
    const plan = disables("").replace("10.6.0.20-10.6.0.29]", "10.6.0.20-10.6.0.29], default: true");
    const moved = async (live: readonly KubeObject[]) => {
      const { verdict, diagnostics } = await decideOn(plan, live);
      const told = diagnostics.filter(({ code }) => code === "SP4240").map(({ message }) => message);
      return [...verdict.moves.map(({ pod }) => pod), ...told];
    };
    expect(await moved(all)).toEqual(["shop/db-0"]);
    expect(await moved(ended(all))).toEqual(["not judged: Pods in Namespaces that are being deleted (1)"]);
  });
});

describe("a VM instance keeps its address for a VM, and for nobody who makes another one (A21)", () => {
  const made = (text: string) => maker(`kubevirt.io/v1 ${text}`, { annotations: naming("a") });
  const machine = made("VirtualMachine shop/win");
  const set = made("VirtualMachineInstanceReplicaSet shop/win");
  const instance = (owner?: KubeObject): KubeObject => ({
    ...{ apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance" },
    metadata: { namespace: "shop", name: "win", uid: "uid-win", ...(owner && ownedBy(owner)) },
  });
  const launcher = podOf(instance(), "shop/virt-launcher-win-x", { metadata: { annotations: naming("a") } });
  const live = (...more: KubeObject[]) => [
    ...[...BASE, pool("a", { "10.6.0.10": "shop/win" }), pool("b"), ...more],
    endpointOf("shop/win", "VirtualMachineInstance win", { eth0: "a 10.6.0.10" }),
  ];
  check([
    { what: "of a replica set", live: live(set, instance(set), launcher), verdict: ["strands shop/win eth0"] },
    {
      what: "of one that nobody read",
      live: live(instance(set), launcher),
      verdict: ["strands shop/win eth0"],
    },
    {
      what: "whose launcher is being replaced: another instance asks",
      live: live(set, instance(set), going(launcher)),
      verdict: ["strands shop/win eth0"],
    },
    { what: "of a VM", live: live(machine, instance(machine), launcher), verdict: [] },
    { what: "of a VM, when it alone was read", live: live(machine, launcher), verdict: [] },
    { what: "by itself", live: live(instance(), launcher), verdict: [] },
  ]);

  test("a replica set may migrate", async () => {
    const owner = "shop/VirtualMachineInstanceReplicaSet.kubevirt.io/win";
    const plan = `subnets:
  net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}
  new: {cidr: 10.7.0.0/24, ranges: [10.7.0.10-10.7.0.99]}
workloads:
  ${owner}: {replicas: 1, pods: {labels: {app: win}}, interfaces: {eth0: {fixed: {subnets: [new]}}}}
migrations: [{owner: ${owner}/eth0, from: net, to: new, phase: drain}]
`;
    const { diagnostics } = await decideOn(plan, live(set, instance(set), launcher));
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    await expect(decideOn(plan.replaceAll("InstanceReplicaSet", ""), BASE)).rejects.toThrow("cannot migrate");
  });

  test("a running one is no idle template of its replica set, and its address is in use", async () => {
    const { verdict } = await decideOn(disables("a"), live(set, instance(set), launcher));
    expect(verdict.strands.map(({ address }) => address)).toEqual(["10.6.0.10"]);
    const shrunk = disables("").replace("10.6.0.10-10.6.0.19", "10.6.0.11-10.6.0.19");
    const { released } = (await decideOn(shrunk, live(set, instance(set), launcher))).verdict;
    expect(released.map(({ pod }) => pod)).toEqual(["shop/win"]);
    expect(released.flatMap(({ reasons }) => reasons).join()).not.toContain("gone");
  });
});

describe("the successor is made from the template in force", () => {
  const old = { metadata: { annotations: naming("a") } };
  const deployment = (annotations: Record<string, string>, spec: object = {}) =>
    maker("apps/v1 Deployment shop/web", { annotations }, { spec });
  const replicaSet = (owner: KubeObject, annotations: Record<string, string>) =>
    maker("apps/v1 ReplicaSet shop/web-1", { annotations, labels: { app: "web" } }, { metadata: ownedBy(owner) });
  const rollout = (spec: object, revision: string, wanted: string): KubeObject[] => {
    const owner = deployment(naming(wanted), spec);
    const made = replicaSet(owner, naming(revision));
    return [...holding(made, "shop/web-1-x", "Deployment web"), owner];
  };
  const daemonSet = maker(
    "apps/v1 DaemonSet shop/agent",
    { annotations: naming("b") },
    {
      spec: { updateStrategy: { type: "OnDelete" } },
    },
  );
  const revisions = { currentRevision: "db-1", updateRevision: "db-2" };
  const onOld = { metadata: { ...old.metadata, labels: { app: "db", "controller-revision-hash": "db-1" } } };
  const partition = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } };
  const first = { currentRevision: "db-1", updateRevision: "db-1" };
  const annotates = `${disables("")}workloads:
  shop/StatefulSet/db: {replicas: 1, annotate: true, pods: {labels: {app: db}}, interfaces: {eth0: {pools: [b]}}}
`;
  check([
    {
      what: "a paused rollout: the old ReplicaSet's",
      live: rollout({ paused: true }, "a", "b"),
      verdict: ["strands shop/web-1-x eth0"],
    },
    { what: "a paused rollout away from another pool", live: rollout({ paused: true }, "b", "a"), verdict: [] },
    { what: "a rollout that goes on: either", live: rollout({}, "a", "b"), verdict: ["strands shop/web-1-x eth0"] },
    { what: "also where the new one loses", live: rollout({}, "b", "a"), verdict: ["strands shop/web-1-x eth0"] },
    {
      what: "OnDelete: the StatefulSet's",
      live: holding(
        statefulSet(naming("b"), { updateStrategy: { type: "OnDelete" } }, revisions),
        "shop/db-0",
        "StatefulSet db",
        onOld,
      ),
      verdict: [],
    },
    {
      what: "OnDelete, whose new pool closes: the old record is dropped (A19)",
      live: holding(
        statefulSet(naming("b"), { updateStrategy: { type: "OnDelete" } }),
        "shop/db-0",
        "StatefulSet db",
        old,
      ),
      plan: disables("b"),
      verdict: ["strands shop/db-0 eth0"],
    },
    {
      what: "below the partition: the current revision's",
      live: holding(statefulSet(naming("b"), partition, revisions), "shop/db-0", "StatefulSet db", onOld),
      plan: disables("b"),
      verdict: [],
    },
    {
      what: "our own annotations on a template: an ordinal loses its pool",
      live: holding(statefulSet(naming("a"), {}, first), "shop/db-0", "StatefulSet db", onOld),
      plan: annotates,
      verdict: ["moves shop/db-0 eth0"],
    },
    {
      what: "but none below the partition, whose revision stays",
      live: holding(statefulSet(naming("a"), partition, first), "shop/db-0", "StatefulSet db", onOld),
      plan: annotates,
      verdict: [],
    },
    {
      what: "a DaemonSet knows one template",
      live: holding(daemonSet, "shop/agent-x", "DaemonSet agent", old),
      verdict: [],
    },
    {
      what: "and finds its new pool closed",
      live: holding(daemonSet, "shop/agent-x", "DaemonSet agent", old),
      plan: disables("b"),
      verdict: ["strands shop/agent-x eth0"],
    },
    {
      what: "what somebody wrote on the live Pod is nothing to the next",
      live: holding(replicaSet(deployment(naming("b")), naming("b")), "shop/web-1-x", "Deployment web", old),
      verdict: [],
    },
    {
      what: "a custom resource's own",
      live: holding(
        maker("apps.kruise.io/v1alpha1 CloneSet shop/web", { annotations: naming("b") }),
        "shop/web-x",
        "CloneSet web",
        old,
      ),
      verdict: [],
    },
    {
      what: "of a custom resource with a part left behind either",
      live: holding(
        maker(
          "apps.kruise.io/v1alpha1 CloneSet shop/web",
          { annotations: naming("b") },
          {
            spec: { updateStrategy: { partition: "50%" } },
          },
        ),
        "shop/web-x",
        "CloneSet web",
        old,
      ),
      verdict: ["strands shop/web-x eth0"],
    },
  ]);
});

describe("what an operator's object owns is a workload of its own", () => {
  const resource: KubeObject = {
    ...{ apiVersion: "databases.example.com/v1", kind: "Redis" },
    metadata: { namespace: "shop", name: "main", uid: "uid-main" },
  };
  const owned = (text: string, spec: object = {}) =>
    maker(text, { annotations: naming("a") }, { metadata: ownedBy(resource), spec });
  const idle = [...BASE, pool("a"), pool("b"), resource];
  check([
    {
      what: "an idle StatefulSet of it is judged",
      live: [...idle, owned("apps/v1 StatefulSet shop/db")],
      verdict: ["strands shop/db eth0"],
    },
    {
      what: "and a ReplicaSet",
      live: [...idle, owned("apps/v1 ReplicaSet shop/web")],
      verdict: ["strands shop/web eth0"],
    },
    {
      what: "but none of an old revision",
      live: [...idle, owned("apps/v1 ReplicaSet shop/web", { replicas: 0 })],
      verdict: [],
    },
    {
      what: "an ordinal of it between two lives comes back to its address",
      live: holding(owned("apps/v1 StatefulSet shop/db"), "shop/db-0", "StatefulSet db").filter(
        ({ kind }) => kind !== "Pod",
      ),
      verdict: [],
    },
  ]);
});

describe("who never starts again is not judged", () => {
  const job = (status: object = {}) =>
    maker("batch/v1 Job shop/load", { annotations: naming("a"), spec: { restartPolicy: "Never" } }, { status });
  const done = job({ conditions: [{ type: "Complete", status: "True" }] });
  const web = maker("apps/v1 ReplicaSet shop/web", { annotations: naming("a") });
  const dead: KubeObject = { ...node("node-a"), status: { conditions: [{ type: "Ready", status: "Unknown" }] } };
  const going = { metadata: { deletionTimestamp: "2026-11-22T00:00:00Z" } };
  const beside = [
    podOf(web, "shop/web-new"),
    endpointOf("shop/web-new", "ReplicaSet web", { eth0: "b 10.6.0.20" }, goesWith("shop/web-new")),
  ];
  const leftover = (live: readonly KubeObject[]) =>
    live.map((object) => (object.kind === "SpiderIPPool" && object.metadata.name === "a" ? pool("a") : object));
  const shrinks = disables("").replace("10.6.0.10-10.6.0.19", "10.6.0.12-10.6.0.19");
  check([
    {
      what: "a Pod whose Job is done",
      live: holding(done, "shop/load-x", "Job load", { status: { phase: "Succeeded" } }),
      verdict: [],
    },
    {
      what: "the Pod of a Job at work is",
      live: holding(job(), "shop/load-x", "Job load", { status: { phase: "Running" } }),
      verdict: ["strands shop/load-x eth0"],
    },
    {
      what: "its endpoint without a record is no use (FIXED-1)",
      live: leftover(holding(done, "shop/load-x", "Job load", { status: { phase: "Succeeded" } })),
      plan: shrinks,
      verdict: [],
    },
    {
      what: "with a record it is",
      live: holding(done, "shop/load-x", "Job load", { status: { phase: "Succeeded" } }),
      plan: shrinks,
      verdict: ["released shop/load-x eth0"],
    },
    {
      what: "a running Pod's endpoint is, record or not",
      live: leftover(holding(job(), "shop/load-x", "Job load")),
      plan: shrinks,
      verdict: ["released shop/load-x eth0"],
    },
    {
      what: "an evicted Pod is not; its workload is, by one that does not exist yet",
      live: holding(web, "shop/web-x", "ReplicaSet web", { status: { phase: "Failed", reason: "Evicted" } }),
      verdict: ["strands shop/web eth0"],
    },
    {
      what: "a Pod that is told to go is being replaced",
      live: [...holding(web, "shop/web-x", "ReplicaSet web", going), ...beside].map((one) =>
        one.kind === "SpiderIPPool" && one.metadata.name === "b" ? pool("b", { "10.6.0.20": "shop/web-new" }) : one,
      ),
      verdict: ["strands shop/web-new eth0"],
    },
    ...["apps/v1", "apps.kruise.io/v1alpha1"].map((version) => ({
      what: `but one of a DaemonSet (${version}) comes back to its node`,
      live: holding(
        maker(`${version} DaemonSet shop/agent`, { annotations: naming("a") }),
        ...(["shop/agent-x", "DaemonSet agent", going] as const),
      ),
      verdict: ["strands shop/agent-x eth0"],
    })),
    {
      what: "a workload without Pods that is being deleted makes none",
      live: [...BASE, pool("a"), pool("b"), { ...web, metadata: { ...web.metadata, ...going.metadata } }],
      verdict: [],
    },
    {
      what: "one that leaves its Pods as orphans may",
      live: [
        ...[...BASE, pool("a"), pool("b")],
        { ...web, metadata: { ...web.metadata, ...going.metadata, finalizers: ["orphan"] } },
      ],
      verdict: ["strands shop/web eth0"],
    },
    {
      what: "an evicted ordinal comes back all the same",
      live: holding(statefulSet(naming("b")), "shop/db-0", "StatefulSet db", {
        metadata: { annotations: naming("a") },
        status: { phase: "Failed" },
      }),
      plan: disables("b"),
      verdict: ["strands shop/db-0 eth0"],
    },
    {
      what: "a Pod on a dead node that nobody deleted yet is judged",
      live: [...holding(web, "shop/web-x", "ReplicaSet web"), dead].filter(
        (one) => one.kind !== "Node" || one === dead,
      ),
      verdict: ["strands shop/web-x eth0"],
    },
  ]);
});

describe("who asks Spiderpool at all", () => {
  const plain = (name: string, spec: object = {}) => maker(`apps/v1 Deployment shop/${name}`, { spec });
  const defaults = `${SUBNET}pools:\n  a: {subnet: net, addresses: [10.6.0.10-10.6.0.19], disabled: true}\n`;
  const marked = livePool("a", { gateway: "10.6.0.1", ips: ["10.6.0.10-10.6.0.19"], default: true });
  const calico = attachment("calico", { plugins: [{ type: "calico", ipam: { type: "calico-ipam" } }] });
  const settings = (net: string) => `settings: {spiderpool: {clusterNetwork: kube-system/${net}}}\n`;
  const running = (ip: string) => podOf(plain("web"), "shop/web-x", { status: { phase: "Running", podIPs: [{ ip }] } });
  const bare = podOf(undefined, "shop/bare", {
    metadata: { annotations: { "ipam.spidernet.io/ippool": '{"ipv4":["b"]}' } },
  });
  const overlay = maker("apps/v1 Deployment shop/api", {
    annotations: { "v1.multus-cni.io/default-network": "calico" },
  });
  const both = (eth0: string): KubeObject => {
    const annotations = { ...naming({ net1: "a" }, "kube-system/net"), "v1.multus-cni.io/default-network": eth0 };
    return maker("apps/v1 Deployment shop/web", { annotations });
  };
  const twoNics = (fast: object) => {
    const owner = maker("apps/v1 ReplicaSet shop/web", {
      annotations: naming({ eth0: "a", net1: "b" }, "kube-system/fast"),
    });
    return [...holding(owner, "shop/web-x", "ReplicaSet web"), network("net"), network("fast", fast)];
  };
  check([
    {
      what: "a second NIC that has no address yet and asks for one",
      live: twoNics({}),
      plan: disables("b"),
      verdict: ["strands shop/web-x eth0"],
    },
    {
      what: "but not on a network in other hands, though ippools lists it",
      live: twoNics({ disableIPAM: true }),
      plan: disables("b"),
      verdict: [],
    },
    {
      what: "nobody knows: judged",
      live: [...BASE, marked, plain("web")],
      plan: defaults,
      verdict: ["strands shop/web eth0"],
    },
    {
      what: "hostNetwork: nobody",
      live: [...BASE, marked, plain("web", { hostNetwork: true })],
      plan: defaults,
      verdict: [],
    },
    {
      what: "the cluster's network is Calico's",
      live: [...BASE, marked, calico, plain("web")],
      plan: `${settings("calico")}${defaults}`,
      verdict: [],
    },
    {
      what: "the cluster's network is ours",
      live: [...BASE, marked, network("net"), plain("web")],
      plan: `${settings("net")}${defaults}`,
      verdict: ["strands shop/web eth0"],
    },
    {
      what: "a Pod runs with an address that nobody recorded",
      live: [...BASE, marked, plain("web"), running("10.233.0.7")],
      plan: defaults,
      verdict: [],
    },
    {
      what: "so it is with all others without a network of their own",
      live: [...BASE, marked, plain("web"), plain("api"), running("10.233.0.7")],
      plan: defaults,
      verdict: [],
    },
    {
      what: "unless one of them has an address of Spiderpool",
      live: [
        ...[...BASE, marked, plain("web"), plain("api"), running("10.233.0.7"), pool("b"), bare],
        endpointOf("shop/bare", "Pod bare", { eth0: "b 10.6.0.20" }),
      ],
      plan: defaults,
      verdict: ["strands shop/api eth0", "strands shop/web eth0"],
    },
    {
      what: "settings name a network that no object defines: running Pods tell",
      live: [...BASE, marked, plain("web"), running("10.233.0.7")],
      plan: `${settings("calico")}${defaults}`,
      verdict: [],
    },
    {
      what: "and that nobody runs on: judged",
      live: [...BASE, marked, plain("web")],
      plan: `${settings("calico")}${defaults}`,
      verdict: ["strands shop/web eth0"],
    },
    {
      what: "a network named without its namespace, looked up where Spiderpool is installed: its running Pods tell",
      live: [...BASE, marked, overlay, podOf(overlay, "shop/api-x", { status: { podIP: "10.233.0.7" } })],
      plan: `settings: {spiderpool: {namespace: spiderpool}}\n${defaults}`,
      verdict: [],
    },
    {
      what: "an overlay eth0 beside an underlay net1: net1, and only net1",
      live: [...BASE, pool("a"), pool("b"), calico, network("net"), both("kube-system/calico")],
      verdict: ["strands shop/web net1"],
    },
  ]);
});

describe("NICs that the template has no more (Z4), and items that name none (Z5)", () => {
  const set = (annotations: Record<string, string>) => statefulSet(annotations);
  const two = (annotations: Record<string, string>): KubeObject[] => [
    ...BASE,
    pool("a", { "10.6.0.10": "shop/db-0" }),
    pool("b", { "10.6.0.20": "shop/db-0" }),
    set(annotations),
    podOf(set(annotations), "shop/db-0"),
    endpointOf("shop/db-0", "StatefulSet db", { eth0: "a 10.6.0.10", net1: "b 10.6.0.20" }),
  ];
  const unnamed = {
    ...naming("a", "kube-system/data"),
    "ipam.spidernet.io/ippools": JSON.stringify([{ ipv4: ["a"] }, { ipv4: ["b"] }]),
  };
  check([
    { what: "a record of net1 without net1 strands nobody", live: two(naming({ eth0: "a" })), verdict: [] },
    {
      what: "both in the template keep theirs",
      live: two(naming({ eth0: "a", net1: "b" }, "kube-system/data")),
      verdict: [],
    },
    {
      what: "items without an interface keep nothing",
      live: two(unnamed),
      verdict: ["strands shop/db-0 eth0"],
    },
  ]);
});

describe("a network that leaves Spiderpool's hands (FIXED-8)", () => {
  const owner = maker("apps/v1 ReplicaSet shop/web", { annotations: naming("a") });
  const live = (net: KubeObject) => [...holding(owner, "shop/web-x", "ReplicaSet web"), net];
  const custom = (ipam: string) => JSON.stringify({ type: "macvlan", master: "ens1", ipam: { type: ipam } });
  const plan = (text: string) => `${disables("")}networks:\n  kube-system/net: {${text}}\n`;
  const ordinal = [...holding(statefulSet(naming("a")), "shop/db-0", "StatefulSet db"), network("net")];
  check([
    {
      what: "disableIPAM",
      live: live(network("net")),
      plan: plan("macvlan: {master: [ens1]}, disableIPAM: true"),
      verdict: ["strands shop/web-x eth0"],
    },
    {
      what: "disableIPAM under an ordinal, which keeps nothing then",
      live: ordinal,
      plan: plan("macvlan: {master: [ens1]}, disableIPAM: true"),
      verdict: ["strands shop/db-0 eth0"],
    },
    {
      what: "another IPAM in customCNI",
      live: live(network("net", { cniType: "custom", macvlan: undefined, customCNI: custom("spiderpool") })),
      plan: plan(`customCNI: '${custom("host-local")}'`),
      verdict: ["strands shop/web-x eth0"],
    },
    {
      what: "a VLAN is no loss of the address",
      live: live(network("net")),
      plan: plan("macvlan: {master: [ens1], vlanID: 7}"),
      verdict: [],
    },
    {
      what: "a network nobody is on",
      live: live(network("other")),
      plan: plan("macvlan: {master: [ens1]}, disableIPAM: true").replace("/net:", "/other:"),
      verdict: [],
    },
  ]);
});

describe("a network that leaves Spiderpool's hands under a template without Pods", () => {
  const byDefault = { "v1.multus-cni.io/default-network": "kube-system/net" };
  const idle = (annotations: Record<string, string>): KubeObject[] => [
    ...[node("node-a"), namespaceWith("shop", ["a"]), namespaceWith("kube-system"), pool("a"), pool("b")],
    ...[network("net"), network("data"), maker("apps/v1 Deployment shop/web", { annotations })],
  ];
  const plan = (nic: string) => `${disables("")}networks:
  kube-system/net: {macvlan: {master: [ens1]}, disableIPAM: true}
namespaces: {shop: {defaultPools: [a]}}
workloads:
  shop/Deployment/web: {replicas: 1, annotate: true, pods: {labels: {app: web}}, interfaces: {${nic}: {network: kube-system/data, fixed: {subnets: [net]}}}}
`;
  check([
    {
      what: "is a loss for the NIC that the new annotation does not list",
      live: idle(byDefault),
      plan: plan("net1"),
      verdict: ["strands shop/web eth0"],
    },
    {
      what: "is none for a NIC that found no pool before",
      live: idle(byDefault).map((one) => (one.metadata.name === "shop" ? namespaceWith("shop") : one)),
      plan: plan("net1").replace("namespaces: {shop: {defaultPools: [a]}}\n", ""),
      verdict: [],
    },
    {
      what: "is none where the cluster's network, which nobody knows, may be in other hands already",
      live: idle({}),
      plan: plan("net1"),
      verdict: [],
    },
  ]);
});

describe("a network that comes into Spiderpool's hands (A4, A10)", () => {
  const annotated = (pools: string | Record<string, string>) => naming(pools, "kube-system/data");
  /** Only net1 has an address; eth0's network asks another IPAM. */
  const live = (annotations: Record<string, string>) => {
    const owner = maker("apps/v1 ReplicaSet shop/web", { annotations });
    return [
      ...[...BASE, pool("a", { "10.6.0.10": "shop/web-x" }), pool("b"), owner, podOf(owner, "shop/web-x")],
      endpointOf("shop/web-x", "ReplicaSet web", { net1: "a 10.6.0.10" }, goesWith("shop/web-x")),
      ...[network("net", { disableIPAM: true }), network("data")],
    ];
  };
  const plan = (eth0 = "") => `${disables(eth0)}networks:\n  kube-system/net: {macvlan: {master: [ens1]}}\n`;
  check([
    {
      what: "fails a Pod whose ippools does not list its NIC there",
      live: live(annotated({ net1: "a" })),
      plan: plan(),
      verdict: ["strands shop/web-x net1"],
    },
    {
      what: "fails a Pod that finds no pool there",
      live: live(annotated({ eth0: "b", net1: "a" })),
      plan: plan("b"),
      verdict: ["strands shop/web-x net1"],
    },
    {
      what: "gives a Pod that finds one an address more",
      live: live(annotated({ eth0: "b", net1: "a" })),
      plan: plan(),
      verdict: [],
    },
    {
      what: "serves all NICs by ippool",
      live: live(annotated("a")),
      plan: plan(),
      verdict: [],
    },
    {
      what: "is nothing to a Pod on another",
      live: live({ ...annotated({ net1: "a" }), "v1.multus-cni.io/default-network": "kube-system/calico" }),
      plan: plan(),
      verdict: [],
    },
  ]);
});

describe("a Pod whose template asks for the other family only loses its address anyway (A6)", () => {
  const annotations = {
    "v1.multus-cni.io/default-network": "kube-system/net",
    "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv6: ["s*"] }]),
  };
  const owner = maker("apps/v1 ReplicaSet shop/web", { annotations });
  const six = livePool("s", { subnet: "fd00::/64", gateway: "fd00::1", ips: ["fd00::10-fd00::19"] });
  const live = [...holding(owner, "shop/web-x", "ReplicaSet web"), network("net"), six];
  const subnets = SUBNET.replace(
    "\n  net",
    "\n  six: {cidr: fd00::/64, gateway: fd00::1, ranges: [fd00::10-fd00::99]}\n  net",
  );
  const plan = (pools: string) => `${disables("a").replace(SUBNET, subnets)}${pools}`;
  const s = (more: string) => `  s: {subnet: six, addresses: [fd00::10-fd00::19]${more}}\n`;
  check([
    { what: "so closing that pool harms nobody", live, plan: plan(s("")), verdict: [] },
    {
      what: "but where the other one closes it does not start",
      live,
      plan: plan(s(", disabled: true")),
      verdict: ["strands shop/web-x eth0"],
    },
    {
      what: "and what may serve it there is no other pool than before",
      live,
      plan: plan(`${s("")}  s2: {subnet: six, addresses: [fd00::20-fd00::29]}\n`),
      verdict: ["moves shop/web-x eth0"],
    },
  ]);
});
