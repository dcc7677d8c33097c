import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/cli/clock.js";

test("a hundred sleepers on one signal all wake when it aborts, and Node sees no leak", async () => {
  const warnings: string[] = [];
  const heard = ({ name, message }: Error) => warnings.push(`${name}: ${message}`);
  process.on("warning", heard);
  onTestFinished(() => void process.removeListener("warning", heard));
  const ending = new AbortController();
  const sleepers = Array.from({ length: 100 }, () => systemClock.sleep(60_000, ending.signal));
  await wait(10);
  ending.abort(new Error("enough"));
  const ends = await Promise.allSettled(sleepers);
  expect(ends.filter(({ status }) => status === "rejected")).toHaveLength(100);
  expect(warnings).toEqual([]);
});

test("a sleep ends in its time, and without one on a signal that has aborted", async () => {
  const started = performance.now();
  await systemClock.sleep(30, new AbortController().signal);
  expect(performance.now() - started).toBeGreaterThanOrEqual(25);
  const ended = AbortSignal.abort(new Error("over"));
  await expect(systemClock.sleep(60_000, ended)).rejects.toThrow();
});
