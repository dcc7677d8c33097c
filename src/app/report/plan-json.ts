import { ownerShown } from "../../core/allocate/owner.js";
import { applyMergePatch } from "../../core/change/merge-patch.js";
import type { Step } from "../../core/change/step.js";
import type { LocatedDiagnostic } from "../../core/diagnostics.js";
import { formatRangeSet } from "../../core/ip/range-set.js";
import type { Outcome, Summary, Verdict, VerdictEntry } from "../../core/outcome.js";
import type { PlanPrint } from "../../core/plan-sync/approval.js";
import { type KubeObject, objectKey } from "../../core/spiderpool/objects.js";
import type { Digest } from "../../ports/runtime.js";
import type { PlanRun } from "../plan-run.js";
import { sortedKeys, withoutServerFields } from "./canonical-object.js";
import { type DiagnosticOutput, diagnosticOutput } from "./diagnostics-json.js";
import { lockChange } from "./lock-change.js";

/** What `plan -o json` prints: the shape of DESIGN 8 and schema/plan-output.schema.json. */
export interface PlanOutput {
  readonly formatVersion: "1.0";
  readonly digest: string;
  readonly verdict: Verdict;
  readonly summary: Summary;
  readonly steps: readonly StepOutput[];
  readonly allocations: readonly AllocationOutput[];
  readonly diagnostics: readonly DiagnosticOutput[];
}

export interface StepOutput {
  readonly wave: number;
  readonly action: string;
  readonly blocked: boolean;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly addresses: { readonly added: readonly string[]; readonly removed: readonly string[] };
  readonly object: object;
  readonly reason: string;
}

export interface AllocationOutput {
  readonly owner: string;
  readonly pool: string;
  readonly addresses: readonly string[];
  readonly kept: number;
  readonly added: number;
  /** Held beside them, not offered yet. */
  readonly pending?: readonly string[];
}

const NOTHING_JUDGED: Verdict = {
  stable: null,
  judged: [],
  stays: 0,
  moves: [],
  strands: [],
  released: [],
  leaving: [],
};
const NOTHING_TO_DO: Summary = { create: 0, update: 0, delete: 0, unchanged: 0, adopt: 0, blocked: 0 };

/** The machine form of a run, every key there even when an error left nothing to decide on. */
export function planOutput(run: PlanRun, diagnostics: readonly LocatedDiagnostic[], sha256: Digest): PlanOutput {
  const outcome = run.decided?.outcome;
  const steps = (outcome?.steps ?? []).map(stepOutput);
  return {
    formatVersion: "1.0",
    digest: digestOf(run, steps, sha256),
    verdict: verdictOutput(outcome?.verdict ?? NOTHING_JUDGED),
    summary: summaryOutput(outcome?.summary ?? NOTHING_TO_DO),
    steps,
    allocations: (outcome?.allocations ?? []).map((allocation) => ({
      owner: ownerShown(allocation.owner, allocation.subnet),
      pool: allocation.pool,
      addresses: formatRangeSet(allocation.addresses),
      kept: allocation.kept,
      added: allocation.added,
      ...(allocation.pending !== undefined && { pending: formatRangeSet(allocation.pending) }),
    })),
    diagnostics: diagnostics.map(diagnosticOutput),
  };
}

/**
 * Names what a person approves: steps (without versions and reasons, which may count Pods), entries that do not stay,
 * and the lock's change; not snapshot, time or usage, so that Pods restarting do not void an approval (DESIGN 8).
 */
export function planDigest(run: PlanRun, sha256: Digest): string {
  return digestOf(run, (run.decided?.outcome.steps ?? []).map(stepOutput), sha256);
}

/** A plan as approvals remember it: its digest, and of each step that would be written and each Pod that would leave a print. */
export function planPrint(run: PlanRun, sha256: Digest): PlanPrint {
  return printOf(digestText(run, (run.decided?.outcome.steps ?? []).map(stepOutput)), sha256);
}

