import { conditionsOf } from "./conditions.js";
import { fieldText, fieldTime } from "./field-text.js";
import type { Findings } from "./findings.js";
import type { PlanSyncStatus, SyncRecord } from "./plan-sync.generated.js";

/** Syncs a PlanSync remembers; no list of objects is ever kept in it. Of those that went well so many stay, to roll back to. */
const HISTORY = { most: 10, applied: 3 };

/** The status of a PlanSync after a reconcile. Equal findings make an equal status, so that rest writes nothing. */
export function statusOf(findings: Findings): PlanSyncStatus {
  const { wish, previous, source, plan, sync } = findings;
  const handled = (findings.handled ? wish.switches.requestedAt : undefined) ?? previous.lastHandledReconcileAt;
  const applied = appliedRevision(findings);
  return {
    observedGeneration: wish.generation,
    conditions: conditionsOf(findings),
    ...given({
      lastAttemptedRevision: source.attempted ?? previous.lastAttemptedRevision,
      lastAppliedRevision: applied,
      lastHandledReconcileAt: handled,
      lastSyncAt: wrote(sync?.record) ? sync!.record.finishedAt : previous.lastSyncAt,
      source:
        source.revision === undefined
          ? previous.source
          : given({
              ref: line(source.ref),
              tree: source.tree,
              author: line(source.author),
              subject: line(source.subject),
              committedAt: fieldTime(source.committedAt),
              signedBy: line(source.signedBy?.join(", ")),
              pinned: source.pinned,
            }),
      plan:
        plan === undefined ? previous.plan : given({ revision: source.revision, digest: plan.digest, ...plan.summary }),
      verdict:
        plan === undefined
          ? previous.verdict
          : {
              stays: plan.verdict.stays,
              moves: plan.verdict.moves.length,
              strands: plan.verdict.strands.length,
              released: plan.verdict.released.length,
              leaving: plan.verdict.leaving.length,
            },
      blocked: plan === undefined ? previous.blocked : cut(plan.blocked),
      override: plan === undefined ? previous.override : cut(plan.override),
      nextSyncAt: findings.progress?.trouble?.nextTryAt ?? findings.nextSyncAt,
      history: history(previous.history ?? [], sync?.record),
    }),
  };
}

/** The cluster is at a revision when nothing of it is left to write but what somebody holds back or waits for by itself. */
function appliedRevision({ source, plan, sync, previous, wish }: Findings): string | undefined {
  if (plan === undefined || source.revision === undefined || wish.mode === "observe")
    return previous.lastAppliedRevision;
  const complete = plan.due === 0 && sync?.record.result !== "failed";
  return complete ? source.revision : previous.lastAppliedRevision;
}

/** Every try is one line. What failed again and again does not push out what people may roll back to. */
function history(before: readonly SyncRecord[], record: SyncRecord | undefined): SyncRecord[] | undefined {
  const { message } = record ?? {};
  const told = record && { ...record, ...(message !== undefined && { message: fieldText(message, 1024) }) };
  const all = told === undefined ? [...before] : [told, ...before];
  if (all.length === 0) return undefined;
  const kept = new Set(all.filter(({ result }) => result === "applied").slice(0, HISTORY.applied));
  for (let index = all.length - 1; all.length > HISTORY.most; index--) if (!kept.has(all[index]!)) all.splice(index, 1);
  return all;
}

/** Whether a sync changed anything. */
function wrote(record: SyncRecord | undefined): boolean {
  return record !== undefined && (record.created ?? 0) + (record.updated ?? 0) + (record.deleted ?? 0) > 0;
}

function cut(text: string | undefined): string | undefined {
  return text === undefined || text.length <= 1024 ? line(text) : `${fieldText(text, 1021)}...`;
}

function line(text: string | undefined): string | undefined {
  return text === undefined ? undefined : fieldText(text, 1024);
}

/** Without what is undefined: an absent field and an undefined one are the same JSON, but not the same object. */
function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
