import type { LedgerLine } from "../core/ledger/line.js";

/** Where changes of allocations are written down for good. Nothing that is written is ever changed or removed. */
export interface Ledger {
  /** When the last line was written that was there already, in milliseconds since 1970; undefined where nobody can tell. */
  readonly lastTime: number | undefined;
  /**
   * Stores lines in their order, all or some first ones.
   * @returns whether all are stored. False is no bug and no end: the caller tells of them again with its next lines.
   */
  append(lines: readonly LedgerLine[]): Promise<boolean>;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** Reads a ledger of files, one a day. */
export interface LedgerReader {
  /** The days it has, `2026-11-24`, in order. */
  days(): Promise<readonly string[]>;
  /** The lines of one day as they are, torn and foreign ones too, some at a time. */
  lines(day: string): AsyncIterable<readonly string[]>;
}
