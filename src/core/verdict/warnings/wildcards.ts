import { parseNicOwner, splitOwner } from "../../allocate/owner.js";
import { templateFacts } from "../../cluster/pod-facts.js";
import { type Naming, patternsOf } from "../../cluster/references.js";
import type { Diagnostic } from "../../diagnostics.js";
import { recordedOwner } from "../../snapshot.js";
import { judgePool } from "../../spiderpool/ipam/filter.js";
import { GlobIndex } from "../../spiderpool/ipam/glob.js";
import type { SpiderIPPool } from "../../spiderpool/objects.js";
import type { Watch } from "./watch.js";
import { some } from "./words.js";

interface Wildcard {
  readonly naming: Naming;
  readonly pattern: string;
  readonly family: 4 | 6;
}

/** Others' patterns that pools which come or go begin or cease to match (A5). The last pool of a pattern never goes. */
export function wildcardWarnings(watch: Watch): Diagnostic[] {
  const [made, gone] = [watch.poolSteps("create"), watch.poolSteps("delete")];
  if (made.length + gone.length === 0) return [];
  const index = new Wildcards(watch.namings);
  const found: Diagnostic[] = [];
  for (const step of made) {
    const pool = step.object as SpiderIPPool;
    for (const one of index.hitting(pool)) {
      if (!serves(watch, one, pool)) continue;
      found.push({
        code: "SP4215",
        severity: "warning",
        message: `the pattern ${one.pattern} of ${one.naming.by} starts to match the new pool ${step.name}, which may serve its Pods`,
        hint: "rename the pool, or give it an affinity that shuts them out",
        source: step.source,
        about: `pool:${step.name}`,
      });
    }
  }
  for (const step of gone) {
    for (const one of index.hitting(step.object as SpiderIPPool)) {
      if (serves(watch, one, step.object as SpiderIPPool)) found.push(ceased(one, step.name));
    }
  }
  return found;
}

/** Patterns of planned NICs that hit no pool of a family the plan gives them: such Pods start without an address (A5). */
export function emptyPatternWarnings(watch: Watch, broken: ReadonlySet<string>): Diagnostic[] {
  const names = new Set<string>();
  for (const naming of watch.namings) {
    const { workload, nic } = naming;
    if (workload === undefined || broken.has(workload)) continue;
    const ask = watch.plan.workloads.get(workload)?.interfaces.get(nic)?.ask;
    if (ask?.type !== "fixed") continue;
    const enabled = (family: 4 | 6 | undefined) =>
      (family === 4 && watch.facts.enableIPv4) || (family === 6 && watch.facts.enableIPv6);
    const planned = new Set(ask.subnets.map((key) => watch.plan.subnets.get(key)?.family).filter(enabled));
    const served = new Set(watch.poolsOf(workload, nic).map((pool) => pool.spec.ipVersion));
    for (const { pattern, family } of patternsOf(naming)) {
      if (planned.has(family) && !served.has(family)) names.add(`IPv${family} ${pattern} of ${naming.by}`);
    }
  }
  if (names.size === 0) return [];
  return [
    {
      code: "SP4216",
      severity: "warning",
      message: `patterns match no pool after this plan, so Pods start without that address: ${some([...names].sort())}`,
      hint: "see which step of their pools is held back, and why",
    },
  ];
}

class Wildcards {
  readonly #index = new GlobIndex<Wildcard>();

  constructor(namings: readonly Naming[]) {
    for (const naming of namings) {
      for (const { pattern, family } of patternsOf(naming)) this.#index.add(pattern, { naming, pattern, family });
    }
  }

  /** Patterns that match a pool, without those of its own workload, whose they are meant to be. */
  hitting(pool: SpiderIPPool): Wildcard[] {
    if (pool.spec.disable === true) return [];
    const owner = workloadOf(pool);
    return [...this.#index.matching(pool.metadata.name)].filter(
      ({ naming: { workload }, family }) =>
        family === pool.spec.ipVersion && (workload === undefined || workload !== owner),
    );
  }
}

/** Whether the pool would let in a Pod of the template; of a Namespace or network nobody knows which Pods it means. */
function serves(watch: Watch, { naming, family }: Wildcard, pool: SpiderIPPool): boolean {
  const workload = naming.workload === undefined ? undefined : watch.after.workloads.get(naming.workload);
  if (workload === undefined) return true;
  return judgePool(pool, templateFacts(workload, watch.after), naming.nic, family, watch.facts).eligible;
}

function ceased({ naming, pattern }: Wildcard, pool: string): Diagnostic {
  return {
    code: "SP4215",
    severity: "warning",
    message: `the pattern ${pattern} of ${naming.by} ceases to match ${pool}, which is deleted`,
    hint: "make sure the pools it still matches suffice",
    about: `pool:${pool}`,
  };
}

function workloadOf(pool: SpiderIPPool): string | undefined {
  const recorded = recordedOwner(pool);
  const parts = recorded === undefined ? undefined : parseNicOwner(splitOwner(recorded).owner);
  return parts && `${parts.namespace}/${parts.kind}/${parts.workload}`;
}
