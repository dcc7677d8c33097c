import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { apply } from "../../src/app/apply/apply.js";
import { checkAfter, readUse } from "../../src/app/apply/verify.js";
import { observe } from "../../src/app/observe.js";
import { systemClock } from "../../src/cli/clock.js";
import { decide } from "../../src/core/engine.js";
import { contains } from "../../src/core/ip/range-set.js";
import type { Plan } from "../../src/core/plan/plan.js";
import { effectiveSet } from "../../src/core/spiderpool/canonical.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import {
  KINDS,
  type KubeObject,
  OWN,
  type SpiderEndpoint,
  type SpiderIPPool,
} from "../../src/core/spiderpool/objects.js";
import { startController } from "../../src/players/controller.js";
import { settleAll } from "../../src/players/player.js";
import type { Cluster } from "../../src/ports/cluster.js";
import { NO_LOCK, OPTIONS, planOf, told } from "../support/decide.js";
import { faultyCluster } from "../support/faulty-cluster.js";
import { lookingAgain } from "../support/rejudge.js";
import { scaledClock } from "../support/scaled-clock.js";

const fixed = (name: string, replicas: number, subnet = "app-v4") => `
  shop/Deployment/${name}:
    replicas: ${replicas}
    pods: {labels: {app: ${name}}}
    interfaces: {eth0: {fixed: {subnets: [${subnet}], elastic: 1}}}`;

const BEFORE = `
settings: {quarantine: 1h, pruneBudget: {count: 50, percent: 100}}
subnets:
  app-v4: {cidr: 10.6.124.0/24, gateway: 10.6.124.1, ranges: [10.6.124.10-10.6.124.99]}
  old-v4: {cidr: 10.6.125.0/24, gateway: 10.6.125.1, ranges: [10.6.125.10-10.6.125.99]}
pools:
  shared-a: {subnet: app-v4, addresses: [10.6.124.60-10.6.124.69]}
  shared-b: {subnet: app-v4, addresses: [10.6.124.70-10.6.124.79]}
  old-pool: {subnet: old-v4, addresses: [10.6.125.10-10.6.125.19]}
workloads:${fixed("grows", 3)}${fixed("shrinks", 6)}${fixed("goes", 2)}${fixed("stays", 2)}
`;

const AFTER = `
settings: {quarantine: 1h, pruneBudget: {count: 50, percent: 100}}
subnets:
  app-v4: {cidr: 10.6.124.0/24, gateway: 10.6.124.1, ranges: [10.6.124.10-10.6.124.120]}
  new-v4: {cidr: 10.6.126.0/24, gateway: 10.6.126.1, ranges: [10.6.126.10-10.6.126.99]}
reserved:
  printers: {addresses: [10.6.124.110-10.6.124.119], reason: printers}
pools:
  shared-a: {subnet: app-v4, addresses: [10.6.124.60-10.6.124.64]}
  shared-b: {subnet: app-v4, addresses: [10.6.124.65-10.6.124.79]}
  shared-c: {subnet: app-v4, addresses: [10.6.124.100-10.6.124.104]}
  new-pool: {subnet: new-v4, addresses: [10.6.126.10-10.6.126.19]}
  newer-pool: {subnet: new-v4, addresses: [10.6.126.20-10.6.126.29]}
  newest-pool: {subnet: new-v4, addresses: [10.6.126.30-10.6.126.39]}
networks:
  kube-system/net-a: {macvlan: {master: [ens1], vlanID: 124}}
  kube-system/net-b: {macvlan: {master: [ens1], vlanID: 126}}
  kube-system/net-c: {macvlan: {master: [ens1], vlanID: 127}}
workloads:${fixed("grows", 8)}${fixed("shrinks", 3)}${fixed("stays", 2)}${fixed("new1", 3)}${fixed("new2", 3, "new-v4")}${fixed("new3", 2)}
`;

/** Two Pods run in each of these pools. */
const USERS = [
  "shop.deployment.grows.eth0.app-v4",
  "shop.deployment.shrinks.eth0.app-v4",
  "shop.deployment.stays.eth0.app-v4",
  "shared-a",
];

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

