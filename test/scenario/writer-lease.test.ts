import { afterEach, describe, expect, it } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { apply } from "../../src/app/apply/apply.js";
import { LeaseTaken } from "../../src/app/lease-waiting.js";
import { acquireWriterLease } from "../../src/app/writer-lease.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS, OWN } from "../../src/core/spiderpool/objects.js";
import type { Cluster } from "../../src/ports/cluster.js";
import { nothingNew } from "../support/rejudge.js";
import { creating } from "../support/steps.js";
import { virtualClock } from "../support/virtual-clock.js";

const clusters: EmbeddedCluster[] = [];
afterEach(async () => {
  for (const one of clusters.splice(0)) await one.stop();
});

async function world() {
  const cluster = await startEmbeddedCluster();
  clusters.push(cluster);
  const clock = virtualClock();
  const acquire = (identity: string, options: Partial<Parameters<typeof acquireWriterLease>[2]> = {}, on?: Cluster) =>
    acquireWriterLease(on ?? cluster.actor, clock, {
      namespace: "kube-system",
      identity,
      timeout: 60_000,
      ...options,
    });
  const ref = { kind: KINDS.Lease, namespace: "kube-system", name: OWN.writerLease };
  const spec = async () => (await cluster.actor.get(ref)).spec as Record<string, unknown>;
  return { cluster, clock, acquire, spec, ref };
}

