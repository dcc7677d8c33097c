import { describe, expect, test } from "vitest";
import { readSchedule } from "../../../src/adapters/schedule/cron.js";
import type { SyncWindow } from "../../../src/core/plan-sync/plan-sync.generated.js";
import { windowsAt } from "../../../src/core/plan-sync/windows.js";

const allow = (schedule: string, duration: string, more: Partial<SyncWindow> = {}): SyncWindow => ({
  kind: "allow",
  schedule,
  duration,
  ...more,
});
const deny = (schedule: string, duration: string, more: Partial<SyncWindow> = {}): SyncWindow => ({
  kind: "deny",
  schedule,
  duration,
  ...more,
});
const at = (time: string, ...windows: SyncWindow[]) => {
  const { open, changesAt, manualAllowed } = windowsAt(windows, Date.parse(time), readSchedule);
  return {
    open,
    manualAllowed,
    changesAt: changesAt === undefined ? undefined : new Date(changesAt).toISOString().slice(0, 16),
  };
};

const NIGHTS = allow("0 22 * * *", "4h", { timeZone: "Europe/Berlin" });
const FREEZE = deny("0 0 20 12 *", "360h", { timeZone: "Europe/Berlin" });

describe("windows, in their own time zone", () => {
  test.each<[string, string, SyncWindow[], object]>([
    ["none", "2026-06-01T12:00:00Z", [], { open: true, changesAt: undefined }],
    ["before an allow window", "2026-06-01T12:00:00Z", [NIGHTS], { open: false, changesAt: "2026-06-01T20:00" }],
    ["at its opening", "2026-06-01T20:00:00Z", [NIGHTS], { open: true, changesAt: "2026-06-02T00:00" }],
    ["at its end", "2026-06-02T00:00:00Z", [NIGHTS], { open: false, changesAt: "2026-06-02T20:00" }],
    [
      "in winter it opens an hour later",
      "2026-12-01T20:30:00Z",
      [NIGHTS],
      { open: false, changesAt: "2026-12-01T21:00" },
    ],
    ["a deny window wins", "2026-12-24T22:00:00Z", [NIGHTS, FREEZE], { open: false }],
    [
      "deny alone leaves the rest open",
      "2026-06-01T12:00:00Z",
      [FREEZE],
      { open: true, changesAt: "2026-12-19T23:00" },
    ],
    ["longer than a day", "2027-01-03T22:59:00Z", [FREEZE], { open: false, changesAt: "2027-01-03T23:00" }],
    ["and over by itself", "2027-01-03T23:00:00Z", [FREEZE], { open: true }],
    ["two that overlap are one", "2026-06-01T01:00:00Z", [allow("0 */2 * * *", "3h")], { open: true }],
    [
      "a time the clocks skip (02:30 in Berlin) comes when they have",
      "2026-03-29T00:59:00Z",
      [allow("30 2 29 3 *", "1h", { timeZone: "Europe/Berlin" })],
      { open: false, changesAt: "2026-03-29T01:00" },
    ],
    [
      "across the change, four hours stay four hours",
      "2026-03-29T00:00:00Z",
      [NIGHTS],
      { open: true, changesAt: "2026-03-29T01:00" },
    ],
    [
      "the hour that comes twice (New York)",
      "2026-11-01T05:30:00Z",
      [allow("30 1 1 11 *", "15m", { timeZone: "America/New_York" })],
      { open: true, changesAt: "2026-11-01T05:45" },
    ],
  ])("%s", (_name, time, windows, expected) => {
    expect(at(time, ...windows)).toMatchObject(expected);
  });

  test.each<[string, SyncWindow[], boolean]>([
    ["a deny window that lets people", [deny("0 0 * * *", "24h", { manualSync: true })], true],
    ["two, of which one does not", [deny("0 0 * * *", "24h", { manualSync: true }), deny("0 0 * * *", "24h")], false],
    ["outside an allow window that lets people", [allow("0 22 * * *", "1h", { manualSync: true })], true],
    ["outside one that does not", [allow("0 22 * * *", "1h")], false],
  ])("people may sync: %s", (_name, windows, manualAllowed) => {
    expect(at("2026-06-01T12:00:00Z", ...windows)).toMatchObject({ open: false, manualAllowed });
  });

  test.each([
    ["a schedule", allow("61 * * * *", "1h")],
    ["six fields", allow("0 0 22 * * *", "1h")],
    ["a time zone", allow("0 22 * * *", "1h", { timeZone: "Mars/Olympus" })],
    ["a duration", allow("0 22 * * *", "soon")],
  ])("%s nobody can read closes everything", (_name, window) => {
    const state = windowsAt([window, allow("* * * * *", "1h")], Date.parse("2026-06-01T22:30:00Z"), readSchedule);
    expect(state).toMatchObject({ open: false, manualAllowed: false });
    expect(state.reason).toContain("cannot be read");
  });
});
