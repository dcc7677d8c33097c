import type { Clock } from "../../src/ports/runtime.js";

/** Turns of the event loop without anything else happening before time jumps to the next sleeper. */
const QUIET_TURNS = 4;

/** A clock on which waiting costs no time: when everybody sleeps, it jumps to whoever wakes first. */
export function virtualClock(start = Date.UTC(2026, 10, 22)): Clock & { slept: number[] } {
  let now = start;
  const slept: number[] = [];
  const sleepers = new Set<{ at: number; wake: () => void }>();
  let turning = false;

  function turn(quiet: number): void {
    if (sleepers.size === 0) {
      turning = false;
      return;
    }
    if (quiet < QUIET_TURNS) {
      setImmediate(turn, quiet + 1);
      return;
    }
    const next = [...sleepers].reduce((first, one) => (one.at < first.at ? one : first));
    sleepers.delete(next);
    now = Math.max(now, next.at);
    next.wake();
    setImmediate(turn, 0);
  }

  return {
    slept,
    now: () => now,
    monotonic: () => now,
    sleep: (milliseconds, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        slept.push(milliseconds);
        const off = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const wake = () => {
          signal?.removeEventListener("abort", off);
          resolve();
        };
        const sleeper = { at: now + milliseconds, wake };
        signal?.addEventListener("abort", off, { once: true });
        sleepers.add(sleeper);
        if (!turning) {
          turning = true;
          setImmediate(turn, 0);
        }
      }),
  };
}
