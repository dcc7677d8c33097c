import type { SyncWindow } from "./plan-sync.generated.js";

/** When a schedule is true: the last time at or before, and the first after a time; in milliseconds since 1970. */
export interface WindowStarts {
  last(at: number): number | undefined;
  next(at: number): number | undefined;
}

/** A window whose schedule, time zone and duration could be read. */
export interface TimedWindow {
  readonly window: SyncWindow;
  readonly starts: WindowStarts;
  /** Milliseconds. */
  readonly duration: number;
}

const DAY = 86_400_000;

/** Edges that are looked at, at a millisecond each, before nothing is claimed any more. */
const MOST_EDGES = 100;

/** Why a window by itself means nothing, a schedule or duration that cannot have been meant; undefined if it does. */
export function neverMeant({ starts, duration }: TimedWindow, now: number): string | undefined {
  if (duration <= 0) return "its duration is 0, so it is never open";
  const comes = starts.next(now) !== undefined || starts.last(now) !== undefined;
  return comes ? undefined : "its schedule names a day that no calendar has, so it is never open";
}

/**
 * Whether no sync may ever start by itself: every moment at which an allow window is open lies inside a deny window. Deny windows that let manual syncs through are meant to shut the rest out.
 */
export function neverOpen(windows: readonly TimedWindow[], now: number): boolean {
  const denying = windows.filter(({ window }) => window.kind === "deny");
  if (denying.length === 0 || denying.some(({ window }) => window.manualSync)) return false;
  const allowing = windows.filter(({ window }) => window.kind === "allow");
  // Without days of a month two weeks tell all, the change to summer time included; else every yearly freeze must pass.
  const until = now + (windows.every(({ window }) => isWeekly(window)) ? 15 : 400) * DAY;
  let moment = now;
  for (let edge = 0; edge < MOST_EDGES; edge++) {
    if (moment > until) return true;
    const opens = allowing.length === 0 ? moment : earliest(allowing.map((one) => openFrom(one, moment)));
    if (opens === undefined) return true;
    const shut = denying.reduce((latest, one) => Math.max(latest, endOf(one, opens)), opens);
    if (shut <= opens) return false;
    moment = shut;
  }
  return everyMinute(denying);
}

function isWeekly({ schedule }: SyncWindow): boolean {
  return /^\S+\s+\S+\s+\*\s+\*\s/.test(schedule.trim());
}

/** The first moment from a time on at which a window is open. */
function openFrom({ starts, duration }: TimedWindow, at: number): number | undefined {
  const last = starts.last(at);
  return last !== undefined && at < last + duration ? at : starts.next(at);
}

/** When a window that is open at a time closes; that time itself where it is not open. */
function endOf({ starts, duration }: TimedWindow, at: number): number {
  const last = starts.last(at);
  return last === undefined ? at : Math.max(at, last + duration);
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : known.reduce((first, time) => Math.min(first, time));
}

/** The one schedule that is too dense to be walked through and still has no gap. */
function everyMinute(windows: readonly TimedWindow[]): boolean {
  return windows.some(({ window, duration }) => /^(\*\s+){4}\*$/.test(window.schedule.trim()) && duration >= 60_000);
}
