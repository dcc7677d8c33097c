import pLimit from "p-limit";
import type { Step } from "../../core/change/step.js";
import { isClusterError } from "../../core/cluster-error.js";
import { isQuarantineStep } from "../../core/desired/quarantine-steps.js";
import { unionAll } from "../../core/ip/range-set.js";
import type { Snapshot } from "../../core/snapshot.js";
import { KINDS } from "../../core/spiderpool/objects.js";
import { dependsOn } from "../../core/verdict/depends.js";
import type { Cluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { Lease } from "../lease.js";
import type { ApplyEvent, Done, FailedStep, Progress, WithheldStep } from "./apply-report.js";
import { chainsOf } from "./chains.js";
import { Guards } from "./guards.js";
import type { Rejudge } from "./judging-again.js";
import { RESULT, type StepResult, StepWriter } from "./step-writer.js";
import { undoQuarantine } from "./undo-quarantine.js";
import { reserves, takenMeanwhile, undoReservation } from "./undo-reservation.js";
import { readUse } from "./verify.js";

/** Writes in flight at a time (DESIGN 7). */
const IN_FLIGHT = 16;

export interface RunContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly lease: Pick<Lease, "isHeld">;
  readonly tell: (event: ApplyEvent) => void;
  readonly rejudge: Rejudge;
}

/** The state of one run: what was done, what not and why, and whether it may go on. */
export class Run {
  readonly #written: Step[] = [];
  readonly #failed: FailedStep[] = [];
  readonly #withheld: WithheldStep[] = [];
  readonly #counts = { created: 0, updated: 0, deleted: 0, adopted: 0 };
  readonly #settled = new Set<Step>();
  /** Steps that would harm somebody by now. */
  readonly #refused = new Map<Step, string>();
  /** Quarantines from which addresses were taken back: what was decided about them later in the run no longer fits. */
  readonly #reopened = new Set<string>();
  readonly #started: number;
  readonly #guards: Guards;
  readonly #writer: StepWriter;
  #stopped: string | undefined;

