import type { OrderedStep } from "../change/order.js";
import { type Heeds, type Namers, referencesIn } from "../cluster/references.js";
import type { Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { networkOfConfig } from "../spiderpool/ipam/network-defaults.js";
import { KINDS, type SpiderMultusConfig } from "../spiderpool/objects.js";
import { snapshotAfter } from "./after.js";
import { replacedBy } from "./depends.js";
import { hold } from "./guard.js";
import { rehearse } from "./rehearse.js";

/**
 * Rehearses the steps that are not held back. Where a Namespace, network or template keeps a name for that reason, or the
 * pool that replaces it is not made, a pool or network stays too (DESIGN 7), and then what needs the addresses of that pool.
 */
export function holdBackNamed(
  steps: readonly OrderedStep[],
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  leaving: ReadonlySet<string>,
  heeds: Heeds,
): OrderedStep[] {
  for (let left = steps; ; ) {
    const played = rehearse(left, snapshot, facts, leaving);
    if (!played.some((step) => step.blocked !== undefined) || !played.some(takesName)) return played;
    const naming = namersAfter(played, snapshot, facts, heeds);
    const before = namersAfter(released(played), snapshot, facts, heeds);
    const isReplaced = replacedBy(played.filter(({ blocked }) => blocked !== undefined));
    const kept = played.map((step) => {
      const successor = takesName(step) ? isReplaced(step) : undefined;
      if (successor !== undefined) return hold(step, "depends", `${successor} is to take its place`, [successor]);
      const by = stillNamedBy(step, naming);
      return by === undefined || stillNamedBy(step, before) !== undefined
        ? step
        : hold(step, "depends", `${by} still names it; take that away first`);
    });
    if (kept.every((step, index) => step === played[index])) return played;
    left = kept;
  }
}

/** Who names what once the steps ran that are not held back. */
export function namersAfter(
  steps: readonly OrderedStep[],
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  heeds: Heeds,
): Namers {
  return referencesIn(snapshotAfter(snapshot, steps)).namers({ heeds, facts });
}

/** The steps as if none were held back. */
function released(steps: readonly OrderedStep[]): OrderedStep[] {
  return steps.map(({ blocked: _, ...step }) => step);
}

function takesName({ action, kind, blocked }: OrderedStep): boolean {
  const named = kind === KINDS.SpiderIPPool || kind === KINDS.SpiderMultusConfig;
  return action === "delete" && blocked === undefined && named;
}

function stillNamedBy(step: OrderedStep, naming: Namers): string | undefined {
  if (!takesName(step)) return undefined;
  if (step.kind === KINDS.SpiderIPPool) return naming.pool(step.name);
  return naming.network(networkOfConfig((step.live ?? step.object) as SpiderMultusConfig));
}