interface World {
  readonly cluster: EmbeddedCluster;
  settle(): Promise<void>;
}

async function world(objects: readonly KubeObject[]): Promise<World> {
  const cluster = await startEmbeddedCluster({ objects: structuredClone([...objects]) });
  const player = startController(cluster.actor, systemClock, { kubernetes: false, facts: CHART_DEFAULTS });
  running.push(cluster, player);
  return { cluster, settle: () => settleAll(player) };
}

async function decided({ cluster, settle }: World, plan: Plan) {
  await settle();
  const { snapshot } = await observe(cluster.actor);
  return { plan, snapshot, outcome: decide(plan, NO_LOCK, snapshot, OPTIONS) };
}

function sync(cluster: Cluster, decision: Awaited<ReturnType<typeof decided>>, identity: string) {
  const { plan, snapshot, outcome } = decision;
  const rejudge = lookingAgain(cluster, plan, snapshot);
  const facts = { namespace: "kube-system" };
  return apply(outcome, { cluster, clock: scaledClock(20), identity, install: "default", facts, rejudge });
}

/** Gives the pool's first two addresses to Pods, as Spiderpool records it. */
async function run({ actor }: EmbeddedCluster, name: string): Promise<void> {
  const pool = structuredClone(await actor.get({ kind: KINDS.SpiderIPPool, name })) as SpiderIPPool;
  const first = Number(/\.(\d+)(-|$)/.exec(pool.spec.ips![0]!)![1]);
  const records: Record<string, object> = {};
  for (const offset of [0, 1]) {
    const ip = `10.6.124.${first + offset}`;
    const pod = `${name.replaceAll(".", "-")}-${offset}`;
    records[ip] = { pod: `shop/${pod}`, podUid: `uid-${pod}` };
    const ips = [{ interface: "eth0", ipv4: `${ip}/24`, ipv4Pool: name, vlan: 0 }];
    const current = { uid: `uid-${pod}`, node: "n", ips };
    const status = { current, ownerControllerType: "Deployment", ownerControllerName: name };
    const { apiVersion, kind } = KINDS.SpiderEndpoint;
    const metadata = { namespace: "shop", name: pod };
    const labels = { app: name.split(".")[2] ?? name };
    await actor.create(
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { ...metadata, labels },
        spec: { nodeName: "n", containers: [{ name: "c", image: "i" }] },
      },
      KINDS.Pod,
    );
    await actor.create({ apiVersion, kind, metadata, status } as SpiderEndpoint, KINDS.SpiderEndpoint);
  }
  await actor.replaceStatus(
    { ...pool, status: { ...pool.status, allocatedIPs: JSON.stringify(records), allocatedIPCount: 2 } },
    KINDS.SpiderIPPool,
  );
}

/** FIXED-1 and P9 as the cluster stands. */
async function check({ actor }: EmbeddedCluster, when: string): Promise<void> {
  const now = await readUse(actor);
  const cidrs = ["10.6.124.0/24", "10.6.125.0/24", "10.6.126.0/24"];
  const found = checkAfter(cidrs, undefined, now);
  expect(found.overlaps, when).toEqual([]);
  expect(found.displaced, when).toEqual([]);
  for (const name of USERS) {
    const holders = now.use.byPool.get(name) ?? [];
    expect(holders, `${when}: users of ${name}`).toHaveLength(2);
    const offers = effectiveSet(now.pools.get(name)!.spec);
    for (const { address } of holders) expect(contains(offers, address), `${when}: ${name}`).toBe(true);
  }
}

async function specs({ actor }: EmbeddedCluster): Promise<unknown[]> {
  const kinds = [KINDS.SpiderSubnet, KINDS.SpiderIPPool, KINDS.SpiderReservedIP, KINDS.SpiderMultusConfig];
  const lists = await Promise.all(kinds.map((kind) => actor.list(kind)));
  return lists.flatMap(({ items }) => items.map(({ kind, metadata, spec }) => [kind, metadata.name, spec])).sort();
}

