import { describe, it } from "vitest";
import { RESERVED_RULES, SUBNET_RULES } from "../../support/spiderpool-rules/subnets.js";

describe("admission of SpiderSubnets and SpiderReservedIPs", () => {
  it.each([...SUBNET_RULES, ...RESERVED_RULES])("$rule: $says", ({ check }) => check());
});
