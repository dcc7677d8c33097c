import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSchedule } from "../../src/adapters/schedule/cron.js";
import type { WindowStarts } from "../../src/core/plan-sync/never-open.js";

const read = (expression: string, timeZone: string) => readSchedule(expression, timeZone) as WindowStarts;
const time = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString().slice(0, 16));

describe("last and next", () => {
  test.each([
    // expression, zone, at, last, next
    ["0 22 * * 1-5", "Europe/Berlin", "2026-11-24T20:59:59Z", "2026-11-23T21:00", "2026-11-24T21:00"],
    ["0 22 * * 1-5", "Europe/Berlin", "2026-11-24T21:00:00Z", "2026-11-24T21:00", "2026-11-25T21:00"],
    ["0 22 * * MON-FRI", "Europe/Berlin", "2026-11-28T12:00:00Z", "2026-11-27T21:00", "2026-11-30T21:00"],
    ["*/15 * * * *", "UTC", "2026-11-24T12:14:59.999Z", "2026-11-24T12:00", "2026-11-24T12:15"],
    ["0 0 29 2 *", "UTC", "2026-11-24T00:00:00Z", "2024-02-29T00:00", "2028-02-29T00:00"],
    ["0 0 30 2 *", "UTC", "2026-11-24T00:00:00Z", undefined, undefined],
    // Day of month or day of week, as crontab.
    ["0 0 13 * 5", "UTC", "2026-11-24T00:00:00Z", "2026-11-20T00:00", "2026-11-27T00:00"],
    ["0 2 * * 2#2", "UTC", "2026-11-24T00:00:00Z", "2026-11-10T02:00", "2026-12-08T02:00"],
    // 02:30 does not exist: it comes when the gap is over, at 03:00 summer time.
    ["30 2 * * *", "Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-28T01:30", "2026-03-29T01:00"],
    ["30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T01:00", "2026-03-30T00:30"],
    ["30 2 * * *", "America/New_York", "2026-03-08T06:59:59Z", "2026-03-07T07:30", "2026-03-08T07:00"],
    // 02:30 and 01:30 exist twice: they come once.
    ["30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", "2026-10-25T00:30", "2026-10-26T01:30"],
    ["30 2 * * *", "Europe/Berlin", "2026-10-25T01:45:00Z", "2026-10-25T00:30", "2026-10-26T01:30"],
    ["30 1 * * *", "America/New_York", "2026-11-01T06:45:00Z", "2026-11-01T05:30", "2026-11-02T06:30"],
    // What comes every hour comes in both of them.
    ["0 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00", "2026-10-25T01:00"],
  ])("%s in %s at %s", (expression, timeZone, at, last, next) => {
    const recurrence = read(expression, timeZone);
    const now = Date.parse(at);
    expect([time(recurrence.last(now)), time(recurrence.next(now))]).toEqual([last, next]);
  });

  test("no start is between last and next, and both are starts", () => {
    const expression = fc.constantFrom(
      "30 2 * * *",
      "*/20 1-3 * * *",
      "0 22 * * 1-5",
      "15 */6 * 3,10,11 *",
      "0 2 * * 0",
    );
    const zone = fc.constantFrom("Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe", "Asia/Kolkata");
    const at = fc.integer({ min: Date.UTC(2026, 2, 1), max: Date.UTC(2026, 11, 1) });
    fc.assert(
      fc.property(expression, zone, at, (text, timeZone, now) => {
        const { last, next } = read(text, timeZone);
        const [before, after] = [last(now) as number, next(now) as number];
        expect(before <= now && now < after).toBe(true);
        expect([next(before), last(after), last(before), next(before - 1), last(after - 1)]).toEqual([
          after,
          after,
          before,
          before,
          before,
        ]);
      }),
    );
  });
});

test.each([
  ["", "UTC"],
  ["x", "UTC"],
  ["0 0 * *", "UTC"],
  ["0 0 0 * * *", "UTC"],
  ["60 0 * * *", "UTC"],
  ["*/0 * * * *", "UTC"],
  ["@daily", "UTC"],
  ["2026-01-01T00:00:00", "UTC"],
  ["? * * * *", "UTC"],
  ["0 0 * * *", "Mars/Olympus"],
  ["0 0 * * *", ""],
])("%j in %j cannot be read", (expression, timeZone) => {
  expect(readSchedule(expression, timeZone)).toBeUndefined();
});
