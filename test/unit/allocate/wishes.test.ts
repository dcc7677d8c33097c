import { describe, expect, test } from "vitest";
import { cluster, declared, fixed, lock, plan, pool, reservation, run, shown } from "../../support/allocate-world.js";

const wishing = (wishes: string[], replicas = 2) => fixed("d/Deployment/w", { replicas, wishes });

describe("wished addresses", () => {
  test("are honoured first, the rest grows beside them", () => {
    expect(shown(run({ plan: plan({ workloads: [wishing(["10.0.0.20"], 3)] }) }))).toEqual({
      "d/Deployment/w/net1/a": "10.0.0.20-10.0.0.22",
    });
  });

  test("are kept out of the reach of everybody else's growth", () => {
    const result = run({
      plan: plan({ workloads: [fixed("d/Deployment/a", { replicas: 3 }), wishing(["10.0.0.11"], 1)] }),
    });
    expect(result.diagnostics).toEqual([]);
    expect(shown(result)).toMatchObject({ "d/Deployment/w/net1/a": "10.0.0.11" });
  });

  test("may be the owner's own resting ones", () => {
    const before = lock({ a: { released: { "d/Deployment/w/net1": ["10.0.0.20-10.0.0.21"] } } });
    const result = run({ plan: plan({ workloads: [wishing(["10.0.0.21"])] }), lock: before });
    expect(shown(result)).toEqual({ "d/Deployment/w/net1/a": "10.0.0.20-10.0.0.21" });
    expect(result.lock.subnets.get("a")!.released.size).toBe(0);
  });

  test.each([
    [
      "held by another",
      { lock: lock({ a: { held: { "d/Deployment/o/net1": ["10.0.0.20"] } } }) },
      /held by d\/Deployment\/o\/net1\/a/,
    ],
    [
      "resting for another",
      { lock: lock({ a: { released: { "d/Deployment/o/net1": ["10.0.0.20"] } } }) },
      /: resting$/,
    ],
    ["in a foreign pool", { snapshot: cluster(pool("theirs", ["10.0.0.20"])) }, /: in another pool$/],
    [
      "in use in a foreign pool",
      { snapshot: cluster(pool("theirs", ["10.0.0.20"], { used: { "10.0.0.20": "d/x" } })) },
      /: in use and in another pool$/,
    ],
  ])("%s: an error that says so, and nothing changes", (_, world, why) => {
    const others = [fixed("d/Deployment/o", { replicas: 1 })];
    const result = run({ plan: plan({ workloads: [...others, wishing(["10.0.0.20-10.0.0.21"])] }), ...world });
    expect(result.diagnostics).toMatchObject([
      { code: "SP3102", about: "d/Deployment/w/net1", message: expect.stringMatching(why) },
    ]);
    expect(result.diagnostics[0]!.message).toContain("10.0.0.20:");
    expect(result.lock.subnets.get("a")!.held.has("d/Deployment/w/net1")).toBe(false);
  });

  test.each([
    ["outside the ranges", ["10.0.0.40"], {}, /outside the usable ranges of a/],
    ["reserved", ["10.0.0.12"], { reserved: [reservation("printers", ["10.0.0.12"])] }, /: reserved$/],
    [
      "in a declared pool",
      ["10.0.0.12"],
      { pools: [declared("p", "a", { addresses: ["10.0.0.12"] })] },
      /in another pool/,
    ],
  ])("%s: an error", (_, wishes, parts, why) => {
    const result = run({ plan: plan({ workloads: [wishing(wishes)], ...parts }) });
    expect(result.diagnostics).toMatchObject([{ code: "SP3102", message: expect.stringMatching(why) }]);
  });

  test("two owners with one wish: the first in key order gets it", () => {
    const result = run({
      plan: plan({
        workloads: [fixed("d/Deployment/a", { replicas: 1, wishes: ["10.0.0.12"] }), wishing(["10.0.0.12"])],
      }),
    });
    expect(result.diagnostics).toMatchObject([{ code: "SP3102", about: "d/Deployment/w/net1" }]);
    expect(shown(result)).toEqual({ "d/Deployment/a/net1/a": "10.0.0.12" });
  });

  test("wishes of an owner that fails are free for the next one", () => {
    const result = run({
      plan: plan({
        workloads: [
          fixed("d/Deployment/a", { replicas: 21, wishes: ["10.0.0.12"] }),
          fixed("d/Deployment/b", { replicas: 20 }),
        ],
      }),
    });
    expect(result.diagnostics).toMatchObject([{ code: "SP3101", about: "d/Deployment/a/net1" }]);
    expect(shown(result)).toEqual({ "d/Deployment/b/net1/a": "10.0.0.10-10.0.0.29" });
  });
});
