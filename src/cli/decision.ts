import { createHash } from "node:crypto";
import { readLockFolder } from "../adapters/plan-files/lock-files.js";
import { type ObserveOptions, planNeeds } from "../app/observe.js";
import { type PlanRun, planRun } from "../app/plan-run.js";
import type { PlanHeading } from "../app/report/plan-heading.js";
import type { Diagnostic, LocatedDiagnostic } from "../core/diagnostics.js";
import type { Holding, Options } from "../core/outcome.js";
import { planCluster } from "../core/plan/merge.js";
import type { Snapshot } from "../core/snapshot.js";
import type { Digest } from "../ports/runtime.js";
import type { Io } from "./io.js";
import type { DecideOptions } from "./options.js";
import { openPlan, type PlanSource, shownPath } from "./plan-source.js";

/** A run together with all that is needed to report on it. */
export interface Decision {
  readonly source: PlanSource;
  readonly run: PlanRun;
  readonly diagnostics: readonly LocatedDiagnostic[];
  readonly heading: PlanHeading;
}

/** The facts of a cluster, and in words where they come from. */
export interface Observed {
  readonly snapshot: Snapshot;
  readonly against: string;
  /** What could not be read, and what that means. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What a command wants decided. */
export interface DecideFor {
  readonly purpose: Options["purpose"];
  /** Whether its output names the Git revision; asking costs two processes. */
  readonly revision: boolean;
  /** What is left alone. */
  readonly holding?: Holding;
  readonly observe: (needs: Promise<ObserveOptions>) => Promise<Observed>;
}

/** Reads plan and lock, looks at the cluster meanwhile, decides. */
export async function decideRun(io: Io, options: DecideOptions, wanted: DecideFor): Promise<Decision> {
  const opening = openPlan(io, options.path);
  const observing = wanted.observe(opening.then(({ loaded }) => planNeeds(loaded.documents)));
  observing.catch(() => {}); // A plan that cannot be opened is told first.
  const source = await opening;
  const [lock, observed, revision] = await Promise.all([
    readLockFolder(source.root, planCluster(source.loaded.documents, options.cluster)),
    observing,
    wanted.revision ? revisionText(source.root) : undefined,
  ]);
  const run = planRun({
    documents: source.loaded.documents,
    diagnostics: [...source.loaded.diagnostics, ...observed.diagnostics],
    cluster: options.cluster,
    lock,
    snapshot: observed.snapshot,
    options: {
      install: options.install,
      prune: options.prune,
      pruneBudget: options.pruneBudget,
      atomic: options.atomic,
      now: options.now ?? Date.now(),
      purpose: wanted.purpose,
      holding: wanted.holding,
    },
  });
  const heading: PlanHeading = {
    path: shownPath(io.cwd, source.root),
    revision,
    cluster: options.cluster,
    install: options.install,
    against: observed.against,
  };
  return { source, run, diagnostics: source.locate(run.diagnostics), heading };
}

export const sha256: Digest = (text) => createHash("sha256").update(text).digest("hex");

/** `3f2c9d1`, with a mark when the folder differs from it. */
async function revisionText(folder: string): Promise<string | undefined> {
  const { readRevision } = await import("../adapters/git/revision.js");
  const revision = await readRevision(folder);
  return revision && `${revision.commit.slice(0, 7)}${revision.dirty ? " + local changes" : ""}`;
}
