import { type Step, stepKey } from "../../core/change/step.js";
import type { LocatedDiagnostic } from "../../core/diagnostics.js";
import type { Edit, Fight } from "../../core/plan-sync/fights.js";
import type { PlanFindings } from "../../core/plan-sync/findings.js";
import type { BreakGlass } from "../../core/plan-sync/switches.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import { OWN } from "../../core/spiderpool/objects.js";
import { count } from "../report/count.js";
import { dueOf, findingLine, type Planning } from "./planning.js";

/** Somebody who changed an object spiderplan keeps. */
export interface Change {
  /** Field manager, `kubectl-edit`; unknown for a delete. */
  readonly writer: string;
  readonly deleted: boolean;
  /** All that was changed since the object was right. */
  readonly edits: readonly Edit[];
}

/** What else is known when a plan is summed up. */
export interface PlanContext {
  readonly wish: Wish;
  /** Objects somebody changed since they were right, by ``; the plan's steps tell which of them still differ. */
  readonly drift: ReadonlyMap<string, Change>;
  /** Objects that are fought over, and who the other side is. */
  readonly fights: readonly Fight[];
  readonly breakGlass: BreakGlass | undefined;
}

/** A plan in the few lines a status has room for. */
export function planFindings(planning: Planning, context: PlanContext): PlanFindings {
  const { outcome } = planning.run.decided;
  const held = outcome.steps.filter(heldBack);
  const errors = planning.diagnostics.filter(({ severity }) => severity === "error");
  const short = planning.diagnostics.filter(isShortage);
  const unreadable = planning.diagnostics.filter(({ code }) => code === "SP4250");
  const unserved = planning.diagnostics.filter(({ code }) => code === "SP2607");
  const bounded = planning.diagnostics.filter(({ code }) => code === "SP3108");
  const ended = planning.diagnostics.filter(({ code }) => code === "SP2602" || code === "SP2608");
  const lines = {
    blocked: blockedLine(held),
    blockedReason: blockedReason(held, outcome.pruneBudgetExceeded !== undefined),
    blockedCause: held[0] && `${held[0].blocked!.type} ${stepKey(held[0])}`,
    capacity: short.length === 0 ? undefined : listed(short.map((one) => shortageLine(one, context.wish))),
    bounded: bounded.length === 0 ? undefined : listed(bounded.map((one) => `${findingLine(one)}; ${one.hint}`)),
    unreadable:
      unreadable.length === 0 ? undefined : listed(unreadable.map((one) => `${findingLine(one)}; ${one.hint}`)),
    unserved: unserved.length === 0 ? undefined : listed(unserved.map((one) => `${findingLine(one)}; ${one.hint}`)),
    ended: ended.length === 0 ? undefined : listed(ended.map((one) => `${findingLine(one)}; ${one.hint}`)),
    drift: driftLine(outcome.steps, context.drift),
    fights: fightLine(context),
    override: overrideLine(context.breakGlass),
    ownerErrors: errors.length === 0 ? undefined : listed(errors.map(findingLine)),
    ownerErrorsCause: errors.length === 0 ? undefined : listed(errors.map((one) => `${one.code} ${causeOf(one)}`)),
  };
  const told = Object.fromEntries(Object.entries(lines).filter(([, value]) => value !== undefined));
  const { digest } = planning.print;
  return { digest, summary: outcome.summary, verdict: outcome.verdict, due: dueOf(planning).length, ...told };
}

/** A step a person has to decide on; those that wait for something by themselves, or that somebody wanted to wait, are none. */
function heldBack({ blocked, action, live }: Step): boolean {
  if (blocked === undefined || blocked.type === "waiting") return false;
  const asks = action === "delete" && live?.metadata.annotations?.[OWN.prune] === "confirm";
  return blocked.type !== "held" || asks;
}

function blockedLine(held: readonly Step[]): string | undefined {
  const [first] = held;
  if (first === undefined) return undefined;
  const more = held.length === 1 ? "" : `, and ${count(held.length - 1, "more step")}`;
  return `${stepKey(first)} is held back: ${first.blocked!.message}${more}`;
}

const REASONS: Readonly<Record<string, string>> = {
  verdict: "WouldMoveIP",
  "in-use": "WouldReleaseInUseIP",
  conflict: "OverlapDetected",
  depends: "DependencyNotReady",
  held: "ApprovalRequired",
  atomic: "Blocked",
};

function blockedReason(held: readonly Step[], overBudget: boolean): string | undefined {
  if (overBudget) return "PruneBudgetExceeded";
  const types = new Set(held.map(({ blocked }) => blocked!.type));
  return Object.entries(REASONS).find(([type]) => types.has(type as never))?.[1];
}

/** Too few addresses, or a workload that outgrew what the plan gives it. */
function isShortage({ code, severity }: LocatedDiagnostic): boolean {
  return (code.startsWith("SP3") && severity === "error") || code === "SP4219" || code === "SP4116";
}

/** With the lock in Git growing takes a commit: the whole way there, command included. */
function shortageLine(one: LocatedDiagnostic, wish: Wish): string {
  const hint = one.hint === undefined ? "" : `; ${one.hint}`;
  if (one.code !== "SP4219" || wish.lock === "cluster") return `${findingLine(one)}${hint}`;
  const path = wish.source.path === "" ? "." : wish.source.path;
  const cluster = wish.cluster === undefined ? "" : ` --cluster ${wish.cluster}`;
  return `${findingLine(one)}; raise its replicas in the plan, run: spiderplan lock --path ${path}${cluster}, and commit both`;
}

function driftLine(steps: readonly Step[], drift: ReadonlyMap<string, Change>): string | undefined {
  const changed = [...new Set(steps.map(stepKey))].flatMap((key) => {
    const change = drift.get(key);
    if (change === undefined) return [];
    return [change.deleted ? `${key} was deleted` : `${key} was changed by ${change.writer}`];
  });
  return changed.length === 0 ? undefined : listed(changed);
}

function fightLine({ fights }: PlanContext): string | undefined {
  if (fights.length === 0) return undefined;
  return listed(
    fights.map(
      ({ object, heals, writer }) =>
        `${writer} keeps changing ${object}: undone ${heals} times in 10 minutes, now left alone for a while`,
    ),
  );
}

function overrideLine(glass: BreakGlass | undefined): string | undefined {
  if (glass === undefined) return undefined;
  return `break-glass ${glass.ticket} by ${glass.by} until ${glass.until}: ${count(glass.objects.length, "object")} left as they are`;
}

function causeOf({ about, file, line, message }: LocatedDiagnostic): string {
  return about ?? (file === undefined ? message : `${file}:${line}`);
}

function listed(lines: readonly string[]): string {
  const shown = lines.slice(0, 3).join("; ");
  return lines.length > 3 ? `${shown}; and ${lines.length - 3} more` : shown;
}
