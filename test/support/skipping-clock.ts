import type { WatchableCluster } from "../../src/ports/cluster.js";
import type { Clock } from "../../src/ports/runtime.js";

/** The wall clock, of which hours can be skipped while others work in real time. */
export interface SkippingClock extends Clock {
  /** Lets so many milliseconds pass, in steps short enough that nobody who renews a Lease is late. */
  skip(milliseconds: number): Promise<void>;
}

const STEP = 1_000;

/** @param busy whether somebody waits for an answer: no time is skipped meanwhile */
export function skippingClock(busy: () => boolean): SkippingClock {
  let skipped = 0;
  const sleepers = new Set<{ readonly at: number; wake(): void }>();
  const now = () => Date.now() + skipped;
  return {
    now,
    monotonic: now,
    sleep: (milliseconds, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const leave = () => {
          clearTimeout(timer);
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", off);
        };
        const off = () => {
          leave();
          reject(signal?.reason);
        };
        const wake = () => {
          leave();
          resolve();
        };
        const sleeper = { at: now() + milliseconds, wake };
        const timer = setTimeout(wake, milliseconds);
        sleepers.add(sleeper);
        signal?.addEventListener("abort", off, { once: true });
      }),
    skip: async (milliseconds) => {
      const end = skipped + milliseconds;
      while (skipped < end) {
        while (busy()) await turn();
        skipped = Math.min(end, skipped + STEP);
        for (const sleeper of [...sleepers]) if (sleeper.at <= now()) sleeper.wake();
        await turn();
      }
    },
  };
}

/** The same cluster, and whether it owes somebody an answer; watches do not count. */
export function countedCluster(cluster: WatchableCluster): { readonly cluster: WatchableCluster; busy(): boolean } {
  let waiting = 0;
  const counted = new Proxy(cluster, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (name === "watch") return member.bind(target);
      return (...given: unknown[]) => {
        const answer: unknown = member.apply(target, given);
        if (!(answer instanceof Promise)) return answer;
        waiting++;
        return answer.finally(() => waiting--);
      };
    },
  });
  return { cluster: counted, busy: () => waiting > 0 };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));
