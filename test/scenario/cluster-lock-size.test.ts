import { expect, onTestFinished, test } from "vitest";
import { startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { lockText } from "../../src/adapters/plan-files/lock-text.js";
import { ClusterLock, LockMoved } from "../../src/app/plan-sync/cluster-lock.js";
import type { Lock, SubnetLock } from "../../src/core/allocate/allocation.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { parseAddress } from "../../src/core/ip/address.js";
import { parseRangeSet } from "../../src/core/ip/range-set.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import type { Cluster } from "../../src/ports/cluster.js";

const MEBIBYTE = 1024 * 1024;
/** Owners with long names: so many fill one ConfigMap, so many need several. */
const FULL = 4_800;
const LARGE = 9_600;
const LONG = "workload-".padEnd(160, "x");

/** A cluster that refuses what a real API server refuses, and dies after so many writes. */
async function stage() {
  const embedded = await startEmbeddedCluster();
  onTestFinished(() => embedded.stop());
  const { actor } = embedded;
  const life = { writes: 0, left: Number.POSITIVE_INFINITY, beforePatch: async () => {} };
  const write = (data: KubeObject["data"]) => {
    if (life.left-- <= 0) throw new ClusterError("Unreachable", "killed", true);
    const bytes = Object.values(data ?? {}).reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), 0);
    if (bytes > MEBIBYTE)
      throw new ClusterError("Invalid", "data: Too long: may not be more than 1048576 bytes", false);
    life.writes++;
  };
  const cluster: Cluster = {
    served: (kinds) => actor.served(kinds),
    list: (kind, options) => actor.list(kind, options),
    get: (ref) => actor.get(ref),
    delete: (ref, preconditions) => actor.delete(ref, preconditions),
    create: async (object, kind) => {
      write(object.data);
      return actor.create(object, kind);
    },
    patch: async (ref, patch) => {
      const before = life.beforePatch;
      life.beforePatch = async () => {};
      await before();
      write((patch as KubeObject).data);
      return actor.patch(ref, patch);
    },
  };
  const open = (name = "dc") => new ClusterLock(cluster, { namespace: "default", name }, lockText);
  const configMaps = async () => (await actor.list(KINDS.ConfigMap, { namespace: "default" })).items;
  return { actor, open, configMaps, life };
}

const BASE = parseAddress("10.0.0.0") as number;

/** A lock of so many owners, each with every second address, so that no two lines become one. */
function lockOf(owners: number, name = LONG): Lock {
  const held: SubnetLock["held"] = new Map(
    Array.from({ length: owners }, (_, i) => {
      const address = BASE + 2 * i;
      const key = String(i).padStart(6, "0");
      return [`default/Deployment/${name}-${key}/eth0`, [{ first: address, last: address }]];
    }),
  );
  return withHeld(held);
}

function withHeld(held: SubnetLock["held"], more: Partial<SubnetLock> = {}): Lock {
  const lock: SubnetLock = { held, pools: new Map(), released: new Map(), ...more };
  return { files: true, followsLive: true, subnets: new Map([["app", lock]]) };
}

const heldOf = (lock: Lock) => lock.subnets.get("app")!.held;

/** Adds an owner with an address behind all others. */
const grown = (lock: Lock) =>
  withHeld(new Map([...heldOf(lock), ["default/Deployment/zz/eth0", parseRangeSet(["10.200.0.1"])!]]));

/** The lock as one ConfigMap, as earlier versions wrote it. */
function whole(lock: Lock): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: "default",
      name: "spiderplan-lock-dc-app",
      labels: { "app.kubernetes.io/managed-by": "spiderplan", "spiderplan.io/lock-of": "dc" },
      annotations: { "spiderplan.io/subnet": "app" },
    },
    data: { "lock.yaml": lockText.format(lock.subnets.get("app")!) },
  };
}

/** For comparing large ones. */
const textsOf = ({ subnets }: Lock) => [...subnets].map(([subnet, lock]) => [subnet, lockText.format(lock)].join());

async function readOf(lock: ClusterLock): Promise<Lock> {
  const { value, diagnostics } = await lock.read();
  expect(diagnostics).toEqual([]);
  return value;
}

/** How often each address is held, in all ConfigMaps that count. */
function addressesIn(objects: readonly KubeObject[]): string[] {
  return objects.flatMap(({ data }) =>
    Object.values(data ?? {}).flatMap((text) =>
      [...text.matchAll(/^ {2}"?([0-9.-]+)"?: /gm)].map((match) => match[1]!),
    ),
  );
}