describe("the writer Lease", () => {
  it("is taken, renewed in the background, and given back", async () => {
    const { clock, acquire, spec } = await world();
    const lease = await acquire("a");
    expect(await spec()).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
    const first = (await spec()).renewTime;
    await clock.sleep(30_000);
    expect(lease.isHeld()).toBe(true);
    expect((await spec()).renewTime).not.toBe(first);
    expect((await spec()).renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await lease.release();
    expect(lease.isHeld()).toBe(false);
    expect((await spec()).holderIdentity ?? "").toBe("");
  });

  it("makes others wait, and says for whom; the next one has it as soon as it is given back", async () => {
    const { clock, acquire } = await world();
    const first = await acquire("a");
    const told: string[] = [];
    const second = acquire("b", { onWait: (holder) => told.push(holder) });
    await clock.sleep(20_000);
    expect(told).toEqual(["a"]);
    await first.release();
    const lease = await second;
    expect(lease.isHeld()).toBe(true);
    expect(first.isHeld()).toBe(false);
    await lease.release();
  });

  it("gives up on a writer that does not let go", async () => {
    const { acquire } = await world();
    const first = await acquire("a");
    const error = await acquire("b", { timeout: 30_000 }).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(LeaseTaken);
    expect((error as LeaseTaken).message).toBe("another spiderplan (a) is writing to this cluster");
    await first.release();
  });

  it("takes over from a writer that died, by our own clock and not by its", async () => {
    const { cluster, clock, acquire, spec } = await world();
    const renewTime = "2099-01-01T00:00:00.000000Z";
    const dead = { holderIdentity: "dead", leaseDurationSeconds: 15, renewTime, leaseTransitions: 3 };
    const metadata = { name: OWN.writerLease, namespace: "kube-system" };
    await cluster.actor.create(
      { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: dead },
      KINDS.Lease,
    );
    const before = clock.now();
    const lease = await acquire("b");
    expect(clock.now() - before).toBeGreaterThan(15_000);
    expect(await spec()).toMatchObject({ holderIdentity: "b", leaseTransitions: 4 });
    await lease.release();
  });

  it.each<[what: string, spec: object, seconds: [least: number, most: number], transitions: number]>([
    ["a duration of 0", { leaseDurationSeconds: 0 }, [15, 25], 4],
    ["a duration of less than 0", { leaseDurationSeconds: -5 }, [15, 25], 4],
    ["a duration of 68 years", { leaseDurationSeconds: 2_147_483_647 }, [60, 75], 4],
    ["no duration", {}, [15, 25], 4],
    [
      "times of another century",
      { acquireTime: "2999-01-01T00:00:00.000000Z", renewTime: "1000-01-01T00:00:00.000000Z" },
      [15, 25],
      4,
    ],
    ["as many transitions as can be", { leaseTransitions: 2_147_483_647 }, [15, 25], 0],
  ])(
    "is taken over from a record that says %s, neither at once nor never",
    async (_what, said, [least, most], transitions) => {
      const { cluster, clock, acquire, spec } = await world();
      const metadata = { name: OWN.writerLease, namespace: "kube-system" };
      await cluster.actor.create(
        {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata,
          spec: { holderIdentity: "x", leaseTransitions: 3, ...said },
        },
        KINDS.Lease,
      );
      const before = clock.now();
      const lease = await acquire("b", { timeout: 100_000 });
      const waited = (clock.now() - before) / 1000;
      expect(waited).toBeGreaterThan(least);
      expect(waited).toBeLessThan(most);
      expect((await spec()).leaseTransitions).toBe(transitions);
      await lease.release();
    },
  );

  it("names a holder whose name has no end in one short line", async () => {
    const { cluster, acquire } = await world();
    const metadata = { name: OWN.writerLease, namespace: "kube-system" };
    const spec = { holderIdentity: "h".repeat(100_000), leaseDurationSeconds: 15 };
    await cluster.actor.create({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec }, KINDS.Lease);
    const error = await acquire("b", { timeout: 0 }).catch((one: unknown) => one);
    expect((error as LeaseTaken).message.length).toBeLessThan(400);
  });

  it("is lost when somebody else takes it", async () => {
    const { cluster, clock, acquire, ref } = await world();
    const lease = await acquire("a");
    await cluster.actor.patch(ref, { spec: { holderIdentity: "thief" } });
    await clock.sleep(5_000);
    expect(lease.isHeld()).toBe(false);
    await lease.release();
    expect((await cluster.actor.get(ref)).spec).toMatchObject({ holderIdentity: "thief" });
  });

  it("is lost ten seconds after the last renewal that went through", async () => {
    const { cluster, clock, acquire } = await world();
    let reachable = true;
    const patchy: Cluster = {
      served: (kinds) => cluster.actor.served(kinds),
      list: (kind) => cluster.actor.list(kind),
      get: (one) => cluster.actor.get(one),
      create: (object, kind) => cluster.actor.create(object, kind),
      delete: (one, preconditions) => cluster.actor.delete(one, preconditions),
      patch: async (one, patch) => {
        if (!reachable) throw new ClusterError("Unreachable", "cut", true);
        return cluster.actor.patch(one, patch);
      },
    };
    const lease = await acquire("a", {}, patchy);
    await clock.sleep(6_000);
    reachable = false;
    await clock.sleep(5_000);
    expect(lease.isHeld()).toBe(true);
    await clock.sleep(6_000);
    expect(lease.isHeld()).toBe(false);
    await lease.release();
  });

  it("ends the run that loses it: no write goes out any more", async () => {
    const { cluster, clock } = await world();
    const reserved = (name: string, wave: number) =>
      creating(
        {
          apiVersion: KINDS.SpiderReservedIP.apiVersion,
          kind: "SpiderReservedIP",
          metadata: { name },
          spec: { ipVersion: 4, ips: ["10.6.0.1"] },
        },
        wave,
      );
    const report = await apply(
      { steps: [reserved("one", 1), reserved("two", 2)] },
      {
        cluster: {
          ...bound(cluster.actor),
          create: async (object, kind) => {
            const created = await cluster.actor.create(object, kind);
            if (object.metadata.name === "one") {
              const ref = { kind: KINDS.Lease, namespace: "kube-system", name: OWN.writerLease };
              await cluster.actor.patch(ref, { spec: { holderIdentity: "thief" } });
              await clock.sleep(5_000);
            }
            return created;
          },
        },
        clock,
        identity: "a",
        install: "default",
        facts: { namespace: "kube-system" },
        rejudge: nothingNew,
      },
    );
    expect(report).toMatchObject({ created: 1, stopped: "the writer Lease was lost" });
    expect(report.notStarted.map(({ name }) => name)).toEqual(["two"]);
    expect((await cluster.actor.list(KINDS.SpiderReservedIP)).items).toHaveLength(1);
  });
});

function bound(cluster: Cluster): Cluster {
  return {
    served: (kinds) => cluster.served(kinds),
    list: (kind, options) => cluster.list(kind, options),
    get: (ref) => cluster.get(ref),
    create: (object, kind) => cluster.create(object, kind),
    patch: (ref, patch) => cluster.patch(ref, patch),
    delete: (ref, preconditions) => cluster.delete(ref, preconditions),
  };
}
