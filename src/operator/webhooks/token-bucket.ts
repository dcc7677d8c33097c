import type { Clock } from "../../ports/runtime.js";

/** How much may come. */
export interface Rate {
  /** At once. */
  readonly burst: number;
  /** For ever; more than 0. */
  readonly perSecond: number;
}

export interface TokenBucket {
  /** Takes one. Returns 0, or the milliseconds until there is one again. */
  take(): number;
}

/** A full bucket that fills up at a steady rate. */
export function tokenBucket({ burst, perSecond }: Rate, clock: Clock): TokenBucket {
  let tokens = burst;
  let filledAt = clock.now();
  return {
    take: () => {
      const now = clock.now();
      // A clock that is set back fills nothing and takes nothing away.
      tokens = Math.min(burst, tokens + (Math.max(0, now - filledAt) / 1000) * perSecond);
      filledAt = now;
      if (tokens < 1) return Math.ceil(((1 - tokens) / perSecond) * 1000);
      tokens -= 1;
      return 0;
    },
  };
}
