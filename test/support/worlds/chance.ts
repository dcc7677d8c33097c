/** Chance that can be repeated: mulberry32. */
export interface Chance {
  /** 0 <= n < limit. */
  below(limit: number): number;
  shuffled<T>(list: readonly T[]): T[];
}

export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => next() % limit;
  return {
    below,
    shuffled: (list) => {
      const out = [...list];
      for (let index = out.length - 1; index > 0; index--) {
        const other = below(index + 1);
        [out[index], out[other]] = [out[other]!, out[index]!];
      }
      return out;
    },
  };
}
