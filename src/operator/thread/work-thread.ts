import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import type { AcquireLease, HeldLease } from "../../app/apply/apply.js";
import type { DeadlinedWork } from "../../app/plan-sync/deadlines.js";
import type { Clock } from "../../ports/runtime.js";
import type { Logger, Metrics } from "../../ports/telemetry.js";
import type { WebhookHint } from "../webhooks/webhook.js";
import type { Lead, Work } from "../work.js";
import { heldCell, holdFor } from "./held-cell.js";
import type { FromWork, LeaseRequest, Refusal, ToWork, WorkStart } from "./messages.js";
import { sendable } from "./sent-error.js";
import { keyOf } from "./work-side.js";

/** How long the thread may go without a sign of life, and what becomes of it then; times in milliseconds. */
export interface WorkLimits {
  /** Of the processor's time: a busy machine is no fault of a plan. */
  readonly cpu: number;
  /** On the clock, whatever it waits for. */
  readonly wall: number;
  /** Between two looks. */
  readonly look: number;
  /** How long what was cut off is refused at first; each time twice as long. */
  readonly refusal: number;
  /** How long writes under way may take at the end. */
  readonly grace: number;
}

export const WORK_LIMITS: WorkLimits = {
  cpu: 180_000,
  wall: 1_800_000,
  look: 1_000,
  refusal: 3_600_000,
  grace: 20_000,
};

/** A thread that ends without anybody to blame is started again at most so often in a row. */
const RESTARTS = 5;

export interface WorkThreadOptions<Settings> {
  /** The module that calls `runWorkSide`. */
  readonly script: URL;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly write: (to: "stdout" | "stderr", text: string) => void;
  /** Takes and renews a Lease in this thread. */
  readonly acquireLease: AcquireLease;
  readonly limits?: WorkLimits;
}

/** Why a thread ended. */
type Ending =
  | { readonly type: "finished" }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "cut"; readonly reason: "deadline" | "memory" | "exception"; readonly message: string };

/**
 * Work in a thread of its own, so that reading and planning, which may take longer than a Lease lasts, keep this one from nothing:
 * it renews Leases, answers probes and signals, and ends the other when that does not come back. What does not come back is
 * told by what it began last, and not begun again for a while; all the rest starts anew.
 */
export class WorkThread<Settings> implements Work {
  #troubles: readonly string[] = ["the work has not begun yet"];
  #worker: Worker | undefined;
  readonly #cuts = new Map<string, Refusal & { readonly times: number }>();

  constructor(
    private readonly options: WorkThreadOptions<Settings>,
    private readonly lead: Lead,
  ) {}

  hint(hint: WebhookHint): undefined {
    this.#send({ type: "hint", hint });
  }

  troubles(): readonly string[] {
    return this.#troubles;
  }

  /** @throws Error when the work cannot be done at all */
  async run(signal: AbortSignal): Promise<void> {
    let blameless = 0;
    while (!signal.aborted) {
      const { ending, culprit } = await this.#once(signal);
      if (ending.type === "failed") throw new Error(ending.message);
      if (ending.type === "finished" || signal.aborted) return;
      this.options.metrics.count("work_restarts_total", { reason: ending.reason });
      this.options.logger.error(
        {
          reason: ending.reason,
          detail: ending.message,
          ...(culprit && { plansync: culprit.planSync, doing: culprit.what }),
        },
        "the work was cut off and begins anew",
      );
      if (culprit !== undefined) this.#refuse(culprit, ending.message);
      blameless = culprit === undefined ? blameless + 1 : 0;
      if (blameless > RESTARTS) throw new Error(`the work ended ${blameless} times in a row: ${ending.message}`);
      await this.options.clock.sleep(1_000 * blameless, signal).catch(() => {});
    }
  }

  #refuse(work: DeadlinedWork, why: string): void {
    const times = (this.#cuts.get(keyOf(work))?.times ?? 0) + 1;
    const { refusal } = this.options.limits ?? WORK_LIMITS;
    const until = this.options.clock.now() + Math.min(24 * 3_600_000, refusal * 2 ** (times - 1));
    this.#cuts.set(keyOf(work), { work, why, until, times });
  }

