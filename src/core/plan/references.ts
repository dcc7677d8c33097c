import type { DeclaredPool, Subnet } from "./plan.js";
import { fail, into, type Scope } from "./scope.js";
import type { KnownNames } from "./suggest.js";

/** What names in the plan may refer to. */
export interface References {
  /** Subnets that could be read. */
  readonly subnets: ReadonlyMap<string, Subnet>;
  /** Names that are declared, readable or not: a fault in the entry itself is not told twice. */
  readonly subnetNames: KnownNames;
  readonly poolNames: KnownNames;
  /** Pools that could be read; empty while they are. */
  readonly pools: ReadonlyMap<string, DeclaredPool>;
}

/** The subnet of that name; undefined, and noted unless it is only unreadable, if there is none. */
export function resolveSubnet(name: string, references: References, scope: Scope): Subnet | undefined {
  const subnet = references.subnets.get(name);
  if (subnet === undefined && !references.subnetNames.has(name)) {
    fail(scope, "SP2005", `there is no subnet ${name} in the plan`, {
      hint: references.subnetNames.didYouMean(name) ?? "declare it under spec.subnets",
    });
  }
  return subnet;
}

/** The names that are declared pools; each that is not is noted. */
export function checkPoolNames(names: readonly string[], references: References, scope: Scope): string[] {
  return names.filter((name, index) => {
    if (references.poolNames.has(name)) return true;
    fail(into(scope, index), "SP2006", `there is no pool ${name} in the plan`, {
      hint:
        references.poolNames.didYouMean(name) ??
        "declare it under spec.pools; a pool made by hand is adopted under its own name",
    });
    return false;
  });
}
