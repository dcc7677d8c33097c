import type { Summary, Verdict } from "../outcome.js";
import type { Gate } from "./gate.js";
import type { PlanSyncStatus, SyncRecord } from "./plan-sync.generated.js";
import type { Wish } from "./wish.js";

/** Everything one reconcile found and did; conditions and status are made of it and of nothing else. */
export interface Findings {
  readonly wish: Wish;
  readonly previous: PlanSyncStatus;
  /** RFC 3339. */
  readonly now: string;
  readonly source: SourceFindings;
  /** Whether the repository was looked at since a person last asked for a reconcile. */
  readonly handled: boolean;
  /** What is wrong with the newest revision, one line each, the first one first; empty when it can be planned. */
  readonly planErrors: readonly string[];
  /** Reason of the condition PlanReady when there are errors. */
  readonly planErrorReason?: "BuildFailed" | "EmptySource" | "LockMismatch";
  /** Why the cluster cannot be judged; the rest is then what was known before. */
  readonly clusterError?: {
    readonly reason: "AdmissionUnavailable" | "ReconciliationFailed" | "InternalError";
    readonly message: string;
  };
  /** The plan of the revision in force; absent while there is none, or the cluster cannot be judged. */
  readonly plan?: PlanFindings;
  readonly gate?: Gate;
  /** How far the sync is that goes on. */
  readonly progress?: Progress;
  /** `gate.until`, RFC 3339. */
  readonly nextSyncAt?: string;
  /** The sync that was tried, if one was. */
  readonly sync?: SyncFindings;
}

/** How far a sync is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly perSecond?: number;
  /** Undefined until there is a rate to tell it by. */
  readonly secondsLeft?: number;
  /** A write that is tried again; `admission` when a webhook that must be asked does not answer. */
  readonly trouble?: { readonly admission: boolean; readonly message: string; readonly nextTryAt: string };
}

export interface SourceFindings {
  /** The newest revision that could be read; another one than that in force while it cannot be planned. */
  readonly read?: { readonly revision: string; readonly ref?: string; readonly signedBy?: readonly string[] };
  /** The revision in force. */
  readonly revision?: string;
  readonly ref?: string;
  readonly tree?: string;
  readonly author?: string;
  readonly subject?: string;
  readonly committedAt?: string;
  readonly signedBy?: readonly string[];
  /** Newest revision that was looked at. */
  readonly attempted?: string;
  readonly pinned?: string;
  /** Why the repository cannot be read; it is told at once where waiting does not help, after a while else. */
  readonly failure?: {
    readonly reason: string;
    readonly message: string;
    readonly since: string;
    readonly told: boolean;
  };
}

export interface PlanFindings {
  readonly digest: string;
  readonly summary: Summary;
  readonly verdict: Verdict;
  /** Steps held back that a person has to decide on, in one line; absent when there are none. */
  readonly blocked?: string;
  readonly blockedReason?: string;
  /** What they are held back for, whoever of many Pods is named for it. */
  readonly blockedCause?: string;
  /** Owners that cannot have what they ask for, in one line. */
  readonly capacity?: string;
  /** Workloads whose number of Pods the plan limits although the lock follows them. */
  readonly bounded?: string;
  /** Objects that are beyond what is read of them, and so are judged on their addresses alone. */
  readonly unreadable?: string;
  /** Live templates whose new Pods find no pool, in one line. */
  readonly unserved?: string;
  /** Namespaces that are not there or go away, with what is not written for them. */
  readonly ended?: string;
  /** What somebody changed in the cluster since the revision was applied, in one line. */
  readonly drift?: string;
  /** Objects somebody keeps writing back. */
  readonly fights?: string;
  /** A break-glass in force. */
  readonly override?: string;
  /** Errors of single owners, in one line. */
  readonly ownerErrors?: string;
  /** What they are, whoever of many Pods is named for them. */
  readonly ownerErrorsCause?: string;
  /** Steps that are due and not held back by anything but the gate. */
  readonly due: number;
}

export interface SyncFindings {
  readonly record: SyncRecord;
  /** Reason of the failure, when it failed. */
  readonly reason?: string;
}
