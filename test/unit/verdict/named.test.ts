import { expect, test } from "vitest";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { holdBackNamed } from "../../../src/core/verdict/named.js";
import { deployment, livePool, liveReserved } from "../../support/objects.js";
import { namespaceWith } from "../../support/running.js";
import { creating, deleting, updating } from "../../support/steps.js";

const OLD = livePool("old", { ips: ["10.6.0.5"] }, { install: "default" });
const NET: KubeObject = {
  apiVersion: KINDS.SpiderMultusConfig.apiVersion,
  kind: "SpiderMultusConfig",
  metadata: { namespace: "kube-system", name: "old", uid: "uid", resourceVersion: "1" },
  spec: { cniType: "macvlan", macvlan: { master: ["eth1"] } },
};
const SHOP = namespaceWith("shop", ["old"]);
const attached = (more: Record<string, string> = {}) =>
  deployment("shop/app", { "v1.multus-cni.io/default-network": "kube-system/old", ...more });
const blocked = { type: "verdict", message: "no" } as const;

/** The Namespace stops naming `old`, the template stops naming its network. */
const renaming: Step = { ...updating(SHOP, SHOP, 4), patch: { metadata: { annotations: null } } };
const retemplating: Step = {
  ...updating(attached(), attached(), 4),
  patch: { spec: { template: { metadata: { annotations: null } } } },
};

/** What of each step is held back, by which kind of reason. */
function held(live: readonly KubeObject[], ...steps: Step[]) {
  const snapshot = buildSnapshot(live, Object.keys(KINDS));
  const ordered = steps.map((step) => ({ steering: [], ...step }));
  const found = holdBackNamed(ordered, snapshot, CHART_DEFAULTS, new Set(), () => true);
  return found.map((step) => step.blocked && `${step.blocked.type}: ${step.blocked.message}`);
}

const kept = (by: string) => `depends: ${by} still names it; take that away first`;

test("a pool goes when what names it is written", () => {
  expect(held([OLD, SHOP], renaming, deleting(OLD, 6))).toEqual([undefined, undefined]);
});

test("a pool stays where its name is kept, and so does what needs its addresses", () => {
  const fresh = creating(livePool("fresh", { ips: ["10.6.0.5"] }), 7);
  expect(held([OLD, SHOP], { ...renaming, blocked }, deleting(OLD, 6), fresh)).toEqual([
    "verdict: no",
    kept("Namespace shop"),
    expect.stringMatching(/^depends: Spiderpool would refuse it/),
  ]);
  const beside = creating(livePool("fresh", { ips: ["10.6.0.6"] }), 7);
  expect(held([OLD, SHOP], { ...renaming, blocked }, deleting(OLD, 6), beside)[2]).toBeUndefined();
});

test("a network stays where its name is kept", () => {
  const steps = [{ ...retemplating, blocked }, deleting(NET, 8)] as const;
  expect(held([NET, attached()], ...steps)).toEqual(["verdict: no", kept("the Pod template of shop/Deployment/app")]);
  expect(held([NET, attached()], retemplating, deleting(NET, 8))).toEqual([undefined, undefined]);
});

test("what is only changed may be named", () => {
  const shut = updating(OLD, { ...OLD, spec: { ...OLD.spec, disable: true } }, 6);
  expect(held([OLD, SHOP], { ...renaming, blocked }, shut, deleting(livePool("other", {}), 6))).toEqual([
    "verdict: no",
    undefined,
    undefined,
  ]);
});

test("what was named whatever the plan writes is no matter of what it does not write", () => {
  const other = { ...updating(SHOP, SHOP, 4), name: "elsewhere", blocked };
  expect(held([OLD, SHOP], other, deleting(OLD, 6))).toEqual(["verdict: no", undefined]);
});

test("a reservation of that name is nobody's", () => {
  const reserved = liveReserved("old", ["10.6.0.9"], "default");
  expect(held([reserved, SHOP], { ...renaming, blocked }, deleting(reserved, 6))).toEqual(["verdict: no", undefined]);
});
