import { describe, it } from "vitest";
import { MUTATION_RULES } from "../../support/spiderpool-rules/mutation.js";

describe("the mutating step and the stored form", () => {
  it.each(MUTATION_RULES)("$rule: $says", ({ check }) => check());
});
