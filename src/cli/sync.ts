import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { apply } from "../app/apply/apply.js";
import type { ApplyReport } from "../app/apply/apply-report.js";
import { judgingAgain } from "../app/apply/judging-again.js";
import { isBlocked, syncExitCode } from "../app/exit-code.js";
import { LeaseTaken } from "../app/lease-waiting.js";
import type { ObserveOptions } from "../app/observe.js";
import { count } from "../app/report/count.js";
import { palette } from "../app/report/palette.js";
import { planOutput } from "../app/report/plan-json.js";
import { planText } from "../app/report/plan-text.js";
import { progressLine, syncResult, syncText } from "../app/report/sync-text.js";
import { stepKey } from "../core/change/step.js";
import type { Outcome } from "../core/outcome.js";
import { resolveFacts } from "../core/spiderpool/facts.js";
import type { Cluster } from "../ports/cluster.js";
import { systemClock } from "./clock.js";
import { type Decision, decideRun, sha256 } from "./decision.js";
import { writeFindings } from "./findings.js";
import { CliError, type Io } from "./io.js";
import { connectCluster, observeCluster, withWaysOut } from "./observe.js";
import { type DecideOptions, type OutputOptions, wantsColor } from "./options.js";
import { breakGlass, type Living, livePlanSync, refuseBesideOperator } from "./plan-sync/guard.js";
import { whoami } from "./plan-sync/target.js";
import { serialize } from "./serialize.js";

export type SyncOptions = Omit<DecideOptions, "snapshot" | "now"> &
  OutputOptions & {
    /** Selections of a partial sync; empty = everything. */
    readonly only: readonly string[];
    /** Ticket of a sync beside an operator that keeps the same install. */
    readonly breakGlass?: string;
    /** How long the operator leaves its objects alone, in milliseconds. */
    readonly for: number;
  };

/**
 * `spiderplan sync`: decides on the cluster as it is now and carries out what is safe.
 * @returns 0; 1 on an error or when a write failed; 3 when something is held back for safety
 */
export async function syncCommand(io: Io, options: SyncOptions): Promise<number> {
  const cluster = await connectCluster(io, options).catch((error: unknown) => Promise.reject(withWaysOut(error)));
  const living = await livePlanSync(cluster, options.install);
  if (living !== undefined && options.breakGlass === undefined) refuseBesideOperator(living);
  if (living === undefined && options.breakGlass !== undefined) throw new CliError(nothingToBreak(options.install));
  let needed: ObserveOptions = {};
  const decision = await decideRun(
    io,
    { ...options, snapshot: [] },
    {
      purpose: "sync",
      holding: options.only.length === 0 ? {} : { only: options.only },
      revision: options.output === "text",
      observe: async (needs) => {
        needed = await needs;
        return observeCluster(cluster, needed).catch((error: unknown) => Promise.reject(withWaysOut(error)));
      },
    },
  );
  const { decided } = decision.run;
  if (decided === undefined) {
    if (options.output === "text") writeFindings(io, decision.source, decision.diagnostics, false, options.color);
    else printJson(io, decision, undefined, options.output);
    return 1;
  }
  if (options.output === "text") printPlan(io, decision, options);
  const started = systemClock.now();
  // A selection that names nothing is a typing error: half of what was meant is not what was asked for.
  const mistyped = decision.diagnostics.some((one) => one.code === "SP2812" && one.severity === "error");
  const due = !mistyped && decided.outcome.steps.some((step) => step.blocked === undefined);
  if (due && living !== undefined && options.breakGlass !== undefined) {
    await announce(io, cluster, living, decided.outcome, options.breakGlass, options.for);
  }
  const report = due ? await carryOut(io, cluster, decision, options, needed) : undefined;
  const seconds = (systemClock.now() - started) / 1000;
  if (options.output !== "text") printJson(io, decision, report, options.output);
  else if (report === undefined)
    io.stdout.write(mistyped || isBlocked(decided.outcome) ? "Nothing was written.\n" : "Nothing to write.\n");
  else {
    const paint = palette(wantsColor(options.color, io));
    io.stdout.write(`\n${syncText(report, { revision: decision.heading.revision, seconds }, paint)}`);
  }
  return syncExitCode(decision.run, report);
}

/** Before the first write, so that the operator does not undo it meanwhile. */
async function announce(
  io: Io,
  cluster: Cluster,
  living: Living,
  outcome: Outcome,
  ticket: string,
  milliseconds: number,
): Promise<void> {
  const until = systemClock.now() + milliseconds;
  const objects = outcome.steps.filter((step) => step.blocked === undefined).map(stepKey);
  await breakGlass(cluster, living, { ticket, by: whoami(io), until, objects });
  const end = new Date(until).toISOString();
  io.stderr.write(`break-glass ${ticket}: the operator leaves ${count(objects.length, "object")} alone until ${end}\n`);
}

function nothingToBreak(install: string): string {
  return `no PlanSync keeps install ${install}: nothing to override; --install NAMESPACE/NAME names the one of a PlanSync`;
}

/** Progress goes to stderr, so that stdout is the report alone. */
function carryOut(
  io: Io,
  cluster: Cluster,
  decision: Decision,
  options: SyncOptions,
  needed: ObserveOptions,
): Promise<ApplyReport> {
  const { plan, outcome } = decision.run.decided!;
  const paint = palette(wantsColor(options.color, io));
  return apply(outcome, {
    cluster,
    clock: systemClock,
    identity: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    install: options.install,
    facts: resolveFacts(decision.run.snapshot.facts, plan.settings.spiderpool),
    signal: io.signal,
    rejudge: judgingAgain(plan, decision.run.snapshot, async () => (await observeCluster(cluster, needed)).snapshot),
    onProgress: (event) => {
      const line = progressLine(event, io.isTTY, paint);
      if (line !== undefined) io.stderr.write(`${line}\n`);
    },
  }).catch((error: unknown) => {
    throw error instanceof LeaseTaken ? new CliError(error.message) : error;
  });
}

function printPlan(io: Io, decision: Decision, options: SyncOptions): void {
  const { run, diagnostics, heading, source } = decision;
  const { excerpt, showFile, place, loaded } = source;
  const paint = palette(wantsColor(options.color, io));
  const context = { heading, diagnostics, fileCount: loaded.fileCount, excerpt, showFile, place, paint };
  io.stdout.write(planText(run, context));
}

function printJson(io: Io, decision: Decision, report: ApplyReport | undefined, format: string): void {
  const plan = planOutput(decision.run, decision.diagnostics, sha256);
  io.stdout.write(
    serialize({ formatVersion: "1.0", plan, result: report === undefined ? null : syncResult(report) }, format),
  );
}
