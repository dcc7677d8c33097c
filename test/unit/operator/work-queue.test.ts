import { describe, expect, test } from "vitest";
import { type Worked, WorkQueue } from "../../../src/operator/work-queue.js";
import { virtualClock } from "../../support/virtual-clock.js";

/** A queue on a clock on which waiting costs no time; `work` says what becomes of each try. */
function stage(work: (key: string, time: number) => Promise<Worked>) {
  const clock = virtualClock(0);
  const done: [string, number][] = [];
  const errors: string[] = [];
  const ending = new AbortController();
  const queue = new WorkQueue({
    clock,
    work: async (key) => {
      done.push([key, clock.now()]);
      return work(key, clock.now());
    },
    onError: (key, error) => errors.push(`${key}: ${(error as Error).message}`),
    backoff: { first: 1_000, longest: 8_000 },
  });
  const running = queue.run(ending.signal);
  const until = async (milliseconds: number) => {
    await clock.sleep(milliseconds);
    ending.abort();
    await running;
  };
  return { clock, queue, done, errors, until };
}

const DONE: Worked = { type: "done" };

describe("the work queue", () => {
  test("works once on a key that is asked for several times, at the earliest of them", async () => {
    const { queue, done, until } = stage(async () => DONE);
    queue.add("a", 5_000);
    queue.add("a", 2_000);
    queue.add("a", 3_000);
    await until(20_000);
    expect(done).toEqual([["a", 2_000]]);
  });

  test("never works twice on a key at the same time, and forgets nothing that comes meanwhile", async () => {
    let [running, most] = [0, 0];
    const { clock, queue, done, until } = stage(async () => {
      most = Math.max(most, ++running);
      await clock.sleep(1_000);
      running--;
      return DONE;
    });
    queue.add("a");
    await clock.sleep(200);
    queue.add("a");
    queue.add("b");
    await until(20_000);
    expect(done).toEqual([
      ["a", 0],
      ["b", 200],
      ["a", 1_000],
    ]);
    expect(most).toBe(2); // a and b, never a and a
  });

  test("waits longer after each failure, up to the longest wait; a success forgets them", async () => {
    let tries = 0;
    const { queue, done, until } = stage(async () => (++tries < 7 ? { type: "retry" } : DONE));
    queue.add("a");
    await until(60_000);
    const waits = done.map(([, time], index) => time - (done[index - 1]?.[1] ?? 0)).slice(1);
    expect(done).toHaveLength(7);
    for (const [index, wait] of waits.entries()) {
      const full = Math.min(8_000, 1_000 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
    }
  });

  test("after a failure waits at least as long as was asked for", async () => {
    const { queue, done, until } = stage(async (_key, time) =>
      time === 0 ? { type: "retry", atLeast: 30_000 } : DONE,
    );
    queue.add("a");
    await until(60_000);
    expect(done).toEqual([
      ["a", 0],
      ["a", 30_000],
    ]);
  });

  test("comes back at the time that was asked for, or earlier when something happens", async () => {
    let first = true;
    const { clock, queue, done, until } = stage(async (_key, time) => {
      const again: Worked = first ? { type: "at", time: time + 10_000 } : DONE;
      first = false;
      return again;
    });
    queue.add("a");
    await clock.sleep(4_000);
    queue.add("a");
    await until(30_000);
    expect(done).toEqual([
      ["a", 0],
      ["a", 4_000],
    ]);
  });

  test("a bug in one key's work is told, tried again, and stops no other", async () => {
    let tries = 0;
    const { queue, done, errors, until } = stage(async (key) => {
      if (key === "a" && ++tries === 1) throw new Error("oops");
      return DONE;
    });
    queue.add("a");
    queue.add("b");
    await until(5_000);
    expect(errors).toEqual(["a: oops"]);
    expect(done.map(([key]) => key).sort()).toEqual(["a", "a", "b"]);
  });

  test("a forgotten key is not worked on, not even after a failure", async () => {
    const { queue, done, until } = stage(async (key) => {
      queue.forget(key);
      return { type: "retry" };
    });
    queue.add("a");
    queue.add("b", 1_000);
    queue.forget("b");
    await until(30_000);
    expect(done).toEqual([["a", 0]]);
  });

  test("ends only when what is under way has ended", async () => {
    const clock = virtualClock(0);
    const ending = new AbortController();
    let ended = false;
    const queue = new WorkQueue({
      clock,
      work: async () => {
        ending.abort();
        await clock.sleep(5_000);
        ended = true;
        return DONE;
      },
      onError: () => {},
    });
    queue.add("a");
    await queue.run(ending.signal);
    expect(ended).toBe(true);
  });

  test("a wall clock that is set back delays nothing, one that is set ahead makes nothing wait", async () => {
    for (const by of [-3_600_000, 3_600_000]) {
      const clock = virtualClock(10_000_000);
      const done: number[] = [];
      let wall = 0;
      const ending = new AbortController();
      const queue = new WorkQueue({
        clock: { ...clock, now: () => clock.now() + wall },
        work: async () => {
          done.push(clock.now() - 10_000_000);
          return done.length === 1 ? { type: "at", time: clock.now() + 5_000 } : DONE;
        },
        onError: () => {},
      });
      const running = queue.run(ending.signal);
      queue.add("a", 1_000);
      await clock.sleep(2_000);
      wall = by;
      queue.add("b", 1_000);
      await clock.sleep(20_000);
      ending.abort();
      await running;
      expect(done).toEqual([1_000, 3_000, 6_000]);
    }
  });
});
