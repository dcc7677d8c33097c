import { afterEach, describe, expect, it } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { type ApplyContext, apply } from "../../src/app/apply/apply.js";
import type { ApplyEvent, ApplyReport } from "../../src/app/apply/apply-report.js";
import { identity } from "../../src/core/change/ownership.js";
import type { Step } from "../../src/core/change/step.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { buildSnapshot } from "../../src/core/snapshot.js";
import {
  KINDS,
  type Kind,
  type KubeObject,
  OWN,
  type SpiderEndpoint,
  type SpiderIPPool,
  type SpiderReservedIP,
  type SpiderSubnet,
} from "../../src/core/spiderpool/objects.js";
import type { Cluster } from "../../src/ports/cluster.js";
import { type Faults, faultyCluster } from "../support/faulty-cluster.js";
import { nothingNew } from "../support/rejudge.js";
import { creating, deleting, updating } from "../support/steps.js";
import { virtualClock } from "../support/virtual-clock.js";

const CIDR = "10.6.0.0/24";

function pool(name: string, ips: string[], spec: object = {}): SpiderIPPool {
  const whole = { subnet: CIDR, ipVersion: 4, ips, default: false, disable: false, ...spec };
  return { ...identity("default", KINDS.SpiderIPPool, name), spec: whole } as SpiderIPPool;
}

function subnet(name: string, ips: string[], cidr = CIDR): SpiderSubnet {
  const spec = { subnet: cidr, ipVersion: 4, ips };
  return { ...identity("default", KINDS.SpiderSubnet, name), spec } as SpiderSubnet;
}

function endpoint(pod: string, address: string, poolName: string, uid = `uid-${pod}`): SpiderEndpoint {
  const ips = [{ interface: "eth0", ipv4: `${address}/24`, ipv4Pool: poolName, vlan: 0 }];
  const { apiVersion, kind } = KINDS.SpiderEndpoint;
  return {
    apiVersion,
    kind,
    metadata: { name: pod, namespace: "default" },
    status: { current: { uid, node: "n1", ips }, ownerControllerType: "StatefulSet", ownerControllerName: "web" },
  };
}

const clusters: EmbeddedCluster[] = [];
afterEach(async () => {
  for (const one of clusters.splice(0)) await one.stop();
});

async function embedded(objects: KubeObject[] = []): Promise<EmbeddedCluster> {
  const one = await startEmbeddedCluster({ objects });
  clusters.push(one);
  return one;
}

/** What the cluster holds, with uid and resourceVersion. */
async function live(cluster: EmbeddedCluster, kind: keyof typeof KINDS, name: string): Promise<KubeObject> {
  return structuredClone(await cluster.actor.get({ kind: KINDS[kind], name }));
}

async function names(cluster: EmbeddedCluster, kind: keyof typeof KINDS): Promise<string[]> {
  return (await cluster.actor.list(KINDS[kind])).items.map(({ metadata }) => metadata.name).sort();
}

async function allocate(cluster: EmbeddedCluster, name: string, used: Record<string, string>): Promise<void> {
  const records = Object.fromEntries(Object.entries(used).map(([ip, p]) => [ip, { pod: p, podUid: `uid-${p}` }]));
  const object = await live(cluster, "SpiderIPPool", name);
  const status = { allocatedIPs: JSON.stringify(records), allocatedIPCount: Object.keys(used).length };
  await cluster.actor.replaceStatus({ ...object, status }, KINDS.SpiderIPPool);
}

async function run(
  cluster: EmbeddedCluster,
  steps: readonly Step[],
  options: { faults?: Faults; context?: Partial<ApplyContext> } = {},
) {
  const faulty = faultyCluster(cluster.actor, options.faults);
  const clock = virtualClock();
  const events: ApplyEvent[] = [];
  const report: ApplyReport = await apply(
    { steps },
    {
      cluster: faulty,
      clock,
      identity: "me",
      install: "default",
      facts: { namespace: "kube-system" },
      rejudge: nothingNew,
      onProgress: (event) => events.push(event),
      ...options.context,
    },
  );
  return { report, writes: faulty.writes, events, clock, mostInFlight: faulty.mostInFlight() };
}

