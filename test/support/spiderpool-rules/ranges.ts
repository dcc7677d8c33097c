import { expect } from "vitest";
import { parseAddress } from "../../../src/core/ip/address.js";
import { size } from "../../../src/core/ip/range-set.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { inside, statusRecords } from "../../../src/core/spiderpool/admission/network-spec.js";
import { effectiveSet } from "../../../src/core/spiderpool/canonical.js";
import { goAddress, goCidr, goFuse, goPoolSet, goRange, isGoAddress } from "../../../src/core/spiderpool/go-ip.js";
import { withoutRecords, withRecord } from "../../../src/core/spiderpool/ipam/allocate.js";
import type { SpiderEndpoint } from "../../../src/core/spiderpool/objects.js";
import { applySchema } from "../../../src/core/spiderpool/structural.js";
import { poolRecords } from "../../../src/core/usage.js";
import {
  all,
  created,
  mutated,
  NO_SUBNETS,
  pool,
  type RuleRow,
  reserved,
  row,
  subnet,
  updated,
} from "../spiderpool.js";

const WIDE = "fd00::-fd00::ffff:ffff:ffff:ffff";

/** R1-R10: what Spiderpool reads as addresses. */
export const RANGE_RULES: readonly RuleRow[] = [
  row("R1", "IP or IP-IP, no blanks, no CIDR, no short end, ascending, one family", () => {
    all(
      [
        "10.6.0.1-5",
        "10.6.0.1 - 10.6.0.5",
        "10.6.0.1-10.6.0.2-10.6.0.3",
        "10.6.0.0/24",
        "10.6.0.*",
        "10.6.0.2-10.6.0.1",
        "10.6.0.1-fd00::1",
        "",
        "-",
      ].map((text) => goRange(4, text)),
      undefined,
    );
    expect(goRange(4, "10.6.0.1-10.6.0.2")).toEqual({ first: 0x0a060001, last: 0x0a060002 });
  }),
  row("R2", "dotted quads without leading zeros, IPv6 in any legal spelling without a zone", () => {
    all(
      [
        "010.6.0.1",
        "10.6.1",
        "10.6.0.256",
        "fe80::1%eth0",
        "1::2::3",
        "1:2:3:4:5:6:7:8:9",
        ":1",
        "1:",
        "12345::",
        "1:2:3:4:5:6:7::8:9",
        "g::",
      ].map(goAddress),
      undefined,
    );
    all(["FD00::1", "fd00:0:0:0:0:0:0:1", "fd00::0.0.0.1", "fd00:0::0001"].map(goAddress), (0xfd00n << 112n) + 1n);
  }),
  row("R3", "users may list entries in any order, doubled and overlapping: they are fused first", () => {
    const messy = ["10.6.0.5", "10.6.0.1-10.6.0.3", "10.6.0.2-10.6.0.5", "10.6.0.5"];
    expect(created(pool("p", { ips: messy }), NO_SUBNETS)).toBe("accept");
    expect(goFuse(4, messy)).toEqual(["10.6.0.1-10.6.0.5"]);
  }),
  row("R4", "only the pool path takes a lone descending range", () => {
    const ips = ["10.6.0.9-10.6.0.2"];
    expect(created(pool("p", { ips }), NO_SUBNETS)).toBe("accept");
    expect(created(subnet("s", { ips }))).toBe("U5");
    expect(created(reserved("r", { ipVersion: 4, ips }))).toBe("V2");
  }),
  row("R5", "network, broadcast and router addresses are ordinary members", () => {
    const set = effectiveSet({ ips: ["10.6.0.0-10.6.0.255"] });
    expect(size(set)).toBe(256);
    expect(created(pool("p", { ips: ["10.6.0.0", "10.6.0.255"] }), NO_SUBNETS)).toBe("accept");
  }),
  row("R6", "canonical IPv6 is Go's: lower case, leftmost longest zero run compressed", () => {
    const canonical = (cidr: string) => goCidr(cidr)?.canonical;
    expect(canonical("FD00:0:0:1:0:0:1:0/128")).toBe("fd00::1:0:0:1:0/128");
    expect(canonical("fd00:0:1:1:1:1:1:1/128")).toBe("fd00:0:1:1:1:1:1:1/128");
    expect(canonical("::/0")).toBe("::/0");
  }),
  row("R7", "an IPv4-mapped text passes both family tests, is IPv4 by value and cannot be fused as IPv6", () => {
    const mapped = "::ffff:10.6.0.1";
    all([isGoAddress(4, mapped), isGoAddress(6, mapped)], true);
    expect(goAddress(mapped)).toBe(0x0a060001);
    expect(goFuse(6, [mapped, "fd00::1"])).toBeUndefined();
    const both = reserved("r", { ipVersion: 6, ips: [mapped, "fd00::1"] });
    expect(mutated(both)).toEqual(both);
    expect(parseAddress(mapped)).toBeUndefined(); // plans may not use it
  }),
  row("R8", "any prefix length", () => {
    all(
      [
        created(pool("p", { subnet: "10.6.0.1/32" }), NO_SUBNETS),
        created(pool("p", { subnet: "::/0" }), NO_SUBNETS),
        created(pool("p", { subnet: "fd00::1/128" }), NO_SUBNETS),
      ],
      "accept",
    );
    expect(inside(goCidr("fd00::/8")!, goAddress("fdff::1")!)).toBe(true);
  }),
  row("R9", "the size of a pool is ips minus excludeIPs, reservations not subtracted", () => {
    expect(size(effectiveSet({ ips: ["10.6.0.1-10.6.0.9"], excludeIPs: ["10.6.0.2-10.6.0.3", "10.7.0.1"] }))).toBe(7);
  }),
  row("R10", "ranges of 2^64 addresses cost nothing here", () => {
    const wide = pool("p", { subnet: "fd00::/64", ips: [WIDE], excludeIPs: ["fd00::1"] });
    const stored = [pool("o", { subnet: "fd00::/64", ips: ["fd00::1"] })];
    expect(updated(wide, wide, { stored })).toBe("accept");
    expect(goPoolSet("fd00::/64", [WIDE, "fd00::5"], [])).toMatchObject({
      error: `range fd00::5 overlaps with ${WIDE}`,
    });
  }),
];

