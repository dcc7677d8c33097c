/**
 * Whether Pods could be spread so that these pools are full at once, each Pod in one pool: maximum flow by augmenting paths,
 * in amounts and not Pod by Pod.
 * @param rivalsOf who may be in a pool
 * @param countOf how many Pods a rival stands for
 */
export function canFill(
  pools: readonly string[],
  capacity: (pool: string) => number,
  rivalsOf: (pool: string) => readonly number[],
  countOf: (rival: number) => number,
): boolean {
  const rivals = new Set(pools.flatMap((pool) => rivalsOf(pool)));
  const spare = new Map([...rivals].map((rival) => [rival, countOf(rival)]));
  const all = [...spare.values()].reduce((sum, count) => sum + count, 0);
  if (all < pools.reduce((sum, pool) => sum + capacity(pool), 0)) return false;
  const placed = new Map([...rivals].map((rival) => [rival, new Map<string, number>()]));
  const put = (rival: number, pool: string, amount: number) => {
    const own = placed.get(rival)!;
    own.set(pool, (own.get(pool) ?? 0) + amount);
  };
  const fill = (pool: string, wanted: number, asked: Set<number>): number => {
    let got = 0;
    for (const rival of rivalsOf(pool)) {
      if (got === wanted) break;
      if (asked.has(rival)) continue;
      asked.add(rival);
      const free = Math.min(wanted - got, spare.get(rival)!);
      spare.set(rival, spare.get(rival)! - free);
      put(rival, pool, free);
      got += free;
      for (const [other, there] of placed.get(rival)!) {
        if (other === pool || got === wanted) continue;
        const moved = fill(other, Math.min(wanted - got, there), asked);
        put(rival, other, -moved);
        put(rival, pool, moved);
        got += moved;
      }
    }
    return got;
  };
  return pools.every((pool) => {
    let missing = capacity(pool);
    while (missing > 0) {
      const got = fill(pool, missing, new Set());
      if (got === 0) return false;
      missing -= got;
    }
    return true;
  });
}