const denied = (message: string) => new ClusterError("Denied", message, false, 403);
const cut = () => new ClusterError("Unreachable", "the connection was cut", true);
const messages = (found: ApplyReport["withheld"]) => found.map(({ step, message }) => `${step.name}: ${message}`);

describe("apply", () => {
  it("writes nothing, not even the Lease, when nothing is to be done", async () => {
    const cluster = await embedded();
    const blocked: Step = { ...creating(pool("a", ["10.6.0.1"])), blocked: { type: "in-use", message: "no" } };
    const { report, writes } = await run(cluster, [blocked]);
    expect(writes).toEqual([]);
    expect(await names(cluster, "Lease")).toEqual([]);
    expect(report).toMatchObject({ created: 0, failed: [], withheld: [], notStarted: [], aborted: false });
  });

  it("runs waves in order, 16 writes in flight, and checks at the end", async () => {
    const cluster = await embedded();
    const pools = Array.from({ length: 40 }, (_, i) => pool(`p${i}`, [`10.6.0.${i + 1}`]));
    const steps = [creating(subnet("s", ["10.6.0.1-10.6.0.200"]), 1), ...pools.map((one) => creating(one, 2))];
    const { report, writes, mostInFlight, events } = await run(cluster, steps);
    expect(report).toMatchObject({ created: 41, failed: [], withheld: [], aborted: false });
    expect(report.check).toEqual({ cidrs: [CIDR], overlaps: [], displaced: [] });
    expect(writes[0]).toBe("create SpiderSubnet s");
    expect(mostInFlight).toBe(16);
    const last = events.filter((event) => event.type === "step").at(-1);
    expect(last?.progress).toMatchObject({ done: 41, total: 41 });
  });

  it.each([
    ["is not there", [], "Namespace team is not in the cluster; create it, or take it out of the plan"],
    ["goes away", ["example.com/keeps"], "Namespace team is being deleted; take it out of the plan"],
  ])(
    "withholds what is made in a Namespace that %s, and does the rest, deletes too",
    async (_how, keepers, message) => {
      const config = (finalizers: string[]) => ({ name: "keeper", namespace: "team", finalizers });
      const kept = keepers.map((): KubeObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: config(keepers) }));
      const cluster = await embedded([pool("a", ["10.6.0.1"]), ...kept]);
      if (kept.length > 0) await cluster.actor.delete({ kind: KINDS.Namespace, name: "team" }, {});
      const kind = KINDS.SpiderMultusConfig;
      const spec = { cniType: "macvlan", macvlan: { master: ["eth1"] } };
      const network: KubeObject = { ...identity("default", kind, "net", { namespace: "team" }), spec };
      const decided = [creating(network, 3), deleting(await live(cluster, "SpiderIPPool", "a"))];
      const { report } = await run(cluster, decided);
      expect(messages(report.withheld)).toEqual([`net: ${message}`]);
      expect(report).toMatchObject({ deleted: 1, failed: [], notStarted: [] });
    },
  );

  it("withholds the update of what goes while it is written", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } };
    const cluster = await embedded([namespace, pool("a", ["10.6.0.1"])]);
    const team = await live(cluster, "Namespace", "team");
    const annotated = { ...team, metadata: { ...team.metadata, annotations: { a: "b" } } };
    const decided = [updating(team, annotated), deleting(await live(cluster, "SpiderIPPool", "a"))];
    const before = async ({ verb, kind }: { verb: string; kind: string }) => {
      if (verb === "patch" && kind === "Namespace") {
        await cluster.actor.delete({ kind: KINDS.Namespace, name: "team" }, {});
      }
    };
    const { report } = await run(cluster, decided, { faults: { before } });
    expect(messages(report.withheld)).toEqual(["team: Namespace team is gone by now; run again"]);
    expect(report).toMatchObject({ deleted: 1, failed: [] });
  });

  it.each([
    ["finished", "Succeeded", 1],
    ["runs", "Running", 0],
  ])("what only an endpoint tells of a Pod that %s", async (_how, phase, deleted) => {
    const pod: KubeObject = {
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "job", namespace: "default", uid: "uid-job" } },
      ...{ spec: { nodeName: "n", containers: [{ name: "c", image: "i" }] }, status: { phase } },
    };
    const told = endpoint("job", "10.6.0.1", "a");
    const left = { ...told, status: { ...told.status!, ownerControllerType: "Job", ownerControllerName: "load" } };
    const cluster = await embedded([pool("a", ["10.6.0.1"]), pod, left]);
    const { report } = await run(cluster, [deleting(await live(cluster, "SpiderIPPool", "a"))]);
    expect(report).toMatchObject({ deleted, failed: [] });
    expect(report.withheld).toHaveLength(1 - deleted);
  });

  it("updates with uid and resourceVersion, adopts, deletes", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1"]), pool("b", ["10.6.0.2"]), pool("c", ["10.6.0.3"])]);
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => live(cluster, "SpiderIPPool", name)));
    const steps = [
      updating(a!, pool("a", ["10.6.0.1", "10.6.0.5"])),
      { ...updating(b!, pool("b", ["10.6.0.2"], { gateway: "10.6.0.254" })), action: "adopt" as const },
      deleting(c!),
    ];
    const { report } = await run(cluster, steps);
    expect(report).toMatchObject({ updated: 1, adopted: 1, deleted: 1, failed: [], withheld: [] });
    expect(((await live(cluster, "SpiderIPPool", "b")) as SpiderIPPool).spec.gateway).toBe("10.6.0.254");
  });

  it("lists nothing before the first write where watches show who uses what; at the end it asks the API server", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1-10.6.0.4"])]);
    await allocate(cluster, "a", { "10.6.0.1": "web" });
    const told: string[] = [];
    const counting: Cluster = {
      ...faultyCluster(cluster.actor),
      list: (kind) => {
        told.push(`list ${kind.kind}`);
        return cluster.actor.list(kind);
      },
      patch: (ref, patch) => {
        told.push(`patch ${ref.name}`);
        return cluster.actor.patch(ref, patch);
      },
    };
    const watchedUse = async () => buildSnapshot([await live(cluster, "SpiderIPPool", "a")], []);
    const step = updating(await live(cluster, "SpiderIPPool", "a"), pool("a", ["10.6.0.1-10.6.0.5"]));
    const { report } = await run(cluster, [step], { context: { cluster: counting, watchedUse } });
    expect(report).toMatchObject({ updated: 1, check: { overlaps: [], displaced: [] } });
    const calls = told.filter((call) => !call.includes("spiderplan-writer"));
    expect(calls[0]).toBe("patch a");
    expect(calls.slice(1).sort()).toEqual(["list SpiderEndpoint", "list SpiderIPPool"]);
  });

  it.each([
    ["that is being replaced (Z2)", { deletionTimestamp: "2027-01-01T00:00:00Z" }, "Running", []],
    ["that finished (Z2)", {}, "Succeeded", []],
    ["that runs", {}, "Running", ["10.6.0.1, in use by default/web-0, lost its pool a"]],
  ])(
    "looks at the end whether a pool that went had users, as the Pod %s",
    async (_which, metadata, phase, displaced) => {
      const ownerReferences = [
        { apiVersion: "apps.kruise.io/v1beta1", kind: "StatefulSet", name: "web", uid: "u", controller: true },
      ];
      const pod = { namespace: "default", name: "web-0", uid: "uid-web-0", ownerReferences, ...metadata };
      const there = { apiVersion: "v1", kind: "Pod", metadata: pod, status: { phase } };
      const cluster = await embedded([pool("a", ["10.6.0.1"]), there]);
      // The endpoint is written behind our back once our guards have looked; Spiderpool's controller lets the pool go.
      const late = {
        ...faultyCluster(cluster.actor),
        list: async (kind: Kind) => {
          const { items } = await cluster.actor.list(KINDS.SpiderIPPool);
          const gone = items.every(({ metadata }) => metadata.deletionTimestamp !== undefined);
          if (!gone) return cluster.actor.list(kind);
          return {
            items: kind === KINDS.SpiderEndpoint ? [endpoint("web-0", "10.6.0.1", "a")] : [],
            resourceVersion: "1",
          };
        },
      };
      const watchedUse = async () =>
        buildSnapshot([await live(cluster, "SpiderIPPool", "a"), endpoint("web-0", "10.6.0.1", "a")], []);
      const going = await live(cluster, "SpiderIPPool", "a");
      const { report } = await run(cluster, [deleting(going)], { context: { cluster: late, watchedUse } });
      expect(report).toMatchObject({ deleted: 1, check: { displaced } });
    },
  );

  it("writes an object twice in two waves, from where its own first write left it", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1-10.6.0.4"]), pool("b", ["10.6.0.5-10.6.0.8"])]);
    const a = await live(cluster, "SpiderIPPool", "a");
    const b = await live(cluster, "SpiderIPPool", "b");
    const first = updating(b, pool("b", ["10.6.0.7-10.6.0.8"]), 5);
    const second: Step = { ...updating(b, pool("b", ["10.6.0.3-10.6.0.4", "10.6.0.7-10.6.0.8"]), 6), removed: [] };
    const { report } = await run(cluster, [first, updating(a, pool("a", ["10.6.0.1-10.6.0.2"]), 5), second]);
    expect(report).toMatchObject({ updated: 3, failed: [], withheld: [] });
    const spec = ((await live(cluster, "SpiderIPPool", "b")) as SpiderIPPool).spec;
    expect(spec.ips).toEqual(["10.6.0.3-10.6.0.4", "10.6.0.7-10.6.0.8"]);
  });
});

