import { describe, expect, test } from "vitest";
import {
  cluster,
  declared,
  fixed,
  lock,
  NO_LOCK,
  plan,
  pool,
  reservation,
  run,
  shown,
} from "../../support/allocate-world.js";

const walk = (
  held: string[],
  content: { count: number; from?: string },
  parts: Partial<Parameters<typeof plan>[0]> = {},
) =>
  run({
    plan: plan({ pools: [declared("p", "a", content)], ...parts }),
    lock: held.length === 0 ? NO_LOCK : lock({ a: { held: { "pool:p": held } } }),
    snapshot: cluster(...(held.length === 0 ? [] : [pool("p", held)])),
  });

describe("the take of a declared pool", () => {
  test.each<[string, string[], { count: number; from?: string }, string]>([
    ["starts at `from` and skips holes", [], { count: 4, from: "10.0.0.14" }, "10.0.0.14,10.0.0.17-10.0.0.19"],
    ["starts at the first free address without `from`", [], { count: 2 }, "10.0.0.10-10.0.0.11"],
    ["a larger count walks on", ["10.0.0.14"], { count: 3, from: "10.0.0.10" }, "10.0.0.14,10.0.0.17-10.0.0.18"],
    [
      "then comes back to holes passed before",
      ["10.0.0.28-10.0.0.29"],
      { count: 3, from: "10.0.0.24" },
      "10.0.0.24,10.0.0.28-10.0.0.29",
    ],
    [
      "a smaller count drops from the end",
      ["10.0.0.20-10.0.0.24"],
      { count: 3, from: "10.0.0.20" },
      "10.0.0.20-10.0.0.22",
    ],
    [
      "a new `from` counts for new addresses only",
      ["10.0.0.10-10.0.0.11"],
      { count: 3, from: "10.0.0.20" },
      "10.0.0.10-10.0.0.11,10.0.0.20",
    ],
  ])("%s", (_, held, content, expected) => {
    const result = walk(held, content, { reserved: [reservation("hole", ["10.0.0.15-10.0.0.16"])] });
    expect(result.diagnostics).toEqual([]);
    expect(shown(result)).toEqual({ "pool:p/a": expected });
    expect(result.allocations[0]).toMatchObject({ pool: "p", reason: `take ${content.count}` });
  });

  test("too few from `from` on is an error even if there are some before", () => {
    expect(walk([], { count: 3, from: "10.0.0.28" }).diagnostics).toMatchObject([
      { code: "SP3101", about: "pool:p", message: expect.stringContaining("from 10.0.0.28 on: 1 missing") },
    ]);
  });

  test("what it takes goes to no workload, and the other way round", () => {
    const result = walk([], { count: 3 }, { workloads: [fixed("d/Deployment/a", { replicas: 2 })] });
    expect(shown(result)).toEqual({
      "d/Deployment/a/net1/a": "10.0.0.10-10.0.0.11",
      "pool:p/a": "10.0.0.12-10.0.0.14",
    });
  });

  test("without lock files the live pool of that name says what it holds, whoever made it", () => {
    const asked = plan({ pools: [declared("p", "a", { count: 3, from: "10.0.0.20" })] });
    const result = run({ plan: asked, snapshot: cluster(pool("p", ["10.0.0.12"])) });
    expect(shown(result)).toEqual({ "pool:p/a": "10.0.0.12,10.0.0.20-10.0.0.21" });
  });

  test("a take that becomes a list of addresses lets go of the others only", () => {
    const result = run({
      plan: plan({ pools: [declared("p", "a", { addresses: ["10.0.0.10-10.0.0.11"] })] }),
      lock: lock({ a: { held: { "pool:p": ["10.0.0.10-10.0.0.12"] } } }),
    });
    expect(result.diagnostics).toEqual([]);
    expect(result.allocations).toEqual([]);
    expect([...result.lock.subnets.get("a")!.released]).toEqual([
      ["pool:p", [{ first: 0x0a00000c, last: 0x0a00000c }]],
    ]);
  });
});
