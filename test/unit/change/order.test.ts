import { describe, expect, test } from "vitest";
import type { DesiredObject } from "../../../src/core/change/desired-object.js";
import { offered } from "../../../src/core/change/diff.js";
import { applyMergePatch } from "../../../src/core/change/merge-patch.js";
import { orderSteps } from "../../../src/core/change/order.js";
import { identity } from "../../../src/core/change/ownership.js";
import { mayHarm } from "../../../src/core/change/step.js";
import { type DraftContext, draftSteps } from "../../../src/core/change/steps.js";
import { anchorPool } from "../../../src/core/desired/anchor.js";
import { formatRangeSet } from "../../../src/core/ip/range-set.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { desiredPool, desiredSubnet, livePool, liveReserved, liveSubnet } from "../../support/objects.js";

const COMPLETE = ["SpiderSubnet", "SpiderIPPool", "SpiderReservedIP", "SpiderMultusConfig"];

const context = (changed: Partial<DraftContext> = {}): DraftContext => ({
  install: "default",
  namespace: "kube-system",
  prune: true,
  keep: () => false,
  ...changed,
});

/** `wave action kind/name +added -removed` of each step. */
function waves(desired: DesiredObject[], live: KubeObject[]): string[] {
  const snapshot = buildSnapshot(live, COMPLETE);
  const { drafts } = draftSteps(desired, snapshot, context());
  return orderSteps(drafts, snapshot.pools.values()).map((step) => {
    const sets = [
      ...formatRangeSet(step.added).map((text) => `+${text}`),
      ...formatRangeSet(step.removed).map((text) => `-${text}`),
    ];
    return [step.wave, step.action, step.name, ...sets].join(" ");
  });
}

const network = (name: string): KubeObject => ({
  ...identity("default", KINDS.SpiderMultusConfig, name, { namespace: "kube-system" }),
  spec: { cniType: "macvlan", macvlan: { master: ["eth1"] } },
});

const ours = (name: string, spec: Parameters<typeof livePool>[1]) => livePool(name, spec, { install: "default" });

