import type { Condition, PlanSyncStatus, SyncRecord } from "../../core/plan-sync/plan-sync.generated.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import { printable } from "../../core/printable.js";
import { table } from "./columns.js";
import { csvText } from "./media.js";
import type { Palette } from "./palette.js";

/** A PlanSync for people: what it follows, where it is, what is wrong; several lines with a final newline. */
export function planSyncText(wish: Wish, status: PlanSyncStatus, paint: Palette): string {
  const { source = {}, plan, verdict } = status;
  const rows: [string, string | undefined][] = [
    [
      "Source",
      `${wish.source.repoURL} ${Object.values(wish.source.ref).join("")}${wish.source.path === "" ? "" : ` ${wish.source.path}`}`,
    ],
    ["Mode", `${wish.mode}${wish.suspended ? ", suspended" : ""}`],
    ["Attempted", status.lastAttemptedRevision],
    ["Applied", status.lastAppliedRevision],
    [
      "Commit",
      source.author && `${source.subject} (${[source.author, source.committedAt].filter(Boolean).join(", ")})`,
    ],
    ["Signed", source.signedBy],
    ["Pinned", source.pinned],
    [
      "Plan",
      plan && `${plan.create} to create, ${plan.update} to update, ${plan.delete} to delete, ${plan.blocked} held back`,
    ],
    ["Digest", plan?.digest],
    [
      "Workloads",
      verdict &&
        `${verdict.stays} addresses stay, ${verdict.moves} move, ${verdict.strands} left without one, ${verdict.released} released, ${verdict.leaving} pools leaving`,
    ],
    ["Held back", status.blocked],
    ["Override", status.override],
    ["Next", status.nextSyncAt],
  ];
  const facts = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${`${name}:`.padEnd(11)}${printable(value)}`],
  );
  const conditions = (status.conditions ?? []).map((one) => conditionLine(one, paint));
  return [paint.bold(printable(`PlanSync ${wish.key}`)), ...facts, ...conditions, ""].join("\n");
}

/** The same for programs. */
export function planSyncDocument(wish: Wish, status: PlanSyncStatus): object {
  return { formatVersion: "1.0", planSync: wish.key, status };
}

/** Its conditions, a row each. */
export function planSyncCsv(wish: Wish, { conditions = [] }: PlanSyncStatus): string {
  const rows = conditions.map(({ type, status, reason, message }) => [wish.key, type, status, reason, message]);
  return csvText([["planSync", "condition", "status", "reason", "message"], ...rows]);
}

const GOOD_WHEN_FALSE = new Set(["Stalled", "Blocked", "Drifted", "Reconciling"]);

function conditionLine({ type, status, reason, message }: Condition, paint: Palette): string {
  const good = status === (GOOD_WHEN_FALSE.has(type) ? "False" : "True");
  const mark = good ? paint.green("+") : status === "Unknown" ? paint.yellow("?") : paint.red("!");
  const told = message === "" ? reason : `${reason}: ${message}`;
  return `  ${mark} ${printable(`${type.padEnd(15)} ${status.padEnd(8)} ${told}`)}`;
}

/** The syncs of a PlanSync, newest first. */
export function historyText(history: readonly SyncRecord[]): string {
  if (history.length === 0) return "No sync has written anything yet.\n";
  const rows = history.map((one) => [
    one.finishedAt,
    one.revision.slice(0, 12),
    one.result,
    `+${one.created ?? 0} ~${one.updated ?? 0} -${one.deleted ?? 0}`,
    one.approvedBy ?? "",
    one.message ?? "",
  ]);
  const head = ["TIME", "REVISION", "RESULT", "CHANGES", "APPROVED BY", "MESSAGE"];
  return table([head, ...rows].map((row) => row.map(printable)));
}
