import { expect, test } from "vitest";
import { OwnWrites } from "../../../src/app/plan-sync/own-writes.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import type { Cluster } from "../../../src/ports/cluster.js";
import { livePool } from "../../support/objects.js";

const version = (resourceVersion: string): KubeObject => {
  const pool = livePool("p", {});
  return { ...pool, metadata: { ...pool.metadata, resourceVersion } };
};

/** One pool written at version 7, and a watch that knows it as given; sleeping takes no time. */
async function written(seen: () => KubeObject | undefined) {
  const writes = new OwnWrites(() => true);
  const cluster = { create: async () => version("7") } as unknown as Cluster;
  await writes.through(cluster, "net/dc").create(version("7"), KINDS.SpiderIPPool);
  let now = 0;
  const clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
  return {
    caughtUp: () => writes.caughtUp(seen, clock, new AbortController().signal),
    now: () => now,
    isOwn: () => writes.writerOf(KINDS.SpiderIPPool, "p", version("7")) === "net/dc",
  };
}

test("a write the watch has seen is not waited for, and forgotten", async () => {
  const { caughtUp, now, isOwn } = await written(() => version("8"));
  expect(isOwn()).toBe(true);
  expect(await caughtUp()).toBe(true);
  expect([now(), isOwn()]).toEqual([0, false]);
});

test("one it has not seen is waited for once; it counts as missing until the watch knows it", async () => {
  let known: KubeObject | undefined = version("6");
  const { caughtUp, now, isOwn } = await written(() => known);
  expect(await caughtUp()).toBe(false);
  const waited = now();
  expect(waited).toBeGreaterThan(1_000);
  expect(await caughtUp(), "asked again before the next wave").toBe(false);
  expect([now(), isOwn()]).toEqual([waited, true]);
  known = version("7");
  expect(await caughtUp()).toBe(true);
  expect(await caughtUp()).toBe(true);
  expect(now()).toBe(waited);
});
