import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  formatLock,
  lockFiles,
  readLockFolder,
  staleLockFiles,
  writeLockFolder,
} from "../../../src/adapters/plan-files/lock-files.js";
import type { Lock, SubnetLock } from "../../../src/core/allocate/allocation.js";
import { formatRangeSet, parseRangeSet } from "../../../src/core/ip/range-set.js";
import { workspace } from "../../support/workspace.js";

const set = (...texts: string[]) => parseRangeSet(texts)!;

const APP: SubnetLock = {
  held: new Map([
    ["pool:shared-a", set("10.6.124.100-10.6.124.119")],
    ["pay/Deployment/api/eth0", set("10.6.124.60-10.6.124.65")],
    ["default/Deployment/workload01/net1", set("10.6.124.9", "10.6.124.20-10.6.124.24")],
  ]),
  pools: new Map([
    ["ops/Deployment/legacy/eth0", "testingippool"],
    ["ops/Deployment/number/eth0", "123"],
  ]),
  released: new Map([["default/Deployment/old/net1", set("10.6.124.30")]]),
};

const TEXT = `apiVersion: spiderplan.io/v1alpha1
kind: AddressLock
held:
  10.6.124.9: default/Deployment/workload01/net1
  10.6.124.20-10.6.124.24: default/Deployment/workload01/net1
  10.6.124.60-10.6.124.65: pay/Deployment/api/eth0
  10.6.124.100-10.6.124.119: pool:shared-a
pools: {ops/Deployment/legacy/eth0: testingippool, ops/Deployment/number/eth0: "123"}
released:
  10.6.124.30: default/Deployment/old/net1
`;

const V6: SubnetLock = {
  held: new Map([["shop/CloneSet.apps.kruise.io/cart/eth0", set("::1", "fd00::", "fd00::5-fd00::a")]]),
  pools: new Map(),
  released: new Map(),
};

const LOCK: Lock = {
  files: true,
  subnets: new Map([
    ["v6", V6],
    ["app-v4", APP],
  ]),
};

/** A lock as plain data, for comparison. */
function plain(lock: Lock) {
  const texts = (owners: SubnetLock["held"]) => Object.fromEntries([...owners].map(([o, s]) => [o, formatRangeSet(s)]));
  return Object.fromEntries(
    [...lock.subnets].map(([key, { held, pools, released }]) => [
      key,
      { held: texts(held), pools: Object.fromEntries(pools), released: texts(released) },
    ]),
  );
}

test("a lock file is sorted by address as a number", () => {
  expect(formatLock(APP)).toBe(TEXT);
});

test("an empty lock says so", () => {
  expect(formatLock({ held: new Map(), pools: new Map(), released: new Map() })).toBe(
    "apiVersion: spiderplan.io/v1alpha1\nkind: AddressLock\nheld: {}\n",
  );
});

test("pending addresses, ordinals and slices read back as they were written", async () => {
  const root = workspace();
  const lock: Lock = {
    files: true,
    subnets: new Map([
      [
        "app-v4",
        {
          held: new Map([
            ["default/StatefulSet/web/eth0/0", set("10.6.124.41")],
            ["pay/Deployment/api/eth0/pool:ippool-pay", set("10.6.124.60-10.6.124.65")],
          ]),
          pools: new Map(),
          released: new Map(),
          pending: new Map([
            ["CHG7", set("10.6.124.64-10.6.124.65")],
            ["true", set("10.6.124.41")],
          ]),
        },
      ],
      ["v6", { ...V6, pending: new Map([["a, b: {c}", set("::1", "fd00::")]]) }],
    ]),
  };
  await writeLockFolder(root, undefined, lock);
  const read = await readLockFolder(root, undefined);
  expect(read.diagnostics).toEqual([]);
  expect(read.value).toEqual(lock);
  expect(formatLock(lock.subnets.get("app-v4")!)).toContain(
    '\npending: {10.6.124.41: "true", 10.6.124.64-10.6.124.65: CHG7}\n',
  );
});

