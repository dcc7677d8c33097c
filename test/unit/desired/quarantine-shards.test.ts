import { describe, expect, test } from "vitest";
import { recordsOf } from "../../../src/core/allocate/quarantine.js";
import { applyMergePatch } from "../../../src/core/change/merge-patch.js";
import type { OrderedStep } from "../../../src/core/change/order.js";
import { identity } from "../../../src/core/change/ownership.js";
import type { Rest } from "../../../src/core/desired/quarantine.js";
import { quarantineSteps } from "../../../src/core/desired/quarantine-steps.js";
import { formatRange, parseRange } from "../../../src/core/ip/range.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS, type KubeObject, OWN, type SpiderReservedIP } from "../../../src/core/spiderpool/objects.js";

/** What Kubernetes takes of all annotations of one object. */
const KUBERNETES = 262_144;
const SINCE = "2026-11-22T04:31:07Z";
const BASE = "spiderplan-quarantine-default-v4";
const context = { install: "default", families: [4 as const], seconds: 3600, prune: true };

/** Every second address, so that no two records become one. */
function rest(index: number, since = SINCE): Rest {
  const at = 2 * index;
  const range = parseRange(`10.${6 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`)!;
  return { range, owner: `team-${index}/Deployment/some-application/eth0/app`, since, reserved: true };
}
const rests = (count: number) => Array.from({ length: count }, (_, index) => rest(index));

function unsharded(records: readonly Rest[]): KubeObject {
  const texts = records.map(({ range, owner, since }) => [formatRange(range), { owner, since }]);
  const annotations = { [OWN.quarantine]: JSON.stringify(Object.fromEntries(texts)) };
  const object = identity("default", KINDS.SpiderReservedIP, BASE, { annotations });
  return { ...object, spec: { ipVersion: 4, ips: records.map(({ range }) => formatRange(range)) } };
}

const steps = (wanted: readonly Rest[], live: readonly KubeObject[]) =>
  quarantineSteps(wanted, buildSnapshot(live, Object.keys(KINDS)), context);

/** The cluster after some steps, as they run: by wave. */
function ranOn(live: readonly KubeObject[], taken: readonly OrderedStep[]): KubeObject[] {
  const objects = new Map(live.map((one) => [one.metadata.name, one]));
  for (const step of taken) {
    if (step.action === "delete") objects.delete(step.name);
    else if (step.patch === undefined) objects.set(step.name, step.object);
    else objects.set(step.name, applyMergePatch(objects.get(step.name)!, step.patch) as KubeObject);
  }
  return [...objects.values()];
}

const inWaves = (taken: readonly OrderedStep[]) => [...taken].sort((a, b) => a.wave - b.wave);
const recorded = (objects: readonly KubeObject[]) => new Set(objects.flatMap(recordsOf).map((one) => one.owner));
const reserved = (objects: readonly KubeObject[]) =>
  new Set(objects.flatMap((one) => (one as SpiderReservedIP).spec.ips ?? []));

function expectWhole(objects: readonly KubeObject[], wanted: readonly Rest[]): void {
  expect(recorded(objects)).toEqual(new Set(wanted.map(({ owner }) => owner)));
  expect(reserved(objects)).toEqual(new Set(wanted.map(({ range }) => formatRange(range))));
  for (const { metadata } of objects) expect(JSON.stringify(metadata.annotations).length).toBeLessThan(KUBERNETES / 2);
}

describe("a quarantine", () => {
  test("of a few records is one object with the plain name", () => {
    const found = steps(rests(500), []);
    expect(found.steps.map(({ name }) => name)).toEqual([BASE]);
  });

  test("of 27,000 releases in one sync is many, and rests (FIXED-7)", () => {
    const wanted = rests(27_000);
    const live = ranOn([], steps(wanted, []).steps);
    expect(live.length).toBeGreaterThan(10);
    expect(live[1]?.metadata.name).toBe(`${BASE}-1`);
    expectWhole(live, wanted);
    expect(steps(wanted, live)).toEqual({ steps: [], unchanged: live.length, diagnostics: [] });
    // FIXED-4: whatever the order they come in
    expect(steps([...wanted].reverse(), [...live].reverse()).steps).toEqual([]);
  });

  test("writes one object for one release, and deletes what is empty", () => {
    const live = ranOn([], steps(rests(5_000), []).steps);
    const more = steps([...rests(5_000), rest(30_000, "")], live);
    expect(more.steps.map(({ action }) => action)).toEqual(["update"]);
    const fewer = steps(rests(500), live);
    const left = ranOn(live, inWaves(fewer.steps));
    expectWhole(left, rests(500));
    expect(left).toHaveLength(1);
  });

  test("that one object held moves by itself, whole after each step (FIXED-5), and converges after a crash", () => {
    const wanted = rests(2_400);
    const live = [unsharded(wanted)];
    const moving = inWaves(steps(wanted, live).steps);
    expect(moving.length).toBeGreaterThan(2);
    for (let done = 0; done <= moving.length; done++) {
      const halfway = ranOn(live, moving.slice(0, done));
      expect(recorded(halfway).size).toBe(2_400);
      expect(reserved(halfway).size).toBe(2_400);
      let now = halfway;
      for (let run = 0; run < 3; run++) now = ranOn(now, inWaves(steps(wanted, now).steps));
      expectWhole(now, wanted);
      expect(steps(wanted, now).steps).toEqual([]);
    }
  });

  test("takes no object of another name for a part of it", () => {
    const other = { ...unsharded(rests(2)), metadata: { ...unsharded(rests(2)).metadata, name: `${BASE}-01` } };
    const found = steps(rests(1), [other]);
    expect(found.steps.map(({ name, action }) => [name, action])).toEqual([[BASE, "create"]]);
  });
});
