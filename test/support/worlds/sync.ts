import { apply } from "../../../src/app/apply/apply.js";
import type { ApplyReport } from "../../../src/app/apply/apply-report.js";
import { lockRun } from "../../../src/app/lock-run.js";
import { observe } from "../../../src/app/observe.js";
import { type PlanRun, planRun } from "../../../src/app/plan-run.js";
import type { Lock } from "../../../src/core/allocate/allocation.js";
import type { Diagnostic } from "../../../src/core/diagnostics.js";
import type { Options } from "../../../src/core/outcome.js";
import type { NetworkPlanSpec } from "../../../src/core/plan/plan.generated.js";
import type { Snapshot } from "../../../src/core/snapshot.js";
import type { Cluster } from "../../../src/ports/cluster.js";
import { lookingAgain } from "../rejudge.js";
import type { WorldCluster } from "./cluster.js";

/** One who writes: its plan's files are in memory, its lock too. */
export interface Install {
  readonly name: string;
  lock: Lock;
  readonly lockFiles: boolean;
}

/** Dies with a write that never reaches the cluster. */
class Crash extends Error {}

export interface SyncWatch {
  /** The write with this number, from 1, is the one it dies before; 0 = it lives. */
  readonly crash: number;
  /** After a write reached the cluster. */
  readonly afterWrite: (count: number, told: string) => Promise<void>;
}

export interface Synced {
  readonly run: PlanRun;
  readonly report: ApplyReport | undefined;
  readonly crashed: boolean;
  readonly writes: readonly string[];
}

/** What spiderplan would do now: the path of every command, from documents to decision. */
export async function decideNow(
  world: WorldCluster,
  install: Install,
  spec: NetworkPlanSpec,
  more: Partial<Options> = {},
): Promise<PlanRun> {
  const { snapshot } = await observe(world.actor);
  return decideOn(snapshot, install, spec, world.clock.now(), more);
}

export function decideOn(
  snapshot: Snapshot,
  install: Install,
  spec: NetworkPlanSpec,
  now: number,
  more: Partial<Options> = {},
): PlanRun {
  return planRun({
    documents: [{ file: "plan.yaml", index: 0, spec }],
    diagnostics: [],
    cluster: undefined,
    lock: { value: install.lock, diagnostics: [] },
    snapshot,
    options: { install: install.name, prune: true, atomic: false, now, purpose: "sync", ...more },
  });
}

/** `spiderplan lock`, where the plan has lock files. @returns errors of the plan */
export async function lockNow(
  world: WorldCluster,
  install: Install,
  spec: NetworkPlanSpec,
): Promise<readonly Diagnostic[]> {
  if (!install.lockFiles) return [];
  const { snapshot } = await observe(world.actor);
  const locked = lockRun({
    documents: [{ file: "plan.yaml", index: 0, spec }],
    diagnostics: [],
    cluster: undefined,
    lock: { value: install.lock, diagnostics: [] },
    snapshot,
    install: install.name,
  });
  if (locked.value !== undefined) install.lock = { ...locked.value, files: true };
  return locked.diagnostics;
}

/** `spiderplan sync`, over the ports. */
export async function sync(
  world: WorldCluster,
  install: Install,
  spec: NetworkPlanSpec,
  watch: SyncWatch,
): Promise<Synced> {
  const run = await decideNow(world, install, spec);
  const writes: string[] = [];
  const { decided, snapshot } = run;
  if (decided === undefined) return { run, report: undefined, crashed: false, writes };
  const state = { dead: false };
  const cluster = watched(world.actor, watch, writes, state);
  try {
    const context = {
      cluster,
      clock: world.clock,
      identity: install.name,
      install: install.name,
      facts: { namespace: "kube-system" },
      rejudge: lookingAgain(cluster, decided.plan, snapshot),
    };
    const report = await apply(decided.outcome, context);
    return { run, report, crashed: false, writes };
  } catch (error) {
    if (!(error instanceof Crash) && !state.dead) throw error;
    return { run, report: undefined, crashed: true, writes };
  } finally {
    // A dead writer's Lease runs out with time; worlds do not wait for it.
    const lease = world.objects.all("Lease").get("kube-system/spiderplan-writer");
    if (lease !== undefined) world.objects.remove(lease);
  }
}

function watched(actor: Cluster, watch: SyncWatch, writes: string[], state: { dead: boolean }): Cluster {
  const alive = () => {
    if (state.dead) throw new Crash("killed");
  };
  const write = async <T>(kind: string, told: string, call: () => Promise<T>): Promise<T> => {
    alive();
    if (kind === "Lease") return call();
    if (watch.crash > 0 && writes.length + 1 >= watch.crash) {
      state.dead = true;
      throw new Crash("killed");
    }
    const result = await call();
    writes.push(told);
    await watch.afterWrite(writes.length, told);
    return result;
  };
  return {
    served: async (kinds) => actor.served(kinds),
    list: async (kind, options) => {
      alive();
      return actor.list(kind, options);
    },
    get: async (ref) => {
      alive();
      return actor.get(ref);
    },
    create: (object, kind) =>
      write(kind.kind, `create ${kind.kind} ${object.metadata.name}`, () => actor.create(object, kind)),
    patch: (ref, patch) =>
      write(ref.kind.kind, `patch ${ref.kind.kind} ${ref.name} ${JSON.stringify(patch)}`, () =>
        actor.patch(ref, patch),
      ),
    delete: (ref, conditions) =>
      write(ref.kind.kind, `delete ${ref.kind.kind} ${ref.name}`, () => actor.delete(ref, conditions)),
  };
}