const endpoint: SpiderEndpoint = {
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderEndpoint",
  metadata: { name: "cart-0", namespace: "shop" },
  status: {
    ownerControllerType: "StatefulSet",
    ownerControllerName: "cart",
    current: {
      uid: "5c1f",
      node: "n1",
      ips: [
        { interface: "eth0", ipv4: "10.20.0.5/24", ipv4Pool: "manual-a" },
        { interface: "", ipv6: "fd00::5/64", ipv6Pool: "six" },
      ],
    },
  },
};

/** T1-T6: formats of status. */
export const STATUS_RULES: readonly RuleRow[] = [
  row("T1", "allocatedIPs is JSON text keyed by address, absent when empty", () => {
    const text = withRecord(
      withRecord(undefined, 0x0a140006, "shop/cart-1", "77ab"),
      0x0a140005,
      "shop/cart-0",
      "5c1f",
    );
    expect(text).toBe(
      '{"10.20.0.5":{"pod":"shop/cart-0","podUid":"5c1f"},"10.20.0.6":{"pod":"shop/cart-1","podUid":"77ab"}}',
    );
    expect(poolRecords(pool("p", {}, {}, { allocatedIPs: text }))).toMatchObject([
      { pod: "shop/cart-0", uid: "5c1f" },
      { pod: "shop/cart-1" },
    ]);
    expect(withoutRecords(text, [0x0a140005, 0x0a140006])).toBeUndefined();
  }),
  row("T2", "controlledIPPools is JSON text keyed by pool; anything else is unreadable", () => {
    expect(statusRecords('{"p":{"ips":["10.6.0.1"]}}')).toEqual({ p: { ips: ["10.6.0.1"] } });
    all([statusRecords("["), statusRecords("[]"), statusRecords('{"p":1}')], undefined);
    expect(statusRecords(undefined)).toEqual({});
  }),
  row("T3", "a hand-made pool is recorded by its ranges and guarded like an auto pool", () => {
    const status = { controlledIPPools: '{"manual-a":{"ips":["10.6.0.1-10.6.0.2","10.6.0.9"]}}' };
    const old = subnet("s", { ips: ["10.6.0.1-10.6.0.9"] }, {}, status);
    expect(updated(old, { ...old, spec: { ...old.spec, ips: ["10.6.0.1-10.6.0.8"] } })).toBe("U7");
  }),
  row("T4", "an endpoint names Pod, node, NICs and pools", () => {
    const { byPool } = buildSnapshot([endpoint], []).use;
    expect(byPool.get("manual-a")).toMatchObject([{ pod: "shop/cart-0", nic: "eth0", node: "n1", uid: "5c1f" }]);
  }),
  row("T5", "the interface of an endpoint's later NIC may be empty", () => {
    expect(applySchema("SpiderEndpoint", endpoint).errors).toEqual([]);
    expect(buildSnapshot([endpoint], []).use.byPool.get("six")).toMatchObject([{ nic: "" }]);
  }),
  row("T6", "what is in use is read from allocatedIPs, whatever the count says", () => {
    const drifted = pool(
      "p",
      { ips: ["10.6.0.1-10.6.0.2"] },
      {},
      { allocatedIPCount: 0, allocatedIPs: '{"10.6.0.1":{"pod":"a/b","podUid":"u"}}' },
    );
    expect(updated(drifted, { ...drifted, spec: { ...drifted.spec, ips: ["10.6.0.2"] } }, NO_SUBNETS)).toBe("P16");
  }),
];