describe("FIXED-1: nothing in use is taken, whenever that is found out", () => {
  const steps = async (cluster: EmbeddedCluster) => {
    const a = await live(cluster, "SpiderIPPool", "a");
    const b = await live(cluster, "SpiderIPPool", "b");
    return [updating(a, pool("a", ["10.6.0.1-10.6.0.2"]), 5), deleting(b, 5)];
  };
  const world = () => embedded([pool("a", ["10.6.0.1-10.6.0.4"]), pool("b", ["10.6.0.10-10.6.0.12"])]);

  it("withholds shrink and delete when the pools' records name users since the decision", async () => {
    const cluster = await world();
    const decided = await steps(cluster);
    await allocate(cluster, "a", { "10.6.0.3": "default/x" });
    await allocate(cluster, "b", { "10.6.0.10": "default/y" });
    const { report, writes } = await run(cluster, decided);
    expect(writes).toEqual([]);
    expect(messages(report.withheld)).toEqual([
      "a: 10.6.0.3 is in use by default/x",
      "b: 10.6.0.10 is in use by default/y",
    ]);
  });

  it("withholds when only an endpoint keeps the address (a StatefulSet Pod that is down)", async () => {
    const cluster = await world();
    const decided = await steps(cluster);
    await cluster.actor.create(endpoint("web-0", "10.6.0.4", "a"), KINDS.SpiderEndpoint);
    const { report } = await run(cluster, decided);
    expect(messages(report.withheld)).toEqual(["a: 10.6.0.4 is in use by default/web-0"]);
    expect(report.deleted).toBe(1);
  });

  it("withholds when a record cannot be read", async () => {
    const cluster = await world();
    const decided = await steps(cluster);
    const object = await live(cluster, "SpiderIPPool", "b");
    await cluster.actor.replaceStatus({ ...object, status: { allocatedIPs: "{broken" } }, KINDS.SpiderIPPool);
    const { report } = await run(cluster, decided);
    expect(report.withheld.map(({ step }) => step.name)).toEqual(["b"]);
    expect(await names(cluster, "SpiderIPPool")).toEqual(["a", "b"]);
  });

  it("finds a hand-out between the re-read and the write by the resourceVersion", async () => {
    const cluster = await world();
    const decided = await steps(cluster);
    const before: Faults["before"] = async ({ name, count }) => {
      if (count <= 2 && name === "a") await allocate(cluster, "a", { "10.6.0.4": "default/late" });
      if (count <= 2 && name === "b") await allocate(cluster, "b", { "10.6.0.12": "default/late" });
    };
    const { report, writes } = await run(cluster, decided, { faults: { before } });
    expect(writes).toEqual([]);
    expect(messages(report.withheld)).toEqual([
      "a: 10.6.0.4 is in use by default/late",
      "b: 10.6.0.12 is in use by default/late",
    ]);
  });

  it("withholds all that needs the addresses, the name or the CIDR of what is withheld", async () => {
    const other = "10.7.0.0/24";
    const cluster = await embedded([
      pool("a", ["10.6.0.1-10.6.0.4"]),
      pool("gone", ["10.7.0.1"], { subnet: other }),
      subnet("s7", ["10.7.0.1-10.7.0.9"], other),
    ]);
    const a = await live(cluster, "SpiderIPPool", "a");
    const steps = [
      updating(a, pool("a", ["10.6.0.1"]), 5),
      deleting(await live(cluster, "SpiderIPPool", "gone"), 5),
      creating(pool("needs", ["10.6.0.4"]), 6),
      creating(pool("free", ["10.6.0.20"]), 6),
      deleting(await live(cluster, "SpiderSubnet", "s7"), 7),
    ];
    await allocate(cluster, "a", { "10.6.0.2": "default/x" });
    await allocate(cluster, "gone", { "10.7.0.1": "default/y" });
    const { report, writes } = await run(cluster, steps);
    expect(writes).toEqual(["create SpiderIPPool free"]);
    expect(report.withheld.map(({ step }) => step.name)).toEqual(["a", "gone", "needs", "s7"]);
    expect(messages(report.withheld)[2]).toBe("needs: it needs addresses SpiderIPPool a still has");
  });

  it("takes addresses out of quarantine again when their pool kept them", async () => {
    const cluster = await world();
    const decided = await steps(cluster);
    const resting = identity("default", KINDS.SpiderReservedIP, "q", {
      annotations: {
        [OWN.quarantine]: JSON.stringify({
          "10.6.0.3-10.6.0.4": { owner: "default/Deployment/x/eth0/s", since: "" },
          "10.6.0.10-10.6.0.12": { owner: "default/Deployment/y/eth0/s", since: "" },
        }),
      },
    });
    const spec = { ipVersion: 4, ips: ["10.6.0.3-10.6.0.4", "10.6.0.10-10.6.0.12"] };
    const reserve = creating({ ...resting, spec }, 5);
    await allocate(cluster, "a", { "10.6.0.3": "default/x" });
    const { report, writes } = await run(cluster, [...decided, reserve]);
    expect(messages(report.withheld)).toEqual(["a: 10.6.0.3 is in use by default/x"]);
    expect(writes[0]).toBe("create SpiderReservedIP q");
    const left = (await live(cluster, "SpiderReservedIP", "q")) as SpiderReservedIP;
    expect(left.spec.ips).toEqual(["10.6.0.10-10.6.0.12"]);
    expect(JSON.parse(left.metadata.annotations![OWN.quarantine]!)).toEqual({
      "10.6.0.10-10.6.0.12": { owner: "default/Deployment/y/eth0/s", since: "2026-11-22T00:00:00Z" },
    });
  });
});

