import { workloadsAbove } from "../../core/cluster/workload-of.js";
import { ClusterError } from "../../core/cluster-error.js";
import { decide } from "../../core/engine.js";
import { mergePlan } from "../../core/plan/merge.js";
import type { Plan } from "../../core/plan/plan.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import type { Snapshot } from "../../core/snapshot.js";
import { resolveFacts } from "../../core/spiderpool/facts.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import type { WatchableCluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { Logger } from "../../ports/telemetry.js";
import { type AcquireLease, apply } from "../apply/apply.js";
import { judgingAgain } from "../apply/judging-again.js";
import { observe } from "../observe.js";
import { count } from "../report/count.js";
import type { Deadlines } from "./deadlines.js";
import type { EventRecorder } from "./events.js";

/** Keeps a PlanSync until its objects are dealt with; only with `deletionPolicy: delete`. */
export const FINALIZER = "spiderplan.io/objects";

/** A plan that asks for nothing. */
const NOTHING = { file: "", index: 0, spec: {} };

interface Context {
  readonly cluster: WatchableCluster;
  readonly clock: Clock;
  readonly identity: string;
  readonly acquireLease?: AcquireLease;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly signal: AbortSignal;
}

/** Puts the finalizer on, or takes it off, as the policy says. */
export async function keepFinalizer(
  object: KubeObject,
  wish: Wish,
  { cluster }: Pick<Context, "cluster">,
): Promise<void> {
  const has = object.metadata.finalizers?.includes(FINALIZER) ?? false;
  const wants = wish.deletionPolicy === "delete" && wish.mode !== "observe";
  if (has !== wants) await setFinalizer(object, wants, cluster);
}

/**
 * A PlanSync is being deleted. By default everything stays where it is; with `deletionPolicy: delete` its objects go, but
 * for what is in use: that stays, and nobody keeps it any more.
 */
export async function giveUp(object: KubeObject, wish: Wish, context: Context): Promise<void> {
  const { cluster, clock, events } = context;
  if (!(object.metadata.finalizers?.includes(FINALIZER) ?? false)) return;
  const empty = mergePlan([NOTHING], undefined).value as Plan;
  const look = async () => withoutIdleWorkloads((await observe(cluster)).snapshot);
  const snapshot = await look();
  const deleting = { planSync: wish.key, what: "deleting", on: "" } as const;
  const within = <T>(carryOut: () => T) => context.deadlines.run(deleting, carryOut);
  const outcome = within(() =>
    decide(empty, { files: false, subnets: new Map() }, snapshot, {
      install: wish.key,
      prune: true,
      pruneBudget: Number.MAX_SAFE_INTEGER,
      atomic: false,
      now: clock.now(),
      purpose: "sync",
    }),
  );
  const report = await apply(outcome, {
    cluster,
    clock,
    identity: context.identity,
    install: wish.key,
    facts: resolveFacts(snapshot.facts, empty.settings.spiderpool),
    signal: context.signal,
    acquireLease: context.acquireLease,
    rejudge: judgingAgain(empty, snapshot, look, within),
  });
  const stay = outcome.steps.filter((step) => step.blocked !== undefined).length + outcome.verdict.leaving.length;
  context.logger.info({ deleted: report.deleted, stay, failed: report.failed.length }, "PlanSync deleted");
  if (report.failed.length + report.notStarted.length > 0)
    throw new ClusterError("Unavailable", report.failed[0]?.message ?? "called off", true);
  await events.tell(
    object,
    "Orphaned",
    `${count(report.deleted, "object")} deleted; ${count(stay, "object")} in use stay as they are`,
  );
  await setFinalizer(object, false, cluster);
}

/** What a workload without a single address names is not in use: it asks for no pool or network to stay. */
function withoutIdleWorkloads(snapshot: Snapshot): Snapshot {
  const busy = new Set([...snapshot.endpoints.keys()].flatMap((pod) => workloadsAbove(snapshot, pod)));
  return { ...snapshot, workloads: new Map([...snapshot.workloads].filter(([key]) => busy.has(key))) };
}

async function setFinalizer(object: KubeObject, wanted: boolean, cluster: WatchableCluster): Promise<void> {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = object.metadata;
  const others = finalizers.filter((one) => one !== FINALIZER);
  const next = wanted ? [...others, FINALIZER] : others;
  await cluster.patch(
    { kind: KINDS.PlanSync, namespace, name },
    { metadata: { uid, resourceVersion, finalizers: next } },
  );
}
