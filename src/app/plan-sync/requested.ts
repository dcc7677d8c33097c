import type { PlanSyncStatus } from "../../core/plan-sync/plan-sync.generated.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import type { SourceFollower } from "./source-follower.js";

/** Whether a person asked for a sync that was not answered yet; answered once the repository was looked at since. */
export function isRequested(wish: Wish, previous: PlanSyncStatus, follower: SourceFollower): boolean {
  const { requestedAt } = wish.switches;
  return follower.upToDate && requestedAt !== undefined && requestedAt !== previous.lastHandledReconcileAt;
}