describe("a reservation of the plan (V7)", () => {
  const printers = (ips: string[]) =>
    ({ ...identity("default", KINDS.SpiderReservedIP, "printers"), spec: { ipVersion: 4, ips } }) as SpiderReservedIP;
  const handOut = (cluster: EmbeddedCluster, address: string): Faults => ({
    before: async ({ kind, count }) => {
      if (kind === "SpiderReservedIP" && count === 1) await allocate(cluster, "a", { [address]: "default/quick" });
    },
  });

  it("is taken back when one of its addresses is handed out while it is written", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1-10.6.0.4"])]);
    const steps = [creating(printers(["10.6.0.3-10.6.0.4"]), 5)];
    const { report } = await run(cluster, steps, { faults: handOut(cluster, "10.6.0.3") });
    expect(report.created).toBe(0);
    expect(messages(report.withheld)).toEqual(["printers: 10.6.0.3 was taken by default/quick meanwhile; run again"]);
    expect(await names(cluster, "SpiderReservedIP")).toEqual([]);
  });

  it("goes back to what it was when it only grew", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1-10.6.0.4"]), printers(["10.6.0.4"])]);
    const stored = await live(cluster, "SpiderReservedIP", "printers");
    const steps = [updating(stored, printers(["10.6.0.3-10.6.0.4"]), 5)];
    const { report } = await run(cluster, steps, { faults: handOut(cluster, "10.6.0.3") });
    expect(report).toMatchObject({ updated: 0, failed: [] });
    expect(((await live(cluster, "SpiderReservedIP", "printers")) as SpiderReservedIP).spec.ips).toEqual(["10.6.0.4"]);
  });

  it("stays when the address was in use before: the decision knew", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1-10.6.0.4"])]);
    await allocate(cluster, "a", { "10.6.0.3": "default/known" });
    const { report } = await run(cluster, [creating(printers(["10.6.0.3"]), 5)]);
    expect(report).toMatchObject({ created: 1, withheld: [] });
  });
});

