import { describe, it } from "vitest";
import { POOL_RULES } from "../../support/spiderpool-rules/pools.js";

describe("admission of SpiderIPPools", () => {
  it.each(POOL_RULES)("$rule: $says", ({ check }) => check());
});
