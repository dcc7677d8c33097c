import { approvedBy } from "../../core/plan-sync/approval.js";
import { SWITCHES } from "../../core/plan-sync/switches.js";
import { printable } from "../../core/printable.js";
import { systemClock } from "../clock.js";
import { CliError, type Io } from "../io.js";
import type { OutputOptions } from "../options.js";
import { showPlanSync } from "./show.js";
import { request, type WaitOptions } from "./switch.js";
import { annotate, findPlanSync, type Target, whoami } from "./target.js";

export interface PlanSyncSyncOptions extends WaitOptions, OutputOptions {
  readonly approve?: string;
  readonly only: readonly string[];
}

/**
 * `spiderplan sync NAME`: has the operator carry out what it plans, after saying yes to exactly that plan where the mode is
 * manual. A partial sync (`--only`) ends with the command.
 */
export async function planSyncSyncCommand(io: Io, name: string, options: PlanSyncSyncOptions): Promise<number> {
  const target = await findPlanSync(io, name, options);
  const { wish } = target;
  if (wish.mode === "observe") {
    throw new CliError(
      `PlanSync ${wish.key} is in mode observe and writes nothing; change its spec.sync.mode to manual or automated`,
    );
  }
  if (wish.suspended) throw new CliError(`PlanSync ${wish.key} is suspended; spiderplan resume ${wish.key}`);
  const approval = approvalFor(target, options.approve);
  const standing = approval === undefined && approvalStands(target);
  if (wish.mode === "manual" && approval === undefined && !standing) {
    showPlanSync(io, target, options);
    const digest = printable(target.status.plan?.digest ?? "");
    const hint = `Nothing was approved. To say yes to this plan:\n  spiderplan sync ${wish.key} --approve ${digest}\n`;
    if (options.output === "text") io.stdout.write(`\n${hint}`);
    else io.stderr.write(hint);
    return 3;
  }
  const at = new Date(systemClock.now()).toISOString();
  const approving: Record<string, string> =
    approval === undefined
      ? {}
      : { [SWITCHES.approve]: approval, [SWITCHES.approvedBy]: whoami(io), [SWITCHES.approvedAt]: at };
  const partial: Record<string, string> = options.only.length === 0 ? {} : { [SWITCHES.only]: options.only.join(",") };
  const code = await request(io, target, options, { ...approving, ...partial });
  // The rest of an approved plan must not follow a partial sync by itself.
  if (options.only.length > 0 && options.wait)
    await annotate(target, { [SWITCHES.only]: null, ...((approval || standing) && { [SWITCHES.approve]: null }) });
  return code;
}

/**
 * Whether somebody said yes before, by annotation: to this very plan, or to one that the operator is carrying out. The operator
 * judges it once more.
 */
function approvalStands({ status, wish }: Target): boolean {
  const { approval } = wish.switches;
  if (approval === undefined) return false;
  const asked = { digest: status.plan?.digest ?? "", text: "", steps: new Map(), leaves: [] };
  if (approvedBy(asked, approval, [], systemClock.now(), wish.approvalValidFor).state === "approved") return true;
  // What is left of a plan has a digest of its own.
  const reason = status.conditions?.find(({ type }) => type === "Ready")?.reason;
  return reason !== undefined && !["ApprovalRequired", "ApprovalStale"].includes(reason);
}

/** An approval must name the plan the operator has now, or a person would say yes to something unseen. */
function approvalFor({ status, wish }: Target, digest: string | undefined): string | undefined {
  if (digest === undefined) return undefined;
  const current = status.plan?.digest;
  if (current === undefined) throw new CliError(`PlanSync ${wish.key} has no plan yet`);
  const matches =
    current === digest ||
    (digest.length >= 12 && current.startsWith(digest.startsWith("sha256:") ? digest : `sha256:${digest}`));
  if (!matches)
    throw new CliError(
      `the plan of PlanSync ${wish.key} is ${current} by now, not ${digest}; look at it again before approving`,
    );
  return current;
}
