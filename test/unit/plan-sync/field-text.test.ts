import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldText, fieldTime } from "../../../src/core/plan-sync/field-text.js";

test.each<[string, string | undefined, boolean]>([
  ["a time", "2026-11-24T12:00:00Z", true],
  ["with an offset", "2026-11-24T12:00:00+05:30", true],
  ["with a fraction", "2026-11-24T12:00:00.123Z", true],
  ["before 1970", "1901-01-01T00:00:00Z", true],
  ["the year 10000", "10000-01-01T00:00:00Z", false],
  ["the year 10000 as JavaScript writes it", "+010000-01-01T00:00:00.000Z", false],
  ["a year before Christ", "-000001-01-01T00:00:00Z", false],
  ["a day that is none", "2026-02-31T00:00:00Z", false],
  ["29 February of a leap year", "2024-02-29T00:00:00Z", true],
  ["29 February of another", "2026-02-29T00:00:00Z", false],
  ["a leap second", "2016-12-31T23:59:60Z", false],
  ["no time", "yesterday", false],
  ["nothing", "", false],
  ["absent", undefined, false],
])("committedAt: %s", (_name, text, fits) => {
  expect(fieldTime(text)).toBe(fits ? text : undefined);
});

test("a text is cut, one line, and comes back from a UTF-8 store as it was", () => {
  expect(fieldText("a\u0000b\u001b[31mc\nd\u009be", 100)).toBe("a b [31mc d e");
  expect(fieldText("x".repeat(5_000), 1024)).toHaveLength(1024);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(20), (text, most) => {
      const stored = fieldText(text, most);
      expect(Buffer.from(stored, "utf8").toString("utf8")).toBe(stored);
      expect(stored.length).toBeLessThanOrEqual(most);
    }),
  );
});
