import fc from "fast-check";
import { expect, test } from "vitest";
import { formatSpan, formatTime, parseTime } from "../../src/core/time.js";

test("a time is read as Date reads it, in any zone", () => {
  const zone = fc.oneof(
    fc.constant("Z"),
    fc
      .tuple(fc.constantFrom("+", "-"), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map(([sign, hour, minute]) => `${sign}${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`),
  );
  const date = fc.date({
    min: new Date("1600-01-01T00:00:00Z"),
    max: new Date("2999-12-31T00:00:00Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(date, zone, (at, offset) => {
      const text = at.toISOString().replace("Z", offset);
      expect(parseTime(text)).toBe(Date.parse(text));
    }),
  );
});

test.each(["", "soon", "2026-11-22", "2026-11-22T00:00:00", "2026-13-22T00:00:00Z", "2026-11-22T24:00:00Z"])(
  "%j is none",
  (text) => {
    expect(parseTime(text)).toBeUndefined();
  },
);

test.each([
  [86_400, "24 h"],
  [604_800, "168 h"],
  [5_400, "90 min"],
  [45, "45 s"],
])("%d s are %s", (seconds, text) => {
  expect(formatSpan(seconds)).toBe(text);
});

test("a time is written as Date writes it, and read back as it was", () => {
  const date = fc.date({
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(date, (at) => {
      expect(formatTime(at.getTime())).toBe(at.toISOString());
      expect(parseTime(formatTime(at.getTime()))).toBe(at.getTime());
    }),
  );
});