test("a lock of 180,000 owners is kept and read back, and a change of one writes one ConfigMap", {
  timeout: 240_000,
}, async () => {
  const { open, configMaps } = await stage();
  const lock = lockOf(180_000, "workload");
  const first = open();
  await first.store(lock);
  expect(await first.store(lock)).toBe(0);
  const objects = await configMaps();
  expect(objects.length).toBeGreaterThan(10);
  const addresses = addressesIn(objects);
  expect([addresses.length, new Set(addresses).size]).toEqual([180_000, 180_000]);
  const second = open();
  expect(textsOf(await readOf(second))).toEqual(textsOf(lock));
  expect(await second.store(grown(lock))).toBe(1);
});

test("one ConfigMap that an earlier version filled is split into parts by the next write", {
  timeout: 60_000,
}, async () => {
  const { actor, open, configMaps } = await stage();
  const before = lockOf(FULL);
  await actor.create(whole(before), KINDS.ConfigMap);
  const lock = open();
  expect(await readOf(lock)).toEqual(before);
  const after = lockOf(LARGE);
  await lock.store(after);
  expect(await readOf(open())).toEqual(after);
  const objects = await configMaps();
  expect(objects.length).toBeGreaterThanOrEqual(3);
  expect(new Set(addressesIn(objects)).size).toBe(LARGE);
  expect(addressesIn(objects)).toHaveLength(LARGE);
  // What does not know of parts finds an empty file, which is an error, rather than a lock that lacks the rest.
  expect(objects.flatMap(({ data }) => Object.keys(data ?? {}))).not.toContain("lock.yaml");
});

test("a split that is cut off anywhere is the lock before or the lock after, and the next write ends it", {
  timeout: 120_000,
}, async () => {
  const before = lockOf(FULL);
  const after = lockOf(LARGE);
  for (let writes = 0; ; writes++) {
    const { actor, open, configMaps, life } = await stage();
    await actor.create(whole(before), KINDS.ConfigMap);
    life.left = writes;
    const done = await open()
      .store(after)
      .then(
        () => true,
        () => false,
      );
    life.left = Number.POSITIVE_INFINITY;
    expect(await readOf(open())).toEqual(done ? after : before);
    await open().store(after);
    expect(await readOf(open())).toEqual(after);
    const addresses = addressesIn(await configMaps());
    expect([addresses.length, new Set(addresses).size]).toEqual([LARGE, LARGE]);
    if (done) {
      expect(writes).toBeGreaterThanOrEqual(3);
      return;
    }
  }
});

test("of one who splits and one who changes, one is told and takes nothing away (FIXED-2)", {
  timeout: 60_000,
}, async () => {
  for (const splitsFirst of [true, false]) {
    const { actor, open } = await stage();
    const before = lockOf(FULL);
    await actor.create(whole(before), KINDS.ConfigMap);
    const [splitter, other] = [open(), open()];
    await Promise.all([splitter.read(), other.read()]);
    const split = lockOf(LARGE);
    const [winner, loser] = splitsFirst ? [splitter, other] : [other, splitter];
    // An owner less: what an owner of the other's lock has is free in this one.
    const small = withHeld(new Map([...heldOf(before)].slice(0, 1_000)));
    const wanted = new Map([
      [splitter, split],
      [other, small],
    ]);
    await winner.store(wanted.get(winner)!);
    await expect(loser.store(wanted.get(loser)!)).rejects.toThrow(LockMoved);
    expect(await readOf(loser)).toEqual(wanted.get(winner));
  }
});

test("who changes a lock while another splits it is not overwritten, and the split is made again (FIXED-2)", async () => {
  const { actor, open, configMaps, life } = await stage();
  const before = lockOf(FULL);
  await actor.create(whole(before), KINDS.ConfigMap);
  const [splitter, other] = [open(), open()];
  await Promise.all([splitter.read(), other.read()]);
  const changed = withHeld(new Map([...heldOf(before)].slice(0, 1_000)));
  life.beforePatch = async () => {
    expect((await configMaps()).length).toBeGreaterThan(1);
    await other.store(changed);
  };
  await expect(splitter.store(lockOf(LARGE))).rejects.toThrow(LockMoved);
  expect(await readOf(splitter)).toEqual(changed);
  expect(await readOf(open())).toEqual(changed);
  await splitter.store(lockOf(LARGE));
  expect(await readOf(open())).toEqual(lockOf(LARGE));
});

