import { expect, test } from "vitest";
import { declared, fixed, lock, plan, run, shown, subnet, written } from "../../support/allocate-world.js";

const W = "d/Deployment/w/net1";
const subnets = [
  subnet("a", "10.0.0.0/24", ["10.0.0.10-10.0.0.13", "10.0.0.20-10.0.0.21"]),
  subnet("b", "10.1.0.0/24", ["10.1.0.10-10.1.0.40"]),
  subnet("six", "fd00::/64", ["fd00::10-fd00::ffff"]),
];

test("an owner that cannot be served is told how many are missing and where free ones are (FIXED-6)", () => {
  const result = run({
    plan: plan({
      subnets,
      workloads: [fixed("d/Deployment/w", { replicas: 7, elastic: 2, subnets: ["a", "b", "six"] })],
    }),
    lock: lock({ a: { held: { [W]: ["10.0.0.11"] } } }),
  });
  expect(result.diagnostics).toMatchObject([
    {
      code: "SP3101",
      severity: "error",
      about: W,
      message: `${W}/a needs 9 addresses (7 replicas + 2 elastic), holds 1, and 5 more can be had: 3 missing`,
      hint: expect.stringMatching(/31 free in b, largest runs 10\.1\.0\.10-10\.1\.0\.40; 65520 free in six/),
    },
  ]);
  expect(written(result.lock)).toEqual({ a: { held: { [W]: "10.0.0.11" }, pools: {}, released: {} } });
  expect(result.allocations).toEqual([]);
});

test("none of its subnets changes, and what it could not use serves the next one", () => {
  const workloads = [
    fixed("d/Deployment/v", { replicas: 7, subnets: ["a", "b"] }),
    fixed("d/Deployment/w", { replicas: 6, subnets: ["a", "b"] }),
  ];
  const result = run({ plan: plan({ subnets, workloads }) });
  expect(result.diagnostics).toMatchObject([{ code: "SP3101", about: "d/Deployment/v/net1" }]);
  expect(shown(result)).toEqual({
    [`${W}/a`]: "10.0.0.10-10.0.0.13,10.0.0.20-10.0.0.21",
    [`${W}/b`]: "10.1.0.10-10.1.0.15",
  });
});

test("several subnets and families: one allocation each, each for the whole workload", () => {
  const result = run({
    plan: plan({
      subnets,
      workloads: [fixed("d/Deployment/w", { replicas: 3, elastic: 1, subnets: ["six", "b", "a", "b"] })],
    }),
  });
  expect(result.allocations.map(({ subnet: key, family, pool }) => [key, family, pool])).toEqual([
    ["a", 4, "d.deployment.w.net1.a"],
    ["b", 4, "d.deployment.w.net1.b"],
    ["six", 6, "d.deployment.w.net1.six"],
  ]);
  expect(shown(result)).toEqual({
    [`${W}/a`]: "10.0.0.10-10.0.0.13",
    [`${W}/b`]: "10.1.0.10-10.1.0.13",
    [`${W}/six`]: "fd00::10-fd00::13",
  });
});

test("wishes count in the subnet they lie in only", () => {
  const workloads = [
    fixed("d/Deployment/w", { replicas: 1, subnets: ["a", "b", "six"], wishes: ["10.1.0.20", "fd00::99"] }),
  ];
  expect(shown(run({ plan: plan({ subnets, workloads }) }))).toEqual({
    [`${W}/a`]: "10.0.0.20",
    [`${W}/b`]: "10.1.0.20",
    [`${W}/six`]: "fd00::99",
  });
});

test("a whole /64 costs nothing", () => {
  const wide = [subnet("six", "fd00::/64", ["fd00::-fd00::ffff:ffff:ffff:ffff"])];
  const pools = [declared("p", "six", { count: 1000, from: "fd00::8000:0:0:0" })];
  const workloads = [fixed("d/Deployment/w", { replicas: 2, subnets: ["six"] })];
  expect(shown(run({ plan: plan({ subnets: wide, workloads, pools }) }))).toEqual({
    [`${W}/six`]: "fd00::-fd00::1",
    "pool:p/six": "fd00::8000:0:0:0-fd00::8000:0:0:3e7",
  });
});
