/** Pods and pools of a cluster in which any Pod may stop, start or restart at any time. */
export interface Crowd {
  /** How many addresses each pool can hand out. */
  readonly capacities: readonly number[];
  readonly pods: readonly CrowdPod[];
}

export interface CrowdPod {
  /** The pool it has one of these addresses of; undefined = its address is none that could be handed out. */
  readonly at: number | undefined;
  /** Pools that would take it, in the order they are tried; among equals any may come (A12). */
  readonly ranks: readonly (readonly number[])[];
  /** It takes its own address back, whatever the pools say (A19). */
  readonly keeps: boolean;
}

/**
 * Plays every order of stops and starts, every choice among equals, Pod by Pod and state by state.
 * @returns for each Pod whether some history leaves it without an address when it starts
 */
export function strandedInSomeHistory({ capacities, pods }: Crowd): boolean[] {
  const nowhere = capacities.length;
  const stranded = pods.map(() => false);
  const begin = pods.map(({ at }) => at ?? nowhere);
  const seen = new Set([begin.join()]);
  const open = [begin];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const used = capacities.map((_, pool) => state!.filter((at) => at === pool).length);
    for (const [index, { ranks, keeps }] of pods.entries()) {
      if (keeps) continue;
      const own = state[index]!;
      const free = (pool: number) => capacities[pool]! - used[pool]! + (own === pool ? 1 : 0) > 0;
      const group = ranks.map((rank) => rank.filter(free)).find((rank) => rank.length > 0) ?? [];
      if (group.length === 0) stranded[index] = true;
      for (const next of [...group, nowhere]) {
        const moved = state.map((at, other) => (other === index ? next : at));
        if (seen.has(moved.join())) continue;
        seen.add(moved.join());
        open.push(moved);
      }
    }
  }
  return stranded;
}
