import { parentPort, workerData } from "node:worker_threads";
import pLimit from "p-limit";
import type { AcquireLease } from "../../app/apply/apply.js";
import { CutOff, type DeadlinedWork, type Deadlines } from "../../app/plan-sync/deadlines.js";
import { timeText } from "../../app/time-text.js";
import type { Metrics } from "../../ports/telemetry.js";
import type { Lead, Work } from "../work.js";
import { isHeldNow } from "./held-cell.js";
import type { FromWork, Refusal, ToWork, WorkStart } from "./messages.js";
import { received } from "./sent-error.js";

/** How often the thread tells that its event loop turns, in milliseconds. */
export const BEAT = 500;

/** What a thread that works has in place of what the other thread keeps. */
export interface WorkSide<Settings> {
  readonly settings: Settings;
  readonly lead: Lead;
  readonly metrics: Metrics;
  readonly deadlines: Deadlines;
  readonly acquireLease: AcquireLease;
  readonly write: (to: "stdout" | "stderr", text: string) => void;
}

type Answer = Extract<ToWork, { readonly id: number }>;

/** Runs work in this thread, which another one started with `WorkStart`, until that one says stop. */
export async function runWorkSide<Settings>(start: (side: WorkSide<Settings>) => Promise<Work>): Promise<void> {
  const port = parentPort!;
  const { settings, lead, refusals } = workerData as WorkStart<Settings>;
  const send = (message: FromWork) => port.postMessage(message);
  const stopping = new AbortController();
  const waiting = new Map<number, (answer: Answer) => void>();
  let work: Work | undefined;
  port.on("message", (message: ToWork) => {
    if (message.type === "stop") stopping.abort();
    else if (message.type === "hint") work?.hint(message.hint);
    else waiting.get(message.id)?.(message);
  });
  let error: string | undefined;
  try {
    work = await start({
      settings,
      lead: { isHeld: () => isHeldNow(lead), cell: lead },
      metrics: metricsOver(send),
      deadlines: deadlinesOver(send, refusals),
      acquireLease: leasesOver(send, waiting),
      write: (to, text) => send({ type: "line", to, text }),
    });
    const beat = () => send({ type: "beat", troubles: work!.troubles() });
    beat();
    const beating = setInterval(beat, BEAT);
    await work.run(stopping.signal).finally(() => clearInterval(beating));
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  send({ type: "ended", ...(error !== undefined && { error }) });
  // Ends this thread, not the process: idle connections of a pool must not keep it.
  process.exit(0);
}

function metricsOver(send: (message: FromWork) => void): Metrics {
  return {
    count: (name, labels = {}, value = 1) => send({ type: "metric", call: "count", name, value, labels }),
    set: (name, value, labels = {}) => send({ type: "metric", call: "set", name, value, labels }),
    observe: (name, value, labels = {}) => send({ type: "metric", call: "observe", name, value, labels }),
    forget: (name, labels) => send({ type: "forget", name, labels }),
  };
}

/** Tells what is being worked on, so that the other thread knows what does not end; refuses what was cut off of late. */
function deadlinesOver(send: (message: FromWork) => void, refusals: readonly Refusal[]): Deadlines {
  let count = 0;
  const oneAtATime = pLimit(1);
  const refused = new Map(refusals.map((one) => [keyOf(one.work), one]));
  const begin = (work: DeadlinedWork) => {
    const refusal = refused.get(keyOf(work));
    if (refusal !== undefined && Date.now() < refusal.until) {
      throw new CutOff(`${refusal.why}; it is tried again at ${timeText(refusal.until)}, or when the plan changes`);
    }
    const id = ++count;
    send({ type: "begin", id, work });
    return () => send({ type: "end", id });
  };
  return {
    run: (work, carryOut) => {
      const end = begin(work);
      try {
        return carryOut();
      } finally {
        end();
      }
    },
    runAsync: (work, carryOut) =>
      oneAtATime(async () => {
        const end = begin(work);
        return carryOut().finally(end);
      }),
  };
}

export function keyOf({ planSync, what, on }: DeadlinedWork): string {
  return JSON.stringify([planSync, what, on]);
}

/** Leases that the other thread takes and renews: this one may be busy for longer than a Lease lasts. */
function leasesOver(send: (message: FromWork) => void, waiting: Map<number, (answer: Answer) => void>): AcquireLease {
  let count = 0;
  return async ({ namespace, identity, timeout, onWait, signal }) => {
    const id = ++count;
    const cancel = () => send({ type: "cancel", id });
    const answer = new Promise<Exclude<Answer, { type: "waiting" }>>((resolve) => {
      waiting.set(id, (one) => (one.type === "waiting" ? onWait?.(one.holder) : resolve(one)));
    });
    send({ type: "acquire", id, lease: { namespace, identity, timeout } });
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted) cancel();
    const got = await answer;
    signal?.removeEventListener("abort", cancel);
    if (got.type !== "acquired") {
      waiting.delete(id);
      throw got.type === "refused" ? received(got.error) : new Error("the Lease was given back");
    }
    return {
      isHeld: () => isHeldNow(got.held),
      release: async () => {
        const released = new Promise<void>((resolve) => waiting.set(id, () => resolve()));
        send({ type: "release", id });
        await released;
        waiting.delete(id);
      },
    };
  };
}
