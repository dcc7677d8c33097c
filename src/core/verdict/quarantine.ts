import type { Allocated } from "../allocate/allocate.js";
import type { Lock } from "../allocate/allocation.js";
import { renamer } from "../allocate/moved.js";
import { ownerInSubnet } from "../allocate/owner.js";
import { byWave, type OrderedStep } from "../change/order.js";
import { restingAfter } from "../desired/quarantine.js";
import { type QuarantineSteps, quarantineSteps } from "../desired/quarantine-steps.js";
import type { Options } from "../outcome.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { snapshotAfter } from "./after.js";

/** What the quarantine follows from, beside the steps. */
interface Decided {
  readonly plan: Plan;
  /** As read. */
  readonly lock: Lock;
  readonly allocation: Pick<Allocated, "allocations" | "lock" | "plan">;
  readonly snapshot: Snapshot;
  readonly facts: SpiderpoolFacts;
  readonly options: Options;
}

/** The quarantine that fits what the steps really do: a step that is held back releases nothing. */
export function quarantineOf(steps: readonly OrderedStep[], decided: Decided): QuarantineSteps {
  const { plan, lock, allocation, snapshot, facts, options } = decided;
  const { install, now, prune } = options;
  const seconds = plan.settings.quarantineSeconds;
  const owners = allocation.allocations.map(({ pool, owner, subnet }): [string, string] => [
    pool,
    ownerInSubnet(owner, subnet),
  ]);
  const rests = restingAfter({
    files: lock.files,
    lock: allocation.lock,
    ownerOf: new Map(owners),
    snapshot,
    poolsAfter: () => snapshotAfter(snapshot, steps).pools,
    install,
    rename: renamer(allocation.plan),
    seconds,
    now,
  });
  const families = [...(facts.enableIPv4 ? [4 as const] : []), ...(facts.enableIPv6 ? [6 as const] : [])];
  return quarantineSteps(rests, snapshot, { install, families, seconds, prune });
}

/** All steps together, in the order they run. */
export function withQuarantine(steps: readonly OrderedStep[], { steps: resting }: QuarantineSteps): OrderedStep[] {
  return resting.length === 0 ? [...steps] : [...steps, ...resting].sort(byWave);
}
