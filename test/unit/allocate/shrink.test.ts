import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { cluster, endpoint, fixed, lock, plan, pool, run, written } from "../../support/allocate-world.js";

const W = "d/Deployment/w/net1";
const POOL = "d.deployment.w.net1.a";
const asked = plan({ workloads: [fixed("d/Deployment/w", { replicas: 2 })] });
const before = lock({ a: { held: { [W]: ["10.0.0.10-10.0.0.14"] } } });
const live = (used: Record<string, string> = {}) => pool(POOL, ["10.0.0.10-10.0.0.14"], { owner: `${W}/a`, used });

const lockOf = (held: string, released: string) => ({
  a: { held: { [W]: held }, pools: {}, released: released ? { [W]: released } : {} },
});

describe("shrinking takes from the end what nobody uses (FIXED-1)", () => {
  test.each([
    ["nothing in use", cluster(live()), "10.0.0.10-10.0.0.11", "10.0.0.12-10.0.0.14"],
    ["the end in use", cluster(live({ "10.0.0.14": "d/w-1" })), "10.0.0.10,10.0.0.14", "10.0.0.11-10.0.0.13"],
    [
      "an endpoint only",
      cluster(live(), endpoint("d/w-1", "10.0.0.13", POOL, "Deployment/w")),
      "10.0.0.10,10.0.0.13",
      "10.0.0.11-10.0.0.12,10.0.0.14",
    ],
    [
      "more in use than asked for",
      cluster(live({ "10.0.0.10": "d/1", "10.0.0.12": "d/2", "10.0.0.14": "d/3" })),
      "10.0.0.10,10.0.0.12,10.0.0.14",
      "10.0.0.11,10.0.0.13",
    ],
  ])("%s", (_, snapshot, held, released) => {
    expect(written(run({ plan: asked, lock: before, snapshot }).lock)).toEqual(lockOf(held, released));
  });

  test("without a snapshot never", () => {
    expect(written(run({ plan: asked, lock: before }).lock)).toEqual(lockOf("10.0.0.10-10.0.0.14", ""));
  });

  test("not while a pool's record of its users is unreadable", () => {
    const opaque = { ...live(), status: { allocatedIPs: "{" } };
    expect(written(run({ plan: asked, lock: before, snapshot: cluster(opaque) }).lock)).toEqual(
      lockOf("10.0.0.10-10.0.0.14", ""),
    );
  });

  test("wished addresses stay", () => {
    const wishing = plan({ workloads: [fixed("d/Deployment/w", { replicas: 2, wishes: ["10.0.0.13"] })] });
    expect(written(run({ plan: wishing, lock: before, snapshot: cluster(live()) }).lock)).toEqual(
      lockOf("10.0.0.10,10.0.0.13", "10.0.0.11-10.0.0.12,10.0.0.14"),
    );
  });

  test("what is held beyond the demand is said", () => {
    const snapshot = cluster(live({ "10.0.0.10": "d/1", "10.0.0.12": "d/2", "10.0.0.14": "d/3" }));
    expect(run({ plan: asked, lock: before, snapshot }).allocations).toMatchObject([
      { reason: "2 replicas + 0 elastic, 1 more held", kept: 3, added: 0 },
    ]);
  });

  test("a workload scaled to nothing gives everything back", () => {
    const none = plan({ workloads: [fixed("d/Deployment/w", { replicas: 0 })] });
    const result = run({ plan: none, lock: before, snapshot: cluster(live()) });
    expect(result.allocations).toEqual([]);
    expect(written(result.lock)).toEqual({ a: { held: {}, pools: {}, released: { [W]: "10.0.0.10-10.0.0.14" } } });
  });
});

describe("no further than the Pods the live workload asks for, running or waiting (FIXED-8)", () => {
  const workload = (replicas: number): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "d", name: "w" },
    spec: { replicas, selector: { matchLabels: { app: "w" } }, template: { metadata: { labels: { app: "w" } } } },
  });
  const one = plan({ workloads: [fixed("d/Deployment/w", { replicas: 1 })] });
  const codes = (result: ReturnType<typeof run>) => result.diagnostics.map(({ code, severity }) => [code, severity]);

  test.each([
    ["3 Pods, 1 running", 3, "10.0.0.10-10.0.0.12", "10.0.0.13-10.0.0.14", [["SP4219", "warning"]]],
    ["more than it has", 9, "10.0.0.10-10.0.0.14", "", [["SP4219", "warning"]]],
    ["scaled before", 1, "10.0.0.10", "10.0.0.11-10.0.0.14", []],
  ])("%s", (_, replicas, held, released, told) => {
    const snapshot = cluster(live({ "10.0.0.10": "d/w-1" }), workload(replicas));
    const result = run({ plan: one, lock: before, snapshot });
    expect(written(result.lock)).toEqual(lockOf(held, released));
    expect(codes(result)).toEqual(told);
  });

  test("a lock file that leaves fewer stops the owner (SP4116)", () => {
    const short = lock({ a: { held: { [W]: ["10.0.0.10"] }, released: { [W]: ["10.0.0.11-10.0.0.14"] } } });
    const plans = (replicas: number) =>
      run({ plan: one, lock: short, snapshot: cluster(live(), workload(replicas)), mode: "plan" });
    expect(codes(plans(2))).toEqual([
      ["SP4219", "warning"],
      ["SP4116", "error"],
    ]);
    expect(plans(2).allocations).toMatchObject([{ owner: W, frozen: true, kept: 5 }]);
    expect(codes(plans(1))).toEqual([]);
    expect(plans(1).allocations).toMatchObject([{ owner: W, kept: 1 }]);
  });
});

describe("where the lock follows live workloads", () => {
  const following = { ...before, followsLive: true };
  const shrunk = (used: Record<string, string>) =>
    written(run({ plan: asked, lock: following, snapshot: cluster(live(used)) }).lock);

  test("a pool shrinks once: not while Pods that go have more than is asked for, then by all that is too much", () => {
    const four = { "10.0.0.10": "d/1", "10.0.0.11": "d/2", "10.0.0.12": "d/3", "10.0.0.13": "d/4" };
    expect(shrunk(four)).toEqual(lockOf("10.0.0.10-10.0.0.14", ""));
    const { "10.0.0.10": _, ...three } = four;
    expect(shrunk(three)).toEqual(lockOf("10.0.0.10-10.0.0.14", ""));
    expect(shrunk({ "10.0.0.11": "d/2", "10.0.0.13": "d/4" })).toEqual(
      lockOf("10.0.0.11,10.0.0.13", "10.0.0.10,10.0.0.12,10.0.0.14"),
    );
  });

  test("a number of Pods in the plan is told to win, and nowhere else", () => {
    const codes = (one: typeof before) => run({ plan: asked, lock: one }).diagnostics.map(({ code }) => code);
    expect(codes(following)).toContain("SP3108");
    expect(codes(before)).not.toContain("SP3108");
  });
});
