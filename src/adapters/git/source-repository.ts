import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { SourceError } from "../../core/source-error.js";
import type { ResolvedRevision, SourceRepository, SourceSpec } from "../../ports/source-repository.js";
import { certificateDates } from "./certificate.js";
import { interruption } from "./command.js";
import { openConnection } from "./connection.js";
import { asSourceError, oneLine, UntrustedCertificate } from "./failures.js";
import { isGitAnswer, lastAnswer } from "./http-answer.js";
import { DEFAULT_GIT_LIMITS, type GitLimits } from "./limits.js";
import { CERTIFICATE, NO_GIT_SERVER } from "./meanings.js";
import { readContents, readRevision } from "./read-revision.js";
import { askFor } from "./refs.js";
import { openSession, type Session } from "./session.js";
import { parseRepositoryUrl } from "./url.js";

export interface GitSourceOptions {
  /** Folder for local copies and, while an operation runs, its secrets; no other process may use it. */
  readonly dataDir: string;
  /** The process's own environment: PATH, proxies and SSL_CERT_FILE are passed on to git, nothing else. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Which files are listed and fetched, by path from the plan's folder; all unless given. */
  readonly wanted?: (path: string) => boolean;
  readonly limits?: Partial<GitLimits>;
  /** Whether http:// and file:// are spoken too. */
  readonly allowInsecure?: boolean;
}

/** What all operations of one source repository share. */
interface Setting {
  readonly options: GitSourceOptions;
  readonly limits: GitLimits;
  readonly temporary: string;
  /** Operations on one copy take turns. */
  readonly turns: Map<string, ReturnType<typeof pLimit>>;
  ready: Promise<void> | undefined;
}

/** Git repositories read by the git program, which executes nothing that comes from them. */
export function openSourceRepository(options: GitSourceOptions): SourceRepository {
  const limits = { ...DEFAULT_GIT_LIMITS, ...options.limits };
  const temporary = join(options.dataDir, "operations");
  const wanted = options.wanted ?? (() => true);
  const setting: Setting = { options, limits, temporary, turns: new Map(), ready: undefined };
  return {
    resolve: (source, signal) => operate(setting, source, signal, (session) => resolve(session, source, limits)),
    read: (source, revision, signal) => {
      const folder = copyOf(setting, source, revision.commit);
      return inTurn(setting, folder, signal, () =>
        operate(setting, source, signal, (session) =>
          readRevision({ session, folder, limits }, source, revision, wanted),
        ),
      );
    },
    contents: (source, files, signal) => {
      const folder = copyOf(setting, source, files[0]?.blob ?? "");
      return inTurn(setting, folder, signal, () =>
        operate(setting, source, signal, (session) => readContents({ session, folder, limits }, files)),
      );
    },
  };
}

/** One operation: its credentials, its time, its errors. */
async function operate<T>(
  setting: Setting,
  source: SourceSpec,
  outerSignal: AbortSignal | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { options, temporary } = setting;
  const timeout = AbortSignal.timeout(source.timeout);
  const signal = outerSignal === undefined ? timeout : AbortSignal.any([timeout, outerSignal]);
  try {
    const url = parseRepositoryUrl(source.repoURL, options.allowInsecure ?? false);
    setting.ready ??= prepareFolders(options.dataDir, temporary);
    await setting.ready;
    const connection = await openConnection(url, source.credentials, temporary);
    const outer = options.env ?? {};
    try {
      return await work(openSession({ connection, outer, signal, timeout: source.timeout }));
    } catch (error) {
      if (error instanceof UntrustedCertificate) throw await withDates(error, source, outer, signal);
      throw asSourceError(error, connection.secrets, source.timeout);
    } finally {
      await connection.close();
    }
  } catch (error) {
    throw asSourceError(error, [], source.timeout);
  }
}

/** Says so where a certificate is only out of date. */
async function withDates(
  error: UntrustedCertificate,
  { repoURL, credentials }: SourceSpec,
  outer: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<SourceError> {
  // Behind a proxy there is no way to the server but git's own.
  const direct = credentials.proxy === undefined && PROXIES.every((name) => outer[name] === undefined);
  const dates = direct ? await certificateDates(repoURL, credentials.ca, signal).catch(() => undefined) : undefined;
  return dates === undefined ? error : new SourceError(error.reason, `${CERTIFICATE[dates]} (${repoURL})`, false);
}

const PROXIES = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/** What a killed process left of its secrets goes first. */
async function prepareFolders(dataDir: string, temporary: string): Promise<void> {
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  await mkdir(copiesOf(dataDir), { recursive: true, mode: 0o700 });
}

function copiesOf(dataDir: string): string {
  return join(dataDir, "repositories");
}

/**
 * Where the copy of a repository lies. One for each set of credentials: what one team may read must not be given to
 * another that only knows the URL.
 */
function copyOf({ options }: Setting, { repoURL, credentials }: SourceSpec, objectId: string): string {
  const entries = Object.entries(credentials).sort(([a], [b]) => (a < b ? -1 : 1));
  const key = createHash("sha256")
    .update(JSON.stringify([repoURL, entries]))
    .digest("hex")
    .slice(0, 32);
  return join(copiesOf(options.dataDir), `${key}${objectId.length === 64 ? "-sha256" : ""}.git`);
}

async function inTurn<T>(
  { turns }: Setting,
  folder: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const turn = turns.get(folder) ?? pLimit(1);
  turns.set(folder, turn);
  try {
    return await turn(() => {
      if (signal?.aborted) throw asSourceError(interruption(signal), [], 0);
      return work();
    });
  } finally {
    if (turn.activeCount === 0 && turn.pendingCount === 0) turns.delete(folder);
  }
}

async function resolve(session: Session, { ref }: SourceSpec, limits: GitLimits): Promise<ResolvedRevision> {
  const question = askFor(ref);
  if ("commit" in question) return question;
  const ask = (patterns: readonly string[]) =>
    listRefs(session, [...question.options, "origin", ...patterns], limits.listBytes);
  const answer = await ask(question.patterns);
  const found = await question.choose(answer);
  if (found !== undefined) return found;
  if (question.patterns.length === 0) throw question.missing(answer);
  const all = await ask([]).catch((error: unknown) => {
    if (error instanceof SourceError && error.reason === "TooLarge") return undefined;
    throw error;
  });
  throw question.missing(all);
}

async function listRefs(session: Session, args: readonly string[], outputBytes: number): Promise<Buffer> {
  const { stdout, http } = await session.run(["ls-remote", ...args], { outputBytes });
  const answer = lastAnswer(http, Date.now());
  // To git, a page is a list of no references.
  if (answer !== undefined && !isGitAnswer(answer)) {
    const type = oneLine(answer.contentType ?? "no type", 60);
    throw new SourceError("GitOperationFailed", `${NO_GIT_SERVER} (${type})`, true);
  }
  return stdout;
}
