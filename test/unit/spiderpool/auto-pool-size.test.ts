import { describe, expect, test } from "vitest";
import { formatRangeSet, parseRangeSet } from "../../../src/core/ip/range-set.js";
import { autoPoolSize, freeForAutoPools, resizedAutoPool } from "../../../src/core/spiderpool/ipam/auto-pool-size.js";
import {
  KINDS,
  type SpiderIPPool,
  type SpiderReservedIP,
  type SpiderSubnet,
} from "../../../src/core/spiderpool/objects.js";

const set = (...texts: string[]) => parseRangeSet(texts)!;
const object = <T>(kind: keyof typeof KINDS, name: string, spec: object, status?: object): T =>
  ({ apiVersion: KINDS[kind].apiVersion, kind, metadata: { name }, spec, ...(status && { status }) }) as T;

test.each([
  [undefined, 3, 3],
  ["2", 5, 2],
  ["+1", 5, 6],
  ["+0", 5, 5],
  ["0", 5, 0],
  ["++1", 5, undefined],
  ["-1", 5, undefined],
  ["1.5", 5, undefined],
  ["many", 5, undefined],
])("ippool-ip-number %s with %i replicas asks for %s addresses (B7)", (rule, replicas, wanted) => {
  expect(autoPoolSize(rule, replicas)).toBe(wanted);
});

test("a subnet gives what is neither excluded, nor in a pool, by its status or in fact, nor reserved (B8)", () => {
  const subnet = object<SpiderSubnet>(
    "SpiderSubnet",
    "s",
    { subnet: "10.6.0.0/24", ips: ["10.6.0.10-10.6.0.20"], excludeIPs: ["10.6.0.10"] },
    { controlledIPPools: JSON.stringify({ a: { ips: ["10.6.0.11"] }, b: null, c: { ips: ["?", "10.6.0.12"] } }) },
  );
  const pools = [
    object<SpiderIPPool>("SpiderIPPool", "late", { subnet: "10.6.0.0/24", ips: ["10.6.0.13-10.6.0.14"] }),
    object<SpiderIPPool>("SpiderIPPool", "elsewhere", { subnet: "10.7.0.0/24", ips: ["10.7.0.15"] }),
  ];
  const reserved = [
    object<SpiderReservedIP>("SpiderReservedIP", "r", { ipVersion: 4, ips: ["10.6.0.15-10.6.0.16"] }),
    object<SpiderReservedIP>("SpiderReservedIP", "six", { ipVersion: 6, ips: ["fd00::1"] }),
  ];
  expect(formatRangeSet(freeForAutoPools(subnet, pools, reserved))).toEqual(["10.6.0.17-10.6.0.20"]);
});

describe("a resize (B8, B10)", () => {
  const free = set("10.6.0.5-10.6.0.6", "10.6.0.30-10.6.0.39");
  test.each([
    ["grows by the lowest free ones", 6, ["10.6.0.10"], ["10.6.0.5-10.6.0.6", "10.6.0.10-10.6.0.12", "10.6.0.30"]],
    ["changes nothing", 3, [], ["10.6.0.10-10.6.0.12"]],
    ["drops the lowest ones nobody holds", 1, ["10.6.0.11"], ["10.6.0.11"]],
    ["waits while too many are held", 1, ["10.6.0.11-10.6.0.12"], undefined],
    ["waits while too few are free", 16, [], undefined],
  ] as const)("%s", (_, wanted, held, after) => {
    const resized = resizedAutoPool(set("10.6.0.10-10.6.0.12"), wanted, free, set(...held));
    expect(resized && formatRangeSet(resized)).toEqual(after);
  });
});
