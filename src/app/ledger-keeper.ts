import { carryOver } from "../core/ledger/carry-over.js";
import { ledgerLines, watchedLine } from "../core/ledger/ledger-lines.js";
import type { Snapshot } from "../core/snapshot.js";
import type { Ledger } from "../ports/ledger.js";
import type { Clock } from "../ports/runtime.js";

/** How often a quiet ledger says that somebody watches, in milliseconds. */
const QUIET = 5 * 60_000;

/** Writes down what changes hands, look after look. */
export interface LedgerKeeper {
  /**
   * Takes the cluster as it is now, with all its pools and endpoints.
   * @param revision the plan's revision in force
   * @param missed whether a watch began anew since the last look, so that changes between may have gone unseen
   */
  look(snapshot: Snapshot, revision: string | undefined, missed: boolean): Promise<void>;
}

/**
 * Keeps a ledger from now on, beginning with a gap since its last line. Give a new one to whoever begins to lead. What could
 * not be stored counts as not looked at: the next look tells of it, behind a gap.
 */
export function openLedgerKeeper(ledger: Ledger, clock: Clock, install: string): LedgerKeeper {
  let before: Snapshot | undefined;
  /** When `before` was seen, or somebody before us looked last. */
  let seenAt = ledger.lastTime;
  let toldAt = ledger.lastTime;
  let blind = false;

  async function look(seen: Snapshot, revision: string | undefined, missed: boolean): Promise<void> {
    const snapshot = before === undefined ? seen : carryOver(before, seen);
    // A clock that was set back must not make the ledger go back.
    const at = Math.max(clock.now(), seenAt ?? 0);
    blind ||= missed;
    const blindSince = before === undefined || blind ? seenAt : undefined;
    const lines = ledgerLines(before, snapshot, { at, install, revision, blindSince });
    const quiet = lines.length === 0 && at - toldAt! >= QUIET;
    const told = quiet ? [watchedLine(toldAt!, at, install)] : lines;
    const stored = told.length === 0 || (await ledger.append(told));
    if (!stored) {
      blind = true;
      return;
    }
    if (told.length > 0) toldAt = at;
    [before, seenAt, blind] = [snapshot, at, false];
  }

  let turn: Promise<void> = Promise.resolve();
  return {
    look: (...seen) => {
      turn = turn.then(() => look(...seen));
      return turn;
    },
  };
}
