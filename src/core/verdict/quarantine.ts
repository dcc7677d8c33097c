import type { Allocated } from "../allocate/allocate.js";
import type { Lock } from "../allocate/allocation.js";
import { renamer } from "../allocate/moved.js";
import { ownerInSubnet } from "../allocate/owner.js";
import { byWave, type OrderedStep } from "../change/order.js";
import { promisedSteps } from "../desired/promised.js";
import { reservedOf, restingAfter } from "../desired/quarantine.js";
import { type QuarantineSteps, quarantineSteps } from "../desired/quarantine-steps.js";
import type { Options } from "../outcome.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import type { SpiderIPPool } from "../spiderpool/objects.js";
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

/** Our own reservations that fit what the steps really do: a step that is held back releases nothing, and offers nothing. */
export function quarantineOf(steps: readonly OrderedStep[], decided: Decided): QuarantineSteps {
  const { plan, lock, allocation, snapshot, facts, options } = decided;
  const { install, now, prune } = options;
  const seconds = plan.settings.quarantineSeconds;
  const owners = allocation.allocations.map(({ pool, owner, subnet }): [string, string] => [
    pool,
    ownerInSubnet(owner, subnet),
  ]);
  let after: ReadonlyMap<string, SpiderIPPool> | undefined;
  const poolsAfter = () => {
    after ??= snapshotAfter(snapshot, steps).pools;
    return after;
  };
  const rests = restingAfter({
    files: lock.files,
    lock: allocation.lock,
    ownerOf: new Map(owners),
    snapshot,
    poolsAfter,
    install,
    rename: renamer(allocation.plan),
    seconds,
    now,
  });
  const families = [...(facts.enableIPv4 ? [4 as const] : []), ...(facts.enableIPv6 ? [6 as const] : [])];
  const quarantine = quarantineSteps(rests, snapshot, { install, families, seconds, prune });
  const promised = promisedSteps(snapshot, {
    install,
    families,
    lock: allocation.lock,
    subnets: new Set(plan.subnets.keys()),
    ...(options.holding?.only && { only: options.holding.only }),
    poolsAfter,
    resting: (family) => reservedOf(rests, family),
    steps,
    prune,
  });
  return {
    steps: [...quarantine.steps, ...promised.steps],
    unchanged: quarantine.unchanged + promised.unchanged,
    diagnostics: [...quarantine.diagnostics, ...promised.diagnostics],
  };
}

/** All steps together, in the order they run. */
export function withQuarantine(steps: readonly OrderedStep[], { steps: resting }: QuarantineSteps): OrderedStep[] {
  return resting.length === 0 ? [...steps] : [...steps, ...resting].sort(byWave);
}
