import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { readLedger } from "../adapters/ledger/ledger-folder.js";
import { whoHadDocument, whoHadText } from "../app/report/who-had-report.js";
import { whoHadRun } from "../app/who-had-run.js";
import { formatAddress, parseAddress } from "../core/ip/address.js";
import { isKnown } from "../core/query/past-certainty.js";
import type { PastQuestion } from "../core/query/who-had.js";
import { formatTime, parseTime } from "../core/time.js";
import { CliError, type Io } from "./io.js";
import type { OutputOptions } from "./options.js";
import { serialize } from "./serialize.js";

const DAY = 86_400_000;

export interface WhoHadOptions extends OutputOptions {
  readonly at?: string;
  readonly ledger?: string;
}

/** `spiderplan who-had ADDRESS --at TIME --ledger DIR`: who had it then, and what is proof of it; 1 when nothing is known. */
export async function whoHadCommand(io: Io, asked: string, options: WhoHadOptions): Promise<number> {
  const address = parseAddress(asked);
  if (address === undefined) throw new CliError(`${asked} is no IP address; give one, as 10.6.124.20`);
  if (options.at === undefined) throw new CliError("give --at, a time like 2026-11-22T04:00:00Z or a date");
  if (options.ledger === undefined) throw new CliError("give --ledger, the folder of the operator's ledger files");
  const folder = resolve(io.cwd, options.ledger);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new CliError(`there is no folder ${options.ledger}; name the ledger's with --ledger`);
  const question = { ip: formatAddress(address), ...askedSpan(options.at) };
  const run = await whoHadRun(readLedger(folder), question);
  io.stdout.write(
    options.output === "text" ? whoHadText(question, run) : serialize(whoHadDocument(question, run), options.output),
  );
  return isKnown(run.past, question) ? 0 : 1;
}

/** A moment, or all of a date; without a zone it is UTC, as the ledger is. */
function askedSpan(text: string): Pick<PastQuestion, "first" | "last"> {
  const date = parseTime(`${text}T00:00:00Z`);
  if (date !== undefined && formatTime(date).startsWith(text)) return { first: date, last: date + DAY - 1 };
  const moment = parseTime(text) ?? parseTime(`${text}Z`);
  if (moment === undefined) throw new CliError(`--at ${text}: give a time like 2026-11-22T04:00:00Z or a date`);
  return { first: moment, last: moment };
}
