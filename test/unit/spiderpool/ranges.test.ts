import { describe, it } from "vitest";
import { RANGE_RULES, STATUS_RULES } from "../../support/spiderpool-rules/ranges.js";

describe("ranges and status texts", () => {
  it.each([...RANGE_RULES, ...STATUS_RULES])("$rule: $says", ({ check }) => check());
});
