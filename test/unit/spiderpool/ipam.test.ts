import { describe, it } from "vitest";
import { IPAM_RULES, POD_FACT_ROWS } from "../../support/spiderpool-rules/ipam.js";

describe("which pools and address a Pod gets", () => {
  it.each([...IPAM_RULES, ...POD_FACT_ROWS])("$rule: $says", ({ check }) => check());
});
