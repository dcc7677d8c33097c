import { describe, expect, test } from "vitest";
import type { DesiredObject } from "../../../src/core/change/desired-object.js";
import { orderSteps } from "../../../src/core/change/order.js";
import { type DraftContext, draftSteps } from "../../../src/core/change/steps.js";
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

  test.each<[string, object, object, number]>([
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

describe("what may be pruned", () => {
  const two = [ours("mine", { ips: ["10.6.0.1"] }), livePool("theirs", { ips: ["10.6.0.2"] }, { install: "other" })];

  test("only this install's objects", () => {
    expect(waves([], [...two, livePool("hand-made", { ips: ["10.6.0.3"] })])).toEqual(["6 delete mine -10.6.0.1"]);
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
  test.each<[string, DesiredObject, KubeObject, string]>([
    ["another install's object", desiredPool("p", {}), livePool("p", {}, { install: "net-team" }), "SP4111"],
    [
      "P19: an object on its way out",
      desiredPool("p", {}),
      livePool("p", {}, { install: "default", terminating: true }),
      "SP4112",
    ],
    ["P4: another CIDR", desiredPool("p", { subnet: "10.7.0.0/24" }), ours("p", {}), "SP4113"],
    [
      "U1: another CIDR of a subnet",
      desiredSubnet("s", { subnet: "10.7.0.0/24" }),
      liveSubnet("s", { subnet: "10.6.0.0/24" }, "default"),
      "SP4113",
    ],
  ])("%s", (_name, desired, live, code) => {
    const found = draftSteps([desired], buildSnapshot([live], COMPLETE), context());
    expect(found.drafts).toEqual([]);
    expect(found.diagnostics.map((one) => one.code)).toEqual([code]);
  });
});
