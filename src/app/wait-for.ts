import type { Clock } from "../ports/runtime.js";

/** Between two looks at a cluster; a look lists everything spiderplan reads. */
const PAUSE = 2_000;

/**
 * Looks until nothing is missing.
 * @param timeout milliseconds; 0 looks once
 * @returns what is missing at the last look; empty = all is there
 */
export async function waitFor(
  look: () => Promise<readonly string[]>,
  clock: Clock,
  timeout: number,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const until = clock.monotonic() + timeout;
  for (;;) {
    const missing = await look();
    const left = until - clock.monotonic();
    if (missing.length === 0 || left <= 0 || signal?.aborted) return missing;
    await clock.sleep(Math.min(PAUSE, left), signal);
  }
}
