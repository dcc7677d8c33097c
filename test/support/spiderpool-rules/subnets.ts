import { expect } from "vitest";
import type { SpiderReservedIP, SpiderSubnet } from "../../../src/core/spiderpool/objects.js";
import { all, created, deleted, pool, type RuleRow, reserved, row, subnet, updated, validated } from "../spiderpool.js";

const DYING = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const GUARD = { facts: { enableValidatingResourcesDeletedWebhook: true } };
const controlling = (text: unknown) => ({ controlledIPPools: typeof text === "string" ? text : JSON.stringify(text) });

/** U1-U10: admission of SpiderSubnets. */
export const SUBNET_RULES: readonly RuleRow[] = [
  row("U1", "ipVersion and subnet are immutable, the family is on", () => {
    const old = subnet("s", {});
    all([updated(old, subnet("s", { subnet: "10.6.0.0/25" })), updated(old, subnet("s", { ipVersion: 6 }))], "U1");
    all([created(subnet("s", { ipVersion: 5 })), created(old, { facts: { enableIPv4: false } })], "U1");
    expect(validated({ operation: "CREATE", object: subnet("s", { ipVersion: undefined }) })).toBe("U1");
    expect(created(subnet("s", { ipVersion: undefined }))).toBe("accept");
  }),
  row("U2", "canonical CIDR, no intersection with any other subnet, the same CIDR included", () => {
    const meets = (cidr: string) => created(subnet("s", {}), { stored: [subnet("o", { subnet: cidr, ipVersion: 4 })] });
    all(
      [meets("10.6.0.0/24"), meets("10.0.0.0/8"), meets("broken"), created(subnet("s", { subnet: "10.6.0.1/24" }))],
      "U2",
    );
    all([meets("10.6.1.0/24"), created(subnet("s", {}), { stored: [subnet("o", { subnet: "fd00::/64" })] })], "accept");
  }),
  row("U3", "the same name and family is already there", () => {
    expect(created(subnet("s", {}), { stored: [subnet("s", {})] })).toBe("U3");
  }),
  row("U4", "pools: another intersecting CIDR refuses, the same CIDR must be inside", () => {
    const meets = (spec: object) => created(subnet("s", { ips: ["10.6.0.1-10.6.0.9"] }), { stored: [pool("p", spec)] });
    all(
      [
        meets({ subnet: "10.6.0.0/25" }),
        meets({ ips: ["10.6.0.9-10.6.0.10"] }),
        meets({ subnet: "broken", ipVersion: 4 }),
        meets({ ips: ["what"] }),
      ],
      "U4",
    );
    all(
      [meets({ ips: ["10.6.0.9-10.6.0.10"], excludeIPs: ["10.6.0.10"] }), meets({}), meets({ subnet: "10.6.1.0/24" })],
      "accept",
    );
  }),
  row("U5", "ips and excludeIPs are strict ascending ranges inside the CIDR", () => {
    const lists = (ips: string[], excludeIPs: string[] = []) => created(subnet("s", { ips, excludeIPs }));
    all(
      [lists(["10.6.0.9-10.6.0.2"]), lists(["10.6.1.1"]), lists([], ["10.6.1.1"]), lists(["what"]), lists(["fd00::1"])],
      "U5",
    );
    expect(lists(["10.6.0.2-10.6.0.9", "10.6.0.1"], ["10.6.0.99"])).toBe("accept");
  }),
  row("U6", "gateway and routes as on pools", () => {
    const with_ = (spec: Partial<SpiderSubnet["spec"]>) =>
      created(subnet("s", { ips: ["10.6.0.1-10.6.0.9"], ...spec }));
    all(
      [
        with_({ gateway: "10.6.0.1" }),
        with_({ gateway: "10.7.0.1" }),
        with_({ routes: [{ dst: "0.0.0.0/0", gw: "10.6.0.1" }] }),
      ],
      "U6",
    );
    expect(
      with_({ gateway: "10.6.0.1", excludeIPs: ["10.6.0.1"], routes: [{ dst: "10.0.0.0/8", gw: "10.6.0.1" }] }),
    ).toBe("accept");
  }),
  row("U7", "an address given to a pool stays, used by Pods or not", () => {
    const status = controlling({ p: { ips: ["10.6.0.1-10.6.0.2"] } });
    const old = subnet("s", { ips: ["10.6.0.1-10.6.0.9"] }, {}, status);
    const to = (spec: Partial<SpiderSubnet["spec"]>) => updated(old, { ...old, spec: { ...old.spec, ...spec } });
    all([to({ ips: ["10.6.0.2-10.6.0.9"] }), to({ excludeIPs: ["10.6.0.1"] })], "U7");
    expect(to({ ips: ["10.6.0.1-10.6.0.2"] })).toBe("accept");
    for (const text of ["[", "[]", controlling({ p: { ips: ["what"] } }).controlledIPPools]) {
      const broken = { ...old, status: controlling(text) };
      expect(updated(broken, broken)).toBe("U7");
    }
  }),
  row("U8", "terminating and guarded deletion, counted in addresses given to pools", () => {
    const dying = subnet("s", {}, DYING);
    expect(updated(dying, dying)).toBe("U8");
    expect(updated(dying, subnet("s", {}, { ...DYING, finalizers: ["foregroundDeletion"] }))).toBe("accept");
    const holding = subnet("s", {}, {}, { allocatedIPCount: 5 });
    expect(deleted(holding, GUARD)).toBe("U8");
    expect(deleted(holding)).toBe("accept");
  }),
  row("U9", "a subnet that owns pools may be deleted: they go with it", () => {
    expect(deleted(subnet("s", {}), { stored: [pool("p", { ips: ["10.6.0.1"] })] })).toBe("accept");
  }),
  row("U10", "gateway and routes of a subnet are not checked against pools", () => {
    const old = subnet("s", { ips: ["10.6.0.1-10.6.0.9"] });
    const stored = [pool("p", { ips: ["10.6.0.1"], gateway: "10.6.0.254" })];
    expect(updated(old, { ...old, spec: { ...old.spec, gateway: "10.6.0.253" } }, { stored })).toBe("accept");
  }),
];

