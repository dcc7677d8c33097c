import { describe, expect, test } from "vitest";
import { approvedBy, type PlanPrint } from "../../../src/core/plan-sync/approval.js";

const plan = (digest: string, steps: Record<string, string>, leaves: readonly string[] = []): PlanPrint => ({
  digest,
  text: "",
  steps: new Map(Object.entries(steps)),
  leaves,
});
const OFFERED = plan("sha256:a", { "create SpiderIPPool x": "1", "update SpiderIPPool y": "2" }, ["default/p moves"]);
const DAY = 86_400_000;
const approve = (
  now: PlanPrint,
  approval = { digest: OFFERED.digest } as { digest: string; at?: number },
  remembered = [OFFERED],
) => approvedBy(now, approval, remembered, 10 * DAY, DAY);

describe("an approval", () => {
  test.each<[string, PlanPrint, object]>([
    ["covers its own plan", OFFERED, { state: "approved" }],
    ["covers what is left of it", plan("sha256:b", { "update SpiderIPPool y": "2" }), { state: "approved" }],
    [
      "is void when a step changed, and says which",
      plan("sha256:b", { "update SpiderIPPool y": "3" }),
      { state: "void", why: "changed: update SpiderIPPool y" },
    ],
    [
      "is void when a step came",
      plan("sha256:b", { "delete SpiderIPPool z": "9" }),
      { state: "void", why: "new: delete SpiderIPPool z" },
    ],
    [
      "is void when one more Pod would leave its address",
      plan("sha256:b", { "update SpiderIPPool y": "2" }, ["default/q strands"]),
      { state: "void", why: "new: default/q strands" },
    ],
  ])("%s", (_name, now, expected) => {
    expect(approve(now)).toEqual(expected);
  });

  test("of a plan nobody remembers covers only that very plan", () => {
    expect(approve(OFFERED, undefined, [])).toEqual({ state: "approved" });
    expect(approve(plan("sha256:b", {}), undefined, [])).toMatchObject({ state: "void" });
  });

  test("is good for its time", () => {
    expect(approve(OFFERED, { digest: "sha256:a", at: 9 * DAY })).toEqual({ state: "approved" });
    expect(approve(OFFERED, { digest: "sha256:a", at: 9 * DAY - 1 })).toEqual({ state: "void", why: "it is too old" });
  });

  test("names three changes and counts the rest", () => {
    const now = plan("sha256:b", { a: "1", b: "1", c: "1", d: "1", e: "1" });
    expect(approve(now)).toEqual({ state: "void", why: "new: a, new: b, new: c and 2 more" });
  });
});