test("a part that is missing, or an address in the wrong part, is an error, and nothing is written", {
  timeout: 60_000,
}, async () => {
  const { actor, open, configMaps, life } = await stage();
  const lock = lockOf(LARGE);
  await open().store(lock);
  const parts = (await configMaps()).filter(({ metadata }) => metadata.name !== "spiderplan-lock-dc-app");
  const part = parts[0]!;
  const ref = { kind: KINDS.ConfigMap, namespace: "default", name: part.metadata.name };
  const stray = part.data!["part.yaml"]!.replace("held:\n", "held:\n  10.0.0.1: default/Deployment/stray/eth0\n");
  await actor.patch(ref, { data: { "part.yaml": stray } });
  expect((await open().read()).diagnostics).toMatchObject([{ code: "SP1039", severity: "error", about: "subnet:app" }]);
  await actor.delete(ref, {});
  const torn = open();
  const { diagnostics } = await torn.read();
  expect(diagnostics).toMatchObject([{ code: "SP1039", severity: "error", about: "subnet:app" }]);
  expect(diagnostics[0]!.message).toContain(part.metadata.name);
  const writes = life.writes;
  await expect(torn.store(lock)).rejects.toThrow(LockMoved);
  expect(life.writes).toBe(writes);
});

test("parts that no part names do not count, whatever label they carry", { timeout: 60_000 }, async () => {
  const { actor, open, configMaps } = await stage();
  const lock = lockOf(LARGE);
  await open().store(lock);
  const [part] = (await configMaps()).filter(({ metadata }) => metadata.name !== "spiderplan-lock-dc-app");
  const { labels, annotations, name } = part!.metadata;
  const text = part!.data!["part.yaml"]!.replaceAll("workload", "thief");
  const metadata = { namespace: "default", name: `${name}0`, labels, annotations };
  await actor.create({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { "part.yaml": text } }, KINDS.ConfigMap);
  expect(await readOf(open())).toEqual(lock);
});

test("what belongs to addresses stays with them: ranges over a cut, rests, tickets, kept pools, IPv6", {
  timeout: 60_000,
}, async () => {
  const { open, configMaps } = await stage();
  const many = new Map(
    Array.from({ length: LARGE }, (_, i): [string, ReturnType<typeof parseRangeSet>] => [
      `default/Deployment/${LONG}-${String(i).padStart(6, "0")}/eth0`,
      parseRangeSet([`fd00::${(2 * i + 1).toString(16)}`, ...(i === 0 ? ["fd00::f:0-fd00::f:ffff"] : [])]),
    ]),
  ) as Map<string, NonNullable<ReturnType<typeof parseRangeSet>>>;
  const wide = `default/Deployment/${LONG}-000000/eth0`;
  const lock = withHeld(new Map([...many].sort(([a], [b]) => (a < b ? -1 : 1))), {
    pools: new Map([[wide, "kept.pool"]]),
    released: new Map([["default/Deployment/gone/eth0", parseRangeSet(["fd00::2", "fd00::4a00"])!]]),
    pending: new Map([["CHG-1", parseRangeSet(["fd00::1", "fd00::f:0"])!]]),
  });
  await open().store(lock);
  expect((await configMaps()).length).toBeGreaterThanOrEqual(2);
  expect(await readOf(open())).toEqual(lock);
  // One family for another: the parts stay, and hold what there is.
  await open().store(lockOf(LARGE));
  expect(await readOf(open())).toEqual(lockOf(LARGE));
});

test("two PlanSyncs and subnets whose names make one keep a lock each", async () => {
  const { open, configMaps } = await stage();
  const lock = (subnet: string, owner: string): Lock => ({
    files: true,
    followsLive: true,
    subnets: new Map([[subnet, heldBy(owner)]]),
  });
  const heldBy = (owner: string): SubnetLock => ({
    held: new Map([[`default/Deployment/${owner}/eth0`, parseRangeSet(["10.6.0.10"])!]]),
    pools: new Map(),
    released: new Map(),
  });
  for (const owner of ["one", "two"]) {
    await open("a").store(lock("b-c", owner));
    await open("a-b").store(lock("c", `${owner}-other`));
    expect(await readOf(open("a"))).toEqual(lock("b-c", owner));
    expect(await readOf(open("a-b"))).toEqual(lock("c", `${owner}-other`));
  }
  expect(await configMaps()).toHaveLength(2);
});

test("a ConfigMap under a lock's name that is no other PlanSync's is left alone, and told", async () => {
  const { actor, open, configMaps } = await stage();
  const object = whole(lockOf(1));
  await actor.create({ ...object, metadata: { ...object.metadata, labels: {} } }, KINDS.ConfigMap);
  await expect(open().store(lockOf(2))).rejects.toThrow(LockMoved);
  expect(await configMaps()).toHaveLength(1);
});
