import { Cron } from "croner";
import type { WindowStarts } from "../../core/plan-sync/never-open.js";
import type { ReadSchedule } from "../../core/plan-sync/windows.js";

/**
 * Cron expressions by croner. A time that the change to summer time skips comes at the first moment after the gap;
 * a time that is there twice comes once, at first. Beside crontab's fields `L`, `W` and `#` are known.
 */
export const readSchedule: ReadSchedule = (expression: string, timeZone: string): WindowStarts | undefined => {
  // Not croner's short names and dates, nor `?`, which means the moment at which it is read.
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5 || expression.includes("?") || timeZone === "") return undefined;
  try {
    const cron = new Cron(fields.join(" "), { timezone: timeZone, mode: "5-part", paused: true });
    // croner looks strictly before; its times are whole seconds.
    const last = (at: number) => cron.previousRuns(1, new Date(at + 1))[0]?.getTime();
    const next = (at: number) => cron.nextRun(new Date(at))?.getTime();
    // A time zone that does not exist is found out only when it is used.
    next(0);
    return { last, next };
  } catch {
    return undefined;
  }
};
