import { describe, expect, test } from "vitest";
import { hash8, poolName, poolNames } from "../../../src/core/allocate/naming.js";

/** Which names of live pools an owner keeps, and what becomes of names that are too long or taken. */

const [DOTS, DASHES] = ["d/Deployment/a.b/net1", "d/Deployment/a--b/net1"];
const PLAIN = "d.deployment.a--b.net1";

describe("the stem a live pool shows", () => {
  test("is kept only if its pool's name ends as it should, and if it is one we would give", () => {
    const owner = "d/Deployment/a/net1";
    for (const name of ["testing.s", "one.two.three.four.five.six", "testingippool"]) {
      expect(poolNames([owner], new Map([[`${owner}/s`, name]])).pattern(owner)).toBe("d.deployment.a.net1.*");
    }
  });

  test("of an owner nobody asks for takes no name away", () => {
    expect(poolNames([DASHES], new Map([[`${DOTS}/s`, `${PLAIN}.s`]])).pattern(DASHES)).toBe(`${PLAIN}.*`);
  });

  test("shown by two owners is the first one's in key order, whatever order the pools come in", () => {
    const live: [string, string][] = [
      [`${DOTS}/s`, `${PLAIN}.s`],
      [`${DASHES}/t`, `${PLAIN}.t`],
    ];
    for (const pools of [live, [...live].reverse()]) {
      const names = poolNames([DOTS, DASHES], new Map(pools));
      expect(names.pattern(DASHES)).toBe(`${PLAIN}.*`);
      expect(names.pattern(DOTS)).toBe(`${PLAIN}-${hash8(DOTS)}.*`);
    }
  });

  test("plain goes before hashed, whatever order the pools come in", () => {
    const live: [string, string][] = [
      [`${DOTS}/s`, `${PLAIN}-${hash8(DOTS)}.s`],
      [`${DOTS}/t`, `${PLAIN}.t`],
    ];
    for (const pools of [live, [...live].reverse()]) {
      expect(poolNames([DOTS], new Map(pools)).pattern(DOTS)).toBe(`${PLAIN}.*`);
    }
  });

  test.each([
    ["hashed and without dots", DOTS, `${PLAIN.replaceAll(".", "-")}-${hash8(DOTS)}`],
    ["hashed and cut to three labels", `d/Deployment/${"w".repeat(156)}/network1`, undefined],
  ])("%s is kept", (_, owner, given) => {
    const cut = `d.deployment.${"w".repeat(156)}`;
    const stem = given ?? `${cut}-${hash8(owner)}`;
    expect(poolNames([owner], new Map([[`${owner}/s`, `${stem}.s`]])).pattern(owner)).toBe(`${stem}.*`);
  });
});

describe("a stem that is too long", () => {
  const owner = (length: number) => `d/Deployment/${"w".repeat(length - "d.deployment..n".length)}/n`;

  test("has more than 178 characters", () => {
    expect(poolName(owner(178), "s")).toBe(`d.deployment.${"w".repeat(163)}.n.s`);
    expect(poolName(owner(179), "s")).toBe(`d.deployment.${"w".repeat(156)}-${hash8(owner(179))}.s`);
  });

  test("loses all dots and dashes at its cut", () => {
    const dashed = `d/Deployment/${"w".repeat(154)}.${"w".repeat(40)}/n`;
    expect(poolName(dashed, "s")).toBe(`d.deployment.${"w".repeat(154)}-${hash8(dashed)}.s`);
  });

  test("of a slice's pool is cut behind 57 characters, without dashes at its cut", () => {
    const slice = (pool: string) =>
      poolName(`d/Deployment/w/n/pool:${pool}`, "s").replace("d.deployment.w.n.slice.", "");
    const [fits, over] = [`a-b${"x".repeat(54)}`, `a-b${"x".repeat(55)}`];
    const dashed = `${"x".repeat(46)}--${"y".repeat(20)}`;
    expect(slice(fits)).toBe(fits);
    expect(slice(over)).toBe(`a-b${"x".repeat(45)}-${hash8(over)}`);
    expect(slice(dashed)).toBe(`${"x".repeat(46)}-${hash8(dashed)}`);
    expect(slice("a.b")).toBe("a--b");
  });
});

test("a text that is no owner of a NIC has a legal name all the same", () => {
  expect(poolName("Odd", "s")).toBe("odd.s");
});

test("two owners of one hash: when every other form is taken, a salt tells them apart", () => {
  const one = "d/Deployment/a.a.a.a.a--a.a--a--a--a.a.a.a--a.a--a--a--a--a/n";
  const two = "d/Deployment/a--a--a.a--a--a.a--a.a.a.a--a--a--a.a--a--a.a--a/n";
  const plain = `d.deployment.${Array.from({ length: 19 }, () => "a").join("--")}.n`;
  expect(hash8(one)).toBe(hash8(two));
  const hashed = `${plain}-${hash8(one)}`;
  const flat = hashed.replaceAll(".", "-");
  const [first, other] = ["d/Deployment/first/n", "d/Deployment/other/n"];
  const live = new Map([
    [`${first}/s`, `${plain}.s`],
    [`${one}/s`, `${flat}.s`],
    [`${other}/s`, `${hashed}.s`],
  ]);
  const names = poolNames([first, one, other, two], live);
  expect([first, one, other].map((owner) => names.pattern(owner))).toEqual([`${plain}.*`, `${flat}.*`, `${hashed}.*`]);
  expect(names.pattern(two)).toBe(`${plain}-${hash8(`${two}#1`)}.*`.replaceAll(".", "-").replace("-*", ".*"));
});
