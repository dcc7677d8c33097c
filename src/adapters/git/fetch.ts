import { createHash } from "node:crypto";
import { SourceError } from "../../core/source-error.js";
import type { ResolvedRevision } from "../../ports/source-repository.js";
import { BrokenCopy } from "./failures.js";
import type { GitLimits } from "./limits.js";
import { withinSize } from "./local-copy.js";
import type { Session } from "./session.js";

/** A local copy in an operation. */
export interface Copy {
  readonly session: Session;
  readonly folder: string;
  readonly limits: GitLimits;
}

/**
 * Declares the repository a partial clone, for receiving only: git that reads must find an object missing rather than
 * fetch it by itself, one by one.
 */
const PARTIAL = ["-c", "remote.origin.promisor=true", "-c", "remote.origin.partialclonefilter=blob:none"];
const FETCH = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc"];

/**
 * Brings a commit into the copy, with its folders and without its history; without its files too unless they are
 * asked for or the server cannot leave them out.
 */
export async function fetchCommit(copy: Copy, revision: ResolvedRevision, withFiles: boolean): Promise<void> {
  const known = await typeOf(copy, revision.commit);
  if (known !== undefined) checkType(known, revision);
  if (known !== undefined && !withFiles) return;
  const slot = slotOf(revision.refName ?? revision.commit);
  const partial = withFiles ? [] : PARTIAL;
  const filter = withFiles ? [] : ["--filter=blob:none"];
  const take = (what: string) => [
    ...partial,
    ...FETCH,
    "--depth=1",
    "--force",
    ...filter,
    "origin",
    `+${what}:${slot}`,
  ];
  const byId = await receive(copy, take(revision.commit));
  if (byId.code === 0) return checkReceived(copy, revision);
  if (revision.refName === undefined || !/not our ref|unadvertised object/.test(byId.stderr)) {
    throw copy.session.failure(byId);
  }
  const byName = await receive(copy, take(revision.refName));
  if (byName.code !== 0) throw copy.session.failure(byName);
  if ((await typeOf(copy, revision.commit)) === undefined) {
    const message = `${revision.refName} moved on while it was read: ${revision.commit.slice(0, 12)} is gone`;
    throw new SourceError("GitOperationFailed", message, true);
  }
  await checkReceived(copy, revision);
}

/** A tag may lead to anything, and so may a branch of a server that is none of ours. */
function checkType(type: string, { commit, refName }: ResolvedRevision): void {
  if (type === "commit") return;
  const what = refName?.replace(/^refs\/(tag|head)s\//, (_, kind: string) => (kind === "tag" ? "tag " : "branch "));
  const message = `${what ?? `the object ${commit.slice(0, 12)}`} leads to a ${type}, and only commits are read: let it lead to one`;
  throw new SourceError("Refused", message, false);
}

async function checkReceived(copy: Copy, revision: ResolvedRevision): Promise<void> {
  const type = await typeOf(copy, revision.commit);
  if (type === undefined) throw new BrokenCopy(`${revision.commit.slice(0, 12)} was received, and cannot be read`);
  checkType(type, revision);
}

/** Brings a tag's own object into the copy. @returns its id: that of the commit itself for a plain tag */
export async function fetchTag(copy: Copy, refName: string): Promise<string> {
  const slot = `${slotOf(refName)}-tag`;
  const output = await receive(copy, [...PARTIAL, ...FETCH, "--depth=1", "--force", "origin", `+${refName}:${slot}`]);
  if (output.code !== 0) throw copy.session.failure(output);
  const { stdout } = await copy.session.run(["rev-parse", "--verify", slot], { copy: copy.folder });
  return stdout.toString("latin1").trim();
}

/** Bytes of each blob that the copy holds, by id. */
export async function blobSizes(copy: Copy, blobs: Iterable<string>): Promise<ReadonlyMap<string, number>> {
  const input = [...new Set(blobs)].map((id) => `${id}\n`).join("");
  if (input === "") return new Map();
  const args = ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"];
  const { stdout } = await copy.session.run(args, {
    copy: copy.folder,
    input,
    outputBytes: copy.limits.listBytes,
  });
  const lines = stdout.toString("latin1").split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [id, type, size] = line.split(" ");
      return id !== undefined && type === "blob" ? [[id, Number(size)] as const] : [];
    }),
  );
}

/**
 * Brings blobs into the copy, all in one request.
 * @returns whether the server gave them; not all give out files by their id
 */
export async function fetchBlobs(copy: Copy, blobs: readonly string[]): Promise<boolean> {
  if (blobs.length === 0) return true;
  // With a commit we have, the server would think that we have its files too.
  const args = [
    ...PARTIAL,
    "-c",
    "fetch.negotiationAlgorithm=noop",
    ...FETCH,
    "--filter=blob:none",
    "--stdin",
    "origin",
  ];
  const output = await receive(copy, args, blobs.map((id) => `${id}\n`).join(""));
  if (output.code === 0) return true;
  if (/unadvertised object|not our ref/.test(output.stderr)) return false;
  throw copy.session.failure(output);
}

/** The bytes of blobs that the copy holds, by id. */
export async function readBlobs(copy: Copy, sizes: ReadonlyMap<string, number>): Promise<Map<string, Uint8Array>> {
  const ids = [...sizes.keys()];
  if (ids.length === 0) return new Map();
  const expected = ids.reduce((sum, id) => sum + sizes.get(id)! + id.length + 32, 0);
  const { stdout } = await copy.session.run(["cat-file", "--batch"], {
    copy: copy.folder,
    input: ids.map((id) => `${id}\n`).join(""),
    outputBytes: expected,
  });
  const contents = new Map<string, Uint8Array>();
  let at = 0;
  for (const id of ids) {
    const start = stdout.indexOf("\n", at) + 1;
    const end = start + sizes.get(id)!;
    contents.set(id, stdout.subarray(start, end));
    at = end + 1;
  }
  return contents;
}

/** What an object is; undefined where the copy does not have it, or cannot be read. */
async function typeOf(copy: Copy, id: string): Promise<string | undefined> {
  const { code, stdout } = await copy.session.attempt(["cat-file", "-t", id], { copy: copy.folder });
  return code === 0 ? stdout.toString("latin1").trim() : undefined;
}

function receive({ session, folder, limits }: Copy, args: readonly string[], input?: string) {
  return withinSize(folder, limits, session.signal, (signal) =>
    session.attempt(args, { copy: folder, signal, ...(input !== undefined && { input }) }),
  );
}

/** Where the copy keeps what it received last of a reference, so that the next fetch needs only what changed. */
function slotOf(name: string): string {
  return `refs/spiderplan/${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}
