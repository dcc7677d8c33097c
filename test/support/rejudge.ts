import { judgingAgain, type Rejudge } from "../../src/app/apply/judging-again.js";
import { observe } from "../../src/app/observe.js";
import type { Plan } from "../../src/core/plan/plan.js";
import type { Snapshot } from "../../src/core/snapshot.js";
import type { Cluster } from "../../src/ports/cluster.js";

/** Judges again as `sync` does, on all of the cluster. */
export function lookingAgain(cluster: Cluster, plan: Plan, decidedOn: Snapshot): Rejudge {
  return judgingAgain(plan, decidedOn, async () => (await observe(cluster)).snapshot);
}

/** For steps no plan decided on: whatever a test does meanwhile is nothing to them. */
export const nothingNew: Rejudge = async () => new Map();
