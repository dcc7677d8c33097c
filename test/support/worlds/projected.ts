import type { PlanRun } from "../../../src/app/plan-run.js";
import { project } from "../../../src/app/watch/projection.js";
import type { NetworkPlanSpec } from "../../../src/core/plan/plan.generated.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { inMaps, outcomeText, textDifference } from "./checks.js";
import type { Violation } from "./findings.js";
import { decideOn, type Install } from "./sync.js";

/** What the operator's cache keeps of each object is all that counts for a decision. */
export function compareProjected({ snapshot }: PlanRun, install: Install, spec: NetworkPlanSpec): Violation[] {
  const kept = buildSnapshot(inMaps(snapshot).map(project), snapshot.complete, snapshot.facts);
  const whole = buildSnapshot(inMaps(snapshot), snapshot.complete, snapshot.facts);
  const now = 1_800_000_000_000;
  const [one, other] = [whole, kept].map((seen) => outcomeText(decideOn(seen, install, spec, now).decided?.outcome));
  if (one === other) return [];
  return [{ invariant: "PROJECTION", message: `projections give another outcome: ${textDifference(one!, other!)}` }];
}
