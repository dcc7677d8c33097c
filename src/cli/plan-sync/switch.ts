import { historyText } from "../../app/report/plan-sync-report.js";
import { short } from "../../core/plan-sync/conditions.js";
import { SWITCHES } from "../../core/plan-sync/switches.js";
import { printable } from "../../core/printable.js";
import { systemClock } from "../clock.js";
import { CliError, type Io } from "../io.js";
import type { OutputOptions } from "../options.js";
import { serialize } from "../serialize.js";
import { awaitHandled } from "./await-handled.js";
import { showPlanSync } from "./show.js";
import { annotate, findPlanSync, type Target, type TargetOptions, whoami } from "./target.js";

export interface WaitOptions extends TargetOptions {
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** `spiderplan suspend NAME`: the operator leaves the cluster alone until `resume`; running workloads notice nothing. */
export async function suspendCommand(io: Io, name: string, options: TargetOptions): Promise<number> {
  const target = await findPlanSync(io, name, options);
  const since = new Date(systemClock.now()).toISOString();
  await annotate(target, { [SWITCHES.suspend]: `by ${whoami(io)} at ${since}` });
  io.stdout.write(`PlanSync ${target.wish.key} suspended; \`spiderplan resume ${target.wish.key}\` goes on.\n`);
  return 0;
}

/** `spiderplan resume NAME`: ends a suspension and a rollback, and looks at the repository now. */
export async function resumeCommand(io: Io, name: string, options: WaitOptions): Promise<number> {
  const target = await findPlanSync(io, name, options);
  const spec = target.object.spec as { sync?: { suspend?: boolean } };
  if (spec.sync?.suspend === true) {
    throw new CliError(
      `the spec of PlanSync ${target.wish.key} says sync.suspend: true; change that where the spec comes from`,
    );
  }
  return request(io, target, options, { [SWITCHES.suspend]: null, [SWITCHES.pinnedRevision]: null });
}

/** `spiderplan reconcile NAME`: looks at repository and cluster now, and tells what came of it. */
export async function reconcileCommand(io: Io, name: string, options: WaitOptions): Promise<number> {
  return request(io, await findPlanSync(io, name, options), options, {});
}

/** `spiderplan rollback NAME [REVISION]`: holds a PlanSync at an earlier commit, under the same guards, until `resume`. */
export async function rollbackCommand(
  io: Io,
  name: string,
  revision: string | undefined,
  options: WaitOptions,
): Promise<number> {
  const target = await findPlanSync(io, name, options);
  const commit = revision === undefined ? previousRevision(target) : knownRevision(target, revision);
  const line = `PlanSync ${target.wish.key} goes back to ${commit}; \`spiderplan resume ${target.wish.key}\` follows its source again.`;
  io.stdout.write(`${printable(line)}\n`);
  return request(io, target, options, { [SWITCHES.pinnedRevision]: commit });
}

/** `spiderplan history NAME`: the syncs that wrote something, newest first. */
export async function historyCommand(io: Io, name: string, options: TargetOptions & OutputOptions): Promise<number> {
  const { status } = await findPlanSync(io, name, options);
  const history = status.history ?? [];
  io.stdout.write(
    options.output === "text" ? historyText(history) : serialize({ formatVersion: "1.0", history }, options.output),
  );
  return 0;
}

/** `spiderplan status NAME`: what the operator found and did. */
export async function planSyncStatusCommand(
  io: Io,
  name: string,
  options: TargetOptions & OutputOptions,
): Promise<number> {
  const target = await findPlanSync(io, name, options);
  showPlanSync(io, target, options);
  return exitCodeOf(target);
}

/** Asks for a reconcile, together with other switches, waits for its end and tells it: in a line, or in the form asked for. */
export async function request(
  io: Io,
  target: Target,
  options: WaitOptions & Partial<OutputOptions>,
  switches: Readonly<Record<string, string | null>>,
): Promise<number> {
  const token = new Date(systemClock.now()).toISOString();
  const asked = await annotate(target, { ...switches, [SWITCHES.requestedAt]: token });
  const { output = "text", color = "auto" } = options;
  const tell = (line: string, now: Target) => {
    if (output === "text") io.stdout.write(`${printable(line)}\n`);
    else showPlanSync(io, now, { output, color });
  };
  if (!options.wait) {
    tell(`PlanSync ${target.wish.key}: asked at ${token}.`, asked);
    return 0;
  }
  const done = await awaitHandled(io, asked, token, systemClock, options.timeout);
  const ready = done.status.conditions?.find(({ type }) => type === "Ready");
  const commit = done.status.lastAppliedRevision ?? done.status.lastAttemptedRevision ?? "";
  tell(`PlanSync ${done.wish.key} at ${short(commit)}: ${ready?.reason}: ${ready?.message}`, done);
  return exitCodeOf(done);
}

/** 0 = at rest; 3 = something a person has to decide on; 1 = something failed. */
export function exitCodeOf({ status }: Pick<Target, "status">): number {
  const now = (type: string) => status.conditions?.find((one) => one.type === type);
  if (now("Ready")?.status === "True") return 0;
  if (now("Blocked")?.status === "True" || now("IPStable")?.status === "False") return 3;
  const waits = new Set([
    "ApprovalRequired",
    "ApprovalStale",
    "OutsideWindow",
    "Suspended",
    "DriftDetected",
    "Fighting",
  ]);
  return waits.has(now("Ready")?.reason ?? "") ? 3 : 1;
}

/** The commit that was applied before the one that is. */
function previousRevision({ status, wish }: Target): string {
  const earlier = status.history?.find(
    ({ revision, result }) => revision !== status.lastAppliedRevision && result === "applied",
  );
  if (earlier === undefined) {
    throw new CliError(
      `no earlier revision of PlanSync ${wish.key} is remembered; name one: spiderplan rollback ${wish.key} COMMIT`,
    );
  }
  return earlier.revision;
}

/** A commit id, or the beginning of one in the history. */
function knownRevision({ status, wish }: Target, text: string): string {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return text;
  const found = new Set(status.history?.map(({ revision }) => revision).filter((one) => one.startsWith(text)));
  if (found.size === 1 && /^[0-9a-f]{4,}$/.test(text)) return [...found][0]!;
  throw new CliError(`${text} is no whole commit id, and no beginning of one in the history of PlanSync ${wish.key}`);
}