  #send(message: ToWork): void {
    this.#worker?.postMessage(message);
  }

  async #once(signal: AbortSignal): Promise<{ readonly ending: Ending; readonly culprit: DeadlinedWork | undefined }> {
    const { script, settings, limits = WORK_LIMITS } = this.options;
    const start: WorkStart<Settings> = { settings, lead: this.lead.cell, refusals: [...this.#cuts.values()] };
    // As much memory as the process would have without threads, `--max-old-space-size` included.
    const maxOldGenerationSizeMb = Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20);
    const worker = new Worker(script, { workerData: start, resourceLimits: { maxOldGenerationSizeMb } });
    this.#worker = worker;
    const begun = new Map<number, DeadlinedWork>();
    const leases = new Leases(this.options, (message) => worker.postMessage(message));
    let ending: Ending | undefined;
    let life = signOfLife();
    worker.on("message", (message: FromWork) => {
      if (message.type === "beat") {
        life = signOfLife();
        this.#troubles = message.troubles;
      } else if (message.type === "begin") begun.set(message.id, message.work);
      else if (message.type === "end") begun.delete(message.id);
      else if (message.type === "ended") ending ??= endingOf(message.error);
      else if (message.type === "acquire") void leases.acquire(message.id, message.lease);
      else if (message.type === "cancel" || message.type === "release") void leases.giveBack(message.id);
      else this.#relay(message);
    });
    worker.on("error", (error: Error & { code?: string }) => {
      const memory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      ending ??= { type: "cut", reason: memory ? "memory" : "exception", message: whatHappened(memory, error) };
    });
    const watch = setInterval(() => {
      const { cpu, wall } = since(life);
      if (cpu < limits.cpu && wall < limits.wall) return;
      ending ??= { type: "cut", reason: "deadline", message: tooLong([...begun.values()].at(-1), cpu, wall) };
      void worker.terminate();
    }, limits.look);
    const stop = () => {
      worker.postMessage({ type: "stop" } satisfies ToWork);
      setTimeout(() => void worker.terminate(), limits.grace).unref();
    };
    signal.addEventListener("abort", stop, { once: true });
    await new Promise((resolve) => worker.once("exit", resolve));
    signal.removeEventListener("abort", stop);
    clearInterval(watch);
    this.#worker = undefined;
    this.#troubles = ["the work begins anew"];
    await leases.giveBackAll();
    ending ??= { type: "cut", reason: "exception", message: "its thread ended" };
    return { ending, culprit: ending.type === "cut" ? [...begun.values()].at(-1) : undefined };
  }

  #relay(message: Extract<FromWork, { type: "line" | "metric" | "forget" }>): void {
    const { metrics, write } = this.options;
    if (message.type === "line") write(message.to, message.text);
    else if (message.type === "forget") metrics.forget(message.name, message.labels);
    else if (message.call === "count") metrics.count(message.name, message.labels, message.value);
    else metrics[message.call](message.name, message.value, message.labels);
  }
}

/** Leases of this thread on behalf of another. */
class Leases {
  readonly #held = new Map<number, HeldLease>();
  readonly #waiting = new Map<number, AbortController>();

  constructor(
    private readonly options: Pick<WorkThreadOptions<unknown>, "acquireLease" | "clock">,
    private readonly send: (message: ToWork) => void,
  ) {}

  async acquire(id: number, lease: LeaseRequest): Promise<void> {
    const { acquireLease, clock } = this.options;
    const held = heldCell();
    const given = new AbortController();
    this.#waiting.set(id, given);
    try {
      const taken = await acquireLease({
        ...lease,
        signal: given.signal,
        onWait: (holder) => this.send({ type: "waiting", id, holder }),
        onHeld: (until) => holdFor(held, until === 0 ? 0 : until - clock.monotonic()),
      });
      this.#held.set(id, taken);
      this.send({ type: "acquired", id, held });
    } catch (error) {
      this.send({ type: "refused", id, error: sendable(error) });
    } finally {
      this.#waiting.delete(id);
    }
  }

  async giveBack(id: number): Promise<void> {
    this.#waiting.get(id)?.abort(new Error("called off"));
    const lease = this.#held.get(id);
    this.#held.delete(id);
    if (lease === undefined) return;
    await lease.release();
    this.send({ type: "released", id });
  }

  async giveBackAll(): Promise<void> {
    await Promise.all([...this.#waiting.keys(), ...this.#held.keys()].map((id) => this.giveBack(id)));
  }
}

interface SignOfLife {
  readonly at: bigint;
  readonly cpu: NodeJS.CpuUsage;
}

function signOfLife(): SignOfLife {
  return { at: process.hrtime.bigint(), cpu: process.cpuUsage() };
}

/** This thread does next to nothing: the processor's time of the process is that of the other. */
function since({ at, cpu }: SignOfLife): { readonly cpu: number; readonly wall: number } {
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1000, wall: Number(process.hrtime.bigint() - at) / 1e6 };
}

function endingOf(error: string | undefined): Ending {
  return error === undefined ? { type: "finished" } : { type: "failed", message: error };
}

function whatHappened(memory: boolean, error: Error): string {
  return memory
    ? "it needed more memory than there is and was cut off"
    : `it ended with an exception: ${error.message}`;
}

function tooLong(work: DeadlinedWork | undefined, cpu: number, wall: number): string {
  const what = work === undefined ? "something" : `${work.what} this plan`;
  const seconds = (milliseconds: number) => Math.round(milliseconds / 1000);
  return `${what} did not end in ${seconds(wall)} s (${seconds(cpu)} s of the processor's time) and was cut off`;
}
