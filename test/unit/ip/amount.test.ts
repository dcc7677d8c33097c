import { describe, expect, test } from "vitest";
import { addressesText, amount } from "../../../src/core/ip/amount.js";

describe("how many", () => {
  test.each([
    [0, "0"],
    [1, "1"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [2 ** 53, "2^53"],
    [2 ** 64, "2^64"],
    [2 ** 64 - 10, "2^64"],
    [3 * 2 ** 63, "about 2^64.6"],
  ])("%d is %s: never digits nobody counted", (number, text) => {
    expect(amount(number)).toBe(text);
  });

  test("of addresses, with the noun they need", () => {
    expect([0, 1, 2, 2 ** 64].map((number) => addressesText(number))).toEqual([
      "0 addresses",
      "1 address",
      "2 addresses",
      "2^64 addresses",
    ]);
    expect([1, 2].map((number) => addressesText(number, "declared"))).toEqual([
      "1 declared address",
      "2 declared addresses",
    ]);
  });
});
