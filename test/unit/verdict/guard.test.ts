import { describe, expect, test } from "vitest";
import type { OrderedStep } from "../../../src/core/change/order.js";
import { identity } from "../../../src/core/change/ownership.js";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { guard } from "../../../src/core/verdict/guard.js";
import { namersAfter } from "../../../src/core/verdict/named.js";
import { deployment, endpoint, livePool, liveReserved, liveSubnet } from "../../support/objects.js";
import { creating, deleting, updating } from "../../support/steps.js";

const ours = { install: "default" };
const network: KubeObject = {
  ...identity("default", KINDS.SpiderMultusConfig, "net", { namespace: "kube-system" }),
  spec: { cniType: "macvlan", macvlan: { master: ["eth1"] } },
};
const naming = (...ipv4: string[]) =>
  deployment("d/app", { "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4 }]) });
const attached = deployment("d/app", { "v1.multus-cni.io/default-network": "kube-system/net" });

function guarded(live: readonly KubeObject[], ...steps: Step[]) {
  const snapshot = buildSnapshot(live, Object.keys(KINDS));
  const ordered = steps.map((step): OrderedStep => ({ steering: [], ...step }));
  return guard(
    ordered,
    snapshot,
    namersAfter(ordered, snapshot, CHART_DEFAULTS, () => true),
    (owner) => owner,
  );
}
const refusals = (live: readonly KubeObject[], ...steps: Step[]) =>
  guarded(live, ...steps).steps.map((step) => step.blocked?.message);

/** A pool of ours in which as many Pods have an address, from 10.6.0.1 on. */
function used(count: number, spec: Partial<SpiderIPPool["spec"]> = {}): SpiderIPPool {
  const pods = Array.from({ length: count }, (_, i): [string, string] => [`10.6.0.${i + 1}`, `d/pod-${i + 1}`]);
  return livePool("p", { ips: ["10.6.0.1-10.6.0.9"], ...spec }, { ...ours, used: Object.fromEntries(pods) });
}

describe("FIXED-1: what is taken from a pool", () => {
  const shrunk = livePool("p", { ips: ["10.6.0.6-10.6.0.9"] }, ours);

  test.each<[what: string, users: number, message: string | undefined]>([
    ["nobody's", 0, undefined],
    ["one Pod's", 1, "in use by d/pod-1 (10.6.0.1)"],
    ["three Pods'", 3, "in use by d/pod-1 (10.6.0.1), d/pod-2 (10.6.0.2), d/pod-3 (10.6.0.3)"],
    ["five Pods'", 5, "in use by d/pod-1 (10.6.0.1), d/pod-2 (10.6.0.2), d/pod-3 (10.6.0.3) and 2 more"],
  ])("%s", (_what, users, message) => {
    const live = used(users);
    const found = guarded([live], updating(live, shrunk));
    expect(found.steps.map((step) => step.blocked?.message)).toEqual([message]);
    expect(found.released.map(({ pod, reasons }) => [pod, reasons[0]])).toEqual(
      Array.from({ length: users }, (_, i) => [`d/pod-${i + 1}`, "p: the plan takes 10.6.0.1-10.6.0.5 from it"]),
    );
  });

  test("somebody who has it of another pool's record keeps it as well", () => {
    const live = used(0);
    expect(refusals([live, endpoint("d/x", "gone", "10.6.0.2")], updating(live, shrunk))).toEqual([
      "in use by d/x (10.6.0.2)",
    ]);
  });

  test("of a huge IPv6 range only users of this pool are looked at, and found", () => {
    const v6 = { subnet: "fd00::/64", ips: ["fd00::1-fd00::ffff:ffff"] };
    const live = livePool("p", v6, { ...ours, used: { "fd00::5": "d/x" } });
    const small = livePool("p", { ...v6, ips: ["fd00::1"] }, ours);
    expect(refusals([live], updating(live, small))).toEqual(["in use by d/x (fd00::5)"]);
    const within = livePool("p", { ...v6, ips: ["fd00::1-fd00::5"] }, ours);
    expect(refusals([live], updating(live, within))).toEqual([undefined]);
  });

  test("a step that takes nothing, and one that is held back already, are left as they are", () => {
    const live = used(2);
    const wider = livePool("p", { ips: ["10.6.0.1-10.6.0.20"] }, ours);
    expect(refusals([live], updating(live, wider))).toEqual([undefined]);
    const blocked = { type: "conflict", message: "no" } as const;
    const found = guarded([live], { ...deleting(live), blocked });
    expect(found.steps).toMatchObject([{ blocked }]);
    expect(found.released).toEqual([]);
  });

  test("from a pool whose records nobody can read nothing is taken, but it may grow", () => {
    const live = { ...used(0), status: { allocatedIPs: "{" } };
    const refusal = "status.allocatedIPs of p cannot be read, so nothing may be taken from p";
    expect(refusals([live], updating(live, shrunk))).toEqual([refusal]);
    expect(refusals([live], deleting(live))).toEqual([refusal]);
    expect(
      refusals([{ ...live, spec: { ...live.spec, ips: [] } }], deleting({ ...live, spec: { ...live.spec, ips: [] } })),
    ).toEqual([refusal]);
    expect(refusals([live], updating(live, livePool("p", { ips: ["10.6.0.1-10.6.0.20"] }, ours)))).toEqual([undefined]);
  });
});

describe("what is deleted", () => {
  test("a pool in use stays, even for an address it offers no longer", () => {
    const live = used(1, { ips: ["10.6.0.5"] });
    const found = guarded([live], deleting(live));
    expect(found.steps.map((step) => step.blocked?.message)).toEqual(["in use by d/pod-1 (10.6.0.1)"]);
    expect(found.released).toMatchObject([
      { reasons: ["p: the plan deletes the pool", "d/pod-1 has 10.6.0.1 of it now"] },
    ]);
  });

  test("a pool somebody names stays; one that only shrinks may be named", () => {
    const live = used(0);
    const refusal = "the Pod template of d/Deployment/app still names it; take that away first";
    expect(refusals([live, naming("p")], deleting(live))).toEqual([refusal]);
    expect(refusals([live, naming("q")], deleting(live))).toEqual([undefined]);
    expect(refusals([live, naming("p")], updating(live, livePool("p", { ips: ["10.6.0.9"] }, ours)))).toEqual([
      undefined,
    ]);
  });

  test("a network goes by the name of its net-attach-def (X8)", () => {
    const annotations = { "multus.spidernet.io/cr-name": "net" };
    const renamed = { ...network, metadata: { ...network.metadata, name: "config", annotations } };
    expect(refusals([renamed, attached], deleting(renamed))[0]).toContain("still names it");
    const other = { ...renamed, metadata: { ...renamed.metadata, annotations: {} } };
    expect(refusals([other, attached], deleting(other))).toEqual([undefined]);
  });

  test("a network somebody names stays", () => {
    const refusal = "the Pod template of d/Deployment/app still names it; take that away first";
    expect(refusals([network, attached], deleting(network))).toEqual([refusal]);
    expect(refusals([network], deleting(network))).toEqual([undefined]);
    expect(refusals([network, attached], updating(network, { ...network, spec: { cniType: "ipvlan" } }))).toEqual([
      undefined,
    ]);
  });

  test("a subnet is not looked at here", () => {
    const subnet = liveSubnet("p", { subnet: "10.6.0.0/24", ips: ["10.6.0.1"] }, "default");
    expect(refusals([subnet, used(1), naming("p")], deleting(subnet))).toEqual([undefined]);
  });
});

describe("a fixed pool whose owner left the plan", () => {
  const fixed = (subnet: string, count = 0, cidr = "10.6.0.0/24") =>
    livePool(
      `d.deployment.app.eth0.${subnet}`,
      { subnet: cidr, ips: [cidr.includes(":") ? "fd00::1" : "10.6.0.1"] },
      {
        ...ours,
        owner: `d/Deployment/app/eth0/${subnet}`,
        ...(count > 0 && { used: { "10.6.0.1": "d/pod-1" } }),
      },
    );
  const pattern = naming("d.deployment.app.eth0.*");

  test("waits for its users, and for those who name it", () => {
    const live = fixed("net", 1);
    const leaving = { owner: "d/Deployment/app/eth0/net", pool: "d.deployment.app.eth0.net", addresses: ["10.6.0.1"] };
    expect(guarded([live], deleting(live))).toEqual({ steps: [], released: [], leaving: [{ ...leaving, inUse: 1 }] });
    const free = fixed("net");
    expect(guarded([free, pattern], deleting(free))).toMatchObject({ steps: [], leaving: [{ ...leaving, inUse: 0 }] });
    expect(guarded([free], deleting(free))).toMatchObject({ steps: [{ action: "delete" }], leaving: [] });
  });

  test("but one that only shrinks takes what is in use from nobody", () => {
    const live = fixed("net", 1);
    const found = guarded([live], updating(live, { ...live, spec: { ...live.spec, ips: ["10.6.0.2"] } }));
    expect(found).toMatchObject({
      steps: [{ blocked: { type: "in-use" } }],
      released: [{ pod: "d/pod-1" }],
      leaving: [],
    });
  });

  test("but not for a pattern that hits another pool of the NIC and family, kept or new", () => {
    const [old, other] = [fixed("old"), fixed("net")];
    expect(guarded([old, other, pattern], deleting(old)).leaving).toEqual([]);
    expect(guarded([old, pattern], deleting(old), creating(other)).leaving).toEqual([]);
    expect(
      guarded([old, naming("d.deployment.app.eth0.*", old.metadata.name), other], deleting(old)).leaving,
    ).toHaveLength(1);
  });

  test("which is no pool that goes as well, is not made, has another family or is another's", () => {
    const [old, other] = [fixed("old"), fixed("net")];
    expect(guarded([old, other, pattern], deleting(old), deleting(other)).leaving).toHaveLength(2);
    const blocked = { type: "conflict", message: "no" } as const;
    expect(guarded([old, pattern], deleting(old), { ...creating(other), blocked }).leaving).toHaveLength(1);
    expect(guarded([old, fixed("six", 0, "fd00::/64"), pattern], deleting(old)).leaving).toHaveLength(1);
    const declared = livePool("d.deployment.app.eth0.q", { ips: ["10.6.0.2"] }, { ...ours, owner: "pool:q/net" });
    expect(guarded([old, declared, pattern], deleting(old)).leaving).toHaveLength(1);
    expect(guarded([old, other, pattern], deleting(old), { ...deleting(other), blocked }).leaving).toHaveLength(0);
  });

  test("which an adopted pool may become, and which is told by pools alone", () => {
    const [old, other] = [fixed("old"), fixed("net")];
    const nobodys = livePool(other.metadata.name, { ips: ["10.6.0.1"] });
    expect(guarded([old, nobodys, pattern], deleting(old), updating(nobodys, other, 2, "adopt")).leaving).toEqual([]);
    const reserved = liveReserved(other.metadata.name, ["10.6.0.200"], "default");
    expect(guarded([old, other, reserved, pattern], deleting(old), deleting(reserved)).leaving).toEqual([]);
  });

  test("a declared pool is no NIC's: a pattern holds it, whatever is called like it", () => {
    const [p, twin] = ["q.a", "q.b"].map((name) =>
      livePool(name, { ips: ["10.6.0.7"] }, { ...ours, owner: "pool:q/net" }),
    );
    expect(refusals([p!, twin!, naming("q.*")], deleting(p!))).toEqual([
      "the Pod template of d/Deployment/app still names it; take that away first",
    ]);
  });
});
