import { describe, expect, test } from "vitest";
import type { Plan } from "../../../src/core/plan/plan.js";
import { EMPTY_SNAPSHOT } from "../../../src/core/snapshot.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { cluster, fixed, lock, plan, pool, run, SMALL, subnet, written } from "../../support/allocate-world.js";

/** What an owner leaves behind: by a migration, in another form, without a snapshot. */

const A = "d/Deployment/a/net1";
const OTHER = subnet("b", "10.1.0.0/24", ["10.1.0.10-10.1.0.25"]);
const asked = plan({ subnets: [SMALL, OTHER], workloads: [fixed("d/Deployment/a", { replicas: 1, subnets: ["b"] })] });
const before = lock({ a: { held: { [A]: ["10.0.0.10"] } } });
const home = (used: Record<string, string> = {}) => pool("home", ["10.0.0.10"], { owner: `${A}/a`, used });
const migrating = (of: Plan, phase: "prepare" | "drain", owner = A): Plan => ({
  ...of,
  migrations: new Map([[owner, { owner, from: "a", to: "b", phase, source: SMALL.source } as never]]),
});
const left = (result: ReturnType<typeof run>) => result.allocations.filter(({ leaving }) => leaving);
const ofA = (result: ReturnType<typeof run>) => (written(result.lock) as Record<string, unknown>).a;
const HELD = { held: { [A]: "10.0.0.10" }, pools: {}, released: {} };
const RELEASED = { held: {}, pools: {}, released: { [A]: "10.0.0.10" } };

describe("the subnet a migration leaves", () => {
  test("stays through prepare, used or not", () => {
    const result = run({ plan: migrating(asked, "prepare"), lock: before, snapshot: cluster(home()) });
    expect(left(result)).toMatchObject([{ owner: A, subnet: "a", pool: "home" }]);
    expect(ofA(result)).toEqual(HELD);
    const poolless = run({ plan: migrating(asked, "prepare"), lock: before, snapshot: cluster() });
    expect(ofA(poolless)).toEqual(HELD);
  });

  test("is drained, and goes when nobody is left and that is known", () => {
    const drain = migrating(asked, "drain");
    const busy = run({ plan: drain, lock: before, snapshot: cluster(home({ "10.0.0.10": "d/a-1" })) });
    expect(left(busy)).toMatchObject([{ subnet: "a", draining: true }]);
    expect(left(busy)[0]).not.toHaveProperty("frozen");
    const idle = run({ plan: drain, lock: before, snapshot: cluster(home()) });
    expect(left(idle)).toEqual([]);
    expect(ofA(idle)).toEqual(RELEASED);
    expect(ofA(run({ plan: drain, lock: before, snapshot: EMPTY_SNAPSHOT }))).toEqual(HELD);
    expect(ofA(run({ plan: asked, lock: before, snapshot: EMPTY_SNAPSHOT }))).toEqual(RELEASED);
  });

  test("is frozen rather than drained while its owner is stopped", () => {
    const objects = [home({ "10.0.0.10": "d/a-1" }), pool("theirs", ["10.0.0.10"])];
    const result = run({ plan: migrating(asked, "drain"), lock: before, snapshot: cluster(...objects) });
    expect(left(result)).toMatchObject([{ subnet: "a", frozen: true }]);
    expect(left(result)[0]).not.toHaveProperty("draining");
  });
});

describe("without a snapshot", () => {
  const web = "d/StatefulSet/web/net1";
  const pinned = plan({ workloads: [fixed("d/StatefulSet/web", { replicas: 1, perPod: {} })] });
  test("an ordinal stays, the set it once was goes, and so do ordinals of a NIC that is gone", () => {
    const recorded = lock({
      a: { held: { [web]: ["10.0.0.20"], [`${web}/4`]: ["10.0.0.21"], "d/StatefulSet/x/net1/0": ["10.0.0.22"] } },
    });
    expect(written(run({ plan: pinned, lock: recorded, snapshot: EMPTY_SNAPSHOT }).lock)).toMatchObject({
      a: {
        held: { [`${web}/4`]: "10.0.0.21" },
        released: { [web]: "10.0.0.20", "d/StatefulSet/x/net1/0": "10.0.0.22" },
      },
    });
  });

  test.each([["SpiderIPPool"], ["SpiderEndpoint"]])("of all but %s nobody gives anything back", (missing) => {
    const known = new Set(["SpiderIPPool", "SpiderEndpoint"].filter((kind) => kind !== missing));
    const recorded = lock({ b: { held: { [A]: ["10.1.0.10-10.1.0.12"] } } });
    const result = run({ plan: asked, lock: recorded, snapshot: { ...EMPTY_SNAPSHOT, complete: known } });
    expect(written(result.lock)).toMatchObject({ b: { held: { [A]: "10.1.0.10-10.1.0.12" } } });
  });
});

describe("a StatefulSet turned to one address for each Pod (SP4205)", () => {
  const web = "d/StatefulSet/web/net1";
  const pinned = plan({
    subnets: [SMALL, OTHER],
    workloads: [fixed("d/StatefulSet/web", { replicas: 1, perPod: {} })],
  });
  const whole = plan({ workloads: [fixed("d/StatefulSet/web", { replicas: 1 })] });
  const template: KubeObject = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { namespace: "d", name: "web" },
    spec: { replicas: 1, template: { metadata: { annotations: { "ipam.spidernet.io/ippool": '{"ipv4": ["old"]}' } } } },
  };
  const old = (owner: string, used: Record<string, string>) => pool("old", ["10.0.0.20"], { owner, used });
  const told = (of: Plan, ...objects: KubeObject[]) =>
    run({ plan: of, snapshot: cluster(...objects) }).diagnostics.filter(({ code }) => code === "SP4205");

  test("is told of what stays, in the words of either form", () => {
    expect(told(pinned, old(`${web}/a`, { "10.0.0.20": "d/web-0" }))[0]!.message).toMatch(
      /the old pool stays, leaving, until nobody has an address of it$/,
    );
    expect(told(whole, old(`${web}/a/0`, { "10.0.0.20": "d/web-0" }))[0]!.message).toMatch(
      /the old pools stay, leaving, until nobody has an address of them$/,
    );
  });

  test("is not told when only the template keeps the old pool, nor when it migrates", () => {
    expect(told(pinned, old(`${web}/a`, {}), template)).toEqual([]);
    expect(told(migrating(pinned, "drain", web), old(`${web}/a`, { "10.0.0.20": "d/web-0" }))).toEqual([]);
  });
});
