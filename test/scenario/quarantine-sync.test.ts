import { afterEach, describe, expect, it } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { apply } from "../../src/app/apply/apply.js";
import { observe } from "../../src/app/observe.js";
import { systemClock } from "../../src/cli/clock.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { decide } from "../../src/core/engine.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderEndpoint, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { startController } from "../../src/players/controller.js";
import { type Player, settleAll } from "../../src/players/player.js";
import { NO_LOCK, OPTIONS, planOf, told } from "../support/decide.js";
import { type Faults, faultyCluster } from "../support/faulty-cluster.js";
import { contentOf } from "../support/quarantine.js";
import { lookingAgain } from "../support/rejudge.js";
import { virtualClock } from "../support/virtual-clock.js";

const POOL = "d.deployment.a.eth0.app";
const QUARANTINE = "spiderplan-quarantine-default-v4";
const HOUR = 3_600_000;

const spec = (replicas: number) => `
settings: {quarantine: 24h}
subnets:
  app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.15]}
${replicas === 0 ? "" : `workloads:\n  d/Deployment/a:\n    replicas: ${replicas}\n    pods: {labels: {app: a}}\n    interfaces: {eth0: {fixed: {subnets: [app], elastic: 0}}}\n`}`;

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

/** A cluster with Spiderpool's controller, a clock that only the test moves, and the whole way of a sync. */
class World {
  readonly clock = virtualClock();

  private constructor(
    readonly cluster: EmbeddedCluster,
    private readonly player: Player,
  ) {}

  static async open(replicas: number): Promise<World> {
    const cluster = await startEmbeddedCluster({
      objects: [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "d" } },
        { apiVersion: "v1", kind: "Node", metadata: { name: "n" } },
      ],
    });
    const player = startController(cluster.actor, systemClock, { kubernetes: false, facts: CHART_DEFAULTS });
    running.push(cluster, player);
    const world = new World(cluster, player);
    expect((await world.sync(replicas)).failed).toEqual([]);
    return world;
  }

  async plan(replicas: number) {
    return (await this.#decide(replicas)).outcome;
  }

  async #decide(replicas: number) {
    await settleAll(this.player);
    const { snapshot } = await observe(this.cluster.actor);
    const plan = await planOf(spec(replicas));
    return { plan, snapshot, outcome: decide(plan, NO_LOCK, snapshot, { ...OPTIONS, now: this.clock.now() }) };
  }

  async sync(replicas: number, faults: Faults = {}) {
    const { plan, snapshot, outcome } = await this.#decide(replicas);
    const cluster = faultyCluster(this.cluster.actor, faults);
    const report = await apply(outcome, {
      cluster,
      clock: this.clock,
      identity: "me",
      install: "default",
      facts: { namespace: "kube-system" },
      rejudge: lookingAgain(cluster, plan, snapshot),
    });
    const messages = report.withheld.map(({ step, message }) => `${step.name}: ${message}`);
    return { ...report, messages };
  }

  /** Gives one address of the pool to a Pod, as Spiderpool records it. */
  async handOut(address: string): Promise<void> {
    const { actor } = this.cluster;
    const metadata = { namespace: "d", name: "quick" };
    const containers = [{ name: "c", image: "i" }];
    const pod = { apiVersion: "v1", kind: "Pod", metadata, spec: { nodeName: "n", containers } };
    const { uid = "" } = (await actor.create(pod, KINDS.Pod)).metadata;
    const ips = [{ interface: "eth0", ipv4: `${address}/24`, ipv4Pool: POOL, vlan: 0 }];
    const current = { uid, node: "n", ips };
    const status = { current, ownerControllerType: "Pod", ownerControllerName: "quick" };
    const { apiVersion, kind } = KINDS.SpiderEndpoint;
    await actor.create({ apiVersion, kind, metadata, status } as SpiderEndpoint, KINDS.SpiderEndpoint);
    const pool = structuredClone(await actor.get({ kind: KINDS.SpiderIPPool, name: POOL }));
    const records = { allocatedIPs: JSON.stringify({ [address]: { pod: "d/quick", podUid: uid } }) };
    await actor.replaceStatus(
      { ...pool, status: { ...records, allocatedIPCount: 1 } } as SpiderIPPool,
      KINDS.SpiderIPPool,
    );
  }

  async quarantine() {
    const { items } = await this.cluster.actor.list(KINDS.SpiderReservedIP);
    const found = items.find(({ metadata }: KubeObject) => metadata.name === QUARANTINE);
    return found && contentOf(found);
  }
}

const rest = (since: string) => ({ owner: "d/Deployment/a/eth0/app", since });
const refuse = (match: (write: { verb: string; kind: string; name: string }) => boolean): Faults => ({
  before: (write) => {
    if (match(write)) throw new ClusterError("Denied", "the webhook says no", false, 403);
  },
});

