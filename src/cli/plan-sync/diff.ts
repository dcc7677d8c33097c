import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSourceRepository } from "../../adapters/git/source-repository.js";
import { lockText } from "../../adapters/plan-files/lock-text.js";
import { parseCache } from "../../adapters/plan-files/parse-cache.js";
import { isPlanOrLockFile, loadPlanTree } from "../../adapters/plan-files/plan-tree.js";
import { isBlocked } from "../../app/exit-code.js";
import { observe, planNeeds } from "../../app/observe.js";
import { ClusterLock } from "../../app/plan-sync/cluster-lock.js";
import { NO_DEADLINES } from "../../app/plan-sync/deadlines.js";
import { planRevision } from "../../app/plan-sync/planning.js";
import type { Revision } from "../../app/plan-sync/source-follower.js";
import { sourceSpec } from "../../app/plan-sync/source-spec.js";
import { objectDiffs } from "../../app/report/object-diff.js";
import { short } from "../../core/plan-sync/conditions.js";
import { printable } from "../../core/printable.js";
import { SourceError } from "../../core/source-error.js";
import { systemClock } from "../clock.js";
import { sha256 } from "../decision.js";
import { showDiffs } from "../diff.js";
import { CliError, type Io } from "../io.js";
import type { OutputOptions } from "../options.js";
import { serialize } from "../serialize.js";
import { findPlanSync, type Target, type TargetOptions } from "./target.js";

/**
 * `spiderplan diff NAME`: what the operator would change, object by object. The engine gives the same answer everywhere, so
 * this reads the same revision of the same repository and decides for itself; its digest says whether it is the operator's.
 * @returns 0 no differences, 1 differences, 3 something is blocked, 2 error (thrown errors become 2 in main)
 */
export async function planSyncDiffCommand(
  io: Io,
  name: string,
  options: TargetOptions & OutputOptions,
): Promise<number> {
  const target = await findPlanSync(io, name, options);
  const folder = await mkdtemp(join(tmpdir(), "spiderplan-source-"));
  try {
    return await diff(io, target, await readSource(io, target, folder), options);
  } catch (error) {
    throw error instanceof SourceError ? new CliError(`the repository cannot be read: ${error.message}`) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function diff(
  io: Io,
  { cluster, wish, status }: Target,
  revision: Revision,
  options: OutputOptions,
): Promise<number> {
  const { only } = wish.switches;
  const planned = await planRevision(revision, {
    wish,
    observation: await observe(cluster, planNeeds(revision.plan.documents)),
    ...(wish.lock === "cluster" && {
      clusterLock: new ClusterLock(cluster, wish, lockText),
    }),
    holding: only === undefined ? {} : { only },
    now: systemClock.now(),
    sha256,
    deadlines: NO_DEADLINES,
  });
  if (planned.type === "broken") {
    for (const error of planned.errors) io.stderr.write(`${printable(error)}\n`);
    return 2;
  }
  const { run, print } = planned.planning;
  const { outcome } = run.decided;
  const diffs = objectDiffs(outcome.steps, (value) => serialize(value, "yaml"));
  if (diffs.length > 0) await showDiffs(io, diffs, options.color);
  const same = print.digest === status.plan?.digest;
  const whose = same ? "the plan the operator has" : `the operator has ${status.plan?.digest ?? "no plan yet"}`;
  io.stderr.write(`${printable(`${short(revision.tree.commit)}: plan ${print.digest}, ${whose}`)}\n`);
  if (isBlocked(outcome)) return 3;
  return diffs.length > 0 ? 1 : 0;
}

/** The revision the operator looked at last, else what the source points to. */
async function readSource(io: Io, { cluster, wish, status }: Target, dataDir: string): Promise<Revision> {
  const { source, namespace } = wish;
  const repository = openSourceRepository({ dataDir, env: io.env, wanted: isPlanOrLockFile });
  const spec = await sourceSpec(cluster, namespace, source);
  const attempted = status.lastAttemptedRevision;
  const revision = attempted === undefined ? await repository.resolve(spec, io.signal) : { commit: attempted };
  const tree = await repository.read(spec, revision, io.signal);
  const plan = await loadPlanTree(tree, (files) => repository.contents(spec, files, io.signal), parseCache());
  return { tree, plan };
}
