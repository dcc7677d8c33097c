import { expect } from "vitest";
import { indexWorld } from "../../../src/core/spiderpool/admission/admit.js";
import type { SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { worldOf } from "../cases.js";
import {
  all,
  created,
  deleted,
  NO_SUBNETS,
  pool,
  type RuleRow,
  row,
  subnet,
  updated,
  validated,
} from "../spiderpool.js";

const off = NO_SUBNETS;
const used = (ips: string[], address: string) =>
  pool(
    "p",
    { ips },
    {},
    { allocatedIPs: JSON.stringify({ [address]: { pod: "ns/web-0", podUid: "u" } }), allocatedIPCount: 1 },
  );
const auto = { labels: { "ipam.spidernet.io/owner-application-name": "web" } };
const owned = (owner: string, kind = "SpiderSubnet") => ({
  ownerReferences: [{ apiVersion: "x/v1", kind, name: owner, uid: "u", controller: true }],
});

/** P1-P26: admission of SpiderIPPools. */
export const POOL_RULES: readonly RuleRow[] = [
  row("P1", "a create is judged family first, then CIDR, addresses, affinity", () => {
    const bad = pool("p", { ipVersion: 5, subnet: "x", ips: ["x"], podAffinity: {} });
    expect(created(bad, off)).toBe("P3");
    expect(created({ ...bad, spec: { ...bad.spec, ipVersion: 4 } } as SpiderIPPool, off)).toBe("P5");
    expect(created(pool("p", { ips: ["x"], podAffinity: {} }), off)).toBe("P8");
    expect(created(pool("p", { ips: ["10.6.0.9"], podAffinity: {} }), off)).toBe("P14");
  }),
  row("P2", "an update is judged immutability first and never against other CIDRs", () => {
    const old = pool("p", { ips: ["10.6.0.9"] });
    expect(updated(old, pool("p", { subnet: "10.7.0.0/24", ipVersion: 4, ips: ["x"] }), off)).toBe("P4");
    expect(updated(old, old, { ...off, stored: [old, pool("q", { subnet: "10.6.0.0/25" })] })).toBe("accept");
  }),
  row("P3", "a family that is off takes no edit at all", () => {
    const v6 = pool("p", { subnet: "fd00::/64", ips: ["fd00::1"] });
    const setting = { facts: { enableIPv6: false } };
    expect(created(v6, setting)).toBe("P3");
    expect(updated(v6, { ...v6, metadata: { ...v6.metadata, annotations: { a: "b" } } }, setting)).toBe("P3");
    expect(created(v6)).toBe("accept");
  }),
  row("P4", "ipVersion and subnet are immutable; an absent version may appear", () => {
    const old = pool("p", {});
    expect(updated(old, pool("p", { subnet: "10.6.0.0/25" }), off)).toBe("P4");
    expect(updated(old, pool("p", { ipVersion: 6 }), off)).toBe("P4");
    expect(updated(pool("p", { ipVersion: undefined }), old, off)).toBe("accept");
  }),
  row("P5", "the CIDR is of the family and canonical", () => {
    const with_ = (cidr: string, ipVersion: number) => created(pool("p", { subnet: cidr, ipVersion }), off);
    all(
      [
        with_("10.6.0.1/24", 4),
        with_("FD00::/64", 6),
        with_("fd00:0::/64", 6),
        with_("fd00::/64", 4),
        with_("10.6.0.0/024", 4),
      ],
      "P5",
    );
    all([with_("10.6.0.0/32", 4), with_("fd00::/128", 6), with_("0.0.0.0/0", 4)], "accept");
  }),
  row(
    "P6",
    "another pool of the family with a different, intersecting CIDR refuses, even if disabled or terminating",
    () => {
      const meets = (other: SpiderIPPool) => created(pool("p", {}), { ...off, stored: [other] });
      const dying = { deletionTimestamp: "2026-01-01T00:00:00Z" };
      all(
        [
          meets(pool("o", { subnet: "10.6.0.0/16", disable: true })),
          meets(pool("o", { subnet: "10.6.0.128/25" }, dying)),
          meets(pool("o", { subnet: "broken", ipVersion: 4 })),
        ],
        "P6",
      );
      all(
        [meets(pool("o", {})), meets(pool("o", { subnet: "10.6.1.0/24" })), meets(pool("o", { subnet: "fd00::/16" }))],
        "accept",
      );
    },
  ),
  row("P7", "the same name and family is already there", () => {
    expect(created(pool("p", {}), { ...off, stored: [pool("p", {})] })).toBe("P7");
    expect(created(pool("p", {}), { ...off, stored: [pool("p", { subnet: "fd00::/64" })] })).toBe("accept");
  }),
  row("P8", "every entry lies inside the subnet; excludeIPs may name addresses outside ips", () => {
    const lists = (ips: string[], excludeIPs: string[] = []) => created(pool("p", { ips, excludeIPs }), off);
    all(
      [
        lists(["10.7.0.1"]),
        lists(["10.6.0.250-10.6.1.1"]),
        lists(["10.6.0.1"], ["10.7.0.1"]),
        lists(["10.6.0.1/32"]),
        lists(["fd00::1"]),
      ],
      "P8",
    );
    expect(lists(["10.6.0.1"], ["10.6.0.99"])).toBe("accept");
    const overlapping = pool("p", { ips: ["10.6.0.1-10.6.0.5", "10.6.0.5"] });
    expect(validated({ operation: "CREATE", object: overlapping }, off)).toBe("P8");
  }),
  row("P9", "ips minus excludeIPs shares nothing with a pool of the same CIDR label", () => {
    const meets = (other: SpiderIPPool) =>
      created(pool("p", { ips: ["10.6.0.1-10.6.0.9"] }), { ...off, stored: [other] });
    expect(meets(pool("o", { ips: ["10.6.0.9-10.6.0.12"] }))).toBe("P9");
    expect(meets(pool("o", { ips: ["10.6.0.9-10.6.0.12"], excludeIPs: ["10.6.0.9"] }))).toBe("accept");
    expect(meets(pool("o", { ips: ["10.6.0.9"] }, { labels: { "ipam.spidernet.io/ippool-cidr": "other" } }))).toBe(
      "accept",
    );
  }),
  row("P10", "a malformed sibling blocks creates and updates", () => {
    const stored = [pool("broken", { ips: ["what"] })];
    expect(created(pool("p", {}), { ...off, stored })).toBe("P10");
    expect(updated(pool("p", {}), pool("p", { disable: true }), { ...off, stored })).toBe("P10");
  }),
  row("P11", "the gateway is inside the subnet and not on offer, unless excluded", () => {
    const with_ = (gateway: string, spec: Partial<SpiderIPPool["spec"]> = {}) =>
      created(pool("p", { ips: ["10.6.0.1-10.6.0.9"], gateway, ...spec }), off);
    all([with_("x"), with_("10.7.0.1"), with_("fd00::1"), with_("10.6.0.5")], "P11");
    all([with_("10.6.0.254"), with_("10.6.0.5", { excludeIPs: ["10.6.0.4-10.6.0.6"] })], "accept");
    all([with_("10.6.0.0"), with_("10.6.0.255")], "accept");
  }),
  row("P12", "a one-address entry is compared with the gateway as text", () => {
    const with_ = (ips: string[], gateway: string) => created(pool("p", { subnet: "fd00::/64", ips, gateway }), off);
    expect(with_(["fd00::1"], "fd00::1")).toBe("P11");
    expect(with_(["fd00::1"], "fd00:0::1")).toBe("accept");
    expect(with_(["fd00::1-fd00::1"], "fd00:0::1")).toBe("P11");
  }),
  row("P13", "routes: no default, no doubled text, a CIDR of the family, next hop inside the subnet", () => {
    const with_ = (...routes: [string, string][]) =>
      created(pool("p", { routes: routes.map(([dst, gw]) => ({ dst, gw })) }), off);
    const gw = "10.6.0.1";
    all(
      [
        with_(["0.0.0.0/0", gw]),
        with_(["10.0.0.0/8", gw], ["10.0.0.0/8", gw]),
        with_(["x", gw]),
        with_(["fd00::/8", gw]),
        with_(["10.0.0.0/8", "10.7.0.1"]),
        with_(["10.0.0.0/8", ""]),
      ],
      "P13",
    );
    expect(with_(["10.0.0.7/8", gw], ["10.0.0.0/8", gw])).toBe("accept");
  }),
  row("P14", "podAffinity: legal and not empty; on an auto pool the app keys only", () => {
    const with_ = (podAffinity: SpiderIPPool["spec"]["podAffinity"], meta = {}) =>
      created(pool("p", { podAffinity }, meta), off);
    all(
      [
        with_({}),
        with_({ matchLabels: { k: ".x" } }),
        with_({ matchExpressions: [{ key: "k", operator: "In" }] }),
        with_({ matchExpressions: [{ key: "k", operator: "Exists", values: ["x"] }] }),
        with_({ matchExpressions: [{ key: "k", operator: "Gt", values: ["1"] }] }),
      ],
      "P14",
    );
    all(
      [
        with_({ matchLabels: { app: "web" } }, auto),
        with_({ matchExpressions: [{ key: "a", operator: "Exists" }] }, auto),
      ],
      "P14",
    );
    all(
      [
        with_(undefined),
        with_({ matchLabels: { app: "" } }),
        with_({}, auto),
        with_({ matchLabels: { "ipam.spidernet.io/app-name": "web" } }, auto),
      ],
      "accept",
    );
  }),
  row("P15", "no other affinity is looked at", () => {
    const bad = { matchExpressions: [{ key: "!", operator: "what" }] };
    expect(
      created(pool("p", { namespaceAffinity: bad, nodeAffinity: bad, nodeName: ["!"], multusName: ["/"] }), off),
    ).toBe("accept");
  }),
  row("P16", "an address in use stays in ips minus excludeIPs", () => {
    const old = used(["10.6.0.1-10.6.0.9"], "10.6.0.5");
    const to = (spec: Partial<SpiderIPPool["spec"]>) => updated(old, { ...old, spec: { ...old.spec, ...spec } }, off);
    all([to({ ips: ["10.6.0.1-10.6.0.4"] }), to({ excludeIPs: ["10.6.0.5"] }), to({ ips: [] })], "P16");
    all([to({ ips: ["10.6.0.5"] }), to({ excludeIPs: ["10.6.0.6"] }), to({ disable: true })], "accept");
    const unreadable = { ...old, status: { allocatedIPs: "[" } };
    expect(updated(unreadable, unreadable, off)).toBe("P16");
  }),
  row("P17", "with the feature on, an owned pool lies inside the subnet its controller names", () => {
    const stored = [
      subnet(
        "s",
        { ips: ["10.6.0.1-10.6.0.9"], excludeIPs: ["10.6.0.5"] },
        { labels: { "ipam.spidernet.io/subnet-cidr": "x" } },
      ),
    ];
    const with_ = (ips: string[], owner = "s") => created(pool("p", { ips }, owned(owner)), { stored });
    all([with_(["10.6.0.10"]), with_(["10.6.0.5"]), with_(["10.6.0.1"], "gone")], "P17");
    all([with_(["10.6.0.1-10.6.0.4"]), with_([], "gone")], "accept");
    expect(created(pool("p", { ips: ["10.6.0.99"] }, owned("s")), { stored, ...off })).toBe("accept");
  }),
  row("P18", "an auto pool has exactly what the subnet recorded for it", () => {
    const record = JSON.stringify({ p: { ips: ["10.6.0.1-10.6.0.2"], application: "apps_v1_Deployment_ns_web" } });
    const stored = [subnet("s", { ips: ["10.6.0.1-10.6.0.9"] }, {}, { controlledIPPools: record })];
    const old = pool("p", { ips: ["10.6.0.1-10.6.0.2"] }, { ...auto, ...owned("s") });
    expect(updated(old, { ...old, spec: { ...old.spec, ips: ["10.6.0.1-10.6.0.3"] } }, { stored })).toBe("P18");
    expect(updated(old, { ...old, spec: { ...old.spec, gateway: "10.6.0.99" } }, { stored })).toBe("accept");
  }),
  row("P19", "a terminating pool takes nothing but the removal of the finalizer", () => {
    const dying = { deletionTimestamp: "2026-01-01T00:00:00Z" };
    const old = pool("p", {}, dying);
    expect(updated(old, old, off)).toBe("P19");
    expect(updated(old, pool("p", { ips: ["what"] }, { ...dying, finalizers: [] }), off)).toBe("accept");
  }),
  row("P20", "a delete is refused only by the guard, and only while addresses are in use", () => {
    const guard = { facts: { enableValidatingResourcesDeletedWebhook: true } };
    expect(deleted(used(["10.6.0.1"], "10.6.0.1"), guard)).toBe("P20");
    expect(deleted(used(["10.6.0.1"], "10.6.0.1"))).toBe("accept");
    expect(deleted(pool("p", { ips: ["10.6.0.1"] }), guard)).toBe("accept");
  }),
  row("P21", "a terminating pool still blocks its addresses", () => {
    const dying = pool("o", { ips: ["10.6.0.1"] }, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(created(pool("p", { ips: ["10.6.0.1"] }), { ...off, stored: [dying] })).toBe("P9");
  }),
  row("P22", "a new pool is never compared with subnets of another CIDR", () => {
    const stored = [subnet("s", { ips: ["10.6.0.200"] })];
    expect(created(pool("p", { subnet: "10.6.0.0/25", ips: ["10.6.0.1"] }), { stored })).toBe("accept");
  }),
  row("P23", "a lone descending range is accepted once, then every update fails", () => {
    const odd = pool("p", { ips: ["10.6.0.9-10.6.0.2"] });
    expect(created(odd, off)).toBe("accept");
    expect(updated(odd, odd, off)).toBe("P23");
    // Its ends are swapped where siblings are compared.
    expect(created(pool("q", { ips: ["10.6.0.5"] }), { ...off, stored: [odd] })).toBe("P9");
  }),
  row("P24", "a controller of another kind breaks adoption and the pool is refused", () => {
    const stored = [subnet("s", { ips: ["10.6.0.1-10.6.0.9"] })];
    expect(created(pool("p", { ips: ["10.6.0.1"] }, owned("plan", "IPPlan")), { stored })).toBe("P17");
  }),
  row("P25", "two overlapping creates judged against the same state both pass", () => {
    const setting = { ...off, stored: [] };
    all(
      [created(pool("a", { ips: ["10.6.0.1"] }), setting), created(pool("b", { ips: ["10.6.0.1"] }), setting)],
      "accept",
    );
  }),
  row("P26", "any number of default pools", () => {
    const stored = ["a", "b", "c"].map((name, i) => pool(name, { default: true, ips: [`10.6.0.${i + 1}`] }));
    const world = worldOf(stored);
    const indexed = { ...world, index: indexWorld(world) };
    expect(created(pool("d", { default: true, ips: ["10.6.0.9"] }), { ...off, world: indexed })).toBe("accept");
  }),
];