/** V1-V7: admission of SpiderReservedIPs. */
export const RESERVED_RULES: readonly RuleRow[] = [
  row("V1", "ipVersion 4 or 6, on, immutable", () => {
    all(
      [
        created(reserved("r", { ipVersion: 5 })),
        created(reserved("r", { ipVersion: 6 }), { facts: { enableIPv6: false } }),
      ],
      "V1",
    );
    expect(updated(reserved("r", { ipVersion: 4 }), reserved("r", { ipVersion: 6 }))).toBe("V1");
  }),
  row("V2", "every entry is an ascending range or address of the family", () => {
    const with_ = (spec: SpiderReservedIP["spec"]) => created(reserved("r", spec));
    all(
      [
        with_({ ipVersion: 4, ips: ["10.6.0.9-10.6.0.1"] }),
        with_({ ipVersion: 4, ips: ["fd00::1"] }),
        with_({ ips: ["10.6.0.1", "x"] }),
      ],
      "V2",
    );
    expect(with_({ ips: ["10.6.0.1-10.6.0.9"] })).toBe("accept");
  }),
  row("V3", "no overlap, duplicate, in-use or CIDR check", () => {
    const stored = [reserved("o", { ipVersion: 4, ips: ["10.6.0.1"] })];
    expect(created(reserved("r", { ips: ["10.6.0.1", "10.6.0.1-10.6.0.3"] }), { stored })).toBe("accept");
  }),
  row("V4", "no addresses are fine if ipVersion is given, nothing at all is not", () => {
    expect(created(reserved("r", {}))).toBe("V4");
    expect(created(reserved("r", { ipVersion: 4 }))).toBe("accept");
  }),
  row("V5", "no update while terminating, except the step into it", () => {
    const live = reserved("r", { ipVersion: 4 });
    const dying = reserved("r", { ipVersion: 4 }, DYING);
    expect(updated(live, dying)).toBe("accept");
    expect(updated(dying, dying)).toBe("V5");
  }),
  row("V6", "a delete is never asked about", () => expect(deleted(reserved("r", {}), GUARD)).toBe("accept")),
  row("V7", "reserving an address a Pod holds is accepted", () => {
    const held = pool("p", { ips: ["10.6.0.1"] }, {}, { allocatedIPs: '{"10.6.0.1":{"pod":"a/b","podUid":"u"}}' });
    expect(created(reserved("r", { ips: ["10.6.0.1"] }), { stored: [held] })).toBe("accept");
  }),
];
