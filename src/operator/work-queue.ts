import type { Clock } from "../ports/runtime.js";

/** What became of the work on a key: when to look at it again, if ever. */
export type Worked =
  | { readonly type: "done" }
  /** Again at this time unless something happens before, in milliseconds since 1970. */
  | { readonly type: "at"; readonly time: number }
  /** Failed in a way that may pass: again, each time later, and after at least so many milliseconds. */
  | { readonly type: "retry"; readonly atLeast?: number };

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly work: (key: string) => Promise<Worked>;
  /** Something `work` threw: a bug; the key is tried again as after a failure. */
  readonly onError: (key: string, error: unknown) => void;
  /** First and longest wait after failures, in milliseconds. */
  readonly backoff?: { readonly first: number; readonly longest: number };
  /** Told how long a key waited once it was due, in milliseconds. */
  readonly onStart?: (key: string, waited: number) => void;
}

interface Entry {
  /** When it is due by the monotonic clock, so that a wall clock that is set back delays nothing; undefined = not at all. */
  due: number | undefined;
  running: boolean;
  /** Asked for while it ran: due as soon as it ends, or at that time. */
  again: number | undefined;
  failures: number;
}

const BACKOFF = { first: 1_000, longest: 300_000 };

/**
 * Work by key, as client-go's work queue: a key that is asked for twice is worked on once, never twice at the same time,
 * and what is asked for meanwhile is not forgotten. Failures wait longer each time, with jitter; a success forgets them.
 */
export class WorkQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Set<Promise<void>>();
  #waking = new AbortController();
  #ended = false;

  constructor(private readonly options: WorkQueueOptions) {}

  /** Asks for work on a key, now or after a while; the earliest time counts. */
  add(key: string, after = 0): void {
    const time = this.options.clock.monotonic() + after;
    const entry = this.#entry(key);
    if (entry.running) entry.again = earliest(entry.again, time);
    else entry.due = earliest(entry.due, time);
    this.#waking.abort();
  }

  /** Nothing of the key is wanted any more; work under way ends by itself. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.running) {
      entry.again = undefined;
      entry.due = undefined;
    }
    this.#entries.delete(key);
  }

  /** Keys that are due and wait. */
  get depth(): number {
    const now = this.options.clock.monotonic();
    return [...this.#entries.values()].filter(({ due, running }) => !running && due !== undefined && due <= now).length;
  }

  /** Works until the signal aborts; then waits for what is under way. */
  async run(signal: AbortSignal): Promise<void> {
    const end = () => this.#waking.abort();
    signal.addEventListener("abort", end);
    while (!signal.aborted) {
      this.#waking = new AbortController();
      this.#startDue();
      const next = this.#nextDue();
      const wait = next === undefined ? 3_600_000 : Math.max(0, next - this.options.clock.monotonic());
      await this.options.clock.sleep(wait, this.#waking.signal).catch(() => {});
    }
    signal.removeEventListener("abort", end);
    this.#ended = true;
    await Promise.all(this.#running);
  }

  #startDue(): void {
    const now = this.options.clock.monotonic();
    for (const [key, entry] of this.#entries) {
      if (entry.running || entry.due === undefined || entry.due > now) continue;
      this.options.onStart?.(key, now - entry.due);
      entry.due = undefined;
      entry.running = true;
      const working = this.#work(key, entry);
      this.#running.add(working);
      void working.finally(() => this.#running.delete(working));
    }
  }

  async #work(key: string, entry: Entry): Promise<void> {
    const { clock } = this.options;
    const worked = await this.options.work(key).catch((error: unknown): Worked => {
      this.options.onError(key, error);
      return { type: "retry" };
    });
    entry.running = false;
    if (this.#entries.get(key) !== entry || this.#ended) return;
    if (worked.type === "retry")
      entry.due = clock.monotonic() + Math.max(worked.atLeast ?? 0, this.#wait(entry.failures++));
    else entry.failures = 0;
    if (worked.type === "at") entry.due = clock.monotonic() + Math.max(0, worked.time - clock.now());
    entry.due = earliest(entry.due, entry.again);
    entry.again = undefined;
    this.#waking.abort();
  }

  /** Doubled with each failure, and spread so that many keys do not come back together. */
  #wait(failures: number): number {
    const { first, longest } = this.options.backoff ?? BACKOFF;
    return Math.min(longest, first * 2 ** Math.min(failures, 20)) * (0.5 + Math.random() / 2);
  }

  #nextDue(): number | undefined {
    let next: number | undefined;
    for (const { due, running } of this.#entries.values()) if (!running) next = earliest(next, due);
    return next;
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const fresh: Entry = { due: undefined, running: false, again: undefined, failures: 0 };
    this.#entries.set(key, fresh);
    return fresh;
  }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
