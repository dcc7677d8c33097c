import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  familyOf,
  formatAddress,
  nextAddress,
  offsetAddress,
  parseAddress,
  previousAddress,
} from "../../src/core/ip/address.js";
import {
  cidrRange,
  formatCidr,
  formatRange,
  parseCidr,
  parseRange,
  rangeContains,
  rangeSize,
  rangesOverlap,
} from "../../src/core/ip/range.js";

const v4 = fc.integer({ min: 0, max: 0xffff_ffff });
/** Sparse words, so that zero runs of all lengths occur. */
const v6 = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((words) => words.reduce((value, word) => (value << 16n) | BigInt(word), 0n))
  .filter((value) => value >> 32n !== 0xffffn); // IPv4-mapped: refused on purpose (R7)
const address = fc.oneof(v4, v6);

/** How the platform's own URL parser writes an IPv6 address: RFC 5952. */
const platformText = (text: string) => new URL(`http://[${text}]/`).hostname.slice(1, -1);

describe("addresses as text", () => {
  test("parse(format(a)) = a", () => {
    fc.assert(
      fc.property(address, (value) => {
        expect(parseAddress(formatAddress(value))).toBe(value);
        expect(isIP(formatAddress(value))).toBe(familyOf(value));
      }),
    );
  });

  test("IPv6 is written as RFC 5952 says (R6)", () => {
    fc.assert(
      fc.property(v6, (value) => {
        expect(formatAddress(value)).toBe(platformText(formatAddress(value)));
      }),
    );
  });

  test("IPv6 is read in any spelling", () => {
    fc.assert(
      fc.property(v6, fc.boolean(), (value, upper) => {
        const words = [...Array(8).keys()].map((i) =>
          ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16).padStart(4, "0"),
        );
        const text = words.join(":");
        expect(parseAddress(upper ? text.toUpperCase() : text)).toBe(value);
      }),
    );
  });

  test("dotted text is read exactly when the platform reads it", () => {
    const octet = fc.oneof(
      fc.integer({ min: 0, max: 300 }).map(String),
      fc.constantFrom("", "00", "01", "007", "-1", "1e2", " 1", "+1"),
    );
    fc.assert(
      fc.property(fc.array(octet, { minLength: 3, maxLength: 5 }), (octets) => {
        const text = octets.join(".");
        expect(parseAddress(text) !== undefined).toBe(isIP(text) === 4);
      }),
    );
  });

  test.each([
    "",
    ".",
    "1.2.3",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "1.2.3.4.",
    "01.2.3.4",
    "1.2.3.256",
    "1.2.3.4 ",
    "1.2.3.4/8",
    ":",
    ":::",
    "fd00:::1",
    "fd00::1::2",
    "12345::",
    "fd00::g",
    "::ffff:1.2.3.4",
    "::1.2.3.4",
    "::ffff:102:304",
    "fe80::1%eth0",
    "[::1]",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
    " ::1",
    "::1/64",
  ])("%j is no address (R2, R7)", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("any text: an address or undefined, never an exception", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:.%/-]{0,40}$/)), (text) => {
        const value = parseAddress(text);
        if (value !== undefined) expect(parseAddress(formatAddress(value))).toBe(value);
        parseRange(text);
        parseCidr(text);
      }),
    );
  });

  test("neighbours and steps", () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 1000 }), (value, steps) => {
        const next = nextAddress(value);
        if (next !== undefined) expect(previousAddress(next)).toBe(value);
        expect(offsetAddress(offsetAddress(value, steps), -steps)).toBe(value);
      }),
    );
    expect(nextAddress(0xffff_ffff)).toBeUndefined();
    expect(nextAddress((1n << 128n) - 1n)).toBeUndefined();
    expect(previousAddress(0)).toBeUndefined();
    expect(previousAddress(0n)).toBeUndefined();
  });
});

describe("ranges and CIDRs as text", () => {
  const pair = fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6));

  test("parse(format(r)) = r, and the reverse order is refused (R1)", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [first, last] = a <= b ? [a, b] : [b, a];
        expect(parseRange(formatRange({ first, last }))).toEqual({ first, last });
        expect(rangeSize({ first, last })).toBe(Number(BigInt(last) - BigInt(first) + 1n));
        if (first !== last) expect(parseRange(`${formatAddress(last)}-${formatAddress(first)}`)).toBeUndefined();
      }),
    );
  });

  test.each([
    "-",
    "10.0.0.1-",
    "-10.0.0.1",
    "10.0.0.1 - 10.0.0.2",
    "10.0.0.1-10.0.0.2-10.0.0.3",
    "10.0.0.1-2",
    "10.0.0.1-fd00::1",
    "10.0.0.0/24",
  ])("%j is no range (R1)", (text) => {
    expect(parseRange(text)).toBeUndefined();
  });

  test("a CIDR holds exactly the addresses that share its prefix (R5)", () => {
    const cidr = fc.oneof(
      fc.tuple(v4, fc.integer({ min: 0, max: 32 }), v4),
      fc.tuple(v6, fc.integer({ min: 0, max: 128 }), v6),
    );
    fc.assert(
      fc.property(cidr, ([host, prefix, other]) => {
        const parsed = parseCidr(`${formatAddress(host)}/${prefix}`)!;
        const range = cidrRange(parsed);
        const bits = typeof host === "number" ? 32 : 128;
        const head = (value: number | bigint) => BigInt(value) >> BigInt(bits - prefix);
        expect(parsed).toMatchObject({ prefix, address: host, network: range.first, family: familyOf(host) });
        expect(rangeContains(range, host)).toBe(true);
        expect(rangeContains(range, other)).toBe(head(host) === head(other));
        expect(BigInt(range.last) - BigInt(range.first) + 1n).toBe(1n << BigInt(bits - prefix));
        expect(parseCidr(formatCidr(parsed))).toMatchObject({ network: parsed.network, prefix });
      }),
    );
  });

  test.each([
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/8 ",
    "fd00::/129",
    "/24",
    "10.0.0.0/24/24",
    "10.0.0.0/+8",
  ])("%j is no CIDR", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  test("overlap is symmetric, never across families, and means a shared address", () => {
    fc.assert(
      fc.property(pair, pair, ([a, b], [c, d]) => {
        const x = a <= b ? { first: a, last: b } : { first: b, last: a };
        const y = c <= d ? { first: c, last: d } : { first: d, last: c };
        const shared = familyOf(a) === familyOf(c) && [x.first, x.last].some((one) => rangeContains(y, one));
        const inside = familyOf(a) === familyOf(c) && rangeContains(x, y.first);
        expect(rangesOverlap(x, y)).toBe(shared || inside);
        expect(rangesOverlap(y, x)).toBe(rangesOverlap(x, y));
      }),
    );
  });
});
