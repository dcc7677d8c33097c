import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { DEEDS } from "../support/tenant-soak/deeds.js";
import { Observer } from "../support/tenant-soak/observer.js";
import { percentile, tenantSoak } from "../support/tenant-soak/soak.js";
import type { TenantStage } from "../support/tenant-soak/stage.js";

test("a tenant that does its worst keeps no honest commit from the cluster, and moves no address", async () => {
  const lines: string[] = [];
  const { without, beside, violations, deeds, writes } = await tenantSoak({
    ...{ minutes: 0.1, seed: 3, rounds: 1, real: false, honest: 4, scale: 0.02 },
    onProgress: (line) => lines.push(line),
  });
  expect(violations, lines.join("\n")).toEqual([]);
  expect({ without: without.lost, beside: beside.lost }).toEqual({ without: 0, beside: 0 });
  expect(Math.min(without.seconds.length, beside.seconds.length)).toBeGreaterThan(0);
  expect([...deeds.keys()].sort()).toEqual(DEEDS.map(({ name }) => name).sort());
  expect(writes).toBeGreaterThan(100);
}, 240_000);

/** A stage on which somebody else decides what is seen. */
async function staged() {
  const world = {
    addresses: new Map([["shop/web-0", "10.6.1.0/16"]]),
    metrics: "",
    health: 200,
    log: [] as string[],
    ready: "True",
  };
  const server = createServer(({ url }, response) => {
    response.statusCode = url === "/healthz" ? world.health : 200;
    response.end(url === "/healthz" ? "" : world.metrics);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const stage = {
    addresses: async () => world.addresses,
    status: async () => ({ conditions: [{ type: "Ready", status: world.ready, reason: "Stalled", message: "m" }] }),
    operator: {
      ...{ pid: process.pid, log: world.log, ended: () => undefined },
      probes: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    },
  };
  return { world, observer: new Observer(stage as unknown as TenantStage, { look: 20, ask: 20 }) };
}

type World = Awaited<ReturnType<typeof staged>>["world"];

test.each<[what: string, change: (world: World) => void, told: string | undefined]>([
  ["nothing", () => {}, undefined],
  [
    "a Pod's address",
    (world) => world.addresses.set("shop/web-0", "10.6.1.9/16"),
    "had 10.6.1.0/16 and has 10.6.1.9/16",
  ],
  ["a Pod that is gone", (world) => world.addresses.clear(), "has undefined"],
  ["a Pod that had none", (world) => world.addresses.set("shop/web-1", "10.6.1.9/16"), undefined],
  ["an exception", (world) => (world.metrics = 'spiderplan_internal_errors_total{stage="apply"} 1\n'), "is above 0"],
  ["none so far", (world) => (world.metrics = 'spiderplan_internal_errors_total{stage="apply"} 0\n'), undefined],
  ["a line of level error", (world) => world.log.push('{"level":"error","msg":"x"}'), '"msg":"x"'],
  ["a warning", (world) => world.log.push('{"level":"warn","msg":"x"}'), undefined],
  ["its health", (world) => (world.health = 500), "/healthz: 500"],
])("the observer of a tenant's soak judges a change of %s", async (_what, change, told) => {
  const { world, observer } = await staged();
  observer.start();
  await expect.poll(() => observer.take().rssMiB).toBeGreaterThan(0);
  change(world);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await observer.stop();
  expect([...observer.violations]).toEqual(told === undefined ? [] : [expect.stringContaining(told)]);
});

test("the observer counts how often the PlanSync was not ready, and why", async () => {
  const { world, observer } = await staged();
  world.ready = "False";
  observer.start();
  await observer.stop();
  expect([...observer.take().notReady.keys()]).toEqual(["False Stalled: m"]);
});

test("a percentile is a value of the list", () => {
  const values = Array.from({ length: 20 }, (_, index) => 20 - index);
  expect([0.5, 0.95, 1].map((p) => percentile(values, p))).toEqual([10, 19, 20]);
  expect(percentile([], 0.5)).toBeNaN();
});