describe("waves (DESIGN 7)", () => {
  test("a subnet before its pools", () => {
    expect(
      waves(
        [desiredPool("p", { ips: ["10.6.0.9"] }), desiredSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.9"] })],
        [],
      ),
    ).toEqual(["1 create s +10.6.0.9", "2 create p +10.6.0.9"]);
  });

  test("G21: an address moves from giver to taker: shrink first, then grow", () => {
    expect(
      waves(
        [desiredPool("giver", { ips: ["10.6.0.1"] }), desiredPool("taker", { ips: ["10.6.0.2-10.6.0.3"] })],
        [ours("giver", { ips: ["10.6.0.1-10.6.0.2"] }), ours("taker", { ips: ["10.6.0.3"] })],
      ),
    ).toEqual(["6 update giver -10.6.0.2", "7 update taker +10.6.0.2"]);
  });

  test("two pools that swap addresses release both before either takes", () => {
    expect(
      waves(
        [desiredPool("a", { ips: ["10.6.0.2"] }), desiredPool("b", { ips: ["10.6.0.1"] })],
        [ours("a", { ips: ["10.6.0.1"] }), ours("b", { ips: ["10.6.0.2"] })],
      ),
    ).toEqual(["6 update a -10.6.0.1", "6 update b -10.6.0.2", "7 update a +10.6.0.2", "7 update b +10.6.0.1"]);
  });

  test("growing waits for nobody, shrinking comes after it", () => {
    expect(
      waves(
        [desiredPool("grows", { ips: ["10.6.0.1-10.6.0.2"] }), desiredPool("shrinks", { ips: ["10.6.0.8"] })],
        [ours("grows", { ips: ["10.6.0.1"] }), ours("shrinks", { ips: ["10.6.0.8-10.6.0.9"] })],
      ),
    ).toEqual(["2 update grows +10.6.0.2", "6 update shrinks -10.6.0.9"]);
  });

  test("a deleted pool's addresses go to a new one last", () => {
    expect(waves([desiredPool("new", { ips: ["10.6.0.1"] })], [ours("old", { ips: ["10.6.0.1"] })])).toEqual([
      "6 delete old -10.6.0.1",
      "7 create new +10.6.0.1",
    ]);
  });

  test("a subnet that moves grows first and shrinks last", () => {
    expect(
      waves(
        [desiredSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.2-10.6.0.4"] })],
        [liveSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.1-10.6.0.3"] }, "default")],
      ),
    ).toEqual(["1 update s +10.6.0.4", "8 update s -10.6.0.1"]);
  });

  test("a reservation stands before the new pool it lies in, and narrows a live one", () => {
    const reservation = {
      ...desiredPool("r", {}),
      kind: KINDS.SpiderReservedIP,
      object: liveReserved("r", ["10.6.0.1"], "default"),
    };
    expect(waves([reservation, desiredPool("p", { ips: ["10.6.0.1-10.6.0.2"] })], [])).toEqual([
      "1 create r",
      "2 create p +10.6.0.1-10.6.0.2",
    ]);
    const live = ours("p", { ips: ["10.6.0.1-10.6.0.2"] });
    expect(waves([reservation, desiredPool("p", { ips: ["10.6.0.1-10.6.0.2"] })], [live])).toEqual(["6 create r"]);
  });

  test("IPv6 addresses wait for their giver as well", () => {
    const v6 = (...ips: string[]) => ({ subnet: "fd00::/64", ips });
    expect(
      waves(
        [desiredPool("giver", v6("fd00::1")), desiredPool("taker", v6("fd00::2"))],
        [ours("giver", v6("fd00::1", "fd00::2"))],
      ),
    ).toEqual(["6 update giver -fd00::2", "7 create taker +fd00::2"]);
  });

  test("what a subnet of a giver's name loses is nothing to wait for", () => {
    expect(
      waves(
        [desiredSubnet("p", { subnet: "10.6.0.0/24", ips: ["10.6.0.1"] }), desiredPool("q", { ips: ["10.6.0.2"] })],
        [
          liveSubnet("p", { subnet: "10.6.0.0/24", ips: ["10.6.0.1-10.6.0.2"] }, "default"),
          livePool("p", { ips: ["10.6.0.1"] }),
        ],
      ),
    ).toEqual(["2 create q +10.6.0.2", "8 update p -10.6.0.2"]);
  });

  test("a subnet that only shrinks does so once, last", () => {
    expect(
      waves(
        [desiredSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.2"] })],
        [liveSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.1-10.6.0.2"] }, "default")],
      ),
    ).toEqual(["8 update s -10.6.0.1"]);
  });

  test("what goes is deleted late, even if it offers nothing", () => {
    expect(
      waves(
        [],
        [
          liveSubnet("s", { subnet: "10.6.0.0/24" }, "default"),
          ours("p", {}),
          liveReserved("r", ["10.6.0.1"], "default"),
          livePool("theirs", { ips: ["10.6.0.1"] }),
          network("n"),
        ],
      ),
    ).toEqual(["6 delete p", "8 delete s", "8 delete r", "8 delete n"]);
  });

  test("a network comes before the annotations that name it", () => {
    expect(waves([{ ...desiredPool("n", {}), kind: KINDS.SpiderMultusConfig, object: network("n") }], [])).toEqual([
      "3 create n",
    ]);
  });

  test("a pool without addresses, or one of the other family, is nothing a reservation would narrow", () => {
    const reservation = (ip: string): DesiredObject => ({
      ...desiredPool("r", {}),
      kind: KINDS.SpiderReservedIP,
      object: liveReserved("r", [ip], "default"),
    });
    expect(waves([reservation("10.6.0.1")], [livePool("empty", {})])).toEqual(["1 create r"]);
    // ::a06:1 is the number 10.6.0.1 is.
    expect(waves([reservation("::a06:1")], [livePool("v4", { ips: ["10.6.0.1"] })])).toEqual(["1 create r"]);
  });

  test("within a wave by kind and name, whatever the order of the plan", () => {
    const pools = ["c", "a", "b"].map((name, index) => desiredPool(name, { ips: [`10.6.0.${index + 1}`] }));
    const [first, second, third] = pools as [DesiredObject, DesiredObject, DesiredObject];
    const orders = [
      [first, second, third],
      [third, first, second],
      [second, third, first],
      [third, second, first],
    ];
    for (const order of orders) {
      expect(waves(order, [])).toEqual(["2 create a +10.6.0.2", "2 create b +10.6.0.3", "2 create c +10.6.0.1"]);
    }
  });

  test("of a pool written twice the first write leaves what nobody else has, the second what the plan wants", () => {
    const live = [
      ours("a", { ips: ["10.6.0.1-10.6.0.4"], excludeIPs: ["10.6.0.4"], gateway: "10.6.0.254" }),
      ours("b", { ips: ["10.6.0.5"] }),
    ];
    const desired = [
      desiredPool("a", { ips: ["10.6.0.2", "10.6.0.5"], namespaceName: ["x"] }),
      desiredPool("b", { ips: ["10.6.0.1"] }),
    ];
    const snapshot = buildSnapshot(live, COMPLETE);
    const steps = orderSteps(draftSteps(desired, snapshot, context()).drafts, snapshot.pools.values());
    const [one, two] = steps.filter((step) => step.name === "a");
    const halfway = applyMergePatch(live[0], one!.patch) as KubeObject;
    expect(halfway.spec).toMatchObject({ subnet: "10.6.0.0/24", ips: ["10.6.0.2"], namespaceName: ["x"] });
    expect(halfway.spec).not.toHaveProperty("excludeIPs");
    expect(halfway.spec).not.toHaveProperty("gateway");
    expect(offered(one!.object)).toEqual(offered(halfway));
    expect(one!.object.spec).toMatchObject({ subnet: "10.6.0.0/24", namespaceName: ["x"] });
    expect((applyMergePatch(halfway, two!.patch) as KubeObject).spec).toEqual(desired[0]!.object.spec);
    expect(two).toMatchObject({ action: "update", changes: [], steering: [] });
  });

  test("excludes of a subnet written twice come with the second write", () => {
    const live = liveSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.1-10.6.0.3"] }, "default");
    const want = desiredSubnet("s", {
      subnet: "10.6.0.0/24",
      ips: ["10.6.0.2-10.6.0.5"],
      excludeIPs: ["10.6.0.3"],
    });
    const snapshot = buildSnapshot([live], COMPLETE);
    const steps = orderSteps(draftSteps([want], snapshot, context()).drafts, []);
    const written = steps.reduce<unknown>((object, step) => applyMergePatch(object, step.patch), live) as KubeObject;
    expect(steps.map((step) => step.wave)).toEqual([1, 8]);
    expect(written.spec).toEqual(want.object.spec);
  });

  test.each<[string, object, object, number]>([
    ["a label selector opened widens", {}, { podAffinity: { matchLabels: { a: "b" } } }, 2],
    ["a label selector closed narrows", { nodeAffinity: { matchLabels: { a: "b" } } }, {}, 6],
    ["one opened and one closed narrows", { nodeName: ["n"] }, { namespaceName: ["a"] }, 6],
    ["an affinity opened widens", {}, { namespaceName: ["a"] }, 2],
    ["an affinity closed narrows", { namespaceName: ["a"] }, {}, 6],
    ["an affinity replaced narrows", { namespaceName: ["a"] }, { namespaceName: ["b"] }, 6],
    ["enabling widens", { disable: false }, { disable: true }, 2],
    ["disabling narrows", { disable: true }, { disable: false }, 6],
    ["a new default widens", { default: true }, { default: false }, 2],
    ["a default taken away narrows", { default: false }, { default: true }, 6],
    ["a gateway is neither", { gateway: "10.6.0.254" }, {}, 2],
  ])("%s", (_name, desired, live, wave) => {
    expect(
      waves([desiredPool("p", { ips: ["10.6.0.1"], ...desired })], [ours("p", { ips: ["10.6.0.1"], ...live })]),
    ).toEqual([`${wave} update p`]);
  });
});

describe("a step that could harm somebody who runs is judged again before it is written", () => {
  const reservation: DesiredObject = {
    ...desiredPool("r", {}),
    kind: KINDS.SpiderReservedIP,
    object: liveReserved("r", ["10.6.0.1"], "default"),
  };
  test.each<[string, DesiredObject[], KubeObject[], boolean]>([
    ["a new pool", [desiredPool("p", { ips: ["10.6.0.1"] })], [], false],
    ["a new default pool", [desiredPool("p", { ips: ["10.6.0.1"], default: true })], [], true],
    [
      "a pool that grows",
      [desiredPool("p", { ips: ["10.6.0.1-10.6.0.2"] })],
      [ours("p", { ips: ["10.6.0.1"] })],
      false,
    ],
    [
      "a pool that shrinks",
      [desiredPool("p", { ips: ["10.6.0.1"] })],
      [ours("p", { ips: ["10.6.0.1-10.6.0.2"] })],
      true,
    ],
    ["a pool that opens", [desiredPool("p", {})], [ours("p", { namespaceName: ["a"] })], true],
    ["a pool's gateway", [desiredPool("p", { gateway: "10.6.0.254" })], [ours("p", {})], false],
    ["a pool that goes", [], [ours("p", { ips: ["10.6.0.1"] })], true],
    ["an empty pool that goes", [], [ours("p", {})], true],
    ["a subnet that goes", [], [liveSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.1"] }, "default")], false],
    ["a reservation", [reservation], [], true],
    ["a network", [{ ...reservation, kind: KINDS.SpiderMultusConfig, object: network("n") }], [], true],
  ])("%s", (_name, desired, live, harms) => {
    const snapshot = buildSnapshot(live, COMPLETE);
    const steps = orderSteps(draftSteps(desired, snapshot, context()).drafts, snapshot.pools.values());
    expect(steps.map(mayHarm)).toEqual([harms]);
  });
});

describe("what all installs share", () => {
  const anchor: DesiredObject = { ...anchorPool(4) };

  test("is healed by each, and taken over by none", () => {
    const live = { ...anchor.object, spec: { ...(anchor.object.spec as object), disable: false } };
    expect(waves([anchor], [live])).toEqual(["6 update spiderplan-none-v4"]);
    const marks = identity("net-team", KINDS.SpiderIPPool, "spiderplan-none-v4").metadata;
    expect(waves([anchor], [{ ...live, metadata: marks }])).toEqual(["6 update spiderplan-none-v4"]);
  });
});

describe("what may be pruned", () => {
  const two = [ours("mine", { ips: ["10.6.0.1"] }), livePool("theirs", { ips: ["10.6.0.2"] }, { install: "other" })];

  test("only this install's objects", () => {
    expect(waves([], [...two, livePool("hand-made", { ips: ["10.6.0.3"] })])).toEqual(["6 delete mine -10.6.0.1"]);
  });

  test("a deletion says whose it was", () => {
    const owned = livePool("of", { ips: ["10.6.0.3"] }, { install: "default", owner: "d/Deployment/app/eth0/net" });
    const snapshot = buildSnapshot([ours("mine", { ips: ["10.6.0.1"] }), owned], COMPLETE);
    const { drafts } = draftSteps([], snapshot, context());
    expect(drafts.map(({ reason }) => reason)).toEqual([
      "gone from the plan",
      "d/Deployment/app/eth0/net is gone from the plan",
    ]);
  });

  test("nothing of a kind that was not listed whole", () => {
    const snapshot = buildSnapshot(two, []);
    expect(draftSteps([], snapshot, context()).drafts).toEqual([]);
  });

  test("nothing without prune, nothing of a broken part of the plan, nothing already on its way out", () => {
    const snapshot = buildSnapshot(two, COMPLETE);
    expect(draftSteps([], snapshot, context({ prune: false })).drafts).toEqual([]);
    expect(draftSteps([], snapshot, context({ keep: () => true })).drafts).toEqual([]);
    const going = buildSnapshot([livePool("mine", {}, { install: "default", terminating: true })], COMPLETE);
    expect(draftSteps([], going, context()).drafts).toEqual([]);
  });
});

describe("what can never become what the plan wants", () => {
  test.each<[string, DesiredObject, KubeObject, string, hint?: string]>([
    ["another install's object", desiredPool("p", {}), livePool("p", {}, { install: "net-team" }), "SP4111"],
    [
      "P19: an object on its way out",
      desiredPool("p", {}),
      livePool("p", {}, { install: "default", terminating: true }),
      "SP4112",
    ],
    [
      "P4: another CIDR",
      desiredPool("p", { subnet: "10.7.0.0/24" }),
      ours("p", {}),
      "SP4113",
      "give the new object another name",
    ],
    [
      "U1: another CIDR of a subnet",
      desiredSubnet("s", { subnet: "10.7.0.0/24" }),
      liveSubnet("s", { subnet: "10.6.0.0/24" }, "default"),
      "SP4113",
      "add a second subnet and migrate to it",
    ],
    [
      "V1: a reservation of the other family",
      {
        ...desiredPool("r", {}),
        kind: KINDS.SpiderReservedIP,
        object: liveReserved("r", ["fd00::1"], "default"),
      },
      liveReserved("r", ["10.6.0.1"], "default"),
      "SP4113",
      "give the new object another name",
    ],
  ])("%s", (_name, desired, live, code, hint) => {
    const found = draftSteps([desired], buildSnapshot([live], COMPLETE), context());
    expect(found.drafts).toEqual([]);
    expect(found.diagnostics.map((one) => one.code)).toEqual([code]);
    if (hint !== undefined) expect(found.diagnostics[0]!.hint).toBe(hint);
  });

  test("a field the live object leaves to Spiderpool is no obstacle", () => {
    const live = liveSubnet("s", { subnet: "10.6.0.0/24", ipVersion: undefined, ips: ["10.6.0.1"] }, "default");
    const desired = desiredSubnet("s", { subnet: "10.6.0.0/24", ips: ["10.6.0.1-10.6.0.2"] });
    expect(draftSteps([desired], buildSnapshot([live], COMPLETE), context())).toMatchObject({
      drafts: [{ action: "update" }],
      diagnostics: [],
    });
  });

  test("a broken part of the plan is neither made nor changed", () => {
    const snapshot = buildSnapshot([ours("old", { ips: ["10.6.0.1"] })], COMPLETE);
    const desired = [desiredPool("old", { ips: ["10.6.0.2"] }), desiredPool("new", { ips: ["10.6.0.3"] })];
    expect(draftSteps(desired, snapshot, context({ keep: () => true })).drafts).toEqual([]);
  });
});
