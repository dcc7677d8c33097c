import { parseTime } from "../time.js";

/**
 * Annotations of a PlanSync by which people steer it: an Argo CD or Flux that owns the spec does not own these, and
 * cannot undo them.
 */
export const SWITCHES = {
  suspend: "spiderplan.io/suspend",
  requestedAt: "spiderplan.io/requestedAt",
  hintedAt: "spiderplan.io/hintedAt",
  approve: "spiderplan.io/approve",
  approvedBy: "spiderplan.io/approved-by",
  approvedAt: "spiderplan.io/approved-at",
  only: "spiderplan.io/sync-only",
  pinnedRevision: "spiderplan.io/pinned-revision",
  breakGlass: "spiderplan.io/break-glass",
} as const;

/** A plan somebody said yes to. */
export interface Approval {
  readonly digest: string;
  readonly by?: string;
  /** Milliseconds since 1970. */
  readonly at?: number;
}

/** Objects written by hand in an emergency: not healed, not pruned until a revision says the same, or the time is over. */
export interface BreakGlass {
  readonly ticket: string;
  readonly by: string;
  /** RFC 3339. */
  readonly until: string;
  /** Commit that was in force then: another one may say the same, this one did not. */
  readonly revision: string;
  /** By `objectKey`. */
  readonly objects: readonly string[];
}

/** What the annotations of a PlanSync say. */
export interface Switches {
  readonly suspended: boolean;
  /** Any text; a new one asks for a reconcile now. */
  readonly requestedAt?: string;
  /** Any text; a new one says that the repository may have something new. */
  readonly hintedAt?: string;
  readonly approval?: Approval;
  /** Selections of a partial sync. */
  readonly only?: readonly string[];
  /** A commit to stay at. */
  readonly pinnedRevision?: string;
  readonly breakGlass?: BreakGlass;
  /** Annotations that cannot be read, in words; they count as absent, but for suspension. */
  readonly unreadable: readonly string[];
}

/** Reads the switches; whatever cannot be read holds things back rather than lets them go. */
export function readSwitches(annotations: Readonly<Record<string, string>> = {}): Switches {
  const unreadable: string[] = [];
  const suspend = annotations[SWITCHES.suspend];
  const pinned = annotations[SWITCHES.pinnedRevision];
  const only = annotations[SWITCHES.only]?.split(/[\s,]+/).filter((name) => name !== "");
  const glass = annotations[SWITCHES.breakGlass];
  const breakGlass = glass === undefined ? undefined : readBreakGlass(glass);
  const isCommit = pinned === undefined || /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(pinned);
  if (!isCommit) unreadable.push(`${SWITCHES.pinnedRevision} must be a whole commit id`);
  if (glass !== undefined && breakGlass === undefined)
    unreadable.push(`${SWITCHES.breakGlass} is not as spiderplan writes it`);
  const approval = readApproval(annotations, unreadable);
  return {
    suspended: (suspend !== undefined && suspend !== "false") || unreadable.length > 0,
    ...(annotations[SWITCHES.requestedAt] !== undefined && { requestedAt: annotations[SWITCHES.requestedAt] }),
    ...(annotations[SWITCHES.hintedAt] !== undefined && { hintedAt: annotations[SWITCHES.hintedAt] }),
    ...(approval && { approval }),
    ...(only !== undefined && only.length > 0 && { only }),
    ...(pinned !== undefined && isCommit && { pinnedRevision: pinned }),
    ...(breakGlass && { breakGlass }),
    unreadable,
  };
}

/** A break-glass as the annotation holds it. */
export function formatBreakGlass(glass: BreakGlass): string {
  const { ticket, by, until, revision, objects } = glass;
  return JSON.stringify({ ticket, by, until, revision, objects });
}

function readApproval(annotations: Readonly<Record<string, string>>, unreadable: string[]): Approval | undefined {
  const digest = annotations[SWITCHES.approve];
  if (digest === undefined || digest === "") return undefined;
  const [by, time] = [annotations[SWITCHES.approvedBy], annotations[SWITCHES.approvedAt]];
  const at = time === undefined ? undefined : parseTime(time);
  if (time !== undefined && at === undefined) unreadable.push(`${SWITCHES.approvedAt} is no RFC 3339 time`);
  return { digest, ...(by !== undefined && { by }), ...(at !== undefined && { at }) };
}

function readBreakGlass(text: string): BreakGlass | undefined {
  try {
    const { ticket, by, until, revision, objects } = JSON.parse(text) as Record<string, unknown>;
    if (typeof ticket !== "string" || typeof by !== "string" || typeof until !== "string") return undefined;
    if (typeof revision !== "string" || parseTime(until) === undefined || !Array.isArray(objects)) return undefined;
    return objects.every((one) => typeof one === "string") ? { ticket, by, until, revision, objects } : undefined;
  } catch {
    return undefined;
  }
}
