import { describe, expect, test } from "vitest";
import type { Step } from "../../../src/core/change/step.js";
import { effectiveSet } from "../../../src/core/spiderpool/canonical.js";
import type { KubeObject, SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { dependsOn } from "../../../src/core/verdict/depends.js";
import { maker } from "../../support/makers.js";
import { livePool, liveReserved, liveSubnet } from "../../support/objects.js";
import { namespaceWith } from "../../support/running.js";
import { creating, deleting, updating } from "../../support/steps.js";

const pool = (name: string, ...ips: string[]) => livePool(name, { ips });
const six = (name: string, ...ips: string[]) => livePool(name, { subnet: "::/64", ips });
const changed = (before: SpiderIPPool, after: SpiderIPPool) => updating(before, after);
const subnet = (name: string, cidr: string, ...ips: string[]) => liveSubnet(name, { subnet: cidr, ips });
const CIDR = "10.6.0.0/24";
const disabled = (one: SpiderIPPool): SpiderIPPool => ({ ...one, spec: { ...one.spec, disable: true } });

const [WIDE, NARROW] = [pool("b", "10.6.0.5", "10.6.0.6"), pool("b", "10.6.0.6")];
const GIVES = changed(WIDE, NARROW);
const TAKES = changed(NARROW, WIDE);

/** A step of the quarantine, with the addresses whose rest begins and ends. */
function resting(more: Partial<Step>): Step {
  const one = liveReserved("rest", ["10.6.0.200"]);
  const annotations = { "spiderplan.io/quarantine": "[]" };
  return { ...creating({ ...one, metadata: { ...one.metadata, annotations } }), ...more };
}
const set = (...ips: string[]) => effectiveSet({ ips });

function table(rows: [what: string, step: Step, undone: Step, why: string | undefined][]) {
  test.each(rows)("%s", (_what, step, undone, why) => {
    expect(dependsOn(step, undone)).toBe(why);
  });
}

describe("a step after another of the same object", () => {
  table([
    ["a pool that releases, then takes", TAKES, GIVES, "its earlier step was not carried out"],
    ["not one of the same name and another kind", creating(subnet("b", "10.7.0.0/24", "10.7.0.5")), GIVES, undefined],
  ]);
});

describe("a step that needs addresses", () => {
  const still = "it needs addresses SpiderIPPool b still has";
  const whole = subnet("s", CIDR, "10.6.0.1-10.6.0.9");
  table([
    ["of a pool that shrinks", creating(pool("a", "10.6.0.5")), GIVES, still],
    ["of a pool that goes", creating(pool("a", "10.6.0.5")), deleting(WIDE), still],
    ["beside them", creating(pool("a", "10.6.0.7")), GIVES, undefined],
    ["that the pool keeps", creating(pool("a", "10.6.0.6")), GIVES, undefined],
    ["that another only gets as well", creating(pool("a", "10.6.0.5")), TAKES, undefined],
    [
      "that a subnet gives up",
      creating(pool("a", "10.6.0.5")),
      updating(whole, subnet("s", CIDR, "10.6.0.6")),
      undefined,
    ],
    ["to reserve them", resting({ added: set("10.6.0.5") }), GIVES, undefined],
    ["of the other family, the same number", creating(six("a", "::a06:5")), changed(WIDE, NARROW), undefined],
    ["to take them from the subnet", updating(whole, subnet("s", CIDR, "10.6.0.6-10.6.0.9")), GIVES, still],
    ["to take others from the subnet", updating(whole, subnet("s", CIDR, "10.6.0.1-10.6.0.6")), GIVES, undefined],
    ["to delete the subnet", deleting(whole), deleting(WIDE), still],
    ["to delete the subnet, though the pool lies outside it", deleting(subnet("s", CIDR, "10.6.0.200")), GIVES, still],
    ["to delete another subnet", deleting(subnet("s", "10.7.0.0/24")), deleting(WIDE), undefined],
    ["nothing, where the pool only grows in the subnet", deleting(whole), TAKES, undefined],
  ]);
});

describe("a pool that needs room", () => {
  const grown = updating(subnet("s", CIDR, "10.6.0.1"), subnet("s", CIDR, "10.6.0.1-10.6.0.9"));
  table([
    ["in a subnet that grows", creating(pool("a", "10.6.0.5")), grown, "it needs SpiderSubnet s"],
    [
      "in a subnet that is new",
      creating(pool("a", "10.6.0.5")),
      creating(subnet("s", CIDR, "10.6.0.5")),
      "it needs SpiderSubnet s",
    ],
    ["where there was room before", creating(pool("a", "10.6.0.1")), grown, undefined],
    ["in another subnet", creating(livePool("a", { subnet: "10.6.0.0/16", ips: ["10.6.0.5"] })), grown, undefined],
    ["and only shrinks", deleting(pool("a", "10.6.0.5")), grown, undefined],
    ["that a pool grows into", creating(pool("a", "10.6.0.5")), creating(pool("c", "10.6.0.5")), undefined],
    ["and is a subnet", creating(subnet("t", CIDR, "10.6.0.5")), grown, undefined],
    ["and rests", resting({ added: set("10.6.0.5") }), grown, undefined],
  ]);
});

describe("who names a pool", () => {
  const [before, named] = [namespaceWith("shop", ["old"]), namespaceWith("shop", ["web"])];
  const naming = (...names: string[]): Step => {
    const annotations = { "ipam.spidernet.io/default-ipv4-ippool": JSON.stringify(names) };
    return { ...updating(before, named, 4), patch: { metadata: { annotations } } };
  };
  const annotating = (pool: string): Step => {
    const text = "apps.kruise.io/v1alpha1 CloneSet shop/web";
    const annotations = { "ipam.spidernet.io/ippool": JSON.stringify({ ipv4: [pool] }) };
    const live = maker(text, { annotations: { "ipam.spidernet.io/ippool": '{"ipv4":["old"]}' } });
    const patch = { spec: { template: { metadata: { annotations } } } };
    return { ...updating(live, maker(text, { annotations }), 4), object: live, patch };
  };
  const network: KubeObject = {
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderMultusConfig",
    metadata: { namespace: "kube-system", name: "net" },
    spec: { cniType: "macvlan", macvlan: { ippools: { ipv4: ["web"] } } },
  };
  const namesake = { namespace: "kube-system", name: "web" };
  const web = creating(pool("web", "10.6.0.5"));
  const names = "it names SpiderIPPool web";

  describe("that is to be made", () => {
    table([
      ["a Namespace", naming("x", "web"), web, names],
      ["a new network", creating(network), web, names],
      ["by a pattern", naming("w*"), web, names],
      ["by another pattern", naming("we?"), web, names],
      ["by a set of characters", naming("we[a-c]"), web, names],
      ["no: another name", naming("webs", "we", "eb"), web, undefined],
      ["no: a pattern of others", naming("w?", "x*"), web, undefined],
      ["no: a network that only has its name", creating({ ...network, metadata: namesake, spec: {} }), web, undefined],
      ["no: a dot is a dot", naming("a.b*"), creating(pool("axbc", "10.6.0.5")), undefined],
      ["a template of any kind", annotating("web"), web, names],
      ["no: a template that names another", annotating("webs"), web, undefined],
      ["no longer: the patch says what is written", naming("x"), web, undefined],
      [
        "but it is there",
        naming("web"),
        changed(pool("web", "10.6.0.5"), disabled(pool("web", "10.6.0.5"))),
        undefined,
      ],
      ["but it goes", naming("web"), deleting(pool("web", "10.6.0.5")), undefined],
      ["but it is a reservation", naming("web"), creating(liveReserved("web", ["10.6.0.5"])), undefined],
      ["but it is a subnet", naming("web"), creating(subnet("web", CIDR, "10.6.0.5")), undefined],
      [
        "a reservation names none",
        { ...creating(liveReserved("r", ["10.6.0.9"])), patch: { web: "web" } },
        web,
        undefined,
      ],
      ["a pool names none", { ...creating(pool("a", "10.6.0.9")), patch: { web: "web" } }, web, undefined],
      ["a subnet names none", { ...creating(subnet("t", "10.7.0.0/24")), patch: { web: "web" } }, web, undefined],
    ]);
  });

  describe("that closes", () => {
    const gone = deleting(pool("web", "10.6.0.5"));
    const left = { ...updating(named, before, 4), patch: { metadata: { annotations: null } } };
    const held = "it names Namespace shop";
    table([
      ["and a Namespace still does", gone, left, held],
      ["and a Namespace still does, empty as it is", deleting(livePool("web", { ips: [] })), left, held],
      ["in part", changed(pool("web", "10.6.0.5", "10.6.0.6"), pool("web", "10.6.0.5")), left, held],
      ["but grows", changed(pool("web", "10.6.0.5"), pool("web", "10.6.0.5", "10.6.0.6")), left, undefined],
      ["but only changes", changed(pool("web", "10.6.0.5"), disabled(pool("web", "10.6.0.5"))), left, undefined],
      ["and only its new text does not", gone, naming("web"), undefined],
      ["and something new would", gone, creating(network), undefined],
      ["but is a subnet", deleting(subnet("web", CIDR, "10.6.0.5")), left, undefined],
      ["and only a pool says so", gone, updating(livePool("c", { multusName: ["web"] }), livePool("c", {})), undefined],
    ]);
  });
});

describe("addresses that rest", () => {
  const rest = "its addresses cannot rest in SpiderReservedIP rest";
  const back = "SpiderIPPool b has not taken the addresses back";
  table([
    ["must be reserved before their pool lets them go", GIVES, resting({ added: set("10.6.0.5") }), rest],
    ["others may go", GIVES, resting({ added: set("10.6.0.7") }), undefined],
    ["a reservation of somebody's is no rest", GIVES, creating(liveReserved("r", ["10.6.0.5"])), undefined],
    [
      "a subnet may let them go",
      updating(subnet("s", CIDR, "10.6.0.5"), subnet("s", CIDR)),
      resting({ added: set("10.6.0.5") }),
      undefined,
    ],
    ["must be taken back before they leave the quarantine", resting({ removed: set("10.6.0.5") }), TAKES, back],
    ["others may leave it", resting({ removed: set("10.6.0.7") }), TAKES, undefined],
    [
      "may leave it where only a subnet grows",
      resting({ removed: set("10.6.0.5") }),
      updating(subnet("s", CIDR), subnet("s", CIDR, "10.6.0.5")),
      undefined,
    ],
    [
      "of the other family, the same number, are others",
      deleting(six("x", "::a06:5")),
      resting({ added: set("10.6.0.5") }),
      undefined,
    ],
  ]);
});
