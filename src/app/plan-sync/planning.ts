import type { Lock } from "../../core/allocate/allocation.js";
import { readQuarantine } from "../../core/allocate/quarantine.js";
import type { Step } from "../../core/change/step.js";
import type { LocatedDiagnostic } from "../../core/diagnostics.js";
import type { Holding } from "../../core/outcome.js";
import type { PlanPrint } from "../../core/plan-sync/approval.js";
import type { Findings } from "../../core/plan-sync/findings.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import { parseTime } from "../../core/time.js";
import type { Digest } from "../../ports/runtime.js";
import { lockRun } from "../lock-run.js";
import type { Observation } from "../observation.js";
import { type Merge, type PlanRun, planRun } from "../plan-run.js";
import { planPrint } from "../report/plan-json.js";
import type { ClusterLock } from "./cluster-lock.js";
import { CutOff, type DeadlinedWork, type Deadlines } from "./deadlines.js";
import type { Revision } from "./source-follower.js";

/** A decision on one revision and one state of the cluster. */
export interface Planning {
  readonly revision: Revision;
  readonly run: PlanRun & { readonly decided: NonNullable<PlanRun["decided"]> };
  readonly print: PlanPrint;
  /** Findings of all stages, with their places. */
  readonly diagnostics: readonly LocatedDiagnostic[];
  /** The lock as it must be written before the first pool (`lock: cluster`). */
  readonly nextLock?: Lock;
  /** When time alone may change the decision, in milliseconds since 1970. */
  readonly until: number;
}

/** What a revision came to: a decision, or why there is none. */
export type Planned = { readonly type: "planned"; readonly planning: Planning } | Broken;

/** A revision that cannot be planned. */
export interface Broken {
  readonly type: "broken";
  /** One line each, with its place. */
  readonly errors: readonly string[];
  readonly reason: NonNullable<Findings["planErrorReason"]>;
}

export interface PlanInputs {
  readonly wish: Wish;
  readonly observation: Observation;
  /** Set with `lock: cluster`. */
  readonly clusterLock?: ClusterLock;
  readonly holding: Holding;
  readonly now: number;
  readonly sha256: Digest;
  readonly deadlines: Deadlines;
  /** Joins the documents; `mergePlan` unless given. */
  readonly merge?: Merge;
}

/** Without anything else happening a decision is looked at again after this time, in milliseconds. */
const AGAIN = 600_000;

/** Decides on one revision. @throws ClusterError when the lock in the cluster cannot be read */
export async function planRevision(revision: Revision, inputs: PlanInputs): Promise<Planned> {
  try {
    return await decideOn(revision, inputs);
  } catch (error) {
    if (!(error instanceof CutOff)) throw error;
    return { type: "broken", errors: [error.message], reason: "BuildFailed" };
  }
}

async function decideOn(revision: Revision, inputs: PlanInputs): Promise<Planned> {
  const { wish, observation, now } = inputs;
  const { plan } = revision;
  const install = wish.key;
  const input = {
    documents: plan.documents,
    diagnostics: [...plan.diagnostics, ...observation.diagnostics],
    cluster: wish.cluster,
    snapshot: observation.snapshot,
    install,
    merge: inputs.merge,
  };
  const work = planningWork(install, revision);
  const { clusterLock, deadlines } = inputs;
  const read = await (clusterLock === undefined
    ? deadlines.runAsync(work, () => plan.lock(wish.cluster))
    : clusterLock.read());
  const { run, nextLock } = deadlines.run(work, () => {
    const next = inputs.clusterLock === undefined ? undefined : lockRun({ ...input, lock: read }).value;
    const locked = next && { ...next, files: true, followsLive: true };
    const decided = planRun({
      ...input,
      lock: locked === undefined ? read : { value: locked, diagnostics: read.diagnostics },
      options: {
        install,
        prune: wish.prune,
        pruneBudget: wish.pruneBudget,
        atomic: wish.atomic,
        now,
        purpose: "sync",
        holding: inputs.holding,
      },
    });
    return { run: decided, nextLock: locked };
  });
  const located = run.diagnostics.map((one) => plan.locate(one));
  const { decided } = run;
  if (decided === undefined) return broken(located);
  return {
    type: "planned",
    planning: {
      revision,
      run: { ...run, decided },
      print: planPrint(run, inputs.sha256),
      diagnostics: located,
      ...(nextLock && { nextLock }),
      until: Math.min(now + AGAIN, restsEnd(decided.plan.settings.quarantineSeconds, observation, install, now)),
    },
  };
}

/** What is cut off when it does not end: the deciding on one folder of a repository, whichever commit it is of. */
export function planningWork(planSync: string, { tree }: Revision): DeadlinedWork {
  return { planSync, what: "planning", on: tree.tree };
}

/** Steps that would be written now. */
export function dueOf({ run }: Planning): readonly Step[] {
  return run.decided.outcome.steps.filter((step) => step.blocked === undefined);
}

/** `plan/app.yaml:12:19 SP2011 10.6.124.250 lies outside ...`. */
export function findingLine({ file, line, column, code, message }: LocatedDiagnostic): string {
  const place = file === undefined ? "" : `${[file, line, column].filter((part) => part !== undefined).join(":")} `;
  return `${place}${code} ${message}`;
}

function broken(located: readonly LocatedDiagnostic[]): Planned {
  const errors = located.filter(({ severity }) => severity === "error");
  const reason = errors.some(({ code }) => code === "SP4115")
    ? "EmptySource"
    : errors.some(({ file }) => file?.startsWith("spiderplan.lock/"))
      ? "LockMismatch"
      : "BuildFailed";
  return { type: "broken", errors: errors.map(findingLine), reason };
}

/** When the first rest of a released address is over. */
function restsEnd(seconds: number, { snapshot }: Observation, install: string, now: number): number {
  let first = Number.POSITIVE_INFINITY;
  for (const { since, over } of readQuarantine(snapshot, install)) {
    const start = parseTime(since);
    if (over || start === undefined) continue;
    const end = start + seconds * 1000;
    if (end > now && end < first) first = end;
  }
  return first;
}
