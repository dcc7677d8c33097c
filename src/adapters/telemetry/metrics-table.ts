/** One metric: its name goes without the prefix `spiderplan_`. */
export interface MetricDeclaration {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Series that are there with 0 from the start, so that a first increase is seen as one. */
  readonly zero?: readonly Readonly<Record<string, string>>[];
  /** Upper bounds of a histogram, in seconds. */
  readonly buckets?: readonly number[];
}

const QUICK = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SLOW = [0.01, 0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 300, 900];

const counter = (
  help: string,
  labels: readonly string[] = [],
  zero?: MetricDeclaration["zero"],
): MetricDeclaration => ({
  type: "counter",
  help,
  labels,
  zero: zero ?? (labels.length === 0 ? [{}] : []),
});
const gauge = (help: string, labels: readonly string[] = []): MetricDeclaration => ({ type: "gauge", help, labels });
const histogram = (help: string, buckets: readonly number[], labels: readonly string[] = []): MetricDeclaration => ({
  type: "histogram",
  help,
  labels,
  buckets,
});
const each = (label: string, ...values: readonly string[]) => values.map((value) => ({ [label]: value }));

/**
 * Every metric there is (ANCHORS 3.7). Counters and durations are of the whole operator; a gauge that tells of one
 * PlanSync carries `plan`, its `namespace/name`, so that it can be forgotten with it.
 */
export const METRICS: Readonly<Record<string, MetricDeclaration>> = {
  build_info: gauge("1, with the version that runs", ["version"]),

  reconcile_total: counter(
    "Reconciles by how they ended",
    ["result"],
    each("result", "success", "error", "blocked", "requeue"),
  ),
  reconcile_duration_seconds: histogram("How long a reconcile took", SLOW),
  reconcile_writes_total: counter("Writes to the cluster by reconciles; none when nothing is to be done"),
  internal_errors_total: counter(
    "Exceptions that were caught, by where: each is a bug, and keeps what it met from Ready",
    ["stage"],
    each("stage", "source", "reconcile", "apply", "watch", "ledger"),
  ),
  work_restarts_total: counter(
    "Times the work was cut off and begun anew, and why",
    ["reason"],
    each("reason", "deadline", "memory", "exception"),
  ),
  queue_depth: gauge("PlanSyncs that wait for a worker"),
  queue_wait_seconds: histogram("How long a PlanSync waited for a worker", QUICK),

  source_fetch_duration_seconds: histogram("How long it took to ask Git and to fetch", SLOW),
  source_last_success_timestamp_seconds: gauge("When Git last answered", ["plan"]),
  webhook_requests_total: counter("Requests of Git webhooks", ["provider", "result"]),

  plan_duration_seconds: histogram("How long it took to decide", SLOW),
  plan_changes: gauge("Objects that a sync would change, by what it would do", ["plan", "action"]),
  drift_objects: gauge("Objects that are not what was last written", ["plan"]),
  resource_fights_total: counter("Objects that somebody else changes back again and again"),

  apply_operations_total: counter("Writes by kind, verb and how they ended", ["kind", "verb", "result"]),
  apply_duration_seconds: histogram("How long it took to write one plan", SLOW),
  last_sync_timestamp_seconds: gauge("When the cluster was last brought to what the plan says", ["plan"]),

  ip_moves_blocked_total: counter(
    "Steps that were refused because an address would leave its Pod",
    ["reason"],
    each("reason", "WouldMoveIP", "WouldReleaseInUseIP"),
  ),
  ip_owner_changes_total: counter("Addresses of fixed owners that somebody else was seen to hold; always a fault"),

  managed_objects: gauge("Objects in the cluster that a plan keeps", ["plan", "kind"]),
  unmanaged_pools: gauge("SpiderIPPools that no plan keeps"),
  subnet_ips: gauge("Addresses of a subnet: total, used, reserved, quarantined, free", ["plan", "subnet", "state"]),

  leader: gauge("Whether this process is the one that writes"),
  suspended: gauge("Whether a PlanSync is suspended", ["plan"]),
  condition: gauge("Conditions of a PlanSync: 1 for the status it has", ["plan", "type", "status"]),

  watch_objects: gauge("Objects that a watch follows", ["kind"]),
  watch_restarts_total: counter("Watches that had to begin anew, by why", ["kind", "reason"]),

  ledger_lines_total: counter(
    "Lines that the ledger of allocations took",
    ["event"],
    each("event", "allocated", "released", "seen", "gap", "watched"),
  ),
  ledger_failures_total: counter("Times the ledger could not be written; the lines are told again"),
  ledger_torn_lines_total: counter("Half lines that a crash left at the end of a ledger file"),
};