describe("a sync killed after any single write", () => {
  let objects: readonly KubeObject[];
  let after: Plan;
  let total: number;
  let wanted: unknown[];

  beforeAll(async () => {
    const namespaces = ["shop", "kube-system"].map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    }));
    const first = await world([...namespaces, { apiVersion: "v1", kind: "Node", metadata: { name: "n" } }]);
    after = await planOf(AFTER);
    const report = await sync(first.cluster.actor, await decided(first, await planOf(BEFORE)), "setup");
    expect(report.failed).toEqual([]);
    for (const name of USERS) await run(first.cluster, name);
    await first.settle();
    const kinds = await first.cluster.actor.served(Object.values(KINDS));
    const lists = await Promise.all([...kinds].map((kind) => first.cluster.actor.list(kind)));
    objects = structuredClone(lists.flatMap(({ items }) => items)).filter(
      ({ metadata }) => metadata.name !== OWN.writerLease,
    );

    const whole = await world(objects);
    const writes = faultyCluster(whole.cluster.actor);
    const decision = await decided(whole, after);
    const { outcome } = decision;
    const done = await sync(writes, decision, "whole");
    expect(done.failed, told(outcome).join("\n")).toEqual([]);
    expect(done.withheld).toEqual([]);
    await check(whole.cluster, "after the whole sync");
    expect(told((await decided(whole, after)).outcome)).toEqual([]);
    total = writes.writes.length;
    wanted = await specs(whole.cluster);
    for (const one of running.splice(0).reverse()) await one.stop();
  });

  it("has about twenty writes to be killed after", () => {
    expect(total).toBeGreaterThanOrEqual(20);
  });

  it("leaves every address in use where it is, and the next sync converges (FIXED-1, FIXED-5)", async () => {
    for (let kill = 1; kill < total; kill++) {
      const one = await world(objects);
      const decision = await decided(one, after);
      const killed = killedAfter(one.cluster.actor, kill);
      await expect(sync(killed, decision, "killed")).rejects.toThrow("killed");
      await one.settle();
      await check(one.cluster, `killed after write ${kill}`);
      // The Lease of the dead runs out by itself in time; that has its own test.
      await one.cluster.actor.delete({ kind: KINDS.Lease, namespace: "kube-system", name: OWN.writerLease }, {});

      const rest = await sync(one.cluster.actor, await decided(one, after), "next");
      expect(rest.failed, `after kill ${kill}`).toEqual([]);
      expect(rest.withheld, `after kill ${kill}`).toEqual([]);
      await one.settle();
      await check(one.cluster, `converged after kill ${kill}`);
      expect(told((await decided(one, after)).outcome), `after kill ${kill}`).toEqual([]);
      expect(await specs(one.cluster), `after kill ${kill}`).toEqual(wanted);
      for (const each of running.splice(0).reverse()) await each.stop();
    }
  });
});

/** A process that dies with its n-th write: nothing of it reaches the cluster afterwards. */
function killedAfter(cluster: Cluster, count: number): Cluster {
  let writes = 0;
  const alive = <T>(call: () => Promise<T>): Promise<T> => {
    if (writes >= count) throw new Error("killed");
    return call();
  };
  const write = async <T>(lease: boolean, call: () => Promise<T>): Promise<T> => {
    if (writes >= count) throw new Error("killed");
    if (!lease) writes++;
    return call();
  };
  return {
    served: (kinds) => alive(() => cluster.served(kinds)),
    list: async (kind, options) => alive(() => cluster.list(kind, options)),
    get: async (ref) => alive(() => cluster.get(ref)),
    create: async (object, kind) => write(kind.kind === "Lease", () => cluster.create(object, kind)),
    patch: async (ref, patch) => write(ref.kind.kind === "Lease", () => cluster.patch(ref, patch)),
    delete: async (ref, preconditions) => write(false, () => cluster.delete(ref, preconditions)),
  };
}
