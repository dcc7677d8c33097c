import { parseDuration } from "./duration.js";
import type { WindowState } from "./gate.js";
import type { SyncWindow } from "./plan-sync.generated.js";

/** Times that come again, in milliseconds since 1970. */
export interface Recurrence {
  /** The last time at or before the given one. */
  last(at: number): number | undefined;
  /** The first time after the given one. */
  next(at: number): number | undefined;
}

/** Reads a cron expression in a time zone; undefined if either cannot be read. */
export type ReadSchedule = (expression: string, timeZone: string) => Recurrence | undefined;

/** One window at a time. */
interface Judged {
  readonly window: SyncWindow;
  readonly active: boolean;
  /** When that changes. */
  readonly changesAt: number | undefined;
}

/**
 * Whether syncs may happen: never inside a deny window, and with any allow window only inside one of those (as Argo CD's). A
 * window nobody can read keeps everything closed.
 */
export function windowsAt(windows: readonly SyncWindow[], now: number, read: ReadSchedule): WindowState {
  const judged: Judged[] = [];
  for (const window of windows) {
    const one = judge(window, now, read);
    if (one === undefined) {
      const reason = `the window "${window.schedule}" for ${window.duration} in ${window.timeZone ?? "UTC"} cannot be read`;
      return { open: false, reason, manualAllowed: false };
    }
    judged.push(one);
  }
  const denying = judged.filter(({ window, active }) => window.kind === "deny" && active);
  const allows = judged.filter(({ window }) => window.kind === "allow");
  const allowing = allows.filter(({ active }) => active);
  const changesAt = earliest(judged.map((one) => one.changesAt));
  const when = changesAt === undefined ? {} : { changesAt };
  if (denying.length > 0) {
    const manualAllowed = denying.every(({ window }) => window.manualSync === true);
    return { open: false, reason: `inside the deny window ${named(denying[0]!.window)}`, manualAllowed, ...when };
  }
  if (allows.length > 0 && allowing.length === 0) {
    const manualAllowed = allows.some(({ window }) => window.manualSync === true);
    return { open: false, reason: `outside the allow window ${named(allows[0]!.window)}`, manualAllowed, ...when };
  }
  return { open: true, reason: "", manualAllowed: true, ...when };
}

function judge(window: SyncWindow, now: number, read: ReadSchedule): Judged | undefined {
  const schedule = read(window.schedule, window.timeZone ?? "UTC");
  const duration = parseDuration(window.duration);
  if (schedule === undefined || duration === undefined) return undefined;
  const opened = schedule.last(now);
  const active = opened !== undefined && now < opened + duration;
  return { window, active, changesAt: active ? endOf(schedule, opened, duration) : schedule.next(now) };
}

/** A window that opens again before it closes stays open. */
function endOf(schedule: Recurrence, opened: number, duration: number): number {
  let end = opened + duration;
  for (let again = schedule.next(opened), round = 0; again !== undefined && again <= end && round < MOST; round++) {
    end = again + duration;
    again = schedule.next(again);
  }
  return end;
}

/** A window that never closes is looked at again after so many openings. */
const MOST = 400;

function named({ schedule, duration, timeZone = "UTC" }: SyncWindow): string {
  return `"${schedule}" ${timeZone} for ${duration}`;
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
