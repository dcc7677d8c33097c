import type { Namers } from "./references.js";

/** Pools that nobody uses and that are to go together: those of one owner, or one alone. */
export interface UnusedPools {
  readonly names: readonly string[];
  /** The NIC and family they were made for; undefined for pools of no workload. */
  readonly nic: string | undefined;
  readonly namers: Namers;
}

/**
 * Who keeps unused pools from being deleted (DESIGN 6, 7): whoever names one by its whole name, and by a pattern only
 * where the NIC and family have no other pool, since the pattern hits those and would keep this one for ever.
 * @param served NICs and families that have another pool after the change
 * @returns for each of those that stay, who names it
 */
export function keptByName<T extends UnusedPools>(unused: readonly T[], served: ReadonlySet<string>): Map<T, string> {
  const first = (one: T, named: (name: string) => boolean) => {
    const name = one.names.find(named);
    return name === undefined ? undefined : one.namers.pool(name);
  };
  const literally = new Map(
    unused.flatMap((one) => {
      const by = first(one, (name) => one.namers.literally(name));
      return by === undefined ? [] : [[one, by] as const];
    }),
  );
  const nics = new Set([...served, ...[...literally.keys()].flatMap(({ nic }) => nic ?? [])]);
  return new Map(
    unused.flatMap((one) => {
      const hasOther = one.nic !== undefined && nics.has(one.nic);
      const by =
        literally.get(one) ?? (hasOther ? undefined : first(one, (name) => one.namers.pool(name) !== undefined));
      return by === undefined ? [] : [[one, by] as const];
    }),
  );
}
