import type { Diagnostic } from "../diagnostics.js";
import { clip, EMPTY, size, subtract } from "../ip/range-set.js";
import type { Lock } from "./allocation.js";
import { asOne, bySet, type Demand } from "./demand.js";
import { type Owner, ownerShown } from "./owner.js";
import { listed } from "./text.js";

/**
 * With lock files nothing is allocated outside `spiderplan lock`: a demand they do not cover stops its owner (DESIGN 5),
 * even where Pods of its own still use what the files forgot.
 * @param lock as read from the files
 * @param frozen owners that are passed over; those not covered are added
 */
export function checkCovered(demands: readonly Demand[], lock: Lock, frozen: Set<Owner>): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const stopped = new Set<Owner>();
  for (const set of bySet(demands.filter(({ owner }) => !frozen.has(owner)))) {
    const held = (demand: Demand) => lock.subnets.get(demand.subnet.name)?.held.get(demand.owner) ?? EMPTY;
    const unmet = set.flatMap((demand) => subtract(demand.wishes, clip(demand.wishes, held(demand))));
    const covered = set.reduce((sum, demand) => sum + Math.min(demand.count, size(held(demand))), 0);
    const { owner, subnet, count, reason, source } = asOne(set);
    if (covered >= count && unmet.length === 0) continue;
    const has = covered < count ? `holds ${covered} of ${count} addresses (${reason})` : `lacks ${listed(unmet)}`;
    for (const demand of set) stopped.add(demand.owner);
    diagnostics.push({
      code: "SP4107",
      severity: "error",
      message: `the lock does not cover ${ownerShown(owner, subnet.name)}: it ${has}`,
      hint: "run spiderplan lock and commit its change",
      source,
      about: owner,
    });
  }
  for (const owner of stopped) frozen.add(owner);
  return diagnostics;
}
