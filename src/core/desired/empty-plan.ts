import { isOwnReservation } from "../allocate/promised.js";
import { liveObjects, OWNED_KIND_NAMES } from "../change/live.js";
import { ownershipOf } from "../change/ownership.js";
import { appliedKeys } from "../change/shared-annotations.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";

/**
 * A plan that says nothing at all while the install owns something: the source became empty, by a lost file or a wrong
 * path, and nothing may be deleted for that (DESIGN 7).
 */
export function emptyPlan(plan: Plan, snapshot: Snapshot, install: string): Diagnostic | undefined {
  const sections = [plan.subnets, plan.reserved, plan.networks, plan.pools, plan.namespaces, plan.workloads];
  if (sections.some(({ size }) => size > 0)) return undefined;
  const owned = ownedObjects(snapshot, install);
  if (owned === 0) return undefined;
  const cluster = plan.cluster === undefined ? "" : ` for cluster ${plan.cluster}`;
  return {
    code: "SP4115",
    severity: "error",
    message: `the plan${cluster} is empty, but install ${install} has ${owned} ${owned === 1 ? "object" : "objects"} in the cluster`,
    hint: "nothing is deleted for an empty plan: check --path, --cluster and `clusters`; to give up everything, leave one entry in the plan",
  };
}

/** Objects of the install, and Namespaces it annotates; what rests in quarantine or is kept for an owner is nobody's wish. */
function ownedObjects(snapshot: Snapshot, install: string): number {
  const objects = OWNED_KIND_NAMES.flatMap((kind) => [...liveObjects(snapshot, kind).values()]);
  const owned = objects.filter((one) => ownershipOf(one, install).type === "ours" && !isOwnReservation(one, install));
  const annotated = [...snapshot.namespaces.values()].filter(
    ({ metadata }) => appliedKeys(metadata.annotations ?? {}, install).length > 0,
  );
  return owned.length + annotated.length;
}
