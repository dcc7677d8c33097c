import { expect, test } from "vitest";
import { PLAN_SYNC } from "../../src/core/plan-sync/plan-sync-kind.generated.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { customResourceDefinition } from "../../src/core/spiderpool/structural.js";
import { PROJECT } from "../support/cli.js";
import { clusterObjects } from "../support/examples.js";

test("deploy/crds is what the embedded cluster enforces, under the name the code uses", () => {
  const ours = clusterObjects([`${PROJECT}/deploy/crds/plansyncs.spiderplan.io.yaml`]);
  expect(ours).toEqual([customResourceDefinition(PLAN_SYNC)]);
  const { group, version, kind, plural, scope } = PLAN_SYNC;
  expect(KINDS.PlanSync).toEqual({
    apiVersion: `${group}/${version}`,
    kind,
    plural,
    namespaced: scope === "Namespaced",
  });
});
