import type { Allocation, Lock, SubnetUsage } from "./allocate/allocation.js";
import type { Step } from "./change/step.js";
import type { Diagnostic } from "./diagnostics.js";
import type { Plan } from "./plan/plan.js";

/** What is left alone for now although the plan asks for it: decided by people, or by an operator for them. */
export interface Holding {
  /** Objects nobody touches, by `objectKey`, each with the reason. */
  readonly objects?: ReadonlyMap<string, string>;
  /**
   * Only what these name and what that needs: `subnet:app-v4`, `pool:shared-a`, `network:kube-system/macvlan`,
   * `namespace:shop`, `reserved:printers`, or an owner or the beginning of one, `default/Deployment/app`.
   */
  readonly only?: readonly string[];
}

/** What one run may do, beyond what the plan says. */
export interface Options {
  /** Who writes: objects of other installs are never touched. */
  readonly install: string;
  readonly prune: boolean;
  /** Overrides the plan's prune budget: a count alone, or both limits. */
  readonly pruneBudget?: number | { readonly count: number; readonly percent: number };
  /** One blocked step blocks all. */
  readonly atomic: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What the outcome is for: a sync refuses what a plan only warns about (unknown networks). */
  readonly purpose: "plan" | "sync";
  /** What is left alone for now. */
  readonly holding?: Holding;
}

/** A Pod that would not simply keep its address. */
export interface VerdictEntry {
  readonly pod: string;
  readonly interface: string;
  readonly address: string;
  readonly pool: string;
  readonly owner: string;
  readonly reasons: readonly string[];
  /** The migration that allows it, `<from> -> <to>`; a move without one blocks. */
  readonly migration?: string;
}

/** A fixed pool that waits for its last users before it goes. */
export interface LeavingEntry {
  readonly owner: string;
  readonly pool: string;
  readonly addresses: readonly string[];
  /** How many addresses of it are in use. */
  readonly inUse: number;
  /** Steps that wait for its addresses, `Kind name`. */
  readonly waiting: readonly string[];
}

export interface Verdict {
  /** null: something changes whose effect on live Pods nothing judges yet. */
  readonly stable: boolean | null;
  readonly judged: readonly string[];
  readonly stays: number;
  readonly moves: readonly VerdictEntry[];
  readonly strands: readonly VerdictEntry[];
  readonly released: readonly VerdictEntry[];
  readonly leaving: readonly LeavingEntry[];
}

export interface Summary {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly unchanged: number;
  readonly adopt: number;
  readonly blocked: number;
}

/** Everything a run decided. Pure data: reports, apply and approval all start from it. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly summary: Summary;
  /** In the order they would run: by wave, then kind, then name. */
  readonly steps: readonly Step[];
  readonly allocations: readonly Allocation[];
  /** The lock as it should be after the sync. */
  readonly lock: Lock;
  readonly usage: readonly SubnetUsage[];
  readonly diagnostics: readonly Diagnostic[];
  /** Set when deletes exceed the budget: none runs (DESIGN 7). */
  readonly pruneBudgetExceeded?: { readonly deletes: number; readonly count: number; readonly percent: number };
  /** Set when the plan takes renamings back: the plan that says so, for whoever judges the steps again. */
  readonly returned?: Plan;
}
