import { describe, it } from "vitest";
import { KIND_RULES } from "../../support/spiderpool-rules/kinds.js";

describe("kinds, fields and marks", () => {
  it.each(KIND_RULES)("$rule: $says", ({ check }) => check());
});
