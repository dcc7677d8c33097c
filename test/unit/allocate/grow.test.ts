import { describe, expect, test } from "vitest";
import { fixed, lock, plan, run, SMALL, subnet, written } from "../../support/allocate-world.js";

const W = "d/Deployment/w/net1";
const HOLES = subnet("a", "10.0.0.0/24", [
  "10.0.0.10-10.0.0.12",
  "10.0.0.20-10.0.0.24",
  "10.0.0.30-10.0.0.33",
  "10.0.0.40-10.0.0.49",
]);

/** Who holds what before -> what w holds when it asks for `count`. */
function grown(held: Record<string, string[]>, count: number, where = SMALL, released: Record<string, string[]> = {}) {
  const others = Object.keys(held).filter((owner) => owner !== W);
  const workloads = others.map((owner) => fixed(owner.slice(0, owner.lastIndexOf("/")), { replicas: 1 }));
  const result = run({
    plan: plan({ subnets: [where], workloads: [...workloads, fixed("d/Deployment/w", { replicas: count })] }),
    lock: lock({ a: { held, released } }),
  });
  expect(result.diagnostics).toEqual([]);
  return (written(result.lock) as Record<string, { held: Record<string, string> }>).a!.held[W];
}

describe("growth", () => {
  test.each<[string, Record<string, string[]>, number, string]>([
    ["behind its block", { [W]: ["10.0.0.15"] }, 3, "10.0.0.15-10.0.0.17"],
    [
      "before its block when behind is taken",
      { [W]: ["10.0.0.15"], "d/Deployment/o/net1": ["10.0.0.16"] },
      3,
      "10.0.0.13-10.0.0.15",
    ],
    ["both sides", { [W]: ["10.0.0.28"] }, 5, "10.0.0.25-10.0.0.29"],
    ["behind the first of its runs", { [W]: ["10.0.0.12", "10.0.0.20"] }, 3, "10.0.0.12-10.0.0.13,10.0.0.20"],
    ["the gap between its runs", { [W]: ["10.0.0.12", "10.0.0.14"] }, 3, "10.0.0.12-10.0.0.14"],
    ["never more than asked", { [W]: ["10.0.0.12-10.0.0.14"] }, 3, "10.0.0.12-10.0.0.14"],
  ])("%s", (_, held, count, expected) => {
    expect(grown(held, count)).toBe(expected);
  });

  test.each<[string, Record<string, string[]>, number, string]>([
    ["the smallest run that fits", {}, 4, "10.0.0.30-10.0.0.33"],
    [
      "the lowest of equal runs",
      { "d/Deployment/o/net1": ["10.0.0.24", "10.0.0.44-10.0.0.49"] },
      4,
      "10.0.0.20-10.0.0.23",
    ],
    ["a larger run from its start", {}, 6, "10.0.0.40-10.0.0.45"],
    ["no run fits: the lowest addresses", {}, 11, "10.0.0.10-10.0.0.12,10.0.0.20-10.0.0.24,10.0.0.30-10.0.0.32"],
    [
      "adjacent ones as far as they go, the rest where it fits",
      { [W]: ["10.0.0.21"] },
      8,
      "10.0.0.20-10.0.0.24,10.0.0.10-10.0.0.12",
    ],
  ])("elsewhere: %s", (_, held, count, expected) => {
    const sorted = (text: string | undefined) => text?.split(",").sort();
    expect(sorted(grown(held, count, HOLES))).toEqual(sorted(expected));
  });

  test("its own released addresses come first, others' never", () => {
    const released = { [W]: ["10.0.0.25-10.0.0.26"], "d/Deployment/gone/net1": ["10.0.0.11-10.0.0.12"] };
    expect(grown({ [W]: ["10.0.0.10"] }, 3, SMALL, released)).toBe("10.0.0.10,10.0.0.25-10.0.0.26");
    expect(grown({ [W]: ["10.0.0.10"] }, 4, SMALL, released)).toBe("10.0.0.10,10.0.0.25-10.0.0.27");
  });

  test("owners that hold something are served before new ones, whatever their names", () => {
    const result = run({
      plan: plan({ workloads: [fixed("d/Deployment/a", { replicas: 19 }), fixed("d/Deployment/z", { replicas: 2 })] }),
      lock: lock({ a: { held: { "d/Deployment/z/net1": ["10.0.0.10"] } } }),
    });
    expect(result.diagnostics).toMatchObject([{ code: "SP3101", about: "d/Deployment/a/net1" }]);
    expect(written(result.lock)).toMatchObject({ a: { held: { "d/Deployment/z/net1": "10.0.0.10-10.0.0.11" } } });
  });

  test("kept and added are counted against what was held", () => {
    const result = run({
      plan: plan({ workloads: [fixed("d/Deployment/w", { replicas: 5 })] }),
      lock: lock({ a: { held: { [W]: ["10.0.0.10-10.0.0.12"] } } }),
    });
    expect(result.allocations).toMatchObject([{ kept: 3, added: 2 }]);
  });
});