describe("deleting a SpiderSubnet (U9)", () => {
  it("waits for pools that are going, then deletes", async () => {
    const cluster = await embedded([subnet("s", ["10.6.0.1-10.6.0.9"]), pool("p", ["10.6.0.1"])]);
    const poolRef = { kind: KINDS.SpiderIPPool, name: "p" };
    const decided = [
      deleting(await live(cluster, "SpiderIPPool", "p"), 5),
      deleting(await live(cluster, "SpiderSubnet", "s"), 7),
    ];
    const context = {
      onProgress: (event: ApplyEvent) => {
        // Spiderpool's controller takes its finalizer away a little later.
        if (event.type !== "wait") return;
        void cluster.actor.patch(poolRef, { metadata: { finalizers: [] } }).catch(() => {});
      },
    };
    const { report } = await run(cluster, decided, { context });
    expect(report).toMatchObject({ deleted: 2, failed: [], withheld: [] });
    expect(await names(cluster, "SpiderIPPool")).toEqual([]);
  });

  it("withholds it while any other pool of the CIDR is there", async () => {
    const cluster = await embedded([subnet("s", ["10.6.0.1-10.6.0.9"]), pool("hand-made", ["10.6.0.1"])]);
    const { report, writes } = await run(cluster, [deleting(await live(cluster, "SpiderSubnet", "s"), 7)]);
    expect(writes).toEqual([]);
    expect(messages(report.withheld)).toEqual([
      "s: pool hand-made of 10.6.0.0/24 is still there and would be deleted with it (U9)",
    ]);
  });

  it("waits until the subnet's status shows what its pools gave up (U7)", async () => {
    const cluster = await embedded([subnet("s", ["10.6.0.1-10.6.0.9"])]);
    const setStatus = async (status: object) =>
      cluster.actor.replaceStatus({ ...(await live(cluster, "SpiderSubnet", "s")), status }, KINDS.SpiderSubnet);
    await setStatus({ controlledIPPools: JSON.stringify({ p: { ips: ["10.6.0.5-10.6.0.6"] } }) });
    const step = updating(await live(cluster, "SpiderSubnet", "s"), subnet("s", ["10.6.0.1-10.6.0.5"]), 7);
    let waits = 0;
    const context = {
      onProgress: (event: ApplyEvent) => {
        if (event.type === "wait" && ++waits === 1) void setStatus({ controlledIPPools: "{}" });
      },
    };
    const { report } = await run(cluster, [step], { context });
    expect(report).toMatchObject({ updated: 1, failed: [], withheld: [] });
    expect(waits).toBe(1);
  });
});

