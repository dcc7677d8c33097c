import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress } from "../../src/core/ip/address.js";
import { type AllocationLine, type LedgerLine, lineTime, parseLine } from "../../src/core/ledger/line.js";
import { certaintyOf, nobodyHad } from "../../src/core/query/past-certainty.js";
import type { Hold } from "../../src/core/query/who-had.js";
import { ADDRESSES, history, holdersOf, type Moment, playHistory } from "../support/ledger-history.js";
import { type PastRun, whoHadRun } from "../support/past-run.js";

const START = Date.UTC(2026, 10, 24, 22);

const keyOf = ({ ip, pool, pod, uid }: AllocationLine) => `${ip} ${pool} ${pod} ${uid}`;

/** The rules of the format and nothing else: how anybody would read a ledger. */
function replay(lines: readonly LedgerLine[]): Map<string, AllocationLine> {
  const held = new Map<string, AllocationLine>();
  for (const line of lines) {
    if (line.event === "gap" && line.reason === "started") held.clear();
    else if (line.event === "released") held.delete(keyOf(line));
    else if (line.event === "allocated" || line.event === "seen") held.set(keyOf(line), line);
  }
  return held;
}

const linesUntil = (moments: readonly Moment[], at: number) =>
  moments.flatMap(({ lines }) => lines).filter((line) => lineTime(line) <= at);

describe("the ledger", () => {
  test("read up to any time gives exactly who was seen to hold what at that time", () => {
    fc.assert(
      fc.property(history, (steps) => {
        const moments = playHistory(steps, START);
        for (const { at, seen } of moments) {
          const held = replay(linesUntil(moments, at));
          expect([...held.keys()].sort()).toEqual(seen === undefined ? [] : holdersOf(seen));
          for (const holder of [...(seen?.use.byAddress.values() ?? [])].flat()) {
            const { address, pool, pod, uid, node, nic } = holder;
            const line = held.get(`${formatAddress(address)} ${pool} ${pod} ${uid}`)!;
            if (node !== "") expect({ node: line.node, nic: line.nic }).toEqual({ node, nic });
            const owner = seen!.pools.get(pool)!.metadata.annotations?.["spiderplan.io/owner"];
            if (owner !== undefined) expect(line.owner).toBe(owner);
          }
        }
      }),
    );
  });

  test("is written in order of time, survives JSON, and says nothing when nothing changed", () => {
    fc.assert(
      fc.property(history, (steps) => {
        const moments = playHistory([...steps, { ...steps.at(-1)!, look: "watches" }], START);
        const lines = moments.flatMap((moment) => moment.lines);
        expect(lines.map(lineTime)).toEqual(lines.map(lineTime).sort((a, b) => a - b));
        for (const line of lines) expect(parseLine(JSON.stringify(line))).toEqual(line);
        const last = steps.at(-1)!.look === "blind" ? [] : moments.at(-1)!.lines;
        expect(last).toEqual([]);
      }),
    );
  });
});

describe("who-had", () => {
  /** Moments worth asking: each, and between each two. */
  const times = (moments: readonly Moment[]) =>
    [START, ...moments.map(({ at }) => at), moments.at(-1)!.at + 1_000].flatMap((at, index, all) =>
      index === 0 ? [at] : [Math.floor((all[index - 1]! + at) / 2), at],
    );
  const heldKey = ({ line }: Hold) => keyOf(line);

  test("never proves what was not so, and never leaves out who had it", async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const moments = playHistory(steps, START);
        const lines = moments.flatMap((moment) => moment.lines);
        for (const ip of ADDRESSES) {
          for (const at of times(moments)) {
            const truth = moments.findLast((moment) => moment.at <= at)?.truth;
            const holders = truth === undefined ? [] : holdersOf(truth, ip);
            const run = await whoHadRun(lines, { ip, first: at, last: at });
            const proved = provedOf(run, at, ip).map(heldKey);
            // What a history did before its first step is not told.
            if (truth !== undefined) expect(holders, `${ip} ${at}`).toEqual(expect.arrayContaining(proved));
            const { past } = run;
            if (nobodyHad(past, { ip, first: at, last: at })) expect(holders).toEqual([]);
            if (past.blind.length === 0 && past.read !== undefined && at <= past.read.last) {
              expect(proved.sort()).toEqual(holders);
            }
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  test("answers from the days it needs as from the whole ledger", async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const moments = playHistory(steps, START);
        const lines = moments.flatMap((moment) => moment.lines);
        for (const ip of ADDRESSES) {
          for (const at of times(moments)) {
            const question = { ip, first: at, last: at };
            const some = await whoHadRun(lines, question);
            const all = await whoHadRun(lines, question, "in one day");
            const known = ({ past }: PastRun) =>
              past.holds.map((hold) => `${heldKey(hold)} ${certaintyOf(hold, past, question)}`).sort();
            expect(known(some)).toEqual(known(all));
            expect(nobodyHad(some.past, question)).toBe(nobodyHad(all.past, question));
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  function provedOf({ past }: PastRun, at: number, ip: string): Hold[] {
    return past.holds.filter((hold) => certaintyOf(hold, past, { ip, first: at, last: at }) === "proved");
  }
});
