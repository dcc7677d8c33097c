import type { Step } from "../../core/change/step.js";
import { compareAddresses, familyOf } from "../../core/ip/address.js";
import type { Range } from "../../core/ip/range.js";
import { KINDS } from "../../core/spiderpool/objects.js";

/**
 * Splits the steps of a wave into chains: within one, steps touch the same addresses and run one after another, those
 * that give up first; chains run side by side (P25: Spiderpool does not serialise; I6, I7).
 * O(n log n) in ranges.
 */
export function chainsOf(steps: readonly Step[]): Step[][] {
  const group = steps.map((_, index) => index);
  const root = (index: number): number => {
    let at = index;
    while (group[at] !== at) at = group[at] = group[group[at]!]!;
    return at;
  };
  for (const family of [4, 6] as const) {
    let reach: Range | undefined;
    let holder = -1;
    for (const { range, index } of touched(steps, family)) {
      if (reach !== undefined && compareAddresses(range.first, reach.last) <= 0) {
        group[root(index)] = root(holder);
        if (compareAddresses(range.last, reach.last) <= 0) continue;
      }
      reach = range;
      holder = index;
    }
  }
  const chains = new Map<number, Step[]>();
  for (const [index, step] of steps.entries()) {
    const key = root(index);
    const chain = chains.get(key);
    if (chain === undefined) chains.set(key, [step]);
    else chain.push(step);
  }
  return [...chains.values()].map((chain) => [...chain].sort((a, b) => order(a) - order(b)));
}

/** Deletes and shrinks, then moves, then the rest. */
function order(step: Step): number {
  if (step.removed.length === 0) return 2;
  return step.added.length === 0 ? 0 : 1;
}

function touched(steps: readonly Step[], family: 4 | 6): { range: Range; index: number }[] {
  const found: { range: Range; index: number }[] = [];
  for (const [index, step] of steps.entries()) {
    if (step.kind !== KINDS.SpiderIPPool && step.kind !== KINDS.SpiderSubnet) continue;
    for (const range of [...step.added, ...step.removed]) {
      if (familyOf(range.first) === family) found.push({ range, index });
    }
  }
  return found.sort((a, b) => compareAddresses(a.range.first, b.range.first) || a.index - b.index);
}