describe("a lock folder", () => {
  test("reads back what was written, IPv6 and odd pool names included", async () => {
    const root = workspace();
    const written = await writeLockFolder(root, "dc1", LOCK);
    expect(written).toEqual(["spiderplan.lock/dc1/app-v4.yaml", "spiderplan.lock/dc1/v6.yaml"]);
    const read = await readLockFolder(root, "dc1");
    expect(read.diagnostics).toEqual([]);
    expect(read.value.files).toBe(true);
    expect(plain(read.value)).toEqual(plain(LOCK));
    expect(lockFiles(read.value, "dc1")).toEqual(lockFiles(LOCK, "dc1"));
    expect(await staleLockFiles(root, "dc1", read.value)).toEqual([]);
    expect(await writeLockFolder(root, "dc1", read.value)).toEqual([]);
  });

  test("without files there is no lock, and clusters do not see each other", async () => {
    const root = workspace();
    await writeLockFolder(root, "dc1", LOCK);
    expect(await readLockFolder(root, undefined)).toEqual({
      value: { files: false, subnets: new Map() },
      diagnostics: [],
    });
  });

  test("only files that change are written, those of subnets that are gone are removed", async () => {
    const root = workspace();
    await writeLockFolder(root, undefined, LOCK);
    const next: Lock = { files: true, subnets: new Map([["app-v4", { ...APP, released: new Map() }]]) };
    const changes = ["spiderplan.lock/default/app-v4.yaml", "spiderplan.lock/default/v6.yaml"];
    expect(await staleLockFiles(root, undefined, next)).toEqual(changes);
    expect(await writeLockFolder(root, undefined, next)).toEqual(changes);
    expect(readdirSync(join(root, "spiderplan.lock/default"))).toEqual(["app-v4.yaml"]);
    expect(readFileSync(join(root, changes[0]!), "utf8")).toBe(TEXT.slice(0, TEXT.indexOf("released:")));
  });

  test("a consistent hand edit is accepted: any order, neighbours apart, comments", async () => {
    const root = workspace({
      "spiderplan.lock/default/app-v4.yaml":
        "# by hand\nkind: AddressLock\napiVersion: spiderplan.io/v1alpha1\nheld:\n  10.6.124.11: a/Deployment/b/eth0\n  10.6.124.10: a/Deployment/b/eth0\n",
    });
    const read = await readLockFolder(root, undefined);
    expect(read.diagnostics).toEqual([]);
    expect(plain(read.value)["app-v4"]!.held).toEqual({ "a/Deployment/b/eth0": ["10.6.124.10-10.6.124.11"] });
    expect(await staleLockFiles(root, undefined, read.value)).toEqual(["spiderplan.lock/default/app-v4.yaml"]);
  });

  test("a file that cannot be read still counts as a lock: nothing is allocated as if there were none", async () => {
    const root = workspace({ "spiderplan.lock/default/app-v4.yaml": "held: [" });
    const read = await readLockFolder(root, undefined);
    expect(read.value.files).toBe(true);
    expect(read.diagnostics).toMatchObject([{ code: "SP1010", severity: "error", about: "subnet:app-v4" }]);
  });

  test("a lock folder that is a link out of the plan is refused", async () => {
    const outside = workspace();
    const root = workspace();
    mkdirSync(join(root, "spiderplan.lock"));
    writeFileSync(join(outside, "app-v4.yaml"), TEXT);
    symlinkSync(outside, join(root, "spiderplan.lock/default"));
    const read = await readLockFolder(root, undefined);
    expect(read.diagnostics.map(({ code }) => code)).toEqual(["SP1004"]);
    expect(read.value).toEqual({ files: true, subnets: new Map() });
    await expect(writeLockFolder(root, undefined, LOCK)).rejects.toThrow(/is a symbolic link; it is not followed/);
  });
});
