import { describe, expect, test } from "vitest";
import type { OrderedStep } from "../../../src/core/change/order.js";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { resolveFacts } from "../../../src/core/spiderpool/facts.js";
import { KEYS, KINDS, type KubeObject, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { rehearse } from "../../../src/core/verdict/rehearse.js";
import { livePool, liveReserved, liveSubnet } from "../../support/objects.js";
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

describe("the cluster as the steps so far leave it", () => {
  const s = subnet(["10.6.0.1-10.6.0.9"]);
  const inS = (name: string, ...ips: string[]) => creating(pool(name, ...ips));

  test("an update is what its patch says, not what the plan will have in the end", () => {
    const a = pool("a", "10.6.0.7");
    const step = updating(a, pool("a", "10.6.0.5", "10.6.0.7"));
    const first = { ...step, patch: { spec: { gateway: "10.6.0.1" } } };
    expect(played([pool("theirs", "10.6.0.5"), a], [first])).toEqual([undefined]);
    expect(played([pool("theirs", "10.6.0.5"), a], [step])[0]).toMatchObject({ because: ["theirs"] });
  });

  test("P17: pools lie in their subnet, also after another was made there, it grew, shrank or came", () => {
    expect(played([s], [inS("a", "10.6.0.1"), inS("b", "10.6.0.2")])).toEqual([undefined, undefined]);
    expect(played([s], [inS("a", "10.6.0.1"), inS("b", "10.6.0.20")])).toMatchObject([undefined, { type: "conflict" }]);
    const wide = subnet(["10.6.0.1-10.6.0.20"]);
    expect(played([s], [updating(s, wide), inS("b", "10.6.0.20")])).toEqual([undefined, undefined]);
    expect(played([wide], [updating(wide, s), inS("b", "10.6.0.20")])).toMatchObject([undefined, { type: "conflict" }]);
    expect(played([], [creating(s), inS("b", "10.6.0.20")])).toMatchObject([undefined, { type: "conflict" }]);
  });

  test("a pool that is called like its subnet is not it", () => {
    const a = liveSubnet("a", { subnet: CIDR, ips: ["10.6.0.1-10.6.0.9"] }, "default");
    expect(played([a], [inS("a", "10.6.0.1"), inS("b", "10.6.0.20")])).toMatchObject([undefined, { type: "conflict" }]);
  });

  test("a reservation that goes is no pool of its name", () => {
    const reserved = liveReserved("a", ["10.6.0.200"]);
    expect(played([pool("a", "10.6.0.5"), reserved], [deleting(reserved), inS("b", "10.6.0.5")])[1]).toMatchObject({
      because: ["a"],
    });
  });

  test("P9: a label of another CIDR hides a pool from Spiderpool, and so from us", () => {
    const hidden = { ...pool("a", "10.6.0.5"), metadata: { name: "a", labels: { [KEYS.poolCidr]: "10-7-0-0-24" } } };
    expect(played([hidden], [inS("b", "10.6.0.5")])).toEqual([undefined]);
  });
});

describe("who stands in the way", () => {
  test("of a pool: its owner, and others of its family that offer its addresses", () => {
    const [theirs, mine] = [pool("theirs", "10.6.0.5"), pool("mine", "10.6.0.7")];
    const six = livePool("six", { subnet: "::/64", ips: ["::a06:5"] });
    const owners = [
      { apiVersion: "v2beta1", kind: "SpiderSubnet", name: "s", uid: "1", controller: true },
      { apiVersion: "v2beta1", kind: "SpiderSubnet", name: "t", uid: "2" },
    ];
    const want = pool("mine", "10.6.0.5", "10.6.0.7");
    const owned = { ...mine, metadata: { ...mine.metadata, ownerReferences: owners } };
    expect(played([theirs, owned, six], [updating(owned, { ...want, metadata: owned.metadata })])[0]).toMatchObject({
      because: ["s", "theirs"],
    });
  });

  test("of a subnet: the pools of its CIDR, wherever they lie", () => {
    const s = subnet(["10.6.0.1-10.6.0.9"]);
    const bad = { ...s, spec: { ...s.spec, gateway: "10.9.0.1" } };
    const far = livePool("far", { subnet: "10.9.0.0/24", ips: ["10.9.0.5"] });
    expect(played([s, pool("out", "10.6.0.200"), far], [updating(s, bad)])[0]).toMatchObject({ because: ["out"] });
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
    const outside = pool("out", "10.6.0.200");
    expect(played([full, outside], [updating(full, subnet(["10.6.0.1-10.6.0.20"]))])).toEqual([undefined]);
    const recorded = { ...full, status: { controlledIPPools: JSON.stringify({ a: { ips: ["10.6.0.1"] } }) } };
    expect(
      played([recorded, pools[0]!], [deleting(pools[0]!), updating(recorded, subnet(["10.6.0.2-10.6.0.9"]))]),
    ).toEqual([undefined, undefined]);
  });
});
