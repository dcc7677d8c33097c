import { SourceError } from "../../core/source-error.js";
import type { ResolvedRevision, SourceFile, SourceSpec, SourceTree } from "../../ports/source-repository.js";
import { BrokenCopy, UnexplainedFailure } from "./failures.js";
import { blobSizes, type Copy, fetchBlobs, fetchCommit, readBlobs } from "./fetch.js";
import { CopyTooLarge, hasGrown, makeCopy, prepareCopy, removeCopy, replaceCopy } from "./local-copy.js";
import { checkFolder, listFolder, readCommit, type TreeEntry } from "./tree.js";
import { verifyRevision } from "./verify.js";

/** Which files are listed, by path from the plan's folder. */
type Wanted = (path: string) => boolean;

/**
 * Brings a revision into the copy, verifies it and lists its folder. A copy that git cannot read, whatever git says of it,
 * is made anew beside it, and stays until that succeeded: it may be the only place that still has the revision in force.
 */
export async function readRevision(
  copy: Copy,
  source: SourceSpec,
  revision: ResolvedRevision,
  wanted: Wanted,
): Promise<SourceTree> {
  const folder = checkFolder(source.path);
  const sha256 = checked(revision).commit.length === 64;
  const read = (into: Copy, withFiles: boolean) => readOnce(into, source, revision, folder, wanted, withFiles);
  const anew = (withFiles: boolean) => readAnew(copy, sha256, (beside) => read(beside, withFiles));
  const isNew = await prepareCopy(copy.session, copy.folder, copy.limits, sha256);
  try {
    const grown = !isNew && (await hasGrown(copy.folder, copy.limits));
    // What the server does not have any more may still be here.
    return await (grown ? anew(false).catch(() => read(copy, false)) : read(copy, false));
  } catch (error) {
    if (error instanceof FilesNotServed) return anew(true);
    if (isNew && error instanceof BrokenCopy) throw unreadable(error);
    if (isNew || !mayBeOurs(error)) throw error;
    return anew(false).catch((again: unknown) => {
      if (again instanceof FilesNotServed) return anew(true);
      throw again;
    });
  }
}

/** The server leaves files out when it is asked to, and then does not give them by their ids. */
class FilesNotServed extends Error {}

/** Reads into a new copy, which takes the place of the one that is there once it is whole. */
async function readAnew<T>(copy: Copy, sha256: boolean, read: (beside: Copy) => Promise<T>): Promise<T> {
  const beside = { ...copy, folder: `${copy.folder}.anew` };
  await makeCopy(copy.session, beside.folder, sha256);
  try {
    const found = await read(beside);
    await replaceCopy(copy.folder, beside.folder);
    return found;
  } catch (error) {
    await removeCopy(beside.folder);
    throw error instanceof BrokenCopy ? unreadable(error) : error;
  }
}

function mayBeOurs(error: unknown): boolean {
  return error instanceof BrokenCopy || error instanceof UnexplainedFailure || error instanceof CopyTooLarge;
}

/** What a copy that was just made cannot be blamed for. */
function unreadable({ message }: BrokenCopy): SourceError {
  return new SourceError("GitOperationFailed", `git cannot read what the server sends (${message})`, true);
}

async function readOnce(
  copy: Copy,
  source: SourceSpec,
  revision: ResolvedRevision,
  folder: string,
  wanted: Wanted,
  withFiles: boolean,
): Promise<SourceTree> {
  const { verification } = source;
  await fetchCommit(copy, revision, withFiles);
  const signedBy = verification === undefined ? undefined : await verifyRevision(copy, revision, verification);
  const list = async () => {
    const { tree, files, refused } = await listFolder(copy, revision.commit, folder);
    const own = files.filter(({ path }) => wanted(path));
    return { tree, refused, files: await withSizes(copy, own) };
  };
  // Each is a process or more: side by side they take the time of the longer one. Both end before anything is done about a failure.
  const [listed, said] = await Promise.allSettled([list(), readCommit(copy, revision.commit)]);
  if (listed.status === "rejected") throw listed.reason;
  if (said.status === "rejected") throw said.reason;
  return {
    commit: revision.commit,
    ...(revision.refName !== undefined && { refName: revision.refName }),
    ...listed.value,
    ...said.value,
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

/** The bytes of files, in the order asked for; those that are gone from the copy are fetched again. */
export async function readContents(copy: Copy, files: readonly SourceFile[]): Promise<readonly Uint8Array[]> {
  if (files.length === 0) return [];
  if (!files.every(({ blob }) => OBJECT_ID.test(blob))) {
    throw new SourceError("Refused", "a file is asked for by what is no object id", false);
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > copy.limits.contentBytes) {
    const message = `${total} bytes of files are asked for at once; ${copy.limits.contentBytes} are read`;
    throw new SourceError("TooLarge", message, false);
  }
  const sha256 = files[0]!.blob.length === 64;
  await prepareCopy(copy.session, copy.folder, copy.limits, sha256);
  try {
    return await readFrom(copy, files).catch((error: unknown) => {
      if (!(error instanceof BrokenCopy || error instanceof FilesNotServed)) throw error;
      return readAnew(copy, sha256, (beside) => readFrom(beside, files));
    });
  } catch (error) {
    if (!(error instanceof FilesNotServed)) throw error;
    await removeCopy(copy.folder);
    const message = "files of the revision are gone from the local copy: it is read again";
    throw new SourceError("GitOperationFailed", message, true);
  }
}

async function readFrom(copy: Copy, files: readonly SourceFile[]): Promise<readonly Uint8Array[]> {
  const sizes = await fetchMissing(
    copy,
    files.map(({ blob }) => blob),
  );
  const bytes = await readBlobs(copy, sizes);
  return files.map(({ blob }) => bytes.get(blob)!);
}

const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** A revision comes from outside; what is no commit id could be an option of git. */
function checked(revision: ResolvedRevision): ResolvedRevision {
  const { commit, refName } = revision;
  const fine = refName === undefined || /^refs\/(?:heads|tags)\/[^\s~^:?*[\\]+$/.test(refName);
  if (OBJECT_ID.test(commit) && fine) return revision;
  throw new SourceError("Refused", "the revision is no commit id with the name of a branch or tag", false);
}
