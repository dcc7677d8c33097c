import { mayHarm, type Step } from "../../core/change/step.js";
import { isClusterError } from "../../core/cluster-error.js";
import type { Outcome } from "../../core/outcome.js";
import type { Snapshot } from "../../core/snapshot.js";
import type { SpiderpoolFacts } from "../../core/spiderpool/facts.js";
import { KINDS } from "../../core/spiderpool/objects.js";
import { cidrOf } from "../../core/verdict/depends.js";
import type { Cluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { Lease } from "../lease.js";
import type { LeaseOptions } from "../lease-record.js";
import { acquireWriterLease } from "../writer-lease.js";
import type { ApplyCheck, ApplyEvent, ApplyReport } from "./apply-report.js";
import type { Rejudge } from "./judging-again.js";
import { Run } from "./run.js";
import { checkAfter, readUse } from "./verify.js";

/** What a run writes with. */
export interface ApplyContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Who we are in the writer Lease: unique to this process. */
  readonly identity: string;
  /** For whom: named to others who wait. */
  readonly install: string;
  /** Facts in force; the Lease lives in Spiderpool's namespace. */
  readonly facts: Pick<SpiderpoolFacts, "namespace">;
  /** Asked under the Lease, before each wave with a step that may harm somebody. */
  readonly rejudge: Rejudge;
  /** Who uses what before the first write, as watches show it; without it everything is listed. */
  readonly watchedUse?: () => Promise<Snapshot>;
  /** Takes the right to write; renewed in this thread unless given. */
  readonly acquireLease?: AcquireLease;
  /** How long to wait for another writer, in milliseconds; a minute by default. */
  readonly leaseTimeout?: number;
  readonly onProgress?: (event: ApplyEvent) => void;
  /** Ends the run: running writes finish, no other starts. */
  readonly signal?: AbortSignal;
}

/** Waits for the right to write and keeps it renewed, as `acquireWriterLease`. */
export type AcquireLease = (options: Omit<LeaseOptions, "name">) => Promise<HeldLease>;

/** What a run needs of a Lease. */
export type HeldLease = Pick<Lease, "isHeld" | "release">;

const LEASE_TIMEOUT = 60_000;

/**
 * Carries out the steps of a decision that are not blocked (DESIGN 7): under the writer Lease, wave after wave, every
 * write with its precondition; then looks whether all is as promised.
 * @throws LeaseTaken when another writer does not let go; ClusterError when the Lease cannot be read or written
 */
export async function apply(outcome: Pick<Outcome, "steps">, context: ApplyContext): Promise<ApplyReport> {
  const steps = outcome.steps.filter((step) => step.blocked === undefined);
  if (steps.length === 0) return untouched(steps, false);
  const tell = context.onProgress ?? (() => {});
  const lease = await acquire(context, tell);
  if (lease === undefined) return untouched(steps, true);
  try {
    return await underLease(steps, lease, context, tell);
  } finally {
    await lease.release();
  }
}

async function underLease(
  steps: readonly Step[],
  lease: HeldLease,
  context: ApplyContext,
  tell: (event: ApplyEvent) => void,
): Promise<ApplyReport> {
  const { cluster, signal, watchedUse } = context;
  const use = watchedUse ?? (() => readUse(cluster));
  const before = steps.some(mayDisplace) ? await use() : undefined;
  const run = new Run({ ...context, lease, tell }, steps.length);
  for (const wave of [...new Set(steps.map((step) => step.wave))].sort((a, b) => a - b)) {
    if (!run.mayWrite()) break;
    tell({ type: "wave", wave });
    const now = steps.filter((step) => step.wave === wave);
    if (now.some(mayHarm)) await run.reconsider(steps.filter((step) => step.wave >= wave));
    await run.wave(now);
  }
  const { written, ...outcome } = run.report(steps);
  const aborted = signal?.aborted === true && outcome.notStarted.length > 0;
  if (written.length === 0) return { ...outcome, check: undefined, aborted };
  tell({ type: "check" });
  return { ...outcome, check: await look(written, before, context), aborted };
}

async function look(
  written: readonly Step[],
  before: Snapshot | undefined,
  { cluster }: ApplyContext,
): Promise<ApplyCheck | undefined> {
  const cidrs = [...new Set(written.map(cidrOf))].filter((cidr) => cidr !== undefined);
  if (cidrs.length === 0) return { cidrs: [], overlaps: [], displaced: [] };
  try {
    // Listed, whatever watches say: they may be behind (DESIGN 7).
    return checkAfter(cidrs, before, await readUse(cluster, before));
  } catch (error) {
    // The run says for itself that it ended early; a check that cannot be made is none.
    if (isClusterError(error)) return undefined;
    throw error;
  }
}

/** Whether a step works on a pool that may have users. */
function mayDisplace(step: Step): boolean {
  return step.kind === KINDS.SpiderIPPool && step.action !== "create";
}

/** Undefined when called off while waiting. */
async function acquire(context: ApplyContext, tell: (event: ApplyEvent) => void): Promise<HeldLease | undefined> {
  const { cluster, clock, facts, signal } = context;
  const take: AcquireLease = context.acquireLease ?? ((options) => acquireWriterLease(cluster, clock, options));
  const identity = `${context.identity} (install ${context.install})`;
  try {
    const lease = await take({
      namespace: facts.namespace,
      identity,
      timeout: context.leaseTimeout ?? LEASE_TIMEOUT,
      onWait: (holder) => tell({ type: "wait", message: `${holder} is writing to this cluster` }),
      signal,
    });
    tell({ type: "lease", holder: identity });
    return lease;
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}

function untouched(steps: readonly Step[], aborted: boolean): ApplyReport {
  const none = { created: 0, updated: 0, deleted: 0, adopted: 0, failed: [], withheld: [] };
  return { ...none, notStarted: steps, check: undefined, aborted, stopped: undefined };
}
