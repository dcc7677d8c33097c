import type { Diagnostic } from "../diagnostics.js";
import type { Plan } from "../plan/plan.js";
import type { LivePools } from "./live.js";
import { type PoolNames, poolNames } from "./naming.js";
import { compareText } from "./order.js";
import { nicOwner, type Owner, takeOwner } from "./owner.js";

/**
 * A pool that an owner's pattern hits though it is not the owner's would be offered to its Pods (A5). A declared one
 * stops itself and the owner; somebody else's is theirs to rename.
 */
export function strayNames(plan: Plan, live: LivePools, names: PoolNames): Diagnostic[] {
  const foreign = live.foreign.flatMap((pool): Diagnostic[] => {
    const owner = names.ownerHitting(pool.metadata.name);
    if (owner === undefined) return [];
    const hint = "its owner should make it anew under another name; it may be in use";
    return [{ code: "SP4108", severity: "warning", ...stray(pool.metadata.name, owner, names), about: owner, hint }];
  });
  return [...strayDeclared(plan, names), ...foreign];
}

/** The same for declared pools alone, which needs no cluster: for `validate`. */
export function checkStrayNames(plan: Plan): Diagnostic[] {
  const owners = [...plan.workloads.values()].flatMap((workload) =>
    [...workload.interfaces.values()].flatMap(({ name, ask }) =>
      ask.type === "fixed" ? nicOwner(workload, name) : [],
    ),
  );
  return strayDeclared(plan, poolNames(owners.sort(compareText)));
}

function strayDeclared(plan: Plan, names: PoolNames): Diagnostic[] {
  return [...plan.pools.values()]
    .sort((a, b) => compareText(a.name, b.name))
    .flatMap(({ name, source }): Diagnostic[] => {
      const owner = names.ownerHitting(name);
      if (owner === undefined) return [];
      const hint = "give the pool another name";
      return [owner, takeOwner(name)].map((about) => ({
        code: "SP4108",
        severity: "error",
        ...stray(name, owner, names),
        hint,
        source,
        about,
      }));
    });
}

function stray(pool: string, owner: Owner, names: PoolNames): { message: string } {
  return { message: `pool ${pool} is hit by the pattern ${names.pattern(owner)} of ${owner}` };
}
