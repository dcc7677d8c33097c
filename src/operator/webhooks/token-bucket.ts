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
  let filledAt = clock.monotonic();
  return {
    take: () => {
      const now = clock.monotonic();
      tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
      filledAt = now;
      if (tokens < 1) return Math.ceil(((1 - tokens) / perSecond) * 1000);
      tokens -= 1;
      return 0;
    },
  };
}
