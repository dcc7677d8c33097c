import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SourceError } from "../../core/source-error.js";
import type { GitLimits } from "./limits.js";
import type { Session } from "./session.js";

/**
 * Makes sure there is a bare repository to fetch into: one that a killed process left behind is repaired or made anew.
 * @returns whether it is new
 */
export async function prepareCopy(
  session: Session,
  copy: string,
  limits: GitLimits,
  sha256: boolean,
): Promise<boolean> {
  if (await isWhole(copy)) {
    await removeLeftovers(copy);
    await utimes(copy, new Date(), new Date());
    return false;
  }
  await dropUnused(dirname(copy), limits.unusedFor);
  await makeCopy(session, copy, sha256);
  return true;
}

/** Makes an empty copy in the place of whatever is there. */
export async function makeCopy(session: Session, copy: string, sha256: boolean): Promise<void> {
  await Promise.all([removeCopy(copy), removeCopy(`${copy}.new`)]);
  await mkdir(`${copy}.new`, { recursive: true, mode: 0o700 });
  const format = `--object-format=${sha256 ? "sha256" : "sha1"}`;
  const made = await session.attempt(["init", "--quiet", "--bare", "--template=", format, `${copy}.new`]);
  if (made.code !== 0) {
    const failure = session.failure(made, "copy");
    if (failure instanceof SourceError) throw failure;
    throw new SourceError("GitOperationFailed", `no local copy can be made (${failure.message})`, true);
  }
  // Only under its own name it is whole.
  await rename(`${copy}.new`, copy);
}

/** Puts a copy that is whole in the place of another. */
export async function replaceCopy(copy: string, by: string): Promise<void> {
  await removeCopy(copy);
  await rename(by, copy);
}

export async function removeCopy(copy: string): Promise<void> {
  await rm(copy, { recursive: true, force: true });
}

async function isWhole(copy: string): Promise<boolean> {
  const parts = ["HEAD", "config", "objects", "refs"].map((name) => stat(join(copy, name)));
  return (await Promise.allSettled(parts)).every(({ status }) => status === "fulfilled");
}

/** Whether a copy is to be made anew: git never drops what a partial clone received. */
export async function hasGrown(copy: string, limits: GitLimits): Promise<boolean> {
  const names = await readdir(join(copy, "objects/pack")).catch(() => []);
  return names.filter((name) => name.endsWith(".pack")).length > limits.packs;
}

/** Bytes of all objects of a copy, those being received too. */
export async function copyBytes(copy: string): Promise<number> {
  const entries = await readdir(join(copy, "objects"), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // A temporary file may be gone by now.
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file)
        .then(({ size }) => size)
        .catch(() => 0),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Locks and half-received packs of a process that was killed; operations on one copy take turns, so none is in use. */
async function removeLeftovers(copy: string): Promise<void> {
  const entries = await readdir(copy, { recursive: true, withFileTypes: true });
  const left = entries.filter(({ name }) => name.endsWith(".lock") || /^(?:tmp|\.tmp)[_-]/.test(name));
  await Promise.all(left.map((entry) => rm(join(entry.parentPath, entry.name), { recursive: true, force: true })));
}

/** Copies that nobody follows any more. */
async function dropUnused(folder: string, unusedFor: number): Promise<void> {
  const oldest = Date.now() - unusedFor;
  for (const name of await readdir(folder).catch(() => [])) {
    const used = await stat(join(folder, name)).catch(() => undefined);
    if (used !== undefined && used.mtimeMs < oldest) await removeCopy(join(folder, name));
  }
}

/** What was received is more than a copy may hold. */
export class CopyTooLarge extends SourceError {
  constructor(limits: GitLimits) {
    const most = Math.floor(limits.copyBytes / (1024 * 1024));
    const message = `the repository is too large: more than ${most} MiB were received; keep plans in one of their own`;
    super("TooLarge", message, false);
  }
}

/**
 * Does something that receives objects, and ends it as soon as the copy is larger than it may be.
 * @throws CopyTooLarge; the copy is then gone
 */
export async function withinSize<T>(
  copy: string,
  limits: GitLimits,
  signal: AbortSignal,
  receive: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tooLarge = new AbortController();
  const look = async () => {
    if ((await copyBytes(copy)) > limits.copyBytes) tooLarge.abort();
  };
  const timer = setInterval(() => void look(), LOOK_EVERY);
  try {
    const received = await receive(AbortSignal.any([signal, tooLarge.signal]));
    await look();
    tooLarge.signal.throwIfAborted();
    return received;
  } catch (error) {
    if (!tooLarge.signal.aborted) throw error;
    await removeCopy(copy);
    throw new CopyTooLarge(limits);
  } finally {
    clearInterval(timer);
  }
}

/** Milliseconds; a fast network brings some ten MiB in it. */
const LOOK_EVERY = 100;
