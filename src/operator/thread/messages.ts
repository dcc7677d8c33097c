import type { DeadlinedWork } from "../../app/plan-sync/deadlines.js";
import type { ClusterErrorReason } from "../../core/cluster-error.js";
import type { Labels } from "../../ports/telemetry.js";
import type { WebhookHint } from "../webhooks/webhook.js";
import type { HeldCell } from "./held-cell.js";

/** Which Lease, for whom and for how long to wait; what a message can carry of `LeaseOptions`. */
export interface LeaseRequest {
  readonly namespace: string;
  readonly identity: string;
  readonly timeout: number;
}

/** What the thread that works tells the one that leads. */
export type FromWork =
  /** A line for stdout or stderr, with its line feed. */
  | { readonly type: "line"; readonly to: "stdout" | "stderr"; readonly text: string }
  | {
      readonly type: "metric";
      readonly call: "count" | "set" | "observe";
      readonly name: string;
      readonly value: number;
      readonly labels: Labels;
    }
  | { readonly type: "forget"; readonly name: string; readonly labels: Labels }
  /** Its event loop turns. */
  | { readonly type: "beat"; readonly troubles: readonly string[] }
  | { readonly type: "begin"; readonly id: number; readonly work: DeadlinedWork }
  | { readonly type: "end"; readonly id: number }
  | { readonly type: "acquire"; readonly id: number; readonly lease: LeaseRequest }
  | { readonly type: "cancel"; readonly id: number }
  | { readonly type: "release"; readonly id: number }
  /** All it had to finish is finished. */
  | { readonly type: "ended"; readonly error?: string };

/** What the thread that leads tells the one that works. */
export type ToWork =
  /** End soon: the lead is lost, or given back. */
  | { readonly type: "stop" }
  | { readonly type: "hint"; readonly hint: WebhookHint }
  | { readonly type: "waiting"; readonly id: number; readonly holder: string }
  | { readonly type: "acquired"; readonly id: number; readonly held: HeldCell }
  | { readonly type: "refused"; readonly id: number; readonly error: SentError }
  | { readonly type: "released"; readonly id: number };

/** A failure as a message can carry it. */
export type SentError =
  | { readonly type: "taken"; readonly holder: string }
  | {
      readonly type: "cluster";
      readonly reason: ClusterErrorReason;
      readonly message: string;
      readonly transient: boolean;
      readonly status?: number;
      readonly retryAfterSeconds?: number;
    }
  | { readonly type: "other"; readonly message: string };

/** Work that was cut off, and until when it is not begun again (wall time). */
export interface Refusal {
  readonly work: DeadlinedWork;
  readonly why: string;
  readonly until: number;
}

/** What a thread that works starts from. */
export interface WorkStart<Settings> {
  readonly settings: Settings;
  /** Whether this process leads. */
  readonly lead: HeldCell;
  readonly refusals: readonly Refusal[];
}