describe("a sync that releases", () => {
  it("reserves first, starts the clock, plans nothing more for a day, and lets go then", async () => {
    const world = await World.open(3);
    await world.clock.sleep(5 * HOUR);
    const writes: string[] = [];
    const report = await world.sync(1, { after: ({ verb, name }) => void writes.push(`${verb} ${name}`) });
    expect(report).toMatchObject({ created: 1, updated: 1, failed: [], withheld: [] });
    expect(writes).toEqual([`create ${QUARANTINE}`, `patch ${POOL}`]);
    expect(await world.quarantine()).toEqual({
      ips: ["10.6.0.11-10.6.0.12"],
      records: { "10.6.0.11-10.6.0.12": rest("2026-11-22T05:00:00Z") },
    });
    await world.clock.sleep(23 * HOUR);
    expect(told(await world.plan(1))).toEqual([]);
    await world.clock.sleep(HOUR);
    expect((await world.sync(1)).deleted).toBe(1);
    expect(await world.quarantine()).toBeUndefined();
    expect(told(await world.plan(1))).toEqual([]);
  });

  it("adds to what rests already, each with its own time", async () => {
    const world = await World.open(3);
    await world.sync(2);
    await world.clock.sleep(HOUR);
    await world.sync(1);
    expect(await world.quarantine()).toEqual({
      ips: ["10.6.0.11-10.6.0.12"],
      records: { "10.6.0.11": rest("2026-11-22T01:00:00Z"), "10.6.0.12": rest("2026-11-22T00:00:00Z") },
    });
    expect(told(await world.plan(1))).toEqual([]);
  });

  it("returns them: the pool is whole before they leave the quarantine", async () => {
    const world = await World.open(3);
    await world.sync(0);
    const writes: string[] = [];
    await world.sync(3, { after: ({ verb, name }) => void writes.push(`${verb} ${name}`) });
    expect(writes.filter((one) => !one.includes("none"))).toEqual([`create ${POOL}`, `delete ${QUARANTINE}`]);
    expect(told(await world.plan(3))).toEqual([]);
  });

  it("un-reserves when Spiderpool denies the release, and starts the clock anew when it goes through", async () => {
    const world = await World.open(3);
    const denied = await world.sync(
      1,
      refuse(({ verb, name }) => verb === "patch" && name === POOL),
    );
    expect(denied.failed.map(({ step, message }) => `${step.name}: ${message}`)).toEqual([
      `${POOL}: the webhook says no`,
    ]);
    expect(await world.quarantine()).toEqual({ ips: [], records: {} });
    await world.clock.sleep(HOUR);
    expect((await world.sync(1)).failed).toEqual([]);
    const since = Object.values((await world.quarantine())!.records).map((record) => record.since);
    expect(since).toEqual([new Date(world.clock.now()).toISOString().replace(".000Z", "Z")]);
  });

  it("un-reserves what somebody got in between, and leaves it with its pool", async () => {
    const world = await World.open(3);
    const quick: Faults = {
      before: async ({ verb, name }) => {
        if (verb === "create" && name === QUARANTINE) await world.handOut("10.6.0.12");
      },
    };
    const report = await world.sync(1, quick);
    expect(report.messages).toEqual([`${POOL}: the cluster changed meanwhile: in use by d/quick (10.6.0.12)`]);
    expect((await world.quarantine())?.ips).toEqual([]);
    const next = await world.sync(1);
    expect(next).toMatchObject({ failed: [], withheld: [] });
    expect((await world.quarantine())?.ips).toEqual(["10.6.0.10-10.6.0.11"]);
    expect(told(await world.plan(1))).toEqual([]);
  });

  it("releases nothing that cannot be reserved", async () => {
    const world = await World.open(3);
    const report = await world.sync(
      1,
      refuse(({ name }) => name === QUARANTINE),
    );
    expect(report.messages).toEqual([`${POOL}: its addresses cannot rest in SpiderReservedIP ${QUARANTINE}`]);
    const pool = (await world.cluster.actor.get({ kind: KINDS.SpiderIPPool, name: POOL })) as SpiderIPPool;
    expect(pool.spec.ips).toEqual(["10.6.0.10-10.6.0.12"]);
  });

  it("keeps reserved what its owner could not take back", async () => {
    const world = await World.open(3);
    await world.sync(1);
    const report = await world.sync(
      3,
      refuse(({ name }) => name === POOL),
    );
    expect(report.messages).toEqual([`${QUARANTINE}: SpiderIPPool ${POOL} has not taken the addresses back`]);
    expect((await world.quarantine())?.ips).toEqual(["10.6.0.11-10.6.0.12"]);
    expect((await world.sync(3)).failed).toEqual([]);
    expect(await world.quarantine()).toBeUndefined();
  });

  it("finds its reservation again when the answer is lost", async () => {
    const world = await World.open(3);
    let lost = false;
    const cut: Faults = {
      after: ({ name }) => {
        if (name !== QUARANTINE || lost) return;
        lost = true;
        throw new ClusterError("Unreachable", "cut", true);
      },
    };
    expect(await world.sync(1, cut)).toMatchObject({ created: 1, updated: 1, failed: [], withheld: [] });
    expect(told(await world.plan(1))).toEqual([]);
  });
});
