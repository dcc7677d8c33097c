import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSchedule } from "../../../src/adapters/schedule/cron.js";
import type { SyncWindow } from "../../../src/core/plan-sync/plan-sync.generated.js";
import { windowsAt } from "../../../src/core/plan-sync/windows.js";

const BERLIN = "Europe/Berlin";
const NEW_YORK = "America/New_York";
const at = (windows: readonly SyncWindow[] | undefined, now: string | number) =>
  windowsAt(windows, typeof now === "number" ? now : Date.parse(now), readSchedule);
/** `allow 0 22 * * 1-5 for 4h in Europe/Berlin`, with ` manual` behind it for manualSync. */
function window(text: string): SyncWindow {
  const [, kind, schedule, duration, timeZone, manual] =
    /^(allow|deny) (.+) for (\S+)(?: in ([^ ]+))?( manual)?$/.exec(text) ?? [];
  return {
    kind: kind as SyncWindow["kind"],
    schedule: schedule as string,
    duration: duration as string,
    timeZone,
    manualSync: manual !== undefined,
  };
}

test.each([undefined, []])("without windows (%j) it is always open", (windows) => {
  expect(at(windows, "2026-11-24T12:00:00Z")).toEqual({
    open: true,
    reason: "no window forbids it",
    changesAt: undefined,
    manualAllowed: true,
    diagnostics: [],
  });
});

const NIGHT = `allow 0 22 * * 1-5 for 4h in ${BERLIN}`;
const FREEZE = `deny 0 0 20 12 * for 336h in ${BERLIN}`;

test.each<[readonly string[], string, "open" | "closed", string | undefined]>([
  // One window: from its first moment to its last.
  [[NIGHT], "2026-11-24T20:59:59.999Z", "closed", "2026-11-24T21:00"],
  [[NIGHT], "2026-11-24T21:00:00Z", "open", "2026-11-25T01:00"],
  [[NIGHT], "2026-11-25T00:59:59.999Z", "open", "2026-11-25T01:00"],
  [[NIGHT], "2026-11-25T01:00:00Z", "closed", "2026-11-25T21:00"],
  [["deny 0 9 * * * for 8h"], "2026-11-24T12:00:00Z", "closed", "2026-11-24T17:00"],
  [["deny 0 9 * * * for 8h"], "2026-11-24T18:00:00Z", "open", "2026-11-25T09:00"],
  // Deny wins; any allow window is enough.
  [[NIGHT, FREEZE], "2026-12-21T21:30:00Z", "closed", "2026-12-22T01:00"],
  [[NIGHT, "allow 0 12 * * * for 1h"], "2026-11-24T12:30:00Z", "open", "2026-11-24T13:00"],
  [["allow 0 8 * * * for 10h", "deny 0 12 * * * for 1h"], "2026-11-24T11:00:00Z", "open", "2026-11-24T12:00"],
  [["allow 0 8 * * * for 10h", "deny 0 12 * * * for 1h"], "2026-11-24T12:00:00Z", "closed", "2026-11-24T13:00"],
  // Overlapping windows: asked again at the first edge, and still open.
  [["allow 0 8 * * * for 4h", "allow 0 10 * * * for 4h"], "2026-11-24T11:00:00Z", "open", "2026-11-24T12:00"],
  [["allow 0 8 * * * for 4h", "allow 0 10 * * * for 4h"], "2026-11-24T12:00:00Z", "open", "2026-11-24T14:00"],
  // Longer than a day, and longer than until it opens again.
  [["allow 0 22 * * 5 for 60h"], "2026-11-30T09:59:00Z", "open", "2026-11-30T10:00"],
  [["allow 0 22 * * 5 for 60h"], "2026-11-30T10:00:00Z", "closed", "2026-12-04T22:00"],
  [["allow 0 0 * * * for 36h"], "2026-11-24T12:00:00Z", "open", "2026-11-25T12:00"],
  [[FREEZE], "2027-01-02T22:59:00Z", "closed", "2027-01-02T23:00"],
  // Every four years, the next one 15 months from now.
  [["allow 0 0 29 2 * for 24h", FREEZE], "2026-11-24T12:00:00Z", "closed", "2026-12-19T23:00"],
  // 02:30 does not exist that night: it opens when the gap is over, and lasts as long as ever.
  [[`allow 30 2 * * * for 1h in ${BERLIN}`], "2026-03-29T00:59:00Z", "closed", "2026-03-29T01:00"],
  [[`allow 30 2 * * * for 1h in ${BERLIN}`], "2026-03-29T01:00:00Z", "open", "2026-03-29T02:00"],
  [[`allow 30 2 * * * for 1h in ${NEW_YORK}`], "2026-03-08T07:30:00Z", "open", "2026-03-08T08:00"],
  // Over the change to summer time: 4 hours, until 05:00 by the wall.
  [[`allow 0 0 * * * for 4h in ${BERLIN}`], "2026-03-29T02:30:00Z", "open", "2026-03-29T03:00"],
  [[`allow 0 0 * * * for 4h in ${NEW_YORK}`], "2026-03-08T08:30:00Z", "open", "2026-03-08T09:00"],
  // Over the change back: 4 hours, until 03:00 by the wall.
  [[`allow 0 0 * * * for 4h in ${BERLIN}`], "2026-10-25T01:59:00Z", "open", "2026-10-25T02:00"],
  [[`allow 0 0 * * * for 4h in ${BERLIN}`], "2026-10-25T02:00:00Z", "closed", "2026-10-25T23:00"],
  [[`allow 0 0 * * * for 4h in ${NEW_YORK}`], "2026-11-01T08:00:00Z", "closed", "2026-11-02T05:00"],
  // 02:30 exists twice that night: it opens once.
  [[`allow 30 2 * * * for 30m in ${BERLIN}`], "2026-10-25T00:45:00Z", "open", "2026-10-25T01:00"],
  [[`allow 30 2 * * * for 30m in ${BERLIN}`], "2026-10-25T01:45:00Z", "closed", "2026-10-26T01:30"],
])("%j at %s is %s", (windows, now, answer, changesAt) => {
  const state = at(windows.map(window), now);
  const change = state.changesAt === undefined ? undefined : new Date(state.changesAt).toISOString().slice(0, 16);
  expect([state.open ? "open" : "closed", change, state.diagnostics]).toEqual([answer, changesAt, []]);
});

