import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { SourceError } from "../../core/source-error.js";
import type {
  ResolvedRevision,
  SourceFile,
  SourceRepository,
  SourceSpec,
  SourceTree,
} from "../../ports/source-repository.js";
import { interruption } from "./command.js";
import { openConnection } from "./connection.js";
import { asSourceError, BrokenCopy } from "./failures.js";
import { blobSizes, type Copy, fetchBlobs, fetchCommit, readBlobs } from "./fetch.js";
import { DEFAULT_GIT_LIMITS, type GitLimits } from "./limits.js";
import { CopyTooLarge, hasGrown, makeCopy, prepareCopy } from "./local-copy.js";
import { askFor } from "./refs.js";
import { openSession, type Session } from "./session.js";
import { checkFolder, listFolder, readCommit, type TreeEntry } from "./tree.js";
import { parseRepositoryUrl } from "./url.js";
import { verifyRevision } from "./verify.js";

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
  const setting: Setting = { options, limits, temporary, turns: new Map(), ready: undefined };
  return {
    resolve: (source, signal) => operate(setting, source, signal, (session) => resolve(session, source, limits)),
    read: (source, revision, signal) => {
      const folder = copyOf(setting, source, revision.commit);
      return inTurn(setting, folder, signal, () =>
        operate(setting, source, signal, (session) => read({ session, folder, limits }, source, revision, options)),
      );
    },
    contents: (source, files, signal) => {
      const folder = copyOf(setting, source, files[0]?.blob ?? "");
      return inTurn(setting, folder, signal, () =>
        operate(setting, source, signal, (session) => contents({ session, folder, limits }, files)),
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
    try {
      return await work(openSession({ connection, outer: options.env ?? {}, signal, timeout: source.timeout }));
    } catch (error) {
      throw asSourceError(error, connection.secrets, source.timeout);
    } finally {
      await connection.close();
    }
  } catch (error) {
    throw asSourceError(error, [], source.timeout);
  }
}

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
  const args = ["ls-remote", ...question.options, "origin"];
  const { stdout } = await session.run(args, { outputBytes: limits.listBytes });
  return question.choose(stdout.toString("utf8"));
}

async function read(
  copy: Copy,
  source: SourceSpec,
  revision: ResolvedRevision,
  options: GitSourceOptions,
): Promise<SourceTree> {
  const folder = checkFolder(source.path);
  const { commit } = checked(revision);
  const sha256 = commit.length === 64;
  const isNew = await prepareCopy(copy.session, copy.folder, copy.limits, sha256);
  const once = async (withFiles: boolean) => readOnce(copy, source, revision, folder, options, withFiles);
  try {
    if (!isNew && (await hasGrown(copy.folder, copy.limits))) await makeCopy(copy.session, copy.folder, sha256);
    return await once(false);
  } catch (error) {
    const withFiles = error instanceof FilesNotServed;
    const anew = error instanceof BrokenCopy || (error instanceof CopyTooLarge && !isNew);
    if (!withFiles && !anew) throw error;
    await makeCopy(copy.session, copy.folder, sha256);
    return once(withFiles);
  }
}

/** The server leaves files out when it is asked to, and then does not give them by their ids. */
class FilesNotServed extends Error {}

async function readOnce(
  copy: Copy,
  source: SourceSpec,
  revision: ResolvedRevision,
  folder: string,
  { wanted = () => true }: GitSourceOptions,
  withFiles: boolean,
): Promise<SourceTree> {
  const { verification } = source;
  await fetchCommit(copy, revision, withFiles);
  const signedBy = verification === undefined ? undefined : await verifyRevision(copy, revision, verification);
  const { tree, files, refused } = await listFolder(copy, revision.commit, folder);
  const listed = await withSizes(
    copy,
    files.filter(({ path }) => wanted(path)),
  );
  return {
    commit: revision.commit,
    ...(revision.refName !== undefined && { refName: revision.refName }),
    tree,
    files: listed,
    refused,
    ...(await readCommit(copy, revision.commit)),
    ...(signedBy !== undefined && { signedBy }),
  };
}

/** A file's size is known once it is here. */
async function withSizes(copy: Copy, entries: readonly TreeEntry[]): Promise<SourceFile[]> {
  const sizes = await fetchMissing(
    copy,
    entries.map(({ blob }) => blob),
  );
  return entries.map(({ path, blob }) => ({ path, blob, bytes: sizes.get(blob)! }));
}

async function fetchMissing(copy: Copy, blobs: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const here = await blobSizes(copy, blobs);
  const missing = [...new Set(blobs)].filter((blob) => !here.has(blob));
  if (missing.length === 0) return here;
  if (!(await fetchBlobs(copy, missing))) throw new FilesNotServed();
  const fetched = await blobSizes(copy, missing);
  if (fetched.size < missing.length) throw new FilesNotServed();
  return new Map([...here, ...fetched]);
}

async function contents(copy: Copy, files: readonly SourceFile[]): Promise<readonly Uint8Array[]> {
  if (files.length === 0) return [];
  if (!files.every(({ blob }) => OBJECT_ID.test(blob))) {
    throw new SourceError("Refused", "a file is asked for by what is no object id", false);
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > copy.limits.contentBytes) {
    const message = `${total} bytes of files are asked for at once; ${copy.limits.contentBytes} are read`;
    throw new SourceError("TooLarge", message, false);
  }
  await prepareCopy(copy.session, copy.folder, copy.limits, files[0]!.blob.length === 64);
  try {
    const sizes = await fetchMissing(
      copy,
      files.map(({ blob }) => blob),
    );
    const bytes = await readBlobs(copy, sizes);
    return files.map(({ blob }) => bytes.get(blob)!);
  } catch (error) {
    if (!(error instanceof FilesNotServed)) throw error;
    throw new SourceError(
      "GitOperationFailed",
      "files of the revision are gone from the local copy: read it again",
      true,
    );
  }
}

const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** A revision comes from outside; what is no commit id could be an option of git. */
function checked(revision: ResolvedRevision): ResolvedRevision {
  const { commit, refName } = revision;
  const fine = refName === undefined || /^refs\/(?:heads|tags)\/[^\s~^:?*[\\]+$/.test(refName);
  if (OBJECT_ID.test(commit) && fine) return revision;
  throw new SourceError("Refused", "the revision is no commit id with the name of a branch or tag", false);
}
