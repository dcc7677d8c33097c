import { describe, expect, test } from "vitest";
import { formatAddress } from "../../../src/core/ip/address.js";
import { formatRangeSet } from "../../../src/core/ip/range-set.js";
import {
  canonicalMultus,
  canonicalPool,
  canonicalReserved,
  cidrLabel,
  effectiveSet,
} from "../../../src/core/spiderpool/canonical.js";
import { CHART_DEFAULTS, factsFromConfigMap } from "../../../src/core/spiderpool/facts.js";
import {
  goAddress,
  goCidr,
  goEntryCovers,
  goPoolSet,
  goUnion,
  isGoAddress,
} from "../../../src/core/spiderpool/go-ip.js";
import type { SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { formatSelector, matches, selectorFaults } from "../../../src/core/spiderpool/selector.js";
import { mutated, network, pool, reserved } from "../../support/spiderpool.js";

describe("addresses as Go reads them", () => {
  test.each<[text: string, canonical: string | undefined, last?: string]>([
    ["10.6.0.9/24", "10.6.0.0/24", "10.6.0.255"],
    ["10.6.0.9/32", "10.6.0.9/32", "10.6.0.9"],
    ["10.6.0.9/33", undefined],
    ["10.6.0.9", undefined],
    ["10.6.0.9/x24", undefined],
    ["10.6.0.9/24x", undefined],
    ["10.6.0.9/", undefined],
    ["/24", undefined],
    ["FD00::9/64", "fd00::/64", "fd00::ffff:ffff:ffff:ffff"],
    ["fd00::9/33", "fd00::/33", "fd00:0:7fff:ffff:ffff:ffff:ffff:ffff"],
    ["fd00::9/128", "fd00::9/128", "fd00::9"],
    ["fd00::9/129", undefined],
    ["::ffff:10.6.0.9/120", "10.6.0.0/24", "10.6.0.255"],
    ["::ffff:10.6.0.9/96", "0.0.0.0/0", "255.255.255.255"],
    ["::ffff:10.6.0.9/95", undefined],
    ["::ffff:10.6.0.9/129", undefined],
  ])("%s is the CIDR %s", (text, canonical, last) => {
    const cidr = goCidr(text);
    expect(cidr?.canonical).toBe(canonical);
    expect(cidr && formatAddress(cidr.range.last)).toBe(last);
  });

  test.each<[text: string, address: string | undefined]>([
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7", undefined],
    ["1:2:3:4::5:6:7:8", undefined],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
    ["1.2.3.4::1", undefined],
    ["::1.2.3.4:1", undefined],
    ["1.2.3.4:5:6:7:8:9:a", undefined],
    ["::1.2.3", undefined],
  ])("%s is the IPv6 address %s", (text, address) => {
    const read = goAddress(text);
    expect(read && formatAddress(read)).toBe(address);
  });

  test("a text with a dot is no IPv4 address for that", () => {
    expect(["x.y", "10.6.0", "10.6.0.1"].map((text) => isGoAddress(4, text))).toEqual([false, false, true]);
  });

  test("an entry nobody can read covers nothing", () => {
    expect(["what", "10.6.0.9-10.6.0.1", "10.6.0.1-10.6.0.9"].map((one) => goEntryCovers(4, one, "10.6.0.5"))).toEqual([
      false,
      false,
      true,
    ]);
    expect(goEntryCovers(4, "10.6.0.1-10.6.0.9", "what")).toBe(false);
  });

  test("a mapped address at either end makes a list of IPv6 unreadable (R7)", () => {
    for (const entry of ["::ffff:10.6.0.1", "::1-::ffff:10.6.0.1", "::ffff:10.6.0.1-fd00::1"]) {
      expect(goUnion(6, ["fd00::5", entry])).toBeUndefined();
    }
    expect(goUnion(6, [])).toEqual([]);
  });
});

describe("the lists of a pool (P8)", () => {
  const read = (ips: string[], excludeIPs: string[] = [], cidr = "10.6.0.0/24") => {
    const { set, error } = goPoolSet(cidr, ips, excludeIPs) as {
      set?: Parameters<typeof formatRangeSet>[0];
      error?: string;
    };
    return error ?? formatRangeSet(set!);
  };

  test.each<[entry: string, error: string, cidr?: string]>([
    ["10.6.0.1-10.6.0.2-10.6.0.3", "invalid range: 10.6.0.1-10.6.0.2-10.6.0.3"],
    ["10.6.0.1/32", "invalid range: 10.6.0.1/32"],
    ["what", "invalid IP address: what"],
    ["10.5.255.255", "not match base subnet: 10.5.255.255"],
    ["10.6.1.0", "not match base subnet: 10.6.1.0"],
    ["fd00::1", "not match base subnet: fd00::1"],
    ["::ffff:10.6.0.1", "not match base subnet: ::ffff:10.6.0.1", "::/64"],
    ["::a06:1", "not match base subnet: ::a06:1"],
  ])("%s is none", (entry, error, cidr) => {
    expect([read([entry], [], cidr), read([], [entry], cidr)]).toEqual([error, error]);
  });

  test("a descending range is swapped in ips and excludes nothing (P23)", () => {
    expect(read(["10.6.0.9-10.6.0.2"])).toEqual(["10.6.0.2-10.6.0.9"]);
    expect(read(["10.6.0.1-10.6.0.9"], ["10.6.0.5-10.6.0.2"])).toEqual(["10.6.0.1-10.6.0.9"]);
    expect(read(["10.6.0.1-10.6.0.9"], ["10.6.0.2-10.6.0.5"])).toEqual(["10.6.0.1", "10.6.0.6-10.6.0.9"]);
  });

  test("ranges may touch but not overlap, in any order", () => {
    for (const [a, b, c] of orders(["10.6.0.1-10.6.0.2", "10.6.0.3-10.6.0.6", "10.6.0.9"])) {
      expect(read([a!, b!, c!])).toEqual(["10.6.0.1-10.6.0.6", "10.6.0.9"]);
    }
    for (const [a, b, c] of orders(["10.6.0.1-10.6.0.2", "10.6.0.3-10.6.0.6", "10.6.0.6"])) {
      expect(read([a!, b!, c!])).toBe("range 10.6.0.6 overlaps with 10.6.0.3-10.6.0.6");
    }
  });
});

/** Every order of three. */
function orders<T>([a, b, c]: readonly T[]): T[][] {
  return [
    [a, b, c],
    [a, c, b],
    [b, a, c],
    [b, c, a],
    [c, a, b],
    [c, b, a],
  ] as T[][];
}

describe("the canonical form", () => {
  const of = (spec: Partial<SpiderIPPool["spec"]>) => canonicalPool(pool("p", spec), CHART_DEFAULTS).spec;

  test("keeps what selectors and lists say, and has no key without a value", () => {
    const podAffinity = { matchLabels: { app: "web" }, matchExpressions: [{ key: "a", operator: "Exists" }] };
    const spec = of({ podAffinity, nodeName: ["b", "a", "b"], nodeAffinity: { matchLabels: {} } });
    expect(spec).toStrictEqual({
      subnet: "10.6.0.0/24",
      ipVersion: 4,
      podAffinity,
      nodeName: ["a", "b"],
      nodeAffinity: {},
      default: false,
      disable: false,
    });
    expect(of({ podAffinity: { matchLabels: { app: "web" } } }).podAffinity).toStrictEqual({
      matchLabels: { app: "web" },
    });
  });

  test("routes, names and requirements are in one order, whichever they were written in", () => {
    const routes = [
      { dst: "10.8.0.0/16", gw: "10.6.0.1" },
      { dst: "10.8.0.0/16", gw: "10.6.0.2" },
      { dst: "10.9.0.0/16", gw: "10.6.0.1" },
    ];
    const expressions = ["a", "b", "c"].map((key) => ({ key, operator: "Exists" }));
    for (const order of orders([0, 1, 2])) {
      expect(of({ routes: order.map((i) => routes[i]!) }).routes).toEqual(routes);
      expect(of({ nodeName: order.map((i) => "abc"[i]!) }).nodeName).toEqual(["a", "b", "c"]);
      const podAffinity = { matchExpressions: order.map((i) => expressions[i]!) };
      expect(of({ podAffinity }).podAffinity?.matchExpressions).toEqual(expressions);
    }
  });

  test("an empty reservation stays empty, and so does every list of a network", () => {
    expect(canonicalReserved(reserved("r", {}), CHART_DEFAULTS).spec).toStrictEqual({});
    const { spec } = canonicalMultus(
      network("m", { cniType: "macvlan", macvlan: { master: ["a"], ippools: { ipv4: [], ipv6: ["p"] } } }),
    );
    const { master, ippools } = spec.macvlan as Record<string, unknown>;
    expect([master, ippools]).toEqual([["a"], { ipv6: ["p"], matchMasterSubnet: false }]);
    expect(spec).not.toHaveProperty("chainCNIJsonData");
  });

  test("nulls of a network's block are filled like what is absent (M14)", () => {
    const { macvlan } = mutated(
      network("m", { cniType: "macvlan", macvlan: { master: ["a"], vlanID: null, mtu: undefined } }),
    ).spec;
    expect(macvlan).toMatchObject({ vlanID: 0, mtu: 0 });
  });

  test("the offered addresses are of the family of the first range, at both ends", () => {
    const offered = (ips: string[], excludeIPs: string[] = []) => formatRangeSet(effectiveSet({ ips, excludeIPs }));
    expect(offered(["fd00::1", "::1-::ffff:10.6.0.1", "::ffff:10.6.0.1-fd00::5"])).toEqual(["fd00::1"]);
    expect(offered(["10.6.0.1"], ["::a06:1"])).toEqual(["10.6.0.1"]);
    expect(offered([], ["10.6.0.1"])).toEqual([]);
  });

  test("a label has as many dashes as Spiderpool replaces (S19)", () => {
    expect(cidrLabel("1.2.3.4.5/24/7")).toBe("1-2-3-4.5-24/7");
    expect(cidrLabel("1:2:3:4:5:6:7:8:9/64")).toBe("1-2-3-4-5-6-7-8:9-64");
  });
});

test("a switch of conf.yml is read with any blanks before it and nothing behind it (F1)", () => {
  const text = "enableIPv4:false\nenableIPv6:   false\nenableStatefulSet: false or true\n";
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { "conf.yml": text } };
  const facts = factsFromConfigMap(object);
  expect(facts).toStrictEqual({ enableIPv4: false, enableIPv6: false });
});

describe("selectors", () => {
  const one = (operator: string, values?: string[]) => ({ matchExpressions: [{ key: "App_Name", operator, values }] });

  test("are legal with any key Kubernetes takes, and faults come in the order of the keys", () => {
    expect(selectorFaults(one("In", ["a"]))).toEqual([]);
    expect(selectorFaults(one("Exists"))).toEqual([]);
    const faults = selectorFaults({ matchLabels: { c: ".3", a: ".1", b: ".2" } });
    expect(faults.map((fault) => fault.slice(0, 14))).toEqual(["matchLabels[a]", "matchLabels[b]", "matchLabels[c]"]);
  });

  test("that ask for absence hold where the label is absent", () => {
    expect(matches(one("DoesNotExist"), {})).toBe(true);
    expect(matches(one("DoesNotExist"), { App_Name: "" })).toBe(false);
  });

  test("without values are told without", () => {
    expect(formatSelector(one("In"))).toBe("App_Name in ()");
  });
});
