import { lineTime, parseLine } from "../core/ledger/line.js";
import { type Past, type PastQuestion, PastSearch } from "../core/query/who-had.js";
import { formatTime } from "../core/time.js";
import type { LedgerReader } from "../ports/ledger.js";

/** What a ledger knows, and what of it was read. */
export interface WhoHadRun {
  readonly past: Past;
  /** The days that were read, in order. */
  readonly days: readonly string[];
  readonly lines: number;
  /** Lines that are no whole line of this format: torn by a crash, or somebody else's. */
  readonly unread: number;
}

/**
 * Asks a ledger of any size: from the day asked for back to the last one that says how things stood, then forward until
 * nothing later can change the answer. No more than one piece of a file is held at a time.
 */
export async function whoHadRun(ledger: LedgerReader, question: PastQuestion): Promise<WhoHadRun> {
  const days = await ledger.days();
  const start = await startDay(ledger, days, question);
  const search = new PastSearch(question);
  const read: string[] = [];
  let [lines, unread, more] = [0, 0, true];
  for (const day of days.slice(start)) {
    if (!more) break;
    read.push(day);
    for await (const piece of ledger.lines(day)) {
      for (const text of piece) {
        if (!more) break;
        if (text === "") continue;
        const line = parseLine(text);
        lines++;
        if (line === undefined) unread++;
        else more = search.feed(line);
      }
      if (!more) break;
    }
  }
  return { past: search.past(), days: read, lines, unread };
}

/** The last day from which on the ledger tells all of the time asked for. */
async function startDay(ledger: LedgerReader, days: readonly string[], question: PastQuestion): Promise<number> {
  const asked = formatTime(question.first).slice(0, 10);
  let touched = false;
  for (let index = days.findLastIndex((day) => day <= asked); index > 0; index--) {
    const day = await scanDay(ledger, days[index]!, question);
    touched ||= day.touched;
    if (day.changed || (day.started && !touched)) return index;
  }
  return 0;
}

/**
 * What a day says of the address up to the time asked for. A change tells of all who have the address; after a start all
 * that is held was told of.
 */
async function scanDay(ledger: LedgerReader, day: string, { ip, first }: PastQuestion) {
  const seen = { touched: false, changed: false, started: false };
  const address = JSON.stringify(ip);
  for await (const piece of ledger.lines(day)) {
    for (const text of piece) {
      // Most lines are of other addresses, and reading them costs most.
      if (!text.includes(address) && !text.includes('"gap"')) continue;
      const line = parseLine(text);
      if (line === undefined || lineTime(line) > first) continue;
      if (line.event === "gap") seen.started ||= line.reason === "started";
      else if (line.event !== "watched" && line.ip === ip) {
        seen.touched = true;
        seen.changed ||= line.event !== "seen";
      }
    }
  }
  return seen;
}
