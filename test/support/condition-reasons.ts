import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PlanSyncParts } from "../../src/app/plan-sync/parts.js";
import { planFindings } from "../../src/app/plan-sync/plan-findings.js";
import type { Planning } from "../../src/app/plan-sync/planning.js";
import { sourceFindings } from "../../src/app/plan-sync/source-findings.js";
import type { Block } from "../../src/core/change/step.js";
import { conditionsOf } from "../../src/core/plan-sync/conditions.js";
import type { Findings, PlanFindings } from "../../src/core/plan-sync/findings.js";
import type { Gate } from "../../src/core/plan-sync/gate.js";
import { readWish } from "../../src/core/plan-sync/wish.js";
import { SourceError, type SourceErrorReason } from "../../src/core/source-error.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { PROJECT } from "./cli.js";

/** Every word of a union: the compiler asks for one that is missing. */
const wordsOf = <Word extends string>(words: Readonly<Record<Word, true>>) => Object.keys(words) as Word[];

const GATES = wordsOf<Gate["reason"]>({
  Nothing: true,
  Observing: true,
  Suspended: true,
  DriftDetected: true,
  OutsideWindow: true,
  ApprovalRequired: true,
  ApprovalStale: true,
  RetriesExhausted: true,
  ProgressingWithRetry: true,
  Progressing: true,
});
const SOURCE_ERRORS = wordsOf<SourceErrorReason>({
  AuthenticationFailed: true,
  GitOperationFailed: true,
  NotFound: true,
  Refused: true,
  VerificationFailed: true,
  TooLarge: true,
  InternalError: true,
});
const PLAN_ERRORS = wordsOf<NonNullable<Findings["planErrorReason"]>>({
  BuildFailed: true,
  EmptySource: true,
  LockMismatch: true,
});
const CLUSTER_ERRORS = wordsOf<NonNullable<Findings["clusterError"]>["reason"]>({
  AdmissionUnavailable: true,
  ReconciliationFailed: true,
  InternalError: true,
});
/** All but `error`, which no step is held back as. */
const BLOCKS = wordsOf<Exclude<Block["type"], "error">>({
  "in-use": true,
  verdict: true,
  conflict: true,
  depends: true,
  waiting: true,
  budget: true,
  atomic: true,
  held: true,
});
/** Reasons of a sync that failed stand as plain words where it is carried out. */
const SYNCS = ["carry-out", "sync-now"].flatMap((name) => {
  const text = readFileSync(join(PROJECT, `src/app/plan-sync/${name}.ts`), "utf8");
  return [...text.matchAll(/(?:return|reason:) "([A-Z]\w+)"/g)].map(([, word]) => word!);
});

const WISH = readWish({
  apiVersion: KINDS.PlanSync.apiVersion,
  kind: KINDS.PlanSync.kind,
  metadata: { namespace: "net", name: "dc" },
  spec: {
    source: { repoURL: "https://git.example/p.git", ref: { branch: "main" }, verify: { secretRef: { name: "k" } } },
  },
});
const VERDICT = { stable: true, judged: [], stays: 0, moves: [], strands: [], released: [], leaving: [] };
const SUMMARY = { create: 0, update: 0, delete: 0, unchanged: 0, adopt: 0, blocked: 0 };
const REVISION = { revision: "a".repeat(40), read: { revision: "a".repeat(40), signedBy: ["ann"] } };
const REST: Findings = {
  wish: WISH,
  previous: {},
  now: "2026-11-24T12:00:00Z",
  handled: true,
  source: REVISION,
  planErrors: [],
  plan: { digest: "sha256:1", summary: SUMMARY, verdict: VERDICT, due: 0 },
};

/** Every kind of thing a reconcile may find, one at a time. */
function everyFinding(): Findings[] {
  const { plan: _, ...unplanned } = REST;
  const planned = (plan: Partial<PlanFindings>) => ({ ...REST, plan: { ...REST.plan!, ...plan } });
  const pod = { pod: "p", interface: "eth0", address: "10.0.0.1", pool: "x", owner: "o", reasons: [] };
  return [
    REST,
    unplanned,
    { ...unplanned, source: {} },
    ...sourceFailures().flatMap((source) => [
      { ...unplanned, source },
      { ...REST, source: { ...source, ...REVISION } },
    ]),
    ...PLAN_ERRORS.map((planErrorReason) => ({ ...unplanned, planErrors: ["wrong"], planErrorReason })),
    ...CLUSTER_ERRORS.map((reason) => ({ ...unplanned, clusterError: { reason, message: "" } })),
    ...SYNCS.map(
      (reason) =>
        ({
          ...REST,
          sync: { record: { revision: "", digest: "", result: "failed", startedAt: "" }, reason },
        }) as Findings,
    ),
    ...GATES.map((reason) => ({
      ...planned({ due: 1 }),
      gate: { open: reason === "Progressing", reason, message: "" },
    })),
    ...BLOCKS.flatMap((type) => [true, false].map((over) => planned(heldBack(type, over)))),
    ...(["moves", "strands", "released"] as const).map((what) => planned({ verdict: { ...VERDICT, [what]: [pod] } })),
    ...(["capacity", "drift", "fights", "ownerErrors", "unserved"] as const).map((what) =>
      planned({ [what]: "something" }),
    ),
  ];
}

function sourceFailures(): Findings["source"][] {
  return SOURCE_ERRORS.flatMap((reason) =>
    [true, false].flatMap((transient) =>
      [true, false].map((told) => {
        const failure = { error: new SourceError(reason, "no", transient), since: 0, told };
        return sourceFindings({ follower: { state: { failure } }, memory: {} } as unknown as PlanSyncParts, WISH);
      }),
    ),
  );
}

/** What is found of a plan with one step held back. */
function heldBack(type: Block["type"], overBudget: boolean): PlanFindings {
  const live = { metadata: { annotations: { "spiderplan.io/prune": "confirm" } } };
  const step = { action: "delete", kind: KINDS.SpiderIPPool, name: "x", live, blocked: { type, message: "so" } };
  const outcome = {
    steps: [step],
    summary: SUMMARY,
    verdict: VERDICT,
    ...(overBudget && { pruneBudgetExceeded: {} }),
  };
  const planning = { run: { decided: { outcome } }, print: { digest: "sha256:1" }, diagnostics: [] };
  const context = { wish: WISH, drift: new Map(), fights: [], breakGlass: undefined };
  return planFindings(planning as unknown as Planning, context);
}

/** Types of conditions that have each reason. `Reconciling` is not told of: it repeats what Ready says. */
export function conditionReasons(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const findings of everyFinding()) {
    for (const { type, reason } of conditionsOf(findings)) {
      if (type === "Reconciling") continue;
      const types = found.get(reason) ?? new Set();
      found.set(reason, types.add(type));
    }
  }
  return found;
}
