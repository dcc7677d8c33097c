import type { SourceRef } from "../diagnostics.js";
import type { Kind, KubeObject } from "../spiderpool/objects.js";

/** One object as the plan wants it, in Spiderpool's canonical form, or the part of a shared one that the plan sets. */
export interface DesiredObject {
  readonly kind: Kind;
  readonly object: KubeObject;
  /** Why it is as it is: `3 replicas + 2 elastic`. */
  readonly reason: string;
  readonly source?: SourceRef;
  /**
   * `whole`: ours, created when absent, pruned when gone from the plan.
   * `anchor`: shared by all installs, created when absent, healed, never pruned (DESIGN 4).
   */
  readonly scope: "whole" | "anchor";
}
