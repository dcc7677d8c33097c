import type { Step } from "../../core/change/step.js";
import type { ClusterErrorReason } from "../../core/cluster-error.js";

/** What became of a step that was carried out. */
export type Done = "created" | "updated" | "deleted" | "adopted";

/** A step the cluster refused, or did not answer. */
export interface FailedStep {
  readonly step: Step;
  readonly reason: ClusterErrorReason;
  readonly message: string;
}

/** A step not carried out, since it would not have been safe. */
export interface WithheldStep {
  readonly step: Step;
  readonly message: string;
}

/** What the touched CIDRs look like after the last wave. */
export interface ApplyCheck {
  /** CIDRs listed again. */
  readonly cidrs: readonly string[];
  /** Two pools that offer the same addresses. */
  readonly overlaps: readonly string[];
  /** Addresses in use that their pool does not offer any more, or that a Pod has from another pool than before. */
  readonly displaced: readonly string[];
}

/** What a run did. */
export interface ApplyReport {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly adopted: number;
  readonly failed: readonly FailedStep[];
  readonly withheld: readonly WithheldStep[];
  /** Steps never begun: the run was called off, lost its Lease or the cluster. */
  readonly notStarted: readonly Step[];
  /** Undefined when nothing was written or the run ended early. */
  readonly check: ApplyCheck | undefined;
  /** Whether the signal ended the run. */
  readonly aborted: boolean;
  /** Why the run ended early, other than by the signal. */
  readonly stopped: string | undefined;
}

/** How far the run is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly perSecond: number;
  /** Undefined until there is a rate to tell it by. */
  readonly secondsLeft: number | undefined;
}

/** What a run tells while it goes on. */
export type ApplyEvent =
  /** We may write, under this name. */
  | { readonly type: "lease"; readonly holder: string }
  | { readonly type: "wave"; readonly wave: number }
  | { readonly type: "wait"; readonly message: string }
  | { readonly type: "retry"; readonly step: Step; readonly message: string; readonly seconds: number }
  | {
      readonly type: "step";
      readonly step: Step;
      readonly result: Done | "failed" | "withheld";
      readonly message?: string;
      readonly progress: Progress;
    }
  | { readonly type: "check" };
