import { fieldText } from "./field-text.js";
import type { Findings, Progress } from "./findings.js";
import type { Condition } from "./plan-sync.generated.js";

type Said = Pick<Condition, "type" | "status" | "reason" | "message">;

/** Longest message of a condition (ANCHORS 3.6). */
const LONGEST = 32_768;

/**
 * The conditions of a PlanSync, as kstatus reads them: Ready sums up; Reconciling and Stalled are there only while true.
 * A condition keeps the time of its last change while its status stays the same.
 */
export function conditionsOf(findings: Findings): Condition[] {
  const before = new Map((findings.previous.conditions ?? []).map((one) => [one.type, one]));
  return said(findings).map((one): Condition => {
    const old = before.get(one.type);
    return {
      ...one,
      message: fieldText(one.message, LONGEST),
      observedGeneration: findings.wish.generation,
      lastTransitionTime: old?.status === one.status ? old.lastTransitionTime : findings.now,
    };
  });
}

function said(findings: Findings): Said[] {
  const ready = readyOf(findings);
  const { plan } = findings;
  return [
    ready,
    ...progress(findings, ready),
    sourceReady(findings),
    ...sourceVerified(findings),
    planReady(findings),
    ...(plan === undefined
      ? unknown(findings)
      : [ipStable(findings), capacity(findings), blocked(findings), drifted(findings)]),
  ];
}

/** Whether the cluster is at what Git says, as far as that may be. */
function readyOf(findings: Findings): Said {
  const { source, planErrors, clusterError, plan, gate, sync } = findings;
  const not = (reason: string, message: string): Said => ({ type: "Ready", status: "False", reason, message });
  if (source.revision === undefined && planErrors.length === 0) {
    if (source.failure !== undefined) return not(source.failure.reason, source.failure.message);
    // A revision that was read is in force only once it could be planned, which the cluster may not allow.
    if (clusterError === undefined) return { ...not("Progressing", "reading the repository"), status: "Unknown" };
  }
  if (source.failure?.told) return not(source.failure.reason, source.failure.message);
  if (planErrors.length > 0) return not(findings.planErrorReason ?? "BuildFailed", planErrors[0]!);
  if (clusterError !== undefined) return not(clusterError.reason, clusterError.message);
  if (plan === undefined) return { ...not("Progressing", "looking at the cluster"), status: "Unknown" };
  if (findings.progress !== undefined) return syncing(findings.progress);
  const waits = gate?.reason === "ProgressingWithRetry" && findings.nextSyncAt !== undefined;
  const next = waits ? `; next try at ${findings.nextSyncAt}` : "";
  if (sync?.reason !== undefined && gate?.reason !== "RetriesExhausted")
    return not(sync.reason, `${sync.record.message ?? "the sync failed"}${next}`);
  if (gate !== undefined && !gate.open && !["Nothing", "Observing"].includes(gate.reason)) {
    // What people can look at meanwhile goes before that it is tried again.
    const reason = gate.failure === "AdmissionUnavailable" ? gate.failure : gate.reason;
    return not(reason, `${gate.message}${next}`);
  }
  if (plan.fights !== undefined) return not("Fighting", plan.fights);
  if (plan.blocked !== undefined) return not(plan.blockedReason ?? "Blocked", plan.blocked);
  if (plan.ownerErrors !== undefined) return not("BuildFailed", plan.ownerErrors);
  if (plan.unserved !== undefined) return not("WouldLoseIP", plan.unserved);
  if (plan.drift !== undefined) return not("DriftDetected", plan.drift);
  if (gate?.reason === "Observing") {
    return { type: "Ready", status: "True", reason: "ReconciliationSucceeded", message: gate.message };
  }
  if (plan.due > 0) return { ...not("Progressing", `${plan.due} steps to go`), status: "Unknown" };
  const without = plan.ended === undefined ? "" : `, but for what has no Namespace: ${plan.ended}`;
  const done = `the cluster is at ${short(source.revision!)}${without}`;
  return { type: "Ready", status: "True", reason: "ReconciliationSucceeded", message: done };
}

/** A sync that goes on: count, rate and time left; and what keeps it waiting. */
function syncing({ done, total, perSecond = 0, secondsLeft, trouble }: Progress): Said {
  const rate = perSecond > 0 ? `, ${perSecond.toFixed(1)}/s` : "";
  const left = secondsLeft === undefined ? "" : `, about ${spanLeft(secondsLeft)} left`;
  const steps = `${done} of ${total} steps done${rate}${left}`;
  if (trouble === undefined) return { type: "Ready", status: "Unknown", reason: "Progressing", message: steps };
  const message = `${trouble.message}; next try at ${trouble.nextTryAt}; ${steps}`;
  if (trouble.admission) return { type: "Ready", status: "False", reason: "AdmissionUnavailable", message };
  return {
    type: "Ready",
    status: "Unknown",
    reason: "Progressing",
    message: `${steps}; ${trouble.message}; next try at ${trouble.nextTryAt}`,
  };
}

