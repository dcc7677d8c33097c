import type { OrderedStep } from "../change/order.js";
import type { Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { KINDS } from "../spiderpool/objects.js";
import { hold } from "./guard.js";
import { type Heeds, type NamingIndex, namingIndex } from "./naming-index.js";
import { rehearse } from "./rehearse.js";

/**
 * Rehearses the steps that are not held back. Where a Namespace, network or template keeps a name for that reason, its
 * pool or network stays too (DESIGN 7), and then what needs the addresses of that pool.
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
    const naming = namingIndex(snapshot, played, heeds);
    const before = namingIndex(snapshot, released(played), heeds);
    const kept = played.map((step) => {
      const by = stillNamedBy(step, naming);
      return by === undefined || stillNamedBy(step, before) !== undefined
        ? step
        : hold(step, "depends", `${by} still names it; take that away first`);
    });
    if (kept.every((step, index) => step === played[index])) return played;
    left = kept;
  }
}

/** The steps as if none were held back. */
function released(steps: readonly OrderedStep[]): OrderedStep[] {
  return steps.map(({ blocked: _, ...step }) => step);
}

function takesName({ action, kind, blocked }: OrderedStep): boolean {
  const named = kind === KINDS.SpiderIPPool || kind === KINDS.SpiderMultusConfig;
  return action === "delete" && blocked === undefined && named;
}

function stillNamedBy(step: OrderedStep, naming: NamingIndex): string | undefined {
  if (!takesName(step)) return undefined;
  if (step.kind === KINDS.SpiderIPPool) return naming.pool(step.name);
  return naming.network(`${step.namespace}/${step.name}`);
}
