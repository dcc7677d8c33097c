import { SourceError, type SourceErrorReason } from "../../core/source-error.js";
import { type GitOutput, OutputTooLarge } from "./command.js";

/** What git says, and what that means to whoever reads the condition; the first that fits counts. */
const MEANINGS: readonly {
  readonly said: RegExp;
  readonly reason: SourceErrorReason;
  readonly message: string;
  readonly transient?: true;
}[] = [
  {
    said: /fsck error|missing(?:Space|Email|Name|Author|Committer)|error: object [0-9a-f]+: /,
    reason: "Refused",
    message: "the repository holds an object that is malformed or made to do harm",
  },
  {
    said: /attempting to allocate|[Oo]ut of memory/,
    reason: "TooLarge",
    message: "the repository holds an object that is too large",
  },
  {
    said: /returned error: 30\d|unable to update url base from redirection/,
    reason: "Refused",
    message:
      "the server redirects to another URL, which is not followed: put the new URL in repoURL, or end it in .git",
  },
  {
    said: /transport '.*' not allowed/,
    reason: "Refused",
    message: "the server asks for a transport that is not allowed",
  },
  {
    said: /Host key verification failed|host key for .* has changed/i,
    reason: "AuthenticationFailed",
    message:
      "the server's SSH key is not among known_hosts: compare it, then add what ssh-keyscan prints to the Secret",
  },
  {
    said: /Load key .*|error in libcrypto|incorrect passphrase|invalid format/,
    reason: "AuthenticationFailed",
    message: "the SSH private key cannot be read: wrong passphrase, or no key in OpenSSH or PEM form",
  },
  {
    said: /Permission denied \(|Too many authentication failures/,
    reason: "AuthenticationFailed",
    message:
      "the server does not accept the SSH key: is it added to the repository as a deploy key, is its passphrase right?",
  },
  {
    said: /HTTP code 407|Proxy Authentication Required|CONNECT tunnel failed, response 407/i,
    reason: "AuthenticationFailed",
    message: "the proxy does not accept its user name and password",
  },
  {
    said: /could not read (?:Username|Password)|Authentication failed|returned error: 40[13]/,
    reason: "AuthenticationFailed",
    message: "the server does not accept the credentials: are they in the Secret, still valid, and may they read?",
  },
  {
    said: /certificate required|alert (?:handshake failure|bad certificate|unknown ca)|client certificate|certificate is bad/i,
    reason: "AuthenticationFailed",
    message: "the server does not accept the client certificate: look at tls.crt and tls.key in the Secret",
  },
  {
    said: /SSL certificate problem|server certificate verification failed|certificate (?:has )?expired|does not match target host|SSL: no alternative certificate/i,
    reason: "AuthenticationFailed",
    message: "the server's certificate is not trusted: is ca.crt in the Secret the one that signed it?",
  },
  {
    said: /error setting certificate|problem with the (?:SSL CA cert|local SSL certificate)|error reading (?:ca cert|X.509)|error adding trust anchors|could not load (?:client|PEM)/i,
    reason: "AuthenticationFailed",
    message: "ca.crt, tls.crt or tls.key in the Secret is no PEM file",
  },
  {
    said: /returned error: 404|repository .* not found|does not appear to be a git repository|Repository not found|project you were looking for/i,
    reason: "NotFound",
    message: "there is no such repository, or the credentials may not see it",
  },
  {
    said: /couldn't find remote ref|not our ref|unadvertised object/,
    reason: "NotFound",
    message: "the server does not have the commit any more, or does not give it out by its id",
  },
  {
    said: /No space left on device|Disk quota exceeded/,
    reason: "GitOperationFailed",
    message: "the disk that holds the local copy is full",
    transient: true,
  },
];

/** Everything else is the network or the server's fault, as far as anybody can tell. */
const UNKNOWN = {
  reason: "GitOperationFailed",
  message: "the repository cannot be reached",
  transient: true,
} as const;

/** The copy on our own disk is not what it was: it can be made anew. */
export class BrokenCopy extends Error {}

/** What git says of a copy in which a file is missing, cut off or altered. */
const BROKEN =
  /not a git repository|bad object|loose object .* corrupt|is corrupt|object file .* is empty|unable to read tree|could not parse|packfile .* (?:cannot be|does not)|index file .*corrupt|bad shallow line|missing (?:blob|tree) object|bad config line|bad tree object|inflate:/;

/** A failed run of git, in words. The message ends in what git said, without secrets. */
export function gitFailure({ stderr, code }: GitOutput, secrets: readonly string[]): SourceError | BrokenCopy {
  if (BROKEN.test(stderr) && !/fsck error/.test(stderr)) return new BrokenCopy(redact(lastWords(stderr), secrets));
  const { reason, message, transient } = MEANINGS.find(({ said }) => said.test(stderr)) ?? UNKNOWN;
  const said = lastWords(stderr) || `git ended with ${code ?? "a signal"}`;
  return new SourceError(reason, `${message} (${redact(said, secrets)})`, transient ?? false);
}

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
  const what = error instanceof BrokenCopy ? error.message : (code ?? String(error));
  const message = `the local copy cannot be used (${redact(what, secrets)})`;
  return new SourceError("GitOperationFailed", message, true);
}

/** The lines that say most: git puts its own complaint last, the server's before it. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .filter((line) => /^(?:fatal|error|remote|ssh|[\w-]+@)|denied|failed/.test(line));
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
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
