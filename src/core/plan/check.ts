import type { Diagnostic } from "../diagnostics.js";
import { checkOwnNames, checkSizes } from "./check-names.js";
import { checkVlans } from "./check-networks.js";
import { checkOverlaps } from "./check-overlaps.js";
import { checkKeptPools, checkRoutes, checkSharedPools, checkSlices, checkSources } from "./check-workloads.js";
import type { Plan } from "./plan.js";

/** Every rule of DESIGN 3 that needs more than one entry and no cluster; findings are added to `found`. */
export function checkPlan(plan: Plan, found: Diagnostic[]): void {
  checkOwnNames(plan, found);
  checkSizes(plan, found);
  checkOverlaps(plan, found);
  checkVlans(plan, found);
  checkKeptPools(plan, found);
  for (const workload of plan.workloads.values()) {
    checkSources(workload, found);
    checkRoutes(workload, plan, found);
    checkSharedPools(workload, found);
    checkSlices(workload, plan, found);
  }
}
