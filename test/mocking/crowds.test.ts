import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type * as Histories from "../../src/core/verdict/histories.js";
import { compare, crowds } from "../support/crowd/crowds.js";

/** How much the engine may play; undefined = as much as it likes. */
const work = vi.hoisted((): { most: number | undefined } => ({ most: undefined }));

vi.mock("../../src/core/verdict/histories.js", async (original) => {
  const real = await original<typeof Histories>();
  const histories: typeof real.histories = (players, capacity) => real.histories(players, capacity, work.most);
  return { ...real, histories };
});

afterEach(() => {
  work.most = undefined;
});

/** Each takes a few milliseconds, most of it for playing Pod by Pod. */
const CROWDS = 600;

/** Lives many crowds. @returns those left without an address, those nobody told of, and those told of without need */
function run() {
  const found = { stranded: 0, fine: 0, missed: [] as string[], alarms: [] as string[] };
  for (const spec of fc.sample(crowds, { numRuns: CROWDS, seed: 11 })) {
    const { judged, stranded } = compare(spec);
    const effects = new Map(judged.judgements.map((one) => [one.tenant.pod, one]));
    const line = (pod: string) => `${pod} of ${JSON.stringify(spec)}: ${effects.get(pod)?.reasons.join("; ")}`;
    // Who moves is held back for that already.
    const missed = stranded.filter((pod) => !["strands", "moves"].includes(effects.get(pod)?.effect ?? "stays"));
    const told = [...effects.values()].filter((one) => one.reasons.at(-1)?.includes("may come for"));
    const alarms = told.map((one) => one.tenant.pod).filter((pod) => !stranded.includes(pod));
    found.stranded += stranded.length;
    found.fine += judged.stays;
    found.missed.push(...missed.map(line));
    found.alarms.push(...alarms.map(line));
  }
  return found;
}

describe("who may be left without an address when others restart too", () => {
  it("is told exactly: as if every order of restarts had been played Pod by Pod", () => {
    const { stranded, fine, missed, alarms } = run();
    expect({ missed, alarms }).toEqual({ missed: [], alarms: [] });
    expect(stranded).toBeGreaterThan(100);
    expect(fine).toBeGreaterThan(100);
  });

  it("is never missed where there are too many orders to play; some alarms are too many then", () => {
    work.most = 0;
    const { stranded, missed, alarms } = run();
    expect(missed).toEqual([]);
    expect(alarms.length).toBeGreaterThan(0);
    expect(alarms.length).toBeLessThan(stranded / 3);
  });
});
