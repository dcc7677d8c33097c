import type { Diagnostic } from "../diagnostics.js";
import { clip, EMPTY, size, subtract } from "../ip/range-set.js";
import type { Demand } from "./demand.js";
import type { Holdings } from "./lock.js";
import { type Owner, ownerInSubnet } from "./owner.js";
import { listed } from "./text.js";

/**
 * With lock files nothing is allocated outside `spiderplan lock`: a demand they do not cover stops its owner (DESIGN 5).
 * @param frozen owners that are passed over; those not covered are added
 */
export function checkCovered(
  demands: readonly Demand[],
  holdings: ReadonlyMap<string, Holdings>,
  frozen: Set<Owner>,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const stopped = new Set<Owner>();
  for (const demand of demands) {
    const { owner, subnet, count, reason, wishes } = demand;
    if (frozen.has(owner)) continue;
    const held = holdings.get(subnet.name)?.held.get(owner) ?? EMPTY;
    const unmet = subtract(wishes, clip(wishes, held));
    if (size(held) >= count && unmet.length === 0) continue;
    const has = size(held) < count ? `holds ${size(held)} of ${count} addresses (${reason})` : `lacks ${listed(unmet)}`;
    stopped.add(owner);
    diagnostics.push({
      code: "SP4107",
      severity: "error",
      message: `the lock does not cover ${ownerInSubnet(owner, subnet.name)}: it ${has}`,
      hint: "run spiderplan lock and commit its change",
      source: demand.source,
      about: owner,
    });
  }
  for (const owner of stopped) frozen.add(owner);
  return diagnostics;
}
