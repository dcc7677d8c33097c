import { describe, expect, test } from "vitest";
import { readQuarantine } from "../../../src/core/allocate/quarantine.js";
import type { SpiderReservedIP } from "../../../src/core/spiderpool/objects.js";
import { cluster, fixed, lock, NO_LOCK, plan, pool, run, shown, written } from "../../support/allocate-world.js";

const W = "d/Deployment/w/net1";

function quarantine(record: unknown, ips: string[], install = "default"): SpiderReservedIP {
  const name = "spiderplan-quarantine";
  return {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderReservedIP",
    metadata: {
      name,
      annotations: {
        "spiderplan.io/tracking-id": `${install}:spiderpool.spidernet.io/SpiderReservedIP:/${name}`,
        "spiderplan.io/quarantine": typeof record === "string" ? record : JSON.stringify(record),
      },
    },
    spec: { ips },
  };
}

const resting = (since = "2026-01-01T00:00:00Z", owner = `${W}/a`) => ({ owner, since });
const asked = (replicas: number, quarantineSeconds = 86_400) =>
  plan({ workloads: [fixed("d/Deployment/w", { replicas })], quarantineSeconds });

describe("the quarantine's record", () => {
  test("is read, an address that left the reservation is over", () => {
    const snapshot = cluster(quarantine({ "10.0.0.12": resting(), "10.0.0.13": resting() }, ["10.0.0.12"]));
    expect(readQuarantine(snapshot, "default").map(({ owner, subnet, over }) => [owner, subnet, over])).toEqual([
      [W, "a", false],
      [W, "a", true],
    ]);
  });

  test.each(["{", "[]", "null", '{"10.0.0.12": null}', '{"x": {"owner": "a/b"}}', '{"10.0.0.12": {"owner": 3}}'])(
    "%s is passed over, its addresses stay reserved",
    (text) => {
      const snapshot = cluster(quarantine(text, ["10.0.0.10-10.0.0.12"]));
      expect(readQuarantine(snapshot, "default")).toEqual([]);
      expect(shown(run({ plan: asked(2), snapshot }))).toEqual({ [`${W}/a`]: "10.0.0.13-10.0.0.14" });
    },
  );

  test("of another install is a reservation like any", () => {
    const snapshot = cluster(quarantine({ "10.0.0.10": resting() }, ["10.0.0.10"], "two"));
    expect(shown(run({ plan: asked(1), snapshot }))).toEqual({ [`${W}/a`]: "10.0.0.11" });
  });
});

describe("resting addresses", () => {
  test("without lock files the record is the lock: the owner returns, others do not get in (FIXED-2, FIXED-9)", () => {
    const snapshot = cluster(quarantine({ "10.0.0.12": resting(), "10.0.0.13": resting() }, ["10.0.0.12-10.0.0.13"]));
    expect(shown(run({ plan: asked(2), lock: NO_LOCK, snapshot }))).toEqual({ [`${W}/a`]: "10.0.0.12-10.0.0.13" });
    const stranger = plan({ workloads: [fixed("d/Deployment/x", { replicas: 18 })] });
    const result = run({ plan: stranger, lock: NO_LOCK, snapshot });
    expect(shown(result)).toEqual({ "d/Deployment/x/net1/a": "10.0.0.10-10.0.0.11,10.0.0.14-10.0.0.29" });
    expect(result.usage).toMatchObject([{ held: 18, resting: 2, reserved: 0, free: 0 }]);
  });

  test("what was released last comes back first", () => {
    const record = {
      "10.0.0.12": resting("2026-01-01T00:00:00Z"),
      "10.0.0.20": resting("2026-01-03T00:00:00Z"),
      "10.0.0.21": resting("2026-01-02T00:00:00Z"),
    };
    const snapshot = cluster(quarantine(record, ["10.0.0.12", "10.0.0.20-10.0.0.21"]));
    const before = lock({ a: { released: { [W]: ["10.0.0.12", "10.0.0.20-10.0.0.21", "10.0.0.28"] } } });
    expect(shown(run({ plan: asked(1), lock: before, snapshot }))).toEqual({ [`${W}/a`]: "10.0.0.28" });
    expect(shown(run({ plan: asked(3), lock: before, snapshot }))).toEqual({
      [`${W}/a`]: "10.0.0.20-10.0.0.21,10.0.0.28",
    });
  });

  test("`lock` drops an entry whose record is over, `plan` leaves the files alone", () => {
    const snapshot = cluster(quarantine({ "10.0.0.12": resting(), "10.0.0.13": resting() }, ["10.0.0.13"]));
    const before = lock({ a: { released: { [W]: ["10.0.0.12-10.0.0.14"] } } });
    const nobody = plan({});
    expect(written(run({ plan: nobody, lock: before, snapshot }).lock)).toMatchObject({
      a: { released: { [W]: "10.0.0.13-10.0.0.14" } },
    });
    expect(written(run({ plan: nobody, lock: before, snapshot, mode: "plan" }).lock)).toEqual(written(before));
  });

  test("with quarantine 0 they rest only while a pool still has them", () => {
    const before = lock({ a: { released: { [W]: ["10.0.0.12-10.0.0.14"] }, held: { [W]: ["10.0.0.10"] } } });
    const live = pool("d.deployment.w.net1.a", ["10.0.0.10", "10.0.0.14"], { owner: `${W}/a` });
    expect(written(run({ plan: asked(1, 0), lock: before, snapshot: cluster(live) }).lock)).toMatchObject({
      a: { released: { [W]: "10.0.0.14" } },
    });
    expect(written(run({ plan: asked(1, 0), lock: before }).lock)).toEqual(written(before));
  });

  test("a record the lock does not know of is taken in, unless the lock gives the address to somebody", () => {
    const snapshot = cluster(quarantine({ "10.0.0.12": resting(), "10.0.0.13": resting() }, ["10.0.0.12-10.0.0.13"]));
    const before = lock({ a: { held: { "d/Deployment/x/net1": ["10.0.0.12"] } } });
    const others = plan({ workloads: [fixed("d/Deployment/x", { replicas: 1 })] });
    expect(written(run({ plan: others, lock: before, snapshot }).lock)).toEqual({
      a: { held: { "d/Deployment/x/net1": "10.0.0.12" }, pools: {}, released: { [W]: "10.0.0.13" } },
    });
  });
});