/** The print of the text a digest is made of: whoever keeps the text cannot change it without changing the digest. */
export function printOf(text: string, sha256: Digest): PlanPrint {
  const covered = JSON.parse(text) as { steps: StepOutput[]; leaves: Leaving[] };
  const steps = new Map<string, string>();
  for (const output of covered.steps) {
    if (output.blocked) continue;
    const name = `${output.action} ${objectKey(output.kind, output.namespace ?? undefined, output.name)}`;
    // An object that is written twice in one plan has a print for each time.
    const key = steps.has(name) ? `${name} (wave ${output.wave})` : name;
    steps.set(key, sha256(JSON.stringify(output)).slice(0, 16));
  }
  return { digest: `sha256:${sha256(text)}`, text, steps, leaves: covered.leaves.map(leaveText) };
}

function digestOf(run: PlanRun, outputs: readonly StepOutput[], sha256: Digest): string {
  return `sha256:${sha256(digestText(run, outputs))}`;
}

/** All that an approval covers. */
function digestText(run: PlanRun, outputs: readonly StepOutput[]): string {
  const outcome = run.decided?.outcome;
  const covered = {
    steps: outputs.map((output, i) => stepApproved(output, outcome!.steps[i]!)),
    leaves: outcome === undefined ? [] : entriesThatDoNotStay(outcome),
    lock: outcome === undefined ? [] : lockChange(run.lock, outcome.lock),
  };
  return JSON.stringify(covered);
}

/** What of a step is approved: all that is written. Of an object that only changes, the rest is not ours to cover. */
function stepApproved(output: StepOutput, step: Step): object {
  const { reason: _, object, ...rest } = output;
  if (step.action === "create") return { ...rest, object };
  return { ...rest, uid: step.live?.metadata.uid, patch: sortedKeys(step.patch) };
}

type Leaving = Omit<VerdictEntry, "reasons"> & { readonly fate: string };

function leaveText({ fate, pod, interface: nic, address }: Leaving): string {
  return `${pod} ${nic} ${address} ${fate}`;
}

/** The reasons of a verdict tell of usage; who and what is at stake is what an approval is about. */
function entriesThatDoNotStay(outcome: Outcome): Leaving[] {
  const { moves, strands, released } = outcome.verdict;
  return Object.entries({ moves, strands, released }).flatMap(([fate, entries]) =>
    entries.map(({ reasons: _, ...entry }) => ({ fate, ...entry })),
  );
}

function stepOutput(step: Step): StepOutput {
  return {
    wave: step.wave,
    action: step.action,
    blocked: step.blocked !== undefined,
    apiVersion: step.kind.apiVersion,
    kind: step.kind.kind,
    namespace: step.namespace ?? null,
    name: step.name,
    addresses: { added: formatRangeSet(step.added), removed: formatRangeSet(step.removed) },
    object: withoutServerFields(objectAfter(step)),
    reason: [
      step.reason,
      ...(step.note === undefined ? [] : [step.note]),
      ...(step.blocked === undefined ? [] : [`held back: ${step.blocked.message}`]),
    ].join("; "),
  };
}

/** Of a shared object the step carries the live form; what it will be is that with the patch. */
function objectAfter(step: Step): KubeObject {
  const shared = step.patch !== undefined && step.object === step.live;
  return shared ? (applyMergePatch(step.object, step.patch) as KubeObject) : step.object;
}

function verdictOutput(verdict: Verdict): Verdict {
  const entry = (one: Verdict["moves"][number]) => ({
    pod: one.pod,
    interface: one.interface,
    address: one.address,
    pool: one.pool,
    owner: one.owner,
    reasons: [...one.reasons],
    ...(one.migration !== undefined && { migration: one.migration }),
  });
  return {
    stable: verdict.stable,
    judged: [...verdict.judged],
    stays: verdict.stays,
    moves: verdict.moves.map(entry),
    strands: verdict.strands.map(entry),
    released: verdict.released.map(entry),
    leaving: verdict.leaving.map((one) => ({
      owner: one.owner,
      pool: one.pool,
      addresses: [...one.addresses],
      inUse: one.inUse,
      waiting: [...one.waiting],
    })),
  };
}

function summaryOutput(summary: Summary): Summary {
  return {
    create: summary.create,
    update: summary.update,
    delete: summary.delete,
    unchanged: summary.unchanged,
    adopt: summary.adopt,
    blocked: summary.blocked,
  };
}
