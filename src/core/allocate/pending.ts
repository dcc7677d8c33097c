import type { Diagnostic } from "../diagnostics.js";
import { clip, EMPTY, type RangeSet, subtract, union, unionAll } from "../ip/range-set.js";
import type { Demand } from "./demand.js";
import type { Holdings } from "./lock.js";
import { type Owner, ownerShown } from "./owner.js";
import { listed } from "./text.js";

/**
 * `pending: TICKET`: what a NIC gains while it carries the mark is held, but its pool does not offer it (DESIGN 5).
 * Writes the marks of all subnets anew; those of NICs that lost theirs are gone.
 * @param before what each owner held, by subnet
 */
export function markPending(
  demands: readonly Demand[],
  holdings: ReadonlyMap<string, Holdings>,
  before: ReadonlyMap<string, ReadonlyMap<Owner, RangeSet>>,
): void {
  const marks = new Map<string, Map<string, RangeSet>>();
  for (const { owner, subnet, pending } of demands) {
    const state = holdings.get(subnet.name);
    const held = state?.held.get(owner) ?? EMPTY;
    if (pending === undefined || state === undefined) continue;
    const marked = clip(held, unionAll([...state.pending.values()]));
    const gained = subtract(held, clip(held, before.get(subnet.name)?.get(owner) ?? EMPTY));
    const all = marks.get(subnet.name) ?? new Map<string, RangeSet>();
    marks.set(subnet.name, all.set(pending, union(all.get(pending) ?? EMPTY, marked, gained)));
  }
  for (const [subnet, state] of holdings) {
    state.pending.clear();
    for (const [ticket, set] of marks.get(subnet) ?? []) if (set.length > 0) state.pending.set(ticket, set);
  }
}

/** What of a demand's addresses waits for its mark to go. */
export function pendingOf({ owner, pending }: Demand, state: Holdings | undefined): RangeSet {
  const marked = pending === undefined ? undefined : state?.pending;
  return marked === undefined ? EMPTY : clip(state?.held.get(owner) ?? EMPTY, unionAll([...marked.values()]));
}

/**
 * Tells which addresses are held for a ticket.
 * @param locked whether lock files hold them; without, the next run may choose others, and a firewall would open for nobody
 */
export function tellPending(
  demands: readonly Demand[],
  holdings: ReadonlyMap<string, Holdings>,
  locked: boolean,
): Diagnostic[] {
  return demands.flatMap((demand): Diagnostic[] => {
    const { owner, subnet, source, pending } = demand;
    const waiting = pendingOf(demand, holdings.get(subnet.name));
    if (waiting.length === 0) return [];
    if (!locked) return [unlocked(demand, waiting)];
    return [
      {
        code: "SP3105",
        severity: "info",
        message: `${listed(waiting)} of ${ownerShown(owner, subnet.name)} is held for ${pending} and not offered yet`,
        hint: "remove `pending` from the interface once that is done",
        source,
        about: owner,
      },
    ];
  });
}

function unlocked({ owner, subnet, source, pending }: Demand, waiting: RangeSet): Diagnostic {
  return {
    code: "SP3106",
    severity: "error",
    message: `${listed(waiting)} of ${ownerShown(owner, subnet.name)} waits for ${pending}, but no lock file holds it until then`,
    hint: "run spiderplan lock and commit its files",
    source,
    about: owner,
  };
}
