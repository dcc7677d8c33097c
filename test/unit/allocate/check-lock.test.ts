import { expect, test } from "vitest";
import type { Allocation } from "../../../src/core/allocate/allocation.js";
import { checkLock } from "../../../src/core/allocate/check-lock.js";
import { checkStrayNames } from "../../../src/core/allocate/check-names.js";
import { OwnerIndex } from "../../../src/core/allocate/owner-index.js";
import { readQuarantine, recordsText } from "../../../src/core/allocate/quarantine.js";
import { allocatedUnlocked } from "../../../src/core/allocate/unlocked.js";
import { parseRange } from "../../../src/core/ip/range.js";
import { cluster, declared, fixed, lock, NO_LOCK, plan, ranges, SMALL, subnet } from "../../support/allocate-world.js";

const W = "d/Deployment/w/net1";
const SUBNETS = [SMALL, subnet("six", "fd00::/64", ["fd00::10-fd00::2f"])];

test("a lock file must fit its subnet; one of an unknown subnet is told if it says anything", () => {
  const recorded = lock({
    six: { held: { [W]: ["10.0.0.10"] } },
    a: {
      held: { [W]: ["10.0.0.9-10.0.1.1"], "d/Deployment/in/net1": ["10.0.0.20"] },
      released: { [W]: ["10.0.0.12", "10.0.2.1"] },
    },
    x: { held: { [W]: ["10.9.0.1"] } },
    y: { released: { [W]: ["10.9.0.1"] } },
    z: {},
  });
  const found = checkLock(recorded, plan({ subnets: SUBNETS }));
  expect(found.map(({ code, severity, message }) => [code, severity, message])).toEqual([
    ["SP2041", "error", `10.0.1.0-10.0.1.1 of ${W} lies outside 10.0.0.0/24`],
    ["SP2041", "error", `10.0.2.1 of ${W} lies outside 10.0.0.0/24`],
    ["SP2041", "error", `10.0.0.10 of ${W} lies outside fd00::/64`],
    ["SP2042", "warning", "the plan has no subnet x, but its lock file is there"],
    ["SP2042", "warning", "the plan has no subnet y, but its lock file is there"],
  ]);
  expect(found[0]).toMatchObject({
    about: "subnet:a",
    hint: expect.stringContaining("CIDR"),
    related: [{ note: "subnet a is at" }],
    source: { file: "spiderplan.lock/default/a.yaml", pointer: "/held/10.0.1.0-10.0.1.1" },
  });
  expect(found[1]!.source!.pointer).toBe("/released/10.0.2.1");
  expect(found[3]!.hint).toContain("bring the subnet back");
});

test("an IPv4 address lies outside an IPv6 subnet of the same numbers", () => {
  const same = subnet("same", "::a00:0/120", ["::a00:a-::a00:1d"]);
  const found = checkLock(lock({ same: { held: { [W]: ["10.0.0.10"] } } }), plan({ subnets: [same] }));
  expect(found.map(({ code }) => code)).toEqual(["SP2041"]);
});

test("declared pools that fall under a fixed NIC's pattern are told in the order of their names", () => {
  const other = fixed("d/Deployment/o", { replicas: 1 });
  const nic = { ...other.interfaces.get("net1")!, ask: { type: "pools", pools: [] } as never };
  const asked = plan({
    workloads: [fixed("d/Deployment/w", { replicas: 1 }), { ...other, interfaces: new Map([["net1", nic]]) }],
    pools: ["d.deployment.w.net1.z", "d.deployment.o.net1.q", "d.deployment.w.net1.b"].map((name) =>
      declared(name, "a", { addresses: ["10.0.0.29"] }),
    ),
  });
  expect(checkStrayNames(asked).map(({ about }) => about)).toEqual([
    W,
    "pool:d.deployment.w.net1.b",
    W,
    "pool:d.deployment.w.net1.z",
  ]);
});

test("two owners that want one name: the first in key order is asked", () => {
  const asked = plan({
    workloads: ["d/Deployment/a.b", "d/Deployment/a--b"].map((key) => fixed(key, { replicas: 1 })),
    pools: [declared("d.deployment.a--b.net1.more", "a", { addresses: ["10.0.0.29"] })],
  });
  expect(checkStrayNames(asked)[0]!.about).toBe("d/Deployment/a--b/net1");
});

