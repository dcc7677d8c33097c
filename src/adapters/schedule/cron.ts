import { Cron } from "croner";
import type { ReadSchedule } from "../../core/plan-sync/windows.js";

/** How far back the last time of a schedule is looked for, in milliseconds: a little over a year. */
const FARTHEST = 370 * 86_400_000;

/** Reads cron expressions of five fields in any time zone, daylight saving included. */
export const readSchedule: ReadSchedule = (expression, timeZone) => {
  if (expression.trim().split(/\s+/).length !== 5) return undefined;
  let cron: Cron;
  try {
    cron = new Cron(expression, { timezone: timeZone, paused: true });
    cron.nextRun();
  } catch {
    return undefined;
  }
  const next = (at: number) => cron.nextRun(new Date(at))?.getTime();
  return { next, last: (at) => lastAtOrBefore(next, at) };
};

/** croner looks forward from any time: halve the steps back until the last time before is found. */
function lastAtOrBefore(next: (at: number) => number | undefined, at: number): number | undefined {
  for (let back = 3_600_000; back <= FARTHEST * 2; back *= 4) {
    let found = next(at - Math.min(back, FARTHEST));
    if (found === undefined || found > at) continue;
    for (let later = next(found); later !== undefined && later <= at; later = next(found)) found = later;
    return found;
  }
  return undefined;
}
