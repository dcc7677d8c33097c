import { expect, onTestFinished, test } from "vitest";
import { startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { lockText } from "../../src/adapters/plan-files/lock-text.js";
import { ClusterLock, LockMoved } from "../../src/app/plan-sync/cluster-lock.js";
import type { Lock } from "../../src/core/allocate/allocation.js";
import { parseRangeSet } from "../../src/core/ip/range-set.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";

const lockOf = (addresses: string, subnet = "app"): Lock => ({
  files: true,
  followsLive: true,
  subnets: new Map([
    [
      subnet,
      {
        held: new Map([["default/Deployment/web/eth0", parseRangeSet([addresses])!]]),
        pools: new Map(),
        released: new Map(),
      },
    ],
  ]),
});

async function stage(name = "dc") {
  const cluster = await startEmbeddedCluster();
  onTestFinished(() => cluster.stop());
  const open = () => new ClusterLock(cluster.actor, { namespace: "default", name }, lockText);
  const { actor } = cluster;
  return { actor, open };
}

test("keeps one ConfigMap a subnet, writes what changed only, and reads it back", async () => {
  const { actor, open } = await stage();
  const lock = open();
  expect((await lock.read()).value).toEqual({ files: false, followsLive: true, subnets: new Map() });
  const first = lockOf("10.6.0.10-10.6.0.12");
  expect(await lock.store(first)).toBe(1);
  expect(await lock.store(first)).toBe(0);
  const more: Lock = { ...first, subnets: new Map([...first.subnets, ...lockOf("10.7.0.10", "other").subnets]) };
  expect(await lock.store(more)).toBe(1);
  expect((await open().read()).value).toEqual(more);
  const { items } = await actor.list(KINDS.ConfigMap, { namespace: "default" });
  expect(items.map(({ metadata }) => metadata.name).sort()).toEqual([
    "spiderplan-lock-dc-app",
    "spiderplan-lock-dc-other",
  ]);
});

test("of two who write, the second is told and takes nothing away (FIXED-2)", async () => {
  const { open } = await stage();
  await open().store(lockOf("10.6.0.10"));
  const [one, other] = [open(), open()];
  await Promise.all([one.read(), other.read()]);
  await one.store(lockOf("10.6.0.10-10.6.0.11"));
  const before = other.version;
  await expect(other.store(lockOf("10.6.0.10-10.6.0.19"))).rejects.toThrow(LockMoved);
  expect(other.version).toBeGreaterThan(before);
  expect((await other.read()).value).toEqual(lockOf("10.6.0.10-10.6.0.11"));
});

test("what nobody can read is an error with its place, and a long name still fits", async () => {
  const name = `${"long-".repeat(45)}name`;
  const { actor, open } = await stage(name);
  await open().store(lockOf("10.6.0.10"));
  const [stored] = (await actor.list(KINDS.ConfigMap, { namespace: "default" })).items;
  expect(stored!.metadata.name.length).toBeLessThanOrEqual(253);
  const ref = { kind: KINDS.ConfigMap, namespace: "default", name: stored!.metadata.name };
  await actor.patch(ref, { data: { "lock.yaml": "held: [" } });
  const { diagnostics } = await open().read();
  expect(diagnostics.some(({ severity }) => severity === "error")).toBe(true);
});

test("a ConfigMap that only carries our label replaces nothing: names are checked, doubles do not count", async () => {
  const { actor, open } = await stage();
  const lock = open();
  const held = lockOf("10.6.0.10-10.6.0.12");
  await lock.store(held);
  const ours = await actor.get({ kind: KINDS.ConfigMap, namespace: "default", name: "spiderplan-lock-dc-app" });
  const { labels, annotations } = ours.metadata;
  for (const name of ["a-foreign-one", "zz-foreign-one"]) {
    const text = ours.data!["lock.yaml"]!.replace("10.6.0.10-10.6.0.12", "10.6.0.90-10.6.0.92");
    await actor.create(
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { namespace: "default", name, labels, annotations },
        data: { "lock.yaml": text },
      },
      KINDS.ConfigMap,
    );
  }
  expect((await open().read()).value).toEqual(held);
});