  constructor(
    private readonly context: RunContext,
    private readonly total: number,
  ) {
    const { cluster, clock, signal, tell } = context;
    this.#started = clock.monotonic();
    this.#guards = new Guards(cluster, clock, signal, (message) => tell({ type: "wait", message }));
    this.#writer = new StepWriter({
      cluster,
      clock,
      guards: this.#guards,
      signal,
      mayWrite: () => this.mayWrite(),
      onRetry: (step, message, seconds) => tell({ type: "retry", step, message, seconds }),
    });
  }

  /** The fence before every write: not called off, the cluster there, the Lease ours. */
  mayWrite(): boolean {
    if (this.#stopped === undefined && !this.context.lease.isHeld()) this.#stopped = "the writer Lease was lost";
    return this.#stopped === undefined && this.context.signal?.aborted !== true;
  }

  /** Asks again about what is left, now that nobody else writes: Pods may have come since the decision. */
  async reconsider(remaining: readonly Step[]): Promise<void> {
    try {
      for (const [step, why] of await this.context.rejudge(remaining)) this.#refused.set(step, why);
    } catch (error) {
      if (!isClusterError(error)) throw error;
      this.#stopped ??= error.message;
    }
  }

  /** Carries out the steps of one wave. Reservations stand before pools give addresses up (DESIGN 7, a release). */
  async wave(steps: readonly Step[]): Promise<void> {
    this.#guards.nextWave();
    const reserving = (step: Step) => step.kind === KINDS.SpiderReservedIP && step.action !== "delete";
    await this.#reserve(steps.filter(reserving));
    await this.#sideBySide(steps.filter((step) => !reserving(step)));
    await this.#unreserve(steps);
  }

  report(steps: readonly Step[]) {
    return {
      ...this.#counts,
      written: this.#written,
      failed: inOrder(this.#failed, steps),
      withheld: inOrder(this.#withheld, steps),
      notStarted: steps.filter((step) => !this.#settled.has(step)),
      stopped: this.#stopped,
    };
  }

  /** A reservation and a hand-out may cross: who was quicker is known afterwards (V7). */
  async #reserve(steps: readonly Step[]): Promise<void> {
    const before = steps.some(reserves) ? await this.#use() : undefined;
    await this.#sideBySide(steps);
    const written = steps.filter((step) => reserves(step) && this.#written.includes(step));
    const after = before !== undefined && written.length > 0 ? await this.#use() : undefined;
    if (before === undefined || after === undefined) return;
    for (const step of written) {
      const taken = takenMeanwhile(step, before, after);
      const live = this.#writer.known(step);
      if (taken === undefined || live === undefined) continue;
      await this.#writer.carryOut(undoReservation(step, live));
      this.#takeBack(step, taken);
    }
  }

  /** Who uses what now; where that cannot be told, the run ends. */
  async #use(): Promise<Snapshot | undefined> {
    try {
      return await readUse(this.context.cluster);
    } catch (error) {
      if (!isClusterError(error)) throw error;
      this.#stopped ??= error.message;
      return undefined;
    }
  }

  /** A step that was done and then undone counts as withheld. */
  #takeBack(step: Step, message: string): void {
    this.#written.splice(this.#written.indexOf(step), 1);
    this.#counts[RESULT[step.action]]--;
    this.#withheld.push({ step, message });
    this.#tell(step, "withheld", message);
  }

  async #sideBySide(steps: readonly Step[]): Promise<void> {
    const limit = pLimit(IN_FLIGHT);
    const chain = async (links: readonly Step[]) => {
      for (const step of links) this.#settle(step, await this.#one(step));
    };
    await Promise.all(chainsOf(steps).map((links) => limit(chain, links)));
  }

  async #one(step: Step): Promise<StepResult> {
    if (!this.mayWrite()) return { type: "notStarted" };
    const refused = this.#refused.get(step);
    if (refused !== undefined) return { type: "withheld", message: `the cluster changed meanwhile: ${refused}` };
    const undone = [...this.#failed, ...this.#withheld];
    for (const earlier of undone) {
      const why = dependsOn(step, earlier.step);
      if (why !== undefined) return { type: "withheld", message: why };
    }
    if (isQuarantineStep(step) && this.#reopened.has(step.name)) {
      return { type: "withheld", message: "some addresses stay in their pool; run again to judge what rests" };
    }
    if (step.action === "delete" && this.#failed.length > 0) {
      return { type: "withheld", message: "nothing is deleted after a step failed" };
    }
    return this.#writer.carryOut(step);
  }

  #settle(step: Step, result: StepResult): void {
    if (result.type === "notStarted") return;
    this.#settled.add(step);
    if (result.type === "done") {
      this.#written.push(step);
      this.#counts[result.done]++;
      this.#tell(step, result.done);
    } else if (result.type === "withheld") {
      this.#withheld.push({ step, message: result.message });
      this.#tell(step, "withheld", result.message);
    } else {
      const { reason, message } = result.error;
      this.#failed.push({ step, reason, message });
      this.#tell(step, "failed", message);
      // Nobody there, nobody who lets us in, or not our turn any more: the next step would fare no better.
      if (["Unreachable", "Unauthorized", "Fenced"].includes(reason)) this.#stopped ??= message;
    }
  }

  /** A release that did not happen leaves no reservation behind. */
  async #unreserve(steps: readonly Step[]): Promise<void> {
    const inWave = new Set(steps);
    const kept = [...this.#failed, ...this.#withheld].filter(({ step }) => inWave.has(step)).map(({ step }) => step);
    for (const family of [4, 6]) {
      const sets = kept.filter((step) => step.kind === KINDS.SpiderIPPool && familyOfStep(step) === family);
      const addresses = unionAll(sets.map((step) => step.removed));
      for (const step of this.#written) {
        const undo = undoQuarantine(step, this.#writer.known(step), addresses);
        if (undo === undefined) continue;
        this.#reopened.add(step.name);
        await this.#writer.carryOut(undo);
      }
    }
  }

  #tell(step: Step, result: Done | "failed" | "withheld", message?: string): void {
    this.context.tell({ type: "step", step, result, message, progress: this.#progress() });
  }

  #progress(): Progress {
    const done = this.#settled.size;
    const seconds = (this.context.clock.monotonic() - this.#started) / 1000;
    const perSecond = seconds > 0 ? done / seconds : 0;
    const secondsLeft = perSecond > 0 ? (this.total - done) / perSecond : undefined;
    return { done, total: this.total, perSecond, secondsLeft };
  }
}

function familyOfStep(step: Step): 4 | 6 | undefined {
  const first = step.removed[0]?.first;
  return first === undefined ? undefined : typeof first === "number" ? 4 : 6;
}

/** Steps settle in any order; a report has one. */
function inOrder<T extends { readonly step: Step }>(found: readonly T[], steps: readonly Step[]): T[] {
  const place = new Map(steps.map((step, index) => [step, index]));
  return [...found].sort((a, b) => (place.get(a.step) ?? 0) - (place.get(b.step) ?? 0));
}