test.each<[Pick<Allocation, "owner" | "added">[], string[]]>([
  [[], []],
  [[{ owner: W, added: 0 }], []],
  [[{ owner: W, added: 1 }], ["1 address of 1 owner chosen now"]],
  [
    [
      { owner: W, added: 2 },
      { owner: W, added: 3 },
      { owner: "d/Deployment/x/net1", added: 1 },
      { owner: "d/Deployment/y/net1", added: 0 },
    ],
    ["6 addresses of 2 owners chosen now"],
  ],
])("what is chosen without a lock file is counted: %#", (allocations, told) => {
  const found = allocatedUnlocked(NO_LOCK, allocations as Allocation[]);
  expect(found.map(({ message }) => /: (.* now),/.exec(message)?.[1])).toEqual(told);
  expect(allocatedUnlocked(lock({}), allocations as Allocation[])).toEqual([]);
});

test("who holds an address twice: the widest one and each that meets it, in the order of owners", () => {
  const told = (...sets: [string, string][]) =>
    new OwnerIndex(sets.map(([holder, text]) => [holder, ranges(text)])).doubles().map(({ holders }) => holders.join());
  for (const order of [0, 1]) {
    const of = (...sets: [string, string][]) => told(...(order === 0 ? sets : [...sets].reverse()));
    expect(of(["a", "10.0.0.10"], ["b", "10.0.0.10"])).toEqual(["a,b"]);
    expect(of(["a", "10.0.0.10-10.0.0.20"], ["b", "10.0.0.11"], ["c", "10.0.0.15"])).toEqual(["a,b", "a,c"]);
    expect(of(["a", "10.0.0.10-10.0.0.12"], ["b", "10.0.0.12-10.0.0.20"], ["c", "10.0.0.18"])).toEqual(["a,b", "b,c"]);
    expect(of(["a", "10.0.0.10-10.0.0.20"], ["b", "10.0.0.15-10.0.0.20"], ["c", "10.0.0.18"])).toEqual(["a,b", "a,c"]);
    expect(of(["a", "10.0.0.10"], ["b", "10.0.0.11"])).toEqual([]);
  }
});

test("the record of a quarantine is one text, whatever order it is told in", () => {
  const of = (text: string, owner = `${W}/a`, since = "") => ({ range: parseRange(text)!, owner, since });
  const records = [
    of("::5", `${W}/six`),
    of("fd00::5", `${W}/six`),
    of("10.0.0.13"),
    of("10.0.0.12"),
    of("10.0.0.9", "d/Deployment/z/net1/a"),
    of("10.0.0.11", `${W}/a`, "x"),
  ];
  const text = `{"10.0.0.9":{"owner":"d/Deployment/z/net1/a","since":""},"10.0.0.11":{"owner":"${W}/a","since":"x"},"10.0.0.12-10.0.0.13":{"owner":"${W}/a","since":""},"::5":{"owner":"${W}/six","since":""},"fd00::5":{"owner":"${W}/six","since":""}}`;
  for (const order of [records, [...records].reverse()]) expect(recordsText(order)).toBe(text);
});

test("records of several quarantines are read in the order of addresses, then owners; a stranger's are not", () => {
  const object = (name: string, install: string, record: object) => ({
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderReservedIP",
    metadata: {
      name,
      annotations: {
        "spiderplan.io/tracking-id": `${install}:spiderpool.spidernet.io/SpiderReservedIP:/${name}`,
        "spiderplan.io/quarantine": JSON.stringify(record),
      },
    },
    spec: { ips: ["10.0.0.12", "fd00::12"] },
  });
  const rest = (owner: string) => ({ owner: `d/Deployment/${owner}/net1/a`, since: "" });
  const snapshot = cluster(
    object("one", "default", { "fd00::12": rest("b"), "10.0.0.12": rest("b") }),
    object("two", "default", { "10.0.0.12": rest("a"), "10.0.0.11": rest("c") }),
    object("three", "other", { "10.0.0.12": rest("x") }),
  );
  expect(readQuarantine(snapshot, "default").map(({ owner, over }) => [owner.split("/")[2], over])).toEqual([
    ["c", true],
    ["a", false],
    ["b", false],
    ["b", false],
  ]);
});
