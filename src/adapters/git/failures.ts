import { SourceError } from "../../core/source-error.js";
import { type GitOutput, OutputTooLarge } from "./command.js";
import { type HttpAnswer, lastAnswer } from "./http-answer.js";
import { DISK_FULL, type Meaning, OUR_MACHINE, SAID_BY_SERVER, SERVER, UNTRUSTED_CERTIFICATE } from "./meanings.js";

/** Everything else is the network or the server's fault, as far as anybody can tell. */
const UNKNOWN = {
  reason: "GitOperationFailed",
  message: "the repository cannot be read",
  transient: true,
} as const;

/** The copy on our own disk is not what it was: it can be made anew. */
export class BrokenCopy extends Error {}

/** Nobody knows what git means: it may be our copy as well. */
export class UnexplainedFailure extends SourceError {}

/** A certificate is not trusted; git does not always say that this is because of its dates. */
export class UntrustedCertificate extends SourceError {}

/** What git says, while it fetches, of a copy in which a file is missing, cut off or altered. */
const BROKEN =
  /not a git repository|bad object|loose object .* corrupt|is corrupt|object file .* is empty|unable to read tree|could not parse|packfile .* (?:cannot be|does not)|index file .*corrupt|bad shallow line|missing (?:blob|tree) object|bad config line|bad tree object|inflate:/;

/** What a run of git worked on: a server alone, a server for the local copy, or the local copy alone. */
export type WorkedOn = "server" | "both" | "copy";

/** A failed run of git, in words. The message ends in what git said, without secrets. */
export function gitFailure(
  { stderr, code, http }: GitOutput,
  secrets: readonly string[],
  on: WorkedOn,
): SourceError | BrokenCopy {
  const lines = stderr.split(/[\r\n]+/);
  const [own, theirs] = [lines.filter((line) => !REMOTE.test(line)), lines.filter((line) => REMOTE.test(line))];
  const said = redact(lastWords(lines) || `git ended with ${code ?? "a signal"}`, secrets);
  const ours = meaningOf(own, OUR_MACHINE);
  if (ours !== undefined) return failureOf(ours, said, undefined);
  // Whatever git says of it: what it cannot read there has to be received again.
  if (on === "copy") return new BrokenCopy(said);
  const wait = lastAnswer(http, Date.now());
  const known = meaningOf(theirs, SAID_BY_SERVER) ?? meaningOf(own, SERVER);
  const broken = on === "both" && own.some((line) => BROKEN.test(line)) && known?.reason !== "Refused";
  if (broken && meaningOf(theirs, SAID_BY_SERVER) === undefined) return new BrokenCopy(said);
  if (known !== undefined) return failureOf(known, said, wait);
  return new UnexplainedFailure(UNKNOWN.reason, `${UNKNOWN.message} (${said})`, UNKNOWN.transient);
}

/** Where a server asks to wait, that is all there is to do, whatever the status (GitHub answers 403 as well). */
function failureOf(meaning: Meaning, said: string, answer: HttpAnswer | undefined): SourceError {
  const { reason, message, transient } = meaning;
  const seconds = answer !== undefined && [403, 429, 503].includes(answer.status) ? answer.retryAfter : undefined;
  if (seconds === undefined) {
    const Failure = meaning === UNTRUSTED_CERTIFICATE ? UntrustedCertificate : SourceError;
    return new Failure(reason, `${message} (${said})`, transient ?? false);
  }
  const asked = `the server asks to be left alone for ${seconds} s (${said})`;
  return new SourceError("GitOperationFailed", asked, true, seconds);
}

function meaningOf(lines: readonly string[], meanings: readonly Meaning[]): Meaning | undefined {
  return meanings.find(({ said }) => lines.some((line) => said.test(line)));
}

/** What a server says of itself is marked by git. */
const REMOTE = /^remote: /;

/** Whatever went wrong, as the one error of the port. */
export function asSourceError(error: unknown, secrets: readonly string[], timeout: number): SourceError {
  if (error instanceof SourceError) return error;
  if (error instanceof OutputTooLarge) {
    return new SourceError("TooLarge", "the repository has more references or files than are read", false);
  }
  const { name, code, syscall, path } = error as NodeJS.ErrnoException;
  if (name === "TimeoutError") {
    const message = `the repository did not answer within ${timeout / 1000} s: is it reachable, is source.timeout enough?`;
    return new SourceError("GitOperationFailed", message, true);
  }
  if (name === "AbortError") return new SourceError("GitOperationFailed", "interrupted", true);
  if (code === "ENOENT" && syscall?.startsWith("spawn") === true) {
    const reason = path === "gpg" ? "VerificationFailed" : "GitOperationFailed";
    return new SourceError(reason, `${path} is needed, and is not installed where the operator runs`, false);
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SourceError("GitOperationFailed", `${DISK_FULL} (${code})`, true);
  }
  const what = error instanceof BrokenCopy ? error.message : (code ?? String(error));
  const message = `the local copy cannot be used (${redact(what, secrets)})`;
  return new SourceError("GitOperationFailed", message, true);
}

/** The lines that say most: git puts its own complaint last, the server's before it. */
function lastWords(all: readonly string[]): string {
  const lines = all.filter((line) => /^(?:fatal|error|remote|ssh|[\w-]+@)|denied|failed/.test(line));
  const plain = lines.filter((line) => !NOISE.test(line));
  return (plain.length > 0 ? plain : lines).slice(-2).join("; ");
}

/** Git repeats itself on the way up. */
const NOISE = /^fatal: Could not read from remote|make sure you have|fsck error in packed|invalid index-pack output/;

/** A text of someone else as one short line without secrets and control characters. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  for (const secret of longestFirst) {
    clean = clean.replaceAll(secret, "***").replaceAll(encodeURIComponent(secret), "***");
  }
  return oneLine(clean.replace(/\/\/[^@/\s]+@/g, "//***@"), 300);
}

/** A text from a repository for people to read: one line, no control characters, no more than some characters. */
export function oneLine(text: string, most: number): string {
  // Whoever writes may write megabytes.
  const line = text
    .slice(0, most * 8)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  // Half a character would not come back from the API server as it went.
  return line.length <= most ? line : `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
