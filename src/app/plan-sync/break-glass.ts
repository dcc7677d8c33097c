import { stepKey } from "../../core/change/step.js";
import { type BreakGlass, SWITCHES } from "../../core/plan-sync/switches.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import { parseTime } from "../../core/time.js";
import type { Cluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { EventRecorder } from "./events.js";
import type { Planning } from "./planning.js";

/** The break-glass of a PlanSync while its time is not over. */
export function activeBreakGlass(wish: Wish, now: number): BreakGlass | undefined {
  const { breakGlass } = wish.switches;
  return breakGlass !== undefined && now < parseTime(breakGlass.until)! ? breakGlass : undefined;
}

interface Context {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly events: EventRecorder;
}

/**
 * Ends a break-glass: when a revision other than the one it was made under says the same as the cluster (absorbed), or when
 * its time is over.
 */
export async function absorbBreakGlass(
  object: KubeObject,
  wish: Wish,
  planning: Planning,
  context: Context,
): Promise<void> {
  const { breakGlass } = wish.switches;
  if (breakGlass === undefined || wish.mode === "observe") return;
  const over = context.clock.now() >= parseTime(breakGlass.until)!;
  const left = new Set(planning.run.decided.outcome.steps.map(stepKey));
  const differs = breakGlass.objects.some((one) => left.has(one));
  const absorbed = !differs && planning.revision.tree.commit !== breakGlass.revision;
  if (!absorbed && !over) return;
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const annotations = { [SWITCHES.breakGlass]: null };
  await context.cluster.patch(
    { kind: KINDS.PlanSync, namespace, name },
    { metadata: { uid, resourceVersion, annotations } },
  );
  const commit = planning.revision.tree.commit.slice(0, 7);
  if (absorbed)
    await context.events.tell(object, "OverrideAbsorbed", `break-glass ${breakGlass.ticket}: ${commit} says the same`);
  else
    await context.events.tell(
      object,
      "OverrideExpired",
      `break-glass ${breakGlass.ticket} by ${breakGlass.by} is over; its objects follow ${commit} again`,
    );
}
