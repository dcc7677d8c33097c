import { printable } from "../../core/printable.js";
import { certaintyOf, isKnown } from "../../core/query/past-certainty.js";
import { pastStatements, shown } from "../../core/query/past-statements.js";
import type { Hold, PastQuestion } from "../../core/query/who-had.js";
import { podShown } from "../../core/usage.js";
import type { WhoHadRun } from "../who-had-run.js";
import { table, wrap } from "./columns.js";
import { count } from "./count.js";

const INDENT = " ".repeat("not known  ".length);

/** Columns of a statement's words. */
const WIDTH = 100 - INDENT.length;

/** Who had the address, then what is proof of it and what is not. */
export function whoHadText(question: PastQuestion, run: WhoHadRun): string {
  const { past } = run;
  const known = past.holds.filter((hold) => certaintyOf(hold, past, question) !== "possible");
  const rows = known.map((hold) => [
    certaintyOf(hold, past, question),
    podShown(hold.line.pod),
    hold.line.owner || "-",
    hold.line.pool || "-",
    hold.line.nic || "-",
    hold.line.node || "-",
    hold.line.revision ?? "-",
  ]);
  const head = ["", "POD", "OWNER", "POOL", "NIC", "NODE", "REVISION"];
  const who = rows.length > 0 ? table([head, ...rows].map((row) => row.map(printable))) : noOne(question, run);
  const statements = pastStatements(past, question).map(
    ({ certainty, says }) => `${certainty.padEnd(INDENT.length)}${wrap(printable(says), WIDTH).join(`\n${INDENT}`)}\n`,
  );
  return `${question.ip} ${askedTime(question)}\n\n${who}\n${statements.join("")}\n${readShown(run)}\n`;
}

/** What `who-had -o json|yaml` prints. */
export function whoHadDocument(question: PastQuestion, run: WhoHadRun): object {
  const { past } = run;
  return {
    formatVersion: "1.0",
    query: { address: question.ip, from: shown(question.first), to: shown(question.last) },
    known: isKnown(past, question),
    holders: past.holds.map((hold) => holderDocument(hold, certaintyOf(hold, past, question))),
    statements: pastStatements(past, question),
    ledger: {
      days: run.days,
      lines: run.lines,
      unreadLines: run.unread,
      first: past.read === undefined ? null : shown(past.read.first),
      last: past.read === undefined ? null : shown(past.read.last),
    },
  };
}

function holderDocument({ line, began, ended, blind }: Hold, certainty: string): object {
  const { pod, uid, nic, node, owner, pool, revision } = line;
  const time = (milliseconds: number) => (Number.isFinite(milliseconds) ? shown(milliseconds) : null);
  return {
    certainty,
    ...{ pod, uid, nic, node, owner, pool, revision },
    from: { how: began.how, after: time(began.after), at: time(began.at) },
    to: ended === undefined ? null : { how: ended.how, after: time(ended.after), at: time(ended.at) },
    gaps: blind.map(({ from, to }) => ({ from: time(from), to: time(to) })),
  };
}

function noOne(question: PastQuestion, { past }: WhoHadRun): string {
  return isKnown(past, question) ? "Nobody had it.\n" : "The ledger does not know who had it.\n";
}

function askedTime({ first, last }: PastQuestion): string {
  return first === last ? `at ${shown(first)}` : `from ${shown(first)} to ${shown(last)}`;
}

function readShown({ days, lines, unread }: WhoHadRun): string {
  const span = days.length === 0 ? "no file" : days.length === 1 ? days[0] : `${days[0]} to ${days.at(-1)}`;
  const torn = unread === 0 ? "" : `; ${count(unread, "line")} torn or of another format, not read`;
  return `Read ${printable(span ?? "")}: ${count(lines, "line")}${torn}.`;
}
