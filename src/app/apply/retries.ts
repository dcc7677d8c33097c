import type { ClusterError } from "../../core/cluster-error.js";

/** How often and how long, in milliseconds. */
const LAG = { tries: 5, first: 5_000, most: 180_000, window: 60_000 };
const TRANSIENT = { tries: 5, first: 1_000, most: 30_000 };
const CONFLICTS = 20;

/** What to do about a failed write. */
export type Verdict = { readonly type: "retry"; readonly wait: number } | { readonly type: "give-up" };

const GIVE_UP: Verdict = { type: "give-up" };

/** Counts the attempts of one step and says whether there is another one (DESIGN 7). */
export class Retries {
  #lag = 0;
  #transient = 0;
  #conflicts = 0;

  /**
   * @param sinceOwnWrite milliseconds since we last wrote to the step's subnet; undefined = never
   */
  after(error: ClusterError, sinceOwnWrite: number | undefined): Verdict {
    if (error.reason === "Conflict") {
      // Spiderpool writes the status at each hand-out: re-read and try at once, then with a little distance.
      this.#conflicts++;
      if (this.#conflicts > CONFLICTS) return GIVE_UP;
      return { type: "retry", wait: this.#conflicts <= 3 ? 0 : jittered(100 * this.#conflicts) };
    }
    if (error.reason === "Denied") return this.#afterDenial(sinceOwnWrite);
    if (!error.transient || this.#transient >= TRANSIENT.tries) return GIVE_UP;
    const backoff = Math.min(TRANSIENT.first * 2 ** this.#transient++, TRANSIENT.most);
    return { type: "retry", wait: Math.max((error.retryAfterSeconds ?? 0) * 1000, jittered(backoff)) };
  }

  /** Spiderpool's webhooks judge by a cache that lags behind our own write: M7, P9, P17, U7. */
  #afterDenial(sinceOwnWrite: number | undefined): Verdict {
    const lagging = this.#lag > 0 || (sinceOwnWrite !== undefined && sinceOwnWrite <= LAG.window);
    if (!lagging || this.#lag >= LAG.tries) return GIVE_UP;
    return { type: "retry", wait: jittered(Math.min(LAG.first * 2 ** this.#lag++, LAG.most)) };
  }
}

/** Between half and the whole of a time, so that writers do not meet again. */
function jittered(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random() / 2);
}
