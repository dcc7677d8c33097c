import type { SpiderIPPool } from "../objects.js";

/**
 * How early Spiderpool tries a pool (A11): presence of podAffinity, nodeName, nodeAffinity, namespaceName,
 * namespaceAffinity, multusName, in this weight. Higher is earlier; equal ranks come in any order (A12).
 */
export function rank({ spec }: SpiderIPPool): number {
  const present = [
    isSet(spec.podAffinity),
    isFilled(spec.nodeName),
    isSet(spec.nodeAffinity),
    isFilled(spec.namespaceName),
    isSet(spec.namespaceAffinity),
    isFilled(spec.multusName),
  ];
  return present.reduce((sum, there) => sum * 2 + (there ? 1 : 0), 0);
}

/** Pools in the order they are tried, one group for each rank: within a group Spiderpool's choice is random (A12). */
export function rankGroups<T extends SpiderIPPool>(pools: Iterable<T>): T[][] {
  const groups = new Map<number, T[]>();
  for (const pool of pools) {
    const group = groups.get(rank(pool));
    if (group === undefined) groups.set(rank(pool), [pool]);
    else group.push(pool);
  }
  return [...groups]
    .sort(([a], [b]) => b - a)
    .map(([, group]) => group.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)));
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isFilled(list: readonly string[] | undefined): boolean {
  return (list?.length ?? 0) > 0;
}
