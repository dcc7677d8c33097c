import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Edit, editsBetween, fightsAt, type Heals, withHeals } from "../../../src/core/plan-sync/fights.js";
import { livePool } from "../../support/objects.js";

const OBJECT = "SpiderIPPool x";
const edit = (writer = "ctl", field = "spec.ips", value = '["10.6.0.10"]'): Edit => ({ writer, field, value });
const heal = (times: readonly number[], edits: (index: number) => readonly Edit[] = () => [edit()]) =>
  times.reduce<Heals>((heals, time, index) => withHeals(heals, new Map([[OBJECT, edits(index)]]), time), new Map());

describe("a fight", () => {
  const fight = (heals: number, until: number) => [{ object: OBJECT, writer: "ctl", heals, until }];
  test.each<[string, number[], number, object[]]>([
    ["two heals are none", [0, 1_000], 2_000, []],
    ["three are one, left alone 15 s", [0, 1_000, 2_000], 2_001, fight(3, 17_000)],
    ["until then", [0, 1_000, 2_000], 17_000, []],
    ["each time longer", [0, 1_000, 2_000, 17_000], 17_001, fight(4, 47_000)],
    ["what is long ago does not count", [0, 1_000, 601_000], 601_001, []],
  ])("%s", (_name, times, now, expected) => {
    expect(fightsAt(heal(times), now)).toEqual(expected);
  });

  const seconds = (count: number) => Array.from({ length: count }, (_, index) => index * 1_000);
  test.each<[string, number, (index: number) => Edit[], number]>([
    ["three writers, one field, one value", 3, (index) => [edit(`person-${index}`)], 0],
    ["one writer, three fields", 3, (index) => [edit("kubectl-edit", `spec.f${index}`)], 0],
    ["one writer, one field, three values", 3, (index) => [edit("kubectl-edit", "spec.ips", `${index}`)], 0],
    ["one writer, one field, ever new values, for long", 6, (index) => [edit("ctl", "spec.ips", `${index}`)], 6],
    ["the same field among others", 3, (index) => [edit("ctl", `spec.f${index}`), edit()], 3],
    ["the same field written twice before each of two heals", 2, () => [edit(), edit()], 0],
    ["a controller that deletes", 3, () => [edit("ctl", "", "deleted")], 3],
  ])("%s", (_name, heals, edits, expected) => {
    const now = heals * 1_000;
    expect(fightsAt(heal(seconds(heals), edits), now)[0]?.heals ?? 0).toBe(expected);
  });

  test("never stops healing for more than five minutes at a time", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 1, maxLength: 30 }), (times) => {
        const ordered = [...times].sort((a, b) => a - b);
        const last = ordered.at(-1)!;
        for (const fight of fightsAt(heal(ordered), last)) expect(fight.until - last).toBeLessThanOrEqual(300_000);
        expect(fightsAt(heal(ordered), last + 300_000)).toEqual([]);
      }),
    );
  });
});

test("edits are the fields a plan may say, each with its value", () => {
  const before = livePool("x", { ips: ["10.6.0.10"] });
  const after = livePool("x", { ips: ["10.6.0.11"], disable: true });
  const labels = { ...after, metadata: { ...after.metadata, labels: { team: "net" }, resourceVersion: "99" } };
  expect(editsBetween(before, labels, "kubectl-edit")).toEqual(
    expect.arrayContaining([
      { writer: "kubectl-edit", field: "spec.ips", value: '["10.6.0.11"]' },
      { writer: "kubectl-edit", field: "spec.disable", value: "true" },
      { writer: "kubectl-edit", field: "labels.team", value: '"net"' },
    ]),
  );
  expect(editsBetween(before, before, "kubectl-edit")).toEqual([]);
  expect(editsBetween(before, undefined, "somebody")).toEqual([{ writer: "somebody", field: "", value: "deleted" }]);
  const long = { ...before, metadata: { ...before.metadata, annotations: { big: "x".repeat(200_000) } } };
  expect(JSON.stringify(editsBetween(before, long, "w")).length).toBeLessThan(1_000);
});
