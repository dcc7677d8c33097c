import { SourceError } from "../../core/source-error.js";
import type { ResolvedRevision, SourceFile, SourceSpec, SourceTree } from "../../ports/source-repository.js";
import { BrokenCopy } from "./failures.js";
import { blobSizes, type Copy, fetchBlobs, fetchCommit, readBlobs } from "./fetch.js";
import { CopyTooLarge, hasGrown, makeCopy, prepareCopy } from "./local-copy.js";
import { checkFolder, listFolder, readCommit, type TreeEntry } from "./tree.js";
import { verifyRevision } from "./verify.js";

/** Which files are listed, by path from the plan's folder. */
type Wanted = (path: string) => boolean;

/** Brings a revision into the copy, verifies it and lists its folder; a copy that turns out broken is made anew, once. */
export async function readRevision(
  copy: Copy,
  source: SourceSpec,
  revision: ResolvedRevision,
  wanted: Wanted,
): Promise<SourceTree> {
  const folder = checkFolder(source.path);
  const { commit } = checked(revision);
  const sha256 = commit.length === 64;
  const isNew = await prepareCopy(copy.session, copy.folder, copy.limits, sha256);
  const once = async (withFiles: boolean) => readOnce(copy, source, revision, folder, wanted, withFiles);
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