describe("refusals and faults", () => {
  it("deletes nothing after a step failed", async () => {
    const cluster = await embedded([pool("old", ["10.6.0.1"])]);
    const steps = [creating(pool("bad", ["10.6.0.7"])), deleting(await live(cluster, "SpiderIPPool", "old"))];
    const before: Faults["before"] = ({ name }) => {
      if (name === "bad") throw new ClusterError("Invalid", "spec.ips: no", false, 422);
    };
    const { report } = await run(cluster, steps, { faults: { before } });
    expect(report.failed.map(({ reason }) => reason)).toEqual(["Invalid"]);
    expect(messages(report.withheld)).toEqual(["old: nothing is deleted after a step failed"]);
  });

  it("retries a denial soon after our own write to that subnet: five times, longer each time", async () => {
    const cluster = await embedded();
    let refused = 0;
    const before: Faults["before"] = ({ name }) => {
      if (name === "p" && ++refused <= 5) throw denied("not inside the subnet (the cache is behind)");
    };
    const steps = [creating(subnet("s", ["10.6.0.1-10.6.0.9"]), 1), creating(pool("p", ["10.6.0.1"]), 2)];
    const { report, events } = await run(cluster, steps, { faults: { before } });
    expect(report).toMatchObject({ created: 2, failed: [] });
    const waits = events.filter((event) => event.type === "retry").map(({ seconds }) => seconds);
    expect(waits).toHaveLength(5);
    for (const [index, seconds] of waits.entries()) {
      expect(seconds).toBeGreaterThanOrEqual(2.5 * 2 ** index);
      expect(seconds).toBeLessThanOrEqual(5 * 2 ** index);
    }
  });

  it("takes a denial without such a write as the answer", async () => {
    const cluster = await embedded();
    let asked = 0;
    const before: Faults["before"] = () => {
      asked++;
      throw denied("no");
    };
    const { report } = await run(cluster, [creating(pool("p", ["10.6.0.1"]))], { faults: { before } });
    expect(report.failed).toMatchObject([{ reason: "Denied", message: "no" }]);
    expect(asked).toBe(1);
  });

  it("gets through a storm of conflicts on what Spiderpool touches, and stops where somebody changed the same field", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1-10.6.0.4"]), pool("b", ["10.6.0.11"])]);
    const a = await live(cluster, "SpiderIPPool", "a");
    const b = await live(cluster, "SpiderIPPool", "b");
    let storms = 0;
    const before: Faults["before"] = async ({ name, count }) => {
      if (name === "a" && ++storms <= 6) await allocate(cluster, "a", { "10.6.0.1": `default/x${count}` });
      if (name === "b" && storms < 100) {
        storms = 100;
        const object = (await live(cluster, "SpiderIPPool", "b")) as SpiderIPPool;
        await cluster.actor.replace(
          { ...object, spec: { ...object.spec, ips: ["10.6.0.11-10.6.0.13"] } },
          KINDS.SpiderIPPool,
        );
      }
    };
    const grown = updating(a, pool("a", ["10.6.0.1-10.6.0.5"]), 1);
    const lost = updating(b, pool("b", ["10.6.0.11-10.6.0.12"]), 2);
    const { report } = await run(cluster, [grown, lost], { faults: { before } });
    expect(report.updated).toBe(1);
    expect(messages(report.withheld)).toEqual(["b: SpiderIPPool b was changed meanwhile (spec.ips); run again"]);
  });

  it("finds its own writes again when answers are lost", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1"]), pool("c", ["10.6.0.3"])]);
    const steps = [
      updating(await live(cluster, "SpiderIPPool", "a"), pool("a", ["10.6.0.1", "10.6.0.9"]), 2),
      creating(pool("b", ["10.6.0.2"]), 2),
      deleting(await live(cluster, "SpiderIPPool", "c"), 5),
    ];
    const lost = new Set<string>();
    const after: Faults["after"] = ({ name }) => {
      if (lost.has(name)) return;
      lost.add(name);
      throw cut();
    };
    const { report, writes } = await run(cluster, steps, { faults: { after } });
    expect(report).toMatchObject({ created: 1, updated: 1, deleted: 1, failed: [], withheld: [] });
    expect([...writes].sort()).toEqual(["create SpiderIPPool b", "delete SpiderIPPool c", "patch SpiderIPPool a"]);
  });

  it("stops when the cluster cannot be reached any more, instead of failing step by step", async () => {
    const cluster = await embedded();
    const steps = Array.from({ length: 60 }, (_, i) =>
      creating(pool(`p${i}`, [`10.6.0.${i + 1}`]), 2 + Math.floor(i / 20)),
    );
    const before: Faults["before"] = ({ count }) => {
      if (count > 10) throw cut();
    };
    const { report } = await run(cluster, steps, { faults: { before } });
    expect(report.created).toBe(10);
    expect(report.stopped).toBe("the connection was cut");
    expect(report.notStarted.length).toBeGreaterThanOrEqual(34);
    expect(report.created + report.failed.length + report.withheld.length + report.notStarted.length).toBe(60);
  });

  it("leaves an object of that name alone that is not ours", async () => {
    const cluster = await embedded();
    const before: Faults["before"] = async ({ name }) => {
      if (name !== "p") return;
      await cluster.actor
        .create({ ...pool("p", ["10.6.0.77"]), metadata: { name: "p" } }, KINDS.SpiderIPPool)
        .catch(() => {});
    };
    const { report } = await run(cluster, [creating(pool("p", ["10.6.0.1"]))], { faults: { before } });
    expect(messages(report.withheld)).toEqual([
      "p: SpiderIPPool p exists by now and is not ours; run again to judge it",
    ]);
  });

  it("finishes running writes and starts no more when called off", async () => {
    const cluster = await embedded();
    const controller = new AbortController();
    const steps = Array.from({ length: 50 }, (_, i) => creating(pool(`p${i}`, [`10.6.0.${i + 1}`])));
    const after: Faults["after"] = ({ count }) => {
      if (count === 3) controller.abort(new Error("SIGINT"));
    };
    const { report } = await run(cluster, steps, { faults: { after }, context: { signal: controller.signal } });
    expect(report.aborted).toBe(true);
    expect(report.failed).toEqual([]);
    expect(report.created).toBeLessThanOrEqual(16 + 3);
    expect(await names(cluster, "SpiderIPPool")).toHaveLength(report.created);
    expect(report.notStarted).toHaveLength(50 - report.created);
  });

  it("says when two pools offer one address afterwards", async () => {
    const cluster = await embedded([pool("a", ["10.6.0.1-10.6.0.3"]), pool("b", ["10.6.0.3-10.6.0.5"])]);
    const { report } = await run(cluster, [creating(pool("c", ["10.6.0.9"]))]);
    expect(report.created).toBe(1);
    expect(report.check?.overlaps).toEqual(["a and b both offer 10.6.0.3"]);
  });
});
