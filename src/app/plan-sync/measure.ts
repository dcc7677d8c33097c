import { liveObjects, OWNED_KIND_NAMES } from "../../core/change/live.js";
import { ownershipOf } from "../../core/change/ownership.js";
import { stepKey } from "../../core/change/step.js";
import { conditionsOf } from "../../core/plan-sync/conditions.js";
import type { Findings } from "../../core/plan-sync/findings.js";
import { isAutoPool, OWN } from "../../core/spiderpool/objects.js";
import { parseTime } from "../../core/time.js";
import type { Metrics } from "../../ports/telemetry.js";
import type { Memory } from "./memory.js";
import type { Planning } from "./planning.js";

/** What a reconcile found, as numbers (ANCHORS 3.7). */
export function measure(findings: Findings, planning: Planning | undefined, memory: Memory, metrics: Metrics): void {
  const { wish, plan, previous } = findings;
  const labels = { plan: wish.key };
  for (const { type, status } of conditionsOf(findings)) {
    for (const one of ["True", "False", "Unknown"]) {
      metrics.set("condition", status === one ? 1 : 0, { ...labels, type, status: one });
    }
  }
  metrics.set("suspended", wish.suspended ? 1 : 0, labels);
  const synced = findings.sync?.record.finishedAt ?? previous.lastSyncAt;
  if (synced !== undefined) metrics.set("last_sync_timestamp_seconds", parseTime(synced)! / 1000, labels);
  if (plan === undefined || planning === undefined || memory.measured === planning) return;
  memory.measured = planning;
  for (const action of ["create", "update", "delete", "adopt", "blocked"] as const) {
    metrics.set("plan_changes", plan.summary[action], { ...labels, action });
  }
  const { outcome } = planning.run.decided;
  const drifted = new Set(outcome.steps.map(stepKey).filter((key) => memory.drift.has(key)));
  metrics.set("drift_objects", drifted.size, labels);
  for (const { subnet, total, held, resting, reserved, free } of outcome.usage) {
    const states = { total, used: held, quarantined: resting, reserved, free };
    for (const [state, count] of Object.entries(states)) metrics.set("subnet_ips", count, { ...labels, subnet, state });
  }
  measureObjects(planning, wish.key, metrics);
  countBlocked(planning, memory, metrics);
}

const REFUSALS: Readonly<Record<string, string>> = { verdict: "WouldMoveIP", "in-use": "WouldReleaseInUseIP" };

/** Each refusal is counted when it begins, not each time it is found again. */
function countBlocked({ run }: Planning, memory: Memory, metrics: Metrics): void {
  const refused = new Set<string>();
  for (const step of run.decided.outcome.steps) {
    const reason = REFUSALS[step.blocked?.type ?? ""];
    if (reason === undefined) continue;
    refused.add(stepKey(step));
    if (!memory.refused.has(stepKey(step))) metrics.count("ip_moves_blocked_total", { reason });
  }
  memory.refused = refused;
}

/** No series of a PlanSync that is gone. */
export function forgetMeasures(plan: string, metrics: Metrics): void {
  const names = [
    "condition",
    "suspended",
    "last_sync_timestamp_seconds",
    "plan_changes",
    "drift_objects",
    "subnet_ips",
    "managed_objects",
    "source_last_success_timestamp_seconds",
  ];
  for (const name of names) metrics.forget(name, { plan });
}

function measureObjects({ run }: Planning, install: string, metrics: Metrics): void {
  for (const kind of OWNED_KIND_NAMES) {
    const objects = [...liveObjects(run.snapshot, kind).values()];
    const ours = objects.filter((object) => ownershipOf(object, install).type === "ours");
    metrics.set("managed_objects", ours.length, { plan: install, kind });
  }
  const unmanaged = [...run.snapshot.pools.values()].filter(
    (pool) =>
      ownershipOf(pool, install).type === "none" &&
      !isAutoPool(pool) &&
      pool.metadata.labels?.[OWN.anchorLabel] === undefined,
  );
  metrics.set("unmanaged_pools", unmanaged.length);
}
