import type { Clock } from "../../ports/runtime.js";
import { CliError, type Io } from "../io.js";
import { readAgain, type Target } from "./target.js";

const LOOK = 500;

/**
 * Waits until the operator has answered a request and come to rest.
 * @param token value of the annotation spiderplan.io/requestedAt that must be answered
 * @throws CliError when that takes too long
 */
export async function awaitHandled(
  io: Io,
  target: Target,
  token: string,
  clock: Clock,
  timeout: number,
): Promise<Target> {
  const end = clock.now() + timeout;
  for (;;) {
    const now = await readAgain(target);
    const busy = now.status.conditions?.some(({ type, status }) => type === "Reconciling" && status === "True") ?? true;
    if (now.status.lastHandledReconcileAt === token && !busy) return now;
    if (clock.now() >= end) {
      const seen = now.status.lastHandledReconcileAt === token ? "it is still at work" : "no operator has answered";
      throw new CliError(
        `after ${Math.round(timeout / 1000)} s ${seen}: see \`spiderplan status ${now.wish.key}\`; is the operator running?`,
      );
    }
    await clock.sleep(LOOK, io.signal);
  }
}
