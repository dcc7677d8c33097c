import { describe, expect, test } from "vitest";
import { A, B, B_NET, codes, one, workload } from "../../support/allocate-several.js";
import { cluster, fixed, lock, NO_LOCK, plan, pool, run, SMALL, shown, written } from "../../support/allocate-world.js";

/** What only shows where there are several owners, subnets or ordinals. */

test("of two that want one name the one that holds something has it", () => {
  const [dots, dashes] = ["d/Deployment/a.b/net1", "d/Deployment/a--b/net1"];
  const workloads = [one("a.b"), one("a--b")];
  const result = run({ plan: plan({ workloads }), lock: lock({ a: { held: { [dots]: ["10.0.0.20"] } } }) });
  expect(result.names.pattern(dots)).toBe("d.deployment.a--b.net1.*");
  expect(result.names.pattern(dashes)).not.toBe("d.deployment.a--b.net1.*");
});

test("a lock in the cluster follows the live workload where the plan gives no bound, files do not", () => {
  const live = workload("Deployment", "a", { replicas: 2 });
  const asked = plan({ workloads: [fixed("d/Deployment/a", {})] });
  const of = (followsLive: boolean) =>
    run({ plan: asked, lock: { ...lock({}), followsLive }, snapshot: cluster(live) });
  expect(codes(of(false))).toEqual([["SP3103", A]]);
  expect(shown(of(true))).toEqual({ [`${A}/a`]: "10.0.0.10-10.0.0.11" });
  expect(codes(run({ plan: asked, lock: NO_LOCK, snapshot: cluster(live) }))).toEqual([]);
});

test("a subnet that asks for fewer than the live Pods keeps theirs (FIXED-8)", () => {
  const live = workload("Deployment", "a", { replicas: 3 });
  const home = pool("d.deployment.a.net1.a", ["10.0.0.10-10.0.0.13"], { owner: `${A}/a` });
  const asked = plan({ workloads: [fixed("d/Deployment/a", { perSubnet: { a: 1 } })] });
  expect(shown(run({ plan: asked, snapshot: cluster(live, home) }))).toEqual({ [`${A}/a`]: "10.0.0.10-10.0.0.12" });
});

test("nobody knows the replicas: ordinals that only live pools tell of stay as they are", () => {
  const live = pool("d.statefulset.web.net1.a.0", ["10.0.0.17"], { owner: "d/StatefulSet/web/net1/a/0" });
  const asked = plan({ workloads: [fixed("d/StatefulSet/web", { perPod: {} })] });
  expect(run({ plan: asked, snapshot: cluster(live), mode: "plan" }).allocations).toMatchObject([
    { owner: "d/StatefulSet/web/net1/0", frozen: true },
  ]);
});

test("nor do files that do not know of them let them go", () => {
  const live = pool("d.statefulset.web.net1.a.0", ["10.0.0.17"], { owner: "d/StatefulSet/web/net1/a/0" });
  const asked = plan({ workloads: [fixed("d/StatefulSet/web", { perPod: {} }), one("a")] });
  const before = lock({ a: { held: { [A]: ["10.0.0.10"] } } });
  const result = run({ plan: asked, lock: before, snapshot: cluster(live), mode: "plan" });
  expect(result.allocations.find(({ owner }) => owner !== A)).toMatchObject({ frozen: true, leaving: true });
});

test("`plan` retires nobody from the files", () => {
  const before = lock({ a: { held: { [A]: ["10.0.0.10"] } } });
  expect(written(run({ plan: plan({}), lock: before, snapshot: cluster(), mode: "plan" }).lock)).toEqual(
    written(before),
  );
});

test("subnets are told in the order of their names", () => {
  expect(run({ plan: plan({ subnets: [B_NET, SMALL] }) }).usage.map(({ subnet: key }) => key)).toEqual(["a", "b"]);
});

test("owners of unknown size are told in their order; other NICs need none", () => {
  const plain = fixed("d/Deployment/z", {});
  const nic = { ...plain.interfaces.get("net1")!, ask: { type: "pools", pools: [] } as never };
  const workloads = [
    fixed("d/Deployment/b", {}),
    fixed("d/Deployment/a", {}),
    { ...plain, interfaces: new Map([["net1", nic]]) },
  ];
  expect(codes(run({ plan: plan({ workloads }), lock: lock({}) }))).toEqual([
    ["SP3103", A],
    ["SP3103", B],
  ]);
});

describe("StatefulSets with ordinals", () => {
  const web = "d/StatefulSet/web";
  const set = (start: number, replicas: number) => workload("StatefulSet", "web", { replicas, ordinals: { start } });
  const home = (ordinal: number) =>
    pool(`d.statefulset.web.net1.a.${ordinal}`, [`10.0.0.${10 + ordinal}`], { owner: `${web}/net1/a/${ordinal}` });
  test("that do not begin at 0: wishes and waiting Pods are theirs", () => {
    const asked = plan({ workloads: [fixed(web, { replicas: 1, perPod: { 5: "10.0.0.15" } })] });
    const result = run({ plan: asked, snapshot: cluster(set(5, 2), home(5), home(6), home(7)) });
    expect(shown(result)).toEqual({ [`${web}/net1/5/a`]: "10.0.0.15", [`${web}/net1/6/a`]: "10.0.0.16" });
    const wishing = plan({ workloads: [fixed(web, { replicas: 2, perPod: { 6: "10.0.0.20" } })] });
    expect(shown(run({ plan: wishing, snapshot: cluster(set(5, 2)) }))).toMatchObject({
      [`${web}/net1/6/a`]: "10.0.0.20",
    });
  });
  test("are counted from their first one", () => {
    const asked = plan({ workloads: [fixed(web, { replicas: 2, perPod: {} })] });
    const reasons = run({ plan: asked, snapshot: cluster(set(5, 2)) }).allocations.map(({ reason }) => reason);
    expect(reasons).toEqual(["ordinal 5 of 2", "ordinal 6 of 2"]);
  });
  test("no longer ask for the one pool they had", () => {
    const asked = plan({ workloads: [fixed(web, { replicas: 1, perPod: {} })] });
    const whole = pool("d.statefulset.web.net1.a", ["10.0.0.20"], { owner: `${web}/net1/a` });
    expect(Object.keys(shown(run({ plan: asked, snapshot: cluster(set(0, 3), whole) })))).toEqual([`${web}/net1/0/a`]);
  });
});

test("a renamed workload's lock names the pools of those that moved only, and only if they keep the old name", () => {
  const moved = { "d/Deployment/old": "d/Deployment/a" };
  const before = lock({ a: { held: { "d/Deployment/old/net1": ["10.0.0.10"], [B]: ["10.0.0.20"] } } });
  expect(written(run({ plan: plan({ workloads: [one("a"), one("b")], moved }), lock: before }).lock)).toMatchObject({
    a: { pools: { [A]: "d.deployment.old.net1.a" } },
  });
  expect(
    (
      written(run({ plan: plan({ workloads: [one("a"), one("b")], moved }), lock: before }).lock) as {
        a: { pools: object };
      }
    ).a.pools,
  ).toEqual({ [A]: "d.deployment.old.net1.a" });
  const live = pool("d.deployment.a.net1.a", ["10.0.0.10"], { owner: `${A}/a` });
  expect(written(run({ plan: plan({ workloads: [one("a")], moved }), snapshot: cluster(live) }).lock)).toEqual({
    a: { held: { [A]: "10.0.0.10" }, pools: {}, released: {} },
  });
});
