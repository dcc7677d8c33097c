import type { Diagnostic } from "../diagnostics.js";
import { parseDuration } from "./duration.js";
import { neverMeant, neverOpen, type TimedWindow, type WindowStarts } from "./never-open.js";
import type { SyncWindow } from "./plan-sync.generated.js";

/** Reads five cron fields in an IANA time zone; undefined if either cannot be read. */
export type ReadSchedule = (expression: string, timeZone: string) => WindowStarts | undefined;

/** Whether syncs may happen now. */
export interface WindowState {
  readonly open: boolean;
  /** Why, in one sentence without a full stop. */
  readonly reason: string;
  /** When the answer may be another, in milliseconds since 1970; undefined when no time changes it. */
  readonly changesAt?: number;
  /** Whether a sync that somebody approved or requested may happen now. */
  readonly manualAllowed: boolean;
  /** Windows that cannot be read; with any of them all is closed. */
  readonly diagnostics: readonly Diagnostic[];
}

/** One window that could be read. */
interface ReadWindow extends TimedWindow {
  readonly active: boolean;
  readonly changesAt?: number;
}

/**
 * Whether syncs may happen at a time. A deny window wins over an allow window; with any allow window one must be open.
 * A window lasts its duration by the clock that never jumps: over a change to summer time it ends an hour later on the wall.
 * @param now milliseconds since 1970
 */
export function windowsAt(
  windows: readonly SyncWindow[] | undefined,
  now: number,
  readSchedule: ReadSchedule,
): WindowState {
  const found = (windows ?? []).map((window, index) => readWindow(window, index, now, readSchedule));
  const diagnostics = found.flatMap((one) => ("code" in one ? [one] : []));
  const [unreadable] = diagnostics;
  if (unreadable !== undefined) return { open: false, reason: unreadable.message, manualAllowed: false, diagnostics };
  const read = found.flatMap((one) => ("window" in one ? [one] : []));
  if (neverOpen(read, now)) {
    const shut = noTimeLeft();
    return { open: false, reason: shut.message, manualAllowed: false, diagnostics: [shut] };
  }
  const edges = read.flatMap(({ changesAt }) => changesAt ?? []);
  const changesAt = edges.length === 0 ? undefined : edges.reduce((first, edge) => Math.min(first, edge));
  return { ...judge(read), changesAt, diagnostics };
}

function judge(read: readonly ReadWindow[]): Pick<WindowState, "open" | "reason" | "manualAllowed"> {
  const denying = read.filter(({ window, active }) => window.kind === "deny" && active);
  const allows = read.filter(({ window }) => window.kind === "allow");
  const allowing = allows.find(({ active }) => active);
  const allowed = allows.length === 0 || allowing !== undefined;
  if (denying.length === 0 && allowed) {
    const reason = allowing === undefined ? "no window forbids it" : `${describe(allowing.window)} is open`;
    return { open: true, reason, manualAllowed: true };
  }
  // Every deny window must let it through; of the allow windows one is enough, as it is enough that one is open.
  const manualAllowed =
    denying.every(({ window }) => window.manualSync) && (allowed || allows.some(({ window }) => window.manualSync));
  const [first] = denying;
  const reason = first === undefined ? "no allow window is open" : `${describe(first.window)} is open`;
  return { open: false, reason, manualAllowed };
}

function readWindow(
  window: SyncWindow,
  index: number,
  now: number,
  readSchedule: ReadSchedule,
): ReadWindow | Diagnostic {
  const starts = readSchedule(window.schedule, window.timeZone ?? "UTC");
  if (starts === undefined) return unreadable(window, index, "its schedule or time zone cannot be read");
  const duration = parseDuration(window.duration);
  if (duration === undefined) return unreadable(window, index, "its duration cannot be read");
  const timed = { window, starts, duration };
  const vain = neverMeant(timed, now);
  if (vain !== undefined) return unreadable(window, index, vain);
  const last = starts.last(now);
  const active = last !== undefined && now < last + duration;
  return { ...timed, active, changesAt: active ? last + duration : starts.next(now) };
}

function unreadable(window: SyncWindow, index: number, why: string): Diagnostic {
  return {
    code: "SP2811",
    severity: "error",
    message: `Window ${index + 1} of spec.sync.windows, ${describe(window)}: ${why}`,
    hint: "Write five cron fields that name a day there is, an IANA time zone and a duration like `4h`; until then nothing is written",
  };
}

function noTimeLeft(): Diagnostic {
  return {
    code: "SP2811",
    severity: "error",
    message: "The windows of spec.sync.windows leave no time for a sync: a deny window covers all that is allowed",
    hint: "Shorten or remove it; to let people sync by hand only, give it `manualSync: true`, or set `mode: manual`",
  };
}

function describe({ kind, schedule, duration, timeZone }: SyncWindow): string {
  return `the ${kind} window \`${schedule}\` (${timeZone ?? "UTC"}) of ${duration}`;
}
