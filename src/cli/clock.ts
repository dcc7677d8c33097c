import { setMaxListeners } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../ports/runtime.js";

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    // A listener each while it sleeps; a run's writes wait on one signal side by side, more than the ten Node takes for a leak.
    if (signal !== undefined) setMaxListeners(0, signal);
    await wait(milliseconds, undefined, { signal });
  },
};
