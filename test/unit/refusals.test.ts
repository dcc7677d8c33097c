import { describe, expect, test } from "vitest";
import { fatesShown } from "../../src/app/report/fates.js";
import type { Verdict, VerdictEntry } from "../../src/core/outcome.js";

const NOBODY: Verdict = { stable: false, judged: [], stays: 0, moves: [], strands: [], released: [], leaving: [] };
const entry = (workload: number, pod: number, more: Partial<VerdictEntry> = {}): VerdictEntry => {
  const name = `shop/web-${workload}-${pod}`;
  const address = `10.${workload}.${pod >> 8}.${pod & 255}`;
  const reasons = [`pool a is disabled`, `${address} of ${name} is in it`];
  return {
    pod: name,
    interface: "eth0",
    address,
    pool: "a",
    owner: `shop/Deployment/web-${workload}/eth0/net`,
    reasons,
    ...more,
  };
};
const times = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, i) => make(i));

describe("refusals are cut to what a person can read", () => {
  test("10,000 Pods of 100 workloads: a group a workload, the counts whole", () => {
    const strands = times(100, (workload) => times(100, (pod) => entry(workload, pod))).flat();
    const { groups, more } = fatesShown({ ...NOBODY, strands });
    expect(groups).toHaveLength(20);
    expect(groups.every(({ pods }) => pods.length === 100)).toBe(true);
    expect(more).toEqual({ workloads: 80, pods: 8_000 });
    expect(groups[0]).toMatchObject({ fate: "left without an address", workload: "shop/Deployment/web-0" });
  });

  test("another cause is another group of the same workload", () => {
    const strands = [entry(1, 1), entry(1, 2), entry(1, 3, { reasons: ["pool b is gone"] })];
    const { groups } = fatesShown({ ...NOBODY, strands });
    expect(groups.map(({ pods }) => pods.length)).toEqual([2, 1]);
  });

  test("a Pod of two families is one Pod, and a reason of both is said once", () => {
    const strands = [
      entry(1, 1, { reasons: ["both", "four"] }),
      entry(1, 1, { address: "fd00::1", reasons: ["both", "six"] }),
    ];
    const { groups } = fatesShown({ ...NOBODY, strands });
    expect(groups).toHaveLength(1);
    expect(groups[0]!.pods).toEqual([{ name: "shop/web-1-1", addresses: ["10.1.0.1", "fd00::1"] }]);
    expect(groups[0]!.reasons).toEqual(["both", "four", "six"]);
  });

  test("two NICs, two fates and a Pod without a workload stay apart", () => {
    const verdict = {
      ...NOBODY,
      strands: [entry(1, 1), entry(1, 1, { interface: "net1" })],
      moves: [entry(1, 2)],
      released: [entry(1, 3, { owner: "" })],
    };
    const told = fatesShown(verdict).groups.map((one) => `${one.workload} ${one.interface} ${one.fate}`);
    expect(told).toEqual([
      "shop/Deployment/web-1 eth0 moves",
      "shop/Deployment/web-1 eth0 left without an address",
      "shop/Deployment/web-1 net1 left without an address",
      "shop/web-1-3 eth0 released",
    ]);
  });

  test("the reasons of an earlier group are not said again, and a long tale is cut", () => {
    const reasons = times(50, (i) => `${i} ${"x".repeat(1_000)}`);
    const { groups } = fatesShown({ ...NOBODY, strands: [entry(1, 1, { reasons }), entry(2, 1, { reasons })] });
    expect(groups.map(({ sameReasons }) => sameReasons)).toEqual([false, true]);
    expect(groups[0]!.reasons).toHaveLength(9);
    expect(groups[0]!.reasons.at(-1)).toBe("and 42 more reasons");
    expect(Math.max(...groups[0]!.reasons.map((one) => one.length))).toBe(400);
  });
});
