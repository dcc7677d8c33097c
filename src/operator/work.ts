import type { HeldCell } from "./thread/held-cell.js";
import type { WebhookHint } from "./webhooks/webhook.js";

/** The work of the replica that leads: it follows PlanSyncs, in this thread or in one of its own. */
export interface Work {
  /** A forge says that a repository has something new. @returns how many PlanSyncs follow it, where that is known here */
  hint(hint: WebhookHint): number | undefined;
  /** What keeps the watches from knowing what there is, one line each. */
  troubles(): readonly string[];
  /** Works until the signal aborts; then lets writes under way finish. */
  run(signal: AbortSignal): Promise<void>;
}

/** Proof that this process leads: asked by whoever works in this thread, read by whoever works in another. */
export interface Lead {
  readonly isHeld: () => boolean;
  readonly cell: HeldCell;
}

export type StartWork = (lead: Lead) => Promise<Work>;
