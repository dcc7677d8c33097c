import { describe, expect, test } from "vitest";
import { declared, fixed, plan, run, shown } from "../../support/allocate-world.js";

describe("a first allocation", () => {
  test("gives new owners the smallest run that fits, in key order", () => {
    const result = run({
      plan: plan({
        workloads: [fixed("d/Deployment/b", { replicas: 2, elastic: 1 }), fixed("d/Deployment/a", { replicas: 3 })],
        pools: [declared("p", "a", { addresses: ["10.0.0.13-10.0.0.14"] })],
      }),
    });
    expect(result.diagnostics).toEqual([]);
    expect(shown(result)).toEqual({
      "d/Deployment/a/net1/a": "10.0.0.10-10.0.0.12",
      "d/Deployment/b/net1/a": "10.0.0.15-10.0.0.17",
    });
    expect(result.allocations[1]).toMatchObject({
      pool: "d.deployment.b.net1.a",
      reason: "2 replicas + 1 elastic",
      kept: 0,
      added: 3,
      leaving: false,
    });
  });
});
