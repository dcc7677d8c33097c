import type { Lock } from "../core/allocate/allocation.js";
import type { Diagnostic, LocatedDiagnostic, Result } from "../core/diagnostics.js";
import type { PlanDocument } from "../core/plan/collect.js";
import type { SourceFile, SourceTree } from "./source-repository.js";

/** A plan as it was read from one revision of a repository. */
export interface ReadPlan {
  readonly documents: readonly PlanDocument[];
  /** What reading the files found. */
  readonly diagnostics: readonly Diagnostic[];
  /** Looks up where in the files a finding is. */
  locate(diagnostic: Diagnostic): LocatedDiagnostic;
  /** The lock files of one cluster; undefined = the folder `default`. */
  lock(cluster: string | undefined): Promise<Result<Lock>>;
}

/** Reads the plan files of a source tree; files whose content was read before cost nothing. */
export type PlanReader = (
  tree: SourceTree,
  contents: (files: readonly SourceFile[]) => Promise<readonly Uint8Array[]>,
) => Promise<ReadPlan>;