function spanLeft(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

/** What kstatus asks for beside Ready. */
function progress({ gate, plan, progress: syncing }: Findings, ready: Said): Said[] {
  if (ready.status === "True") return [];
  const stalled = [
    "Suspended",
    "ApprovalRequired",
    "ApprovalStale",
    "RetriesExhausted",
    "AuthenticationFailed",
    "SourceNotFound",
    "SourceRefused",
    "SourceTooLarge",
    "VerificationFailed",
    "BuildFailed",
    "EmptySource",
    "LockMismatch",
  ];
  const waits =
    gate?.reason === "ProgressingWithRetry" ||
    ready.status === "Unknown" ||
    syncing !== undefined ||
    (gate?.open === true && plan !== undefined && plan.due > 0);
  if (waits) return [{ ...ready, type: "Reconciling", status: "True" }];
  return stalled.includes(ready.reason) ? [{ ...ready, type: "Stalled", status: "True" }] : [];
}

function sourceReady({ source }: Findings): Said {
  const type = "SourceReady";
  const { failure, read } = source;
  if (failure?.told || (failure !== undefined && read === undefined)) {
    return { type, status: "False", reason: failure.reason, message: failure.message };
  }
  if (read === undefined) return { type, status: "Unknown", reason: "Progressing", message: "reading the repository" };
  const where =
    source.pinned === undefined
      ? (read.ref ?? "the commit")
      : `pinned by annotation; spiderplan resume follows ${read.ref ?? "the source"} again`;
  const trouble =
    failure === undefined
      ? ""
      : `; since ${failure.since} it cannot be read (${failure.message}), and this revision stays in force`;
  return {
    type,
    status: "True",
    reason: "ReconciliationSucceeded",
    message: `${short(read.revision)} of ${where}${trouble}`,
  };
}

function sourceVerified({ wish, source }: Findings): Said[] {
  if (wish.source.verify === undefined) return [];
  const type = "SourceVerified";
  if (source.failure?.reason === "VerificationFailed") {
    return [{ type, status: "False", reason: "VerificationFailed", message: source.failure.message }];
  }
  const signedBy = source.read?.signedBy;
  if (signedBy === undefined)
    return [{ type, status: "Unknown", reason: "Progressing", message: "nothing was verified yet" }];
  return [{ type, status: "True", reason: "ReconciliationSucceeded", message: `signed by ${signedBy.join(", ")}` }];
}

function planReady({ planErrors, planErrorReason, plan, source }: Findings): Said {
  const type = "PlanReady";
  if (planErrors.length > 0) {
    const more = planErrors.length > 1 ? `; and ${planErrors.length - 1} more` : "";
    const kept = source.revision === undefined ? "nothing is in force" : `${short(source.revision)} stays in force`;
    const message = `${planErrors[0]}${more}; ${kept}`;
    return { type, status: "False", reason: planErrorReason ?? "BuildFailed", message };
  }
  if (plan === undefined) return { type, status: "Unknown", reason: "Progressing", message: "not planned yet" };
  if (plan.ownerErrors !== undefined)
    return { type, status: "False", reason: "BuildFailed", message: plan.ownerErrors };
  return { type, status: "True", reason: "ReconciliationSucceeded", message: `plan ${plan.digest}` };
}

function ipStable({ plan }: Findings): Said {
  const { moves, strands, released } = plan!.verdict;
  const unwanted = moves.filter((one) => one.migration === undefined);
  const type = "IPStable";
  // The verdict of these is of their addresses alone: whoever relies on the condition must know.
  const unreadable = plan!.unreadable === undefined ? "" : `; ${plan!.unreadable}`;
  const parts = [
    count(released.length, "address in use would be released", "addresses in use would be released"),
    count(strands.length, "Pod would get no address", "Pods would get no address"),
    count(unwanted.length, "Pod would move", "Pods would move"),
  ].filter((part) => part !== "");
  if (parts.length === 0) {
    return {
      type,
      status: "True",
      reason: "ReconciliationSucceeded",
      message: `no workload's address changes${unreadable}`,
    };
  }
  const reason = released.length > 0 ? "WouldReleaseInUseIP" : unwanted.length > 0 ? "WouldMoveIP" : "WouldLoseIP";
  return { type, status: "False", reason, message: `${parts.join(", ")}; nothing of that is written${unreadable}` };
}

function capacity({ plan }: Findings): Said {
  const type = "CapacityOK";
  if (plan!.capacity === undefined) {
    const bounded = plan!.bounded === undefined ? "" : `; ${plan!.bounded}`;
    const message = `every owner has the addresses it asks for${bounded}`;
    return { type, status: "True", reason: "ReconciliationSucceeded", message };
  }
  return { type, status: "False", reason: "PoolExhausted", message: plan!.capacity };
}

function blocked({ plan }: Findings): Said {
  const type = "Blocked";
  if (plan!.blocked === undefined)
    return { type, status: "False", reason: "ReconciliationSucceeded", message: "nothing is held back" };
  return { type, status: "True", reason: plan!.blockedReason ?? "Blocked", message: plan!.blocked };
}

function drifted({ plan }: Findings): Said {
  const type = "Drifted";
  if (plan!.fights !== undefined) return { type, status: "True", reason: "Fighting", message: plan!.fights };
  if (plan!.drift !== undefined) return { type, status: "True", reason: "DriftDetected", message: plan!.drift };
  return { type, status: "False", reason: "ReconciliationSucceeded", message: "nobody changed what spiderplan keeps" };
}

/** Nothing is claimed of a cluster that was not judged, but what was said before stays readable. */
function unknown({ previous }: Findings): Said[] {
  const kept = new Map((previous.conditions ?? []).map((one) => [one.type, one]));
  return ["IPStable", "CapacityOK", "Blocked", "Drifted"].map((type) => {
    const message = kept.get(type)?.message ?? "not judged yet";
    return { type, status: "Unknown" as const, reason: "Progressing", message };
  });
}

function count(number: number, one: string, many: string): string {
  return number === 0 ? "" : `${number} ${number === 1 ? one : many}`;
}

/** A commit as people write it. */
export function short(revision: string): string {
  return revision.slice(0, 7);
}
