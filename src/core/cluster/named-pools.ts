import type { Namers } from "./references.js";

/** Pools that nobody uses and that are to go together: those of one owner, or one alone. */
export interface UnusedPools {
  readonly names: readonly string[];
  /** The NIC and family they were made for; undefined for pools of no workload. */
  readonly nic: string | undefined;
}

/**
 * Who keeps unused pools from being deleted (DESIGN 6, 7): whoever names one by its whole name, and by a pattern only
 * where the NIC and family have no other pool, since the pattern hits those and would keep this one for ever.
 * @param served NICs and families that have another pool after the change
 * @param namers who names pools, and is heeded
 * @returns for each of those that stay, who names it
 */
export function keptByName<T extends UnusedPools>(
  unused: readonly T[],
  served: ReadonlySet<string>,
  namers: Namers,
): Map<T, string> {
  const isLiteral = ({ names }: T) => names.some((name) => namers.literally(name));
  const nics = new Set([...served, ...unused.filter(isLiteral).flatMap(({ nic }) => nic ?? [])]);
  const hasOther = ({ nic }: T) => nic !== undefined && nics.has(nic);
  return new Map(
    unused.flatMap((one) => {
      const names = isLiteral(one) || !hasOther(one) ? one.names : [];
      const [by] = names.flatMap((name) => namers.pool(name) ?? []);
      return by === undefined ? [] : [[one, by] as const];
    }),
  );
}
