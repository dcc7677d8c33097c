import type { AcquireLease } from "../app/apply/apply.js";
import type { LockText } from "../app/plan-sync/cluster-lock.js";
import type { Deadlines } from "../app/plan-sync/deadlines.js";
import type { WatchTimes } from "../app/watch/backoff.js";
import type { WindowState } from "../core/plan-sync/windows.js";
import type { Wish } from "../core/plan-sync/wish.js";
import type { WatchableCluster } from "../ports/cluster.js";
import type { Ledger } from "../ports/ledger.js";
import type { PlanReader } from "../ports/plan-reader.js";
import type { Clock, Digest } from "../ports/runtime.js";
import type { SourceRepository } from "../ports/source-repository.js";
import type { Logger, Metrics } from "../ports/telemetry.js";

/** What the operator works with: ports only, so that tests choose them. */
export interface ControllerOptions {
  readonly cluster: WatchableCluster;
  readonly repository: SourceRepository;
  readonly readPlan: PlanReader;
  readonly lockText: LockText;
  readonly clock: Clock;
  readonly sha256: Digest;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly windowsAt: (windows: Wish["windows"], now: number) => WindowState;
  /** Where Spiderpool runs. */
  readonly namespace: string;
  /** Unique to this process. */
  readonly identity: string;
  /** Whether somebody cuts off what does not end. */
  readonly deadlines?: Deadlines;
  /** Takes the right to write where this thread does not keep Leases itself. */
  readonly acquireLease?: AcquireLease;
  readonly watchTimes?: Partial<WatchTimes>;
  /** Where it is written down who had which address. */
  readonly ledger: Ledger;
}