test.each<[readonly string[], boolean]>([
  [["allow 0 22 * * * for 4h"], false],
  [["allow 0 22 * * * for 4h manual"], true],
  [["allow 0 22 * * * for 4h", "allow 0 20 * * * for 4h manual"], true],
  [["deny 0 8 * * * for 8h"], false],
  [["deny 0 8 * * * for 8h manual"], true],
  [["deny 0 8 * * * for 8h manual", "deny 0 10 * * * for 8h"], false],
  [["deny 0 8 * * * for 8h manual", "deny 0 20 * * * for 1h"], true],
  [["deny 0 8 * * * for 8h manual", "allow 0 22 * * * for 4h"], false],
  [["deny 0 8 * * * for 8h manual", "allow 0 22 * * * for 4h manual"], true],
  [["deny 0 8 * * * for 8h manual", "allow 0 10 * * * for 4h"], true],
  [["deny 0 8 * * * for 8h", "allow 0 10 * * * for 4h manual"], false],
])("at noon, %j: closed; by hand: %s", (windows, manualAllowed) => {
  const state = at(windows.map(window), "2026-11-24T12:00:00Z");
  expect([state.open, state.manualAllowed]).toEqual([false, manualAllowed]);
});

test.each([
  [["allow 0 8 * * * for 8h"], "the allow window `0 8 * * *` (UTC) of 8h is open"],
  [["allow 0 8 * * * for 1h"], "no allow window is open"],
  [
    ["allow 0 8 * * * for 8h", `deny 0 12 * * * for 2h in ${BERLIN}`],
    `the deny window \`0 12 * * *\` (${BERLIN}) of 2h is open`,
  ],
  [["deny 0 8 * * * for 1h"], "no window forbids it"],
])("at noon, %j: %s", (windows, reason) => {
  expect(at(windows.map(window), "2026-11-24T12:00:00Z").reason).toBe(reason);
});

