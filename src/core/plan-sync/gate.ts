import type { Approved } from "./approval.js";
import type { WindowState } from "./windows.js";
import type { Wish } from "./wish.js";

/** Whether a plan may be carried out now; the reasons are those of the conditions (ANCHORS 3.6). */
export interface Gate {
  readonly open: boolean;
  readonly reason:
    | "Nothing"
    | "Observing"
    | "Suspended"
    | "DriftDetected"
    | "OutsideWindow"
    | "ApprovalRequired"
    | "ApprovalStale"
    | "RetriesExhausted"
    | "ProgressingWithRetry"
    | "Progressing";
  readonly message: string;
  /** When it may open by itself, in milliseconds since 1970. */
  readonly until?: number;
  /** Reason of the try that failed last, where the next one is waited for. */
  readonly failure?: string;
}

export interface GateInput {
  readonly wish: Wish;
  /** Names the plan. */
  readonly digest: string;
  /** Steps that could be written. */
  readonly due: number;
  /** Whether they undo what somebody did to the cluster since this revision was applied. */
  readonly drift: boolean;
  /** Whether a person asked for this sync. */
  readonly requested: boolean;
  readonly approved: Approved;
  readonly windows: WindowState;
  /** Tries of this very plan that failed, and when the next one may be. */
  readonly failures?: {
    readonly count: number;
    readonly retryAt: number;
    readonly reason: string;
    readonly message: string;
  };
  readonly now: number;
}

const OPEN: Gate = { open: true, reason: "Progressing", message: "" };

/** Everything that keeps the operator from writing, in the order a person would ask. */
export function gateOf(input: GateInput): Gate {
  const { wish, due, windows, approved, requested, failures, now } = input;
  const closed = (reason: Gate["reason"], message: string, until?: number): Gate => ({
    open: false,
    reason,
    message,
    ...(until !== undefined && { until }),
  });
  if (wish.suspended) return closed("Suspended", suspension(wish));
  if (due === 0) return closed("Nothing", "");
  if (wish.mode === "observe") {
    return closed("Observing", `${steps(due)} would be written; mode observe writes nothing`);
  }
  const byPerson = approved.state === "approved" || requested;
  if (wish.mode === "automated" && input.drift && !wish.selfHeal && !byPerson) {
    return closed("DriftDetected", `${steps(due)} would undo drift; selfHeal is off`);
  }
  if (!windows.open && !(byPerson && windows.manualAllowed)) {
    return closed("OutsideWindow", `${steps(due)} wait: ${windows.reason}`, windows.changesAt);
  }
  if (wish.mode === "manual" && approved.state !== "approved") return notApproved(approved, input, closed);
  if (failures !== undefined && !requested) {
    const { count, retryAt, reason, message } = failures;
    const { limit } = wish.retry;
    if (limit >= 0 && count >= limit) {
      const tried = count === 1 ? "1 try" : `${count} tries`;
      return closed("RetriesExhausted", `gave up after ${tried} (${message}); a change or a request starts again`);
    }
    const of = limit < 0 ? "" : ` of ${limit}`;
    if (now < retryAt) {
      return { ...closed("ProgressingWithRetry", `try ${count}${of} failed: ${message}`, retryAt), failure: reason };
    }
  }
  return OPEN;
}

function notApproved(
  approved: Approved,
  { digest, due, wish }: GateInput,
  closed: (reason: Gate["reason"], message: string) => Gate,
): Gate {
  const how = `approve with: spiderplan sync ${wish.name} -n ${wish.namespace} --approve ${digest}`;
  if (approved.state === "void") {
    return closed("ApprovalStale", `the approval is void (${approved.why}); ${steps(due)} wait; ${how}`);
  }
  return closed("ApprovalRequired", `${steps(due)} wait for approval; ${how}`);
}

function suspension({ switches }: Wish): string {
  if (switches.unreadable.length > 0) return `suspended: ${switches.unreadable.join("; ")}`;
  return "suspended; spiderplan resume goes on";
}

function steps(count: number): string {
  return count === 1 ? "1 step" : `${count} steps`;
}
