import { formatRange } from "../ip/range.js";
import { clip, type RangeSet, subtract } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import type { Lock } from "./allocation.js";
import { asConflicts, type Conflicts, type Finding, findings } from "./conflicts.js";
import type { LivePools } from "./live.js";
import { indexHeld } from "./lock.js";
import { ownerInSubnet, splitOwner } from "./owner.js";
import type { OwnerIndex } from "./owner-index.js";
import type { Resting } from "./quarantine.js";
import type { Obstacles } from "./space.js";
import { listed } from "./text.js";

/** What lock files hold, by family. */
type Held = ReturnType<typeof indexHeld>;

/**
 * Edits of lock files by hand that `spiderplan lock` would never make (DESIGN 5): an address goes from one owner to
 * another only by way of `released` and a rest that is over (FIXED-2). Both owners stay as they are.
 * @param lock as read from the files
 */
export function inconsistentEdits(
  plan: Plan,
  lock: Lock,
  live: LivePools,
  resting: readonly Resting[],
  { inUse }: Obstacles,
): Conflicts {
  if (!lock.files) return { frozen: new Set(), diagnostics: [] };
  const held = indexHeld(lock.subnets);
  const rests = plan.settings.quarantineSeconds === 0 ? [] : resting.filter(({ over }) => !over);
  return asConflicts([...takenFromPools(held, live), ...takenFromRest(held, rests, inUse)]);
}

/** Locked to A, but B's live pool offers it; what is in use there is told as a conflict already. */
function takenFromPools(held: Held, live: LivePools): Finding[] {
  const found: Finding[] = [];
  for (const [key, { owner, pools, offered, used }] of live.claims) {
    const unused = subtract(offered, used);
    for (const [holder, ranges] of byHolder(held, unused)) {
      if (splitOwner(holder).owner === owner) continue;
      const pool = pools[0]!.metadata.name;
      const message = `${listed(ranges)} is locked to ${holder} but pool ${pool} of ${key} still offers it`;
      const hint = `give it back to ${owner} in the lock file; released there, and after its rest, others may have it`;
      for (const one of findings([splitOwner(holder).owner, owner], "SP4109", message, hint)) found.push(one);
    }
  }
  return found;
}

/** Locked to A while it rests for B. What A's Pods use already is past help: use comes before the lock. */
function takenFromRest(held: Held, rests: readonly Resting[], inUse: Obstacles["inUse"]): Finding[] {
  return rests.flatMap(({ range, owner, subnet, since }) => {
    const free = subtract([range], clip([range], inUse[typeof range.first === "bigint" ? 6 : 4]));
    return [...byHolder(held, free)].flatMap(([holder, ranges]) => {
      const by = splitOwner(holder).owner;
      if (by === owner) return [];
      const began = since === "" ? "" : ` since ${since}`;
      const message = `${ranges.map(formatRange).join(", ")} is locked to ${holder} but rests for ${ownerInSubnet(owner, subnet)}${began}`;
      const hint = `give it back to ${owner} in the lock file, or wait until its rest is over and run spiderplan lock`;
      return findings([by, owner], "SP4110", message, hint);
    });
  });
}

/** The parts of a set that somebody holds, by holder. */
function byHolder(held: Held, set: RangeSet): Map<string, RangeSet> {
  const found = new Map<string, RangeSet>();
  if (set.length === 0) return found;
  const index: OwnerIndex = typeof set[0]!.first === "bigint" ? held.v6 : held.v4;
  for (const { holder, range } of index.inside(set)) found.set(holder, [...(found.get(holder) ?? []), range]);
  return found;
}
