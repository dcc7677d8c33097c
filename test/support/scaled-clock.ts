import type { Clock } from "../../src/ports/runtime.js";

/** The wall clock, so many times faster: for tests in which others work in real time. */
export function scaledClock(factor: number): Clock {
  const start = performance.now();
  const epoch = Date.UTC(2026, 10, 22);
  return {
    monotonic: () => (performance.now() - start) * factor,
    now: () => epoch + (performance.now() - start) * factor,
    sleep: (milliseconds, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const off = () => {
          clearTimeout(timer);
          reject(signal?.reason);
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener("abort", off);
          resolve();
        }, milliseconds / factor);
        signal?.addEventListener("abort", off, { once: true });
      }),
  };
}
