import { expect, test } from "vitest";
import { parseDuration } from "../../../src/core/plan-sync/duration.js";

test.each([
  ["500ms", 500],
  ["30s", 30_000],
  ["1m", 60_000],
  ["4h", 14_400_000],
  ["1h30m", 5_400_000],
  ["1h1m1s1ms", 3_661_001],
  ["1.5h", 5_400_000],
  ["0.1h", 360_000],
  ["30m1h", 5_400_000],
  ["0s", 0],
  ["1m1m", 120_000],
])("%s is %i ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
  "",
  "h",
  "4",
  "4d",
  "-1h",
  "1 h",
  "1h ",
  " 1h",
  "1.h",
  ".5h",
  "1,5h",
  "1H",
  "1h30",
  "99999999999999999h",
  "1us",
])("%j is no duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