describe("a window that cannot be read closes all, by hand too, and is named", () => {
  test.each([
    ["allow 0 25 * * * for 4h", "its schedule or time zone cannot be read"],
    ["deny 0 22 * * * for 4h in Mars/Olympus", "its schedule or time zone cannot be read"],
    ["deny 0 22 * * * for soon manual", "its duration cannot be read"],
    ["allow 0 0 30 2 * for 24h", "its schedule names a day that no calendar has, so it is never open"],
    ["deny 0 0 31 4,6,9 * for 24h", "its schedule names a day that no calendar has, so it is never open"],
    ["allow 0 9 * * * for 0s", "its duration is 0, so it is never open"],
    ["deny 0 9 * * * for 0h0m manual", "its duration is 0, so it is never open"],
  ])("%s", (broken, why) => {
    const state = at([window("allow * * * * * for 1h manual"), window(broken)], "2026-11-24T12:00:00Z");
    expect([state.open, state.manualAllowed, state.changesAt]).toEqual([false, false, undefined]);
    expect(state.reason).toMatch(/^Window 2 of spec\.sync\.windows, the (allow|deny) window `/);
    expect(state.diagnostics).toMatchObject([{ code: "SP2811", severity: "error", message: state.reason }]);
    expect(state.reason).toContain(why);
  });
});

test.each<[readonly string[], boolean]>([
  [["deny 0 0 * * * for 24h"], true],
  [["deny * * * * * for 1m"], true],
  [["deny 0 0 * * * for 24h", "allow 0 22 * * * for 4h"], true],
  [["deny 0 20 * * * for 8h", "allow 0 22 * * * for 4h"], true],
  [["deny 0 0 * * 1-5 for 24h", "deny 0 0 * * 6,0 for 24h"], true],
  [["deny 0 0 1 1 * for 9000h"], true],
  // A gap, a day of the week, a year that goes on.
  [["deny 0 0 * * * for 23h59m"], false],
  [["deny 0 20 * * * for 8h", "allow 0 22 * * * for 7h"], false],
  [["deny 0 0 * * 1-5 for 24h"], false],
  [["deny 0 0 1 * * for 672h", "allow 0 3 * * 0 for 2h"], false],
  [["deny 0 0 20 12 * for 336h"], false],
  [["deny * 9-17 * * * for 1m", "allow * * * * * for 1m"], false],
  [["deny * * * * 1-6 for 1m"], false],
  // To shut out all but people is what it is for.
  [["deny 0 0 * * * for 24h manual"], false],
  [["deny * * * * * for 1h manual", "allow 0 22 * * * for 4h"], false],
])("%j leave no time for a sync: %s", (windows, never) => {
  for (const now of ["2026-11-24T12:00:00Z", "2027-02-01T00:00:00Z", "2027-03-05T23:59:59.999Z"]) {
    const { open, diagnostics } = at(windows.map(window), now);
    expect(diagnostics.map(({ code }) => code)).toEqual(never ? ["SP2811"] : []);
    if (never)
      expect([open, diagnostics[0]!.message]).toEqual([false, expect.stringMatching(/leave no time for a sync/)]);
  }
});

test("law: the answer stays the same until changesAt", () => {
  const some = fc.constantFrom(
    NIGHT,
    FREEZE,
    `deny 30 2 * * * for 90m in ${NEW_YORK} manual`,
    "allow 0 */7 * * * for 3h",
    "allow 0 6 * * 0 for 30h manual",
  );
  const now = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) });
  fc.assert(
    fc.property(
      fc.uniqueArray(some, { maxLength: 4 }),
      now,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (texts, start, part) => {
        const windows = texts.map(window);
        const { changesAt = start, ...state } = at(windows, start);
        const later = at(windows, start + Math.floor((changesAt - start) * part * 0.999_999));
        expect([later.open, later.manualAllowed]).toEqual([state.open, state.manualAllowed]);
        expect(changesAt >= start).toBe(true);
      },
    ),
  );
});
