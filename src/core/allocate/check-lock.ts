import { child, type Diagnostic, keyOf, type SourceRef } from "../diagnostics.js";
import { familyOf } from "../ip/address.js";
import { cidrRange, formatCidr } from "../ip/range.js";
import { formatRangeSet, type RangeSet, subtract } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import { compareText, fail, warn } from "../plan/scope.js";
import type { Lock, SubnetLock } from "./allocation.js";

/** The folder of a cluster's lock files as seen from the plan's root; `default` where no document has `clusters`. */
export function lockFolder(cluster: string | undefined): string {
  return `${LOCK_FOLDER}/${cluster ?? "default"}`;
}

/** Folder of all lock files, beside the plan and no part of it. */
export const LOCK_FOLDER = "spiderplan.lock";

/** Whether a lock that was read from files fits the plan: every subnet known, every address inside its CIDR. */
export function checkLock(lock: Lock, plan: Plan): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const [name, content] of [...lock.subnets].sort(([a], [b]) => compareText(a, b))) {
    const at: SourceRef = { file: `${lockFolder(plan.cluster)}/${name}.yaml`, document: 0, pointer: "" };
    const subnet = plan.subnets.get(name);
    if (subnet !== undefined) {
      const whole = [cidrRange(subnet.cidr)];
      for (const [owner, section, set] of claims(content)) {
        const outside = set[0] !== undefined && familyOf(set[0].first) !== subnet.family ? set : subtract(set, whole);
        if (outside.length === 0) continue;
        const ranges = formatRangeSet(outside);
        const scope = { at: keyOf(child(at, section, ranges[0]!)), about: `subnet:${name}`, found };
        fail(scope, "SP2041", `${ranges.join(", ")} of ${owner} lies outside ${formatCidr(subnet.cidr)}`, {
          hint: "correct the line; the CIDR of a live subnet cannot change (P4, U1): add a subnet instead",
          related: [{ note: `subnet ${name} is at`, source: subnet.source }],
        });
      }
    } else if (!plan.unreadable?.has(name) && (content.held.size > 0 || content.released.size > 0)) {
      warn(
        { at, about: `subnet:${name}`, found },
        "SP2042",
        `the plan has no subnet ${name}, but its lock file is there`,
        {
          hint: "bring the subnet back, or let spiderplan lock release what it holds",
        },
      );
    }
  }
  return found;
}

function* claims({ held, released }: SubnetLock): Generator<[string, "held" | "released", RangeSet]> {
  for (const [owner, set] of held) yield [owner, "held", set];
  for (const [owner, set] of released) yield [owner, "released", set];
}
