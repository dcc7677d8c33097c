import { whoHadRun as ask, type WhoHadRun } from "../../src/app/who-had-run.js";
import { type LedgerLine, lineTime } from "../../src/core/ledger/line.js";
import type { PastQuestion } from "../../src/core/query/who-had.js";
import { formatTime } from "../../src/core/time.js";

export type PastRun = WhoHadRun;

/** Asks a ledger that is in memory, by days as its files are or all in one. */
export function whoHadRun(
  lines: readonly LedgerLine[],
  question: PastQuestion,
  by: "days" | "in one day" = "days",
): Promise<PastRun> {
  const days = new Map<string, string[]>();
  for (const line of lines) {
    const day = by === "days" ? formatTime(lineTime(line)).slice(0, 10) : "2000-01-01";
    days.set(day, [...(days.get(day) ?? []), JSON.stringify(line)]);
  }
  return ask(
    {
      days: async () => [...days.keys()].sort(),
      async *lines(day) {
        yield days.get(day)!;
      },
    },
    question,
  );
}
