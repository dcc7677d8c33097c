import { expect, test } from "vitest";
import { rememberedMerge } from "../../src/app/plan-run.js";
import { mergePlan, type PlanDocument } from "../../src/core/plan/merge.js";

const document = (clusters: string[]): PlanDocument => ({
  file: "plan.yaml",
  index: 0,
  spec: { clusters, subnets: { app: { cidr: "10.6.0.0/24", ranges: ["10.6.0.10-10.6.0.20"] } } },
});

test("the same documents are merged once for a cluster, and anew for another one or for other documents", () => {
  const merge = rememberedMerge();
  const documents = [document(["a", "b"])];
  const first = merge(documents, "a");
  expect(first).toEqual(mergePlan(documents, "a"));
  expect(merge(documents, "a")).toBe(first);

  expect(merge(documents, "b")).toEqual(mergePlan(documents, "b"));
  expect(merge(documents, "a")).toEqual(first);
  expect(merge([document(["a"])], "b")).toEqual(mergePlan([document(["a"])], "b"));
});
