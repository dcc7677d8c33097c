import { stepKey } from "../../core/change/step.js";
import { isClusterError } from "../../core/cluster-error.js";
import type { Progress } from "../../core/plan-sync/findings.js";
import type { Clock } from "../../ports/runtime.js";
import type { ApplyEvent } from "../apply/apply-report.js";
import { timeText } from "../time-text.js";
import { isAdmissionDown } from "./carry-out.js";

/** How long after the first write of a status the next comes, and each one after that, in milliseconds. */
const PAUSE = { first: 1_000, next: 5_000 };

/** Tells how far a sync is while it goes on, in the PlanSync's status: before its first write, after a second, then every five. */
export class SyncProgress {
  #latest: Progress;
  #next: number;
  #writing: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  /** @param write of the status; rejects when it cannot be written */
  constructor(
    total: number,
    private readonly clock: Clock,
    private readonly write: (progress: Progress) => Promise<void>,
  ) {
    this.#latest = { done: 0, total };
    this.#next = clock.monotonic() + PAUSE.first;
  }

  /** Aborts when the status cannot be written any more: then nothing else is. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** @throws ClusterError when the status cannot be written: then nothing else may be */
  begin(): Promise<void> {
    return this.write(this.#latest);
  }

  tell(event: ApplyEvent): void {
    if (event.type === "step") {
      const { done, total, perSecond, secondsLeft } = event.progress;
      const { trouble } = event.result === "failed" ? this.#latest : { trouble: undefined };
      this.#latest = {
        done,
        total,
        perSecond,
        ...(secondsLeft !== undefined && { secondsLeft }),
        ...(trouble && { trouble }),
      };
    } else if (event.type === "retry") {
      const nextTryAt = timeText(this.clock.now() + event.seconds * 1000);
      const message = `${stepKey(event.step)}: ${event.message}`;
      const before = this.#latest.trouble;
      // Of many that wait the one that comes first is told.
      const sooner =
        before !== undefined && timeText(this.clock.now()) < before.nextTryAt && before.nextTryAt < nextTryAt;
      const trouble = sooner ? before : { admission: isAdmissionDown(event.message), message, nextTryAt };
      this.#latest = { ...this.#latest, trouble };
    } else return;
    if (this.#writing !== undefined || this.clock.monotonic() < this.#next) return;
    this.#next = this.clock.monotonic() + PAUSE.next;
    this.#writing = this.write(this.#latest)
      .catch((error: unknown) => {
        // A server that is busy or away is no reason to stop in the middle; one that refuses the status is.
        if (!isClusterError(error) || !error.transient) this.#stopped.abort(error);
      })
      .finally(() => {
        this.#writing = undefined;
      });
  }

  /** Waits for what is being written. */
  async end(): Promise<void> {
    await this.#writing;
  }
}
