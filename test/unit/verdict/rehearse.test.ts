import { describe, expect, test } from "vitest";
import type { OrderedStep } from "../../../src/core/change/order.js";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { resolveFacts } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { rehearse } from "../../../src/core/verdict/rehearse.js";
import { livePool, liveSubnet } from "../../support/objects.js";
import { creating, deleting, updating } from "../../support/steps.js";

const CIDR = "10.6.0.0/24";
const subnet = (ips: string[]) => liveSubnet("s", { subnet: CIDR, ips }, "default");
const pool = (name: string, ...ips: string[]) => livePool(name, { ips }, { install: "default" });

function played(live: readonly KubeObject[], steps: readonly Step[], leaving: string[] = []) {
  const snapshot = buildSnapshot(live, Object.keys(KINDS));
  const facts = resolveFacts(snapshot.facts, {});
  const ordered = steps.map((step): OrderedStep => ({ steering: [], ...step }));
  return rehearse(ordered, snapshot, facts, new Set(leaving)).map((step) => step.blocked);
}

describe("a step in somebody's way", () => {
  const theirs = livePool("theirs", { ips: ["10.6.0.5"] });

  test("is a conflict, with the names of those in the way and of nobody else", () => {
    const six = livePool("six", { subnet: "fd00::/64", ips: ["fd00::5"] });
    const [blocked] = played([theirs, pool("beside", "10.6.0.7"), six], [creating(pool("p", "10.6.0.4-10.6.0.6"))]);
    expect(blocked).toMatchObject({ type: "conflict", because: ["theirs"] });
  });

  test("of several all are told by name, whatever the order of the cluster", () => {
    const both = [pool("b", "10.6.0.5"), pool("a", "10.6.0.6"), pool("c", "10.6.0.4")];
    const want = creating(pool("p", "10.6.0.4-10.6.0.6"));
    const [one] = played(both, [want]);
    const [other] = played([...both].reverse(), [want]);
    expect(one).toEqual(other);
    expect(one?.because).toEqual(["a", "b", "c"]);
  });

  test("waits where one of those leaves, depends where one is held back itself", () => {
    const live = [theirs, pool("old", "10.6.0.6")];
    const want = creating(pool("p", "10.6.0.5-10.6.0.6"));
    expect(played(live, [want], ["old"])[0]?.type).toBe("waiting");
    const blocked = { type: "in-use", message: "no" } as const;
    expect(played(live, [{ ...deleting(live[1]!), blocked }, want])[1]?.type).toBe("depends");
    expect(played(live, [deleting(live[1]!), want])[1]).toMatchObject({ type: "conflict", because: ["theirs"] });
  });

  test("P9 is judged by CIDR, labelled or not", () => {
    const { labels: _labels, ...metadata } = theirs.metadata;
    expect(played([{ ...theirs, metadata } as SpiderIPPool], [creating(pool("p", "10.6.0.5"))])[0]?.type).toBe(
      "conflict",
    );
  });

  test("each step is judged on what those before it left", () => {
    const [a, b] = [pool("a", "10.6.0.5"), pool("b", "10.6.0.6")];
    expect(played([a], [updating(a, pool("a", "10.6.0.7")), creating(pool("b", "10.6.0.5"))])).toEqual([
      undefined,
      undefined,
    ]);
    expect(played([a], [deleting(a), creating(pool("b", "10.6.0.5"))])).toEqual([undefined, undefined]);
    expect(played([], [creating(b), creating(pool("c", "10.6.0.6"))])[1]).toMatchObject({
      type: "conflict",
      because: ["b"],
    });
  });
});

describe("a subnet under its pools", () => {
  const pools = ["a", "b", "c", "d"].map((name, i) => pool(name, `10.6.0.${i + 1}`));
  const full = subnet(["10.6.0.1-10.6.0.9"]);

  test("U9: is not deleted before they are", () => {
    expect(played([full, ...pools], [deleting(full)])).toMatchObject([
      { message: "a, b, c and 1 more pools would be deleted with it (U9)", because: ["a", "b", "c", "d"] },
    ]);
    expect(played([full, ...pools.slice(0, 3)], [deleting(full)])[0]?.message).toBe(
      "a, b, c would be deleted with it (U9)",
    );
    expect(played([full, ...pools], [...pools.map((one) => deleting(one)), deleting(full)])).toEqual(
      Array(5).fill(undefined),
    );
    expect(played([full], [deleting(full)])).toEqual([undefined]);
  });

  test("U7: does not shrink under them, but beside them", () => {
    expect(played([full, ...pools], [updating(full, subnet(["10.6.0.2-10.6.0.9"]))])).toMatchObject([
      { type: "conflict", message: "a still offers 10.6.0.1 (U7)", because: ["a"] },
    ]);
    expect(played([full, ...pools], [updating(full, subnet(["10.6.0.1-10.6.0.5"]))])).toEqual([undefined]);
    const recorded = { ...full, status: { controlledIPPools: JSON.stringify({ a: { ips: ["10.6.0.1"] } }) } };
    expect(
      played([recorded, pools[0]!], [deleting(pools[0]!), updating(recorded, subnet(["10.6.0.2-10.6.0.9"]))]),
    ).toEqual([undefined, undefined]);
  });
});
