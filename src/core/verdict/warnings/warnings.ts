import type { Diagnostic } from "../../diagnostics.js";
import { adoptedFromOthers } from "./adopted-from.js";
import { defaultWarnings } from "./defaults.js";
import { networkEditWarnings } from "./network-edits.js";
import { newcomerWarnings } from "./newcomers.js";
import { nodeWarnings } from "./node-warnings.js";
import { notJudged } from "./not-judged.js";
import { poolsInDanger } from "./pools-in-danger.js";
import { recordsInDanger } from "./records-in-danger.js";
import { routeWarnings } from "./routes.js";
import { surgeWarnings } from "./surge.js";
import { unreachableWarnings } from "./unreachable.js";
import { unreadableWarnings } from "./unreadable.js";
import { Watch, type Watched } from "./watch.js";
import { emptyPatternWarnings, wildcardWarnings } from "./wildcards.js";

/**
 * What blocks nobody but should be known before a sync (DESIGN 6): what the plan brings about, what its own workloads
 * would meet in a rollout or drain, and what in its subnets is in danger already.
 * @param broken workloads of the plan with an error of their own: what they lack is told there
 */
export function planWarnings(watched: Watched, broken: ReadonlySet<string>): Diagnostic[] {
  const watch = new Watch(watched);
  return [
    ...nodeWarnings(watch),
    ...surgeWarnings(watch),
    ...networkEditWarnings(watch),
    ...adoptedFromOthers(watch),
    ...routeWarnings(watch.steps, watch.snapshot),
    ...defaultWarnings(watch),
    ...wildcardWarnings(watch),
    ...emptyPatternWarnings(watch, broken),
    ...unreachableWarnings(watch),
    ...newcomerWarnings(watch),
    ...poolsInDanger(watch),
    ...recordsInDanger(watch),
    ...notJudged(watch),
    ...unreadableWarnings(watch.snapshot),
  ];
}
