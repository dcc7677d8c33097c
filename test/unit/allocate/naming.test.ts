import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hash8, poolName, poolNames } from "../../../src/core/allocate/naming.js";

const LONG = "w".repeat(253);

/** Go's filepath.Match for the patterns made here: a stem and `.*`. */
const hits = (pattern: string, pool: string) => pool.startsWith(pattern.slice(0, -1));

describe("names of fixed pools", () => {
  test.each([
    ["default/Deployment/workload01/net1", "app-v4", "default.deployment.workload01.net1.app-v4"],
    ["ops/StatefulSet/my.app/eth0", "s", "ops.statefulset.my--app.eth0.s"],
    ["pay/CloneSet.apps.kruise.io/api/eth0", "s", "pay.cloneset.apps.kruise.io.api.eth0.s"],
  ])("%s in %s is %s, and its pattern hits it", (owner, subnet, name) => {
    expect(poolName(owner, subnet)).toBe(name);
    expect(poolNames([owner]).poolName(owner, subnet)).toBe(name);
    expect(hits(poolNames([owner]).pattern(owner), name)).toBe(true);
  });

  test("a name that is too long is cut, ends with the hash, and keeps its pattern", () => {
    const owner = `default/Deployment/${LONG}/net1`;
    const name = poolName(owner, "s".repeat(63));
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toContain(`-${hash8(owner)}.`);
    expect(hits(poolNames([owner]).pattern(owner), name)).toBe(true);
    expect(poolName(`${owner.slice(0, -1)}2`, "a")).not.toBe(poolName(owner, "a"));
  });

  test("FNV-1a, 32 bits", () => {
    expect([hash8(""), hash8("a"), hash8("foobar")]).toEqual(["811c9dc5", "e40c292c", "bf9cf968"]);
  });

  test("of two owners that want one name the first keeps it, the other gets a hash", () => {
    const [dots, dashes] = ["d/Deployment/a.b/net1", "d/Deployment/a--b/net1"];
    const names = poolNames([dots, dashes]);
    expect(names.poolName(dots, "s")).toBe("d.deployment.a--b.net1.s");
    expect(names.poolName(dashes, "s")).toBe(`d.deployment.a--b.net1-${hash8(dashes)}.s`);
    expect(poolNames([dashes, dots]).poolName(dashes, "s")).toBe("d.deployment.a--b.net1.s");
  });

  test("a live pool keeps its name, plain or hashed, whoever comes first", () => {
    const [dots, dashes] = ["d/Deployment/a.b/net1", "d/Deployment/a--b/net1"];
    const live = new Map([
      [`${dashes}/s`, "d.deployment.a--b.net1.s"],
      [`${dots}/s`, `d.deployment.a--b.net1-${hash8(dots)}.s`],
    ]);
    for (const order of [[dots, dashes], [dashes, dots], [dots]]) {
      expect(poolNames(order, live).poolName(dots, "other")).toBe(`d.deployment.a--b.net1-${hash8(dots)}.other`);
    }
    expect(poolNames([dots, dashes], live).poolName(dashes, "s")).toBe("d.deployment.a--b.net1.s");
  });

  test("a pool adopted under another name tells nothing about the pattern", () => {
    const owner = "d/Deployment/a/net1";
    expect(poolNames([owner], new Map([[`${owner}/s`, "testingippool"]])).pattern(owner)).toBe("d.deployment.a.net1.*");
  });

  test("a group in the kind cannot put one owner under another's pattern", () => {
    const [short, long] = ["d/StatefulSet/apps/kruise", "d/StatefulSet.apps.kruise/w/n"];
    const names = poolNames([short, long]);
    expect(hits(names.pattern(short), names.poolName(long, "s"))).toBe(false);
  });

  test("ownerHitting finds whose pattern a pool name falls under", () => {
    const names = poolNames(["d/Deployment/a/net1"]);
    expect(names.ownerHitting("d.deployment.a.net1.extra.1")).toBe("d/Deployment/a/net1");
    expect(names.ownerHitting("d.deployment.a.net10.extra")).toBeUndefined();
  });

  test("law: all names are legal object names, unique, and hit by their own pattern only", () => {
    const part = fc.constantFrom("a", "b", "a.b", "a--b", "a-", "net1", "apps", "x".repeat(120), "x".repeat(121));
    const label = part.map((text) => text.replaceAll(".", "").replace(/-+$/, "") || "z");
    const workload = part.map((text) => text.replace(/-+$/, ""));
    const kind = fc.constantFrom(
      "Deployment",
      "StatefulSet",
      "StatefulSet.a",
      "StatefulSet.a.b",
      "StatefulSet.a.b.net1",
    );
    const owner = fc.tuple(label, kind, workload, label).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(fc.uniqueArray(owner, { maxLength: 30 }), (owners) => {
        const names = poolNames(owners);
        const pools = owners.map((one) => names.poolName(one, "s"));
        expect(new Set(pools).size).toBe(owners.length);
        for (const [i, pool] of pools.entries()) {
          expect(pool).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
          expect(pool.length).toBeLessThanOrEqual(253);
          expect(owners.filter((one) => hits(names.pattern(one), pool))).toEqual([owners[i]]);
          expect(names.ownerHitting(pool)).toBe(owners[i]);
        }
      }),
    );
  });
});
