import { describe, it } from "vitest";
import { NETWORK_RULES } from "../../support/spiderpool-rules/networks.js";

describe("admission of SpiderMultusConfigs and SpiderCoordinators", () => {
  it.each(NETWORK_RULES)("$rule: $says", ({ check }) => check());
});
