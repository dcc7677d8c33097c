import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { LedgerReader } from "../../ports/ledger.js";

const DAY_FILE = /^(\d{4}-\d{2}-\d{2})\.jsonl$/;

/** Bytes read at a time. */
const PIECE = 256 * 1024;

/** Longest line that is kept; ours have a few hundred characters, so a longer one is not ours. */
const MAX_LINE = 64 * 1024;

/** The file of one day, in a ledger's folder. */
export function dayFile(folder: string, day: string): string {
  return join(folder, `${day}.jsonl`);
}

/** The days that a folder has a ledger file of, in order: regular files only, a pipe would never end. Rejects where there is no such folder. */
export async function ledgerDays(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? (DAY_FILE.exec(entry.name)?.[1] ?? []) : [])).sort();
}

/** Reads a ledger of files; in memory is one piece of one file. */
export function readLedger(folder: string): LedgerReader {
  return {
    days: () => ledgerDays(folder),
    lines: (day) => linesOf(createReadStream(dayFile(folder, day), { highWaterMark: PIECE })),
  };
}

async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<readonly string[]> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const piece of bytes) {
    const lines = (rest + decoder.write(piece)).split("\n");
    // A line without an end must not fill the memory; cut, it still counts as one that cannot be read.
    rest = lines.pop()!.slice(0, MAX_LINE);
    if (lines.length > 0) yield lines;
  }
  rest += decoder.end();
  if (rest !== "") yield [rest];
}
