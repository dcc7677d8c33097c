import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { touchedBy } from "../../../src/core/verdict/touched.js";
import { livePool } from "../../support/objects.js";
import { creating, deleting, updating } from "../../support/steps.js";

const before = livePool("p", { ips: ["10.6.0.10-10.6.0.12"] });
const snapshot = buildSnapshot([before], ["SpiderIPPool"]);

describe("what a step does to a pool, in a sentence of its own", () => {
  test.each([
    ["a new one", creating(before), ["it is a new pool of this plan"]],
    ["one that goes", deleting(before), ["the plan deletes it"]],
    [
      "one whose addresses change",
      updating(before, livePool("p", { ips: ["10.6.0.11-10.6.0.13"] })),
      ["the plan changes its addresses: - 10.6.0.10", "the plan changes its addresses: + 10.6.0.13"],
    ],
  ])("%s", (_what, step, words) => {
    expect(touchedBy([{ steering: [], ...step }], snapshot).changesOf("p")).toEqual(words);
  });
});
