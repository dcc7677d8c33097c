import type { WindowState } from "../../core/plan-sync/windows.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import type { Kind } from "../../core/spiderpool/objects.js";
import type { WatchableCluster } from "../../ports/cluster.js";
import type { Clock, Digest } from "../../ports/runtime.js";
import type { Logger, Metrics } from "../../ports/telemetry.js";
import type { AcquireLease } from "../apply/apply.js";
import type { Observation } from "../observation.js";
import type { ApprovedPlans } from "./approved-plans.js";
import type { ClusterLock } from "./cluster-lock.js";
import type { Deadlines } from "./deadlines.js";
import type { EventRecorder } from "./events.js";
import type { Memory } from "./memory.js";
import type { SourceFollower } from "./source-follower.js";

/** The cluster as the operator's watches show it. */
export interface WatchedCluster {
  /** Grows with each change that may matter. */
  readonly version: number;
  observation(): Observation;
  /** Watches these kinds of workloads too, as owners spell them: `CloneSet.apps.kruise.io`. */
  follow(kinds: Iterable<string>): void;
  /** Waits until the watches have seen what was written, as far as they do within a while. @returns whether they have */
  caughtUp(): Promise<boolean>;
  /** Whether a kind is listed and its watch is alive, as far as anybody can tell. */
  isWatched(kind: Kind): boolean;
}

/** What a reconcile works with; one for all PlanSyncs of an operator. */
export interface ReconcileContext {
  /** Writes are refused once this operator does not lead any more. */
  readonly cluster: WatchableCluster;
  readonly watched: WatchedCluster;
  readonly clock: Clock;
  readonly sha256: Digest;
  readonly identity: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  readonly deadlines: Deadlines;
  /** Takes the right to write where this thread does not keep Leases itself. */
  readonly acquireLease?: AcquireLease;
  readonly windowsAt: (windows: Wish["windows"], now: number) => WindowState;
  readonly signal: AbortSignal;
}

/** What belongs to one PlanSync. */
export interface PlanSyncParts {
  readonly follower: SourceFollower;
  readonly memory: Memory;
  readonly lock: ClusterLock;
  readonly approvals: ApprovedPlans;
}
