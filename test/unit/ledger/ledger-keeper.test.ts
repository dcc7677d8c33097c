import { describe, expect, it } from "vitest";
import { openLedgerKeeper } from "../../../src/app/ledger-keeper.js";
import type { LedgerLine } from "../../../src/core/ledger/line.js";
import { certaintyOf } from "../../../src/core/query/past-certainty.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import type { Ledger } from "../../../src/ports/ledger.js";
import { livePool } from "../../support/objects.js";
import { whoHadRun } from "../../support/past-run.js";
import { virtualClock } from "../../support/virtual-clock.js";

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 24, 12);
const held = (...pods: string[]) =>
  buildSnapshot(
    [
      livePool(
        "app",
        { ips: ["10.6.0.10-10.6.0.20"] },
        { used: Object.fromEntries(pods.map((pod, i) => [`10.6.0.${10 + i}`, pod])) },
      ),
    ],
    [],
  );

/** A ledger in memory whose disk may be full, or fill up within an append. */
function kept(lastTime?: number) {
  const lines: LedgerLine[] = [];
  const room = { left: Number.POSITIVE_INFINITY };
  const ledger: Ledger = {
    lastTime,
    append: async (more) => {
      lines.push(...more.slice(0, room.left));
      const all = more.length <= room.left;
      room.left = Math.max(0, room.left - more.length);
      return all;
    },
    close: async () => {},
  };
  const clock = virtualClock(START);
  return { lines, room, clock, keeper: openLedgerKeeper(ledger, clock, "default") };
}
const told = (lines: readonly LedgerLine[]) =>
  lines.map((line) => {
    const time = (text: string | null) => text?.slice(11, 16) ?? "?";
    return "ip" in line
      ? `${line.event} ${line.ip} ${line.pod} ${time(line.from ?? line.to)}`
      : `${line.event} ${time(line.from)}-${time(line.to)}`;
  });

describe("keeping the ledger", () => {
  it("begins with the gap since somebody last looked, then tells of changes only", async () => {
    const { keeper, lines, clock } = kept(START - 20 * MINUTE);
    await keeper.look(held("d/a"), "r1", false);
    await clock.sleep(MINUTE);
    await keeper.look(held("d/a"), "r1", false);
    await keeper.look(held("d/a", "d/b"), "r2", false);
    expect(told(lines)).toEqual(["gap 11:40-12:00", "seen 10.6.0.10 d/a 12:00", "allocated 10.6.0.11 d/b 12:01"]);
    expect(lines.at(-1)).toMatchObject({ revision: "r2" });
  });

  it("says now and then that it watches, so that its end is known when it dies", async () => {
    const { keeper, lines, clock } = kept();
    await keeper.look(held("d/a"), "r1", false);
    for (let minute = 0; minute < 11; minute++) {
      await clock.sleep(MINUTE);
      await keeper.look(held("d/a"), "r1", false);
    }
    expect(told(lines).slice(2)).toEqual(["watched 12:00-12:05", "watched 12:05-12:10"]);
  });

  it("a watch that began anew is a gap since the last look", async () => {
    const { keeper, lines, clock } = kept();
    await keeper.look(held("d/a"), "r1", false);
    await clock.sleep(2 * MINUTE);
    await keeper.look(held("d/a"), "r1", false);
    await clock.sleep(MINUTE);
    await keeper.look(held("d/b"), "r1", true);
    expect(told(lines).slice(2)).toEqual([
      "gap 12:02-12:03",
      "released 10.6.0.10 d/a 12:03",
      "allocated 10.6.0.10 d/b 12:03",
    ]);
  });

  it.each([0, 1, 2, 3])("a disk that fills up after %i lines: all is told again once there is room", async (left) => {
    const { keeper, lines, clock, room } = kept();
    await keeper.look(held("d/a", "d/b"), "r1", false);
    room.left = left;
    for (let tries = 0; tries < 3; tries++) {
      await clock.sleep(MINUTE);
      await keeper.look(held("d/c", "d/b", "d/d"), "r1", false);
    }
    room.left = Number.POSITIVE_INFINITY;
    await clock.sleep(MINUTE);
    await keeper.look(held("d/c", "d/b", "d/d"), "r1", false);
    await clock.sleep(MINUTE);
    await keeper.look(held("d/c", "d/b"), "r1", false);
    const at = async (ip: string, minute: number) => {
      const question = { ip, first: START + minute * MINUTE, last: START + minute * MINUTE };
      const { past } = await whoHadRun(lines, question);
      return past.holds.map((hold) => `${certaintyOf(hold, past, question)} ${hold.line.pod}`);
    };
    expect(await at("10.6.0.10", 0)).toEqual(["proved d/a"]);
    expect(await at("10.6.0.10", 4)).toEqual(["proved d/c"]);
    expect(await at("10.6.0.12", 4)).toEqual(["proved d/d"]);
    expect(await at("10.6.0.12", 5)).toEqual([]);
    expect((await at("10.6.0.10", 3)).join()).not.toContain("proved d/a");
  });

  it("a clock that is set back does not make the ledger go back", async () => {
    const { keeper, lines } = kept(START + 5 * MINUTE);
    await keeper.look(held("d/a"), "r1", false);
    expect(told(lines)).toEqual(["gap 12:05-12:05", "seen 10.6.0.10 d/a 12:05"]);
  });
});
