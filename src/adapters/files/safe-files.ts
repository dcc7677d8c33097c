import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

// A repository is written by others: any name in it may be a link to a file of whoever runs the command.

/** A path that is not written or read, because what stands there is not what it should be. */
export class UnsafePath extends Error {
  readonly code = "UNSAFE_PATH";

  /** @param what says what it is, such as `is a symbolic link` */
  constructor(
    readonly path: string,
    readonly what: string,
  ) {
    super(`${path} ${what}`);
  }
}

/** A path that the system lets nobody write now, and why; what stood there before stands there still. */
export class NotWritten extends Error {
  constructor(
    readonly path: string,
    readonly code: string,
    why: string,
  ) {
    super(`${path} cannot be written: ${why}; what was there before is there still`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota of the disk is used up",
  EROFS: "the disk is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EIO: "the disk does not work",
};

/** The system's own words name no file for most of these. */
async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  return write().catch((error: NodeJS.ErrnoException) => {
    const why = REASONS[error.code ?? ""];
    throw why === undefined ? error : new NotWritten(path, error.code!, why);
  });
}

/** What stands at a path; a link is named, never followed. */
export async function entryAt(path: string): Promise<"nothing" | "file" | "folder" | "link" | "other"> {
  const facts = await factsOf(path);
  if (facts === undefined) return "nothing";
  if (facts.isSymbolicLink()) return "link";
  return facts.isFile() ? "file" : facts.isDirectory() ? "folder" : "other";
}

/**
 * The bytes of a regular file; a pipe never holds the reader up, and no link is followed unless the caller has looked
 * where it leads.
 * @param mostBytes of a longer file nothing is read
 * @throws UnsafePath for what is no regular file, or too long
 */
export async function readRegularFile(
  path: string,
  mostBytes: number,
  links: "followed" | "refused" = "refused",
): Promise<Buffer> {
  const follow = links === "followed" ? 0 : constants.O_NOFOLLOW;
  return withFile(path, constants.O_RDONLY | constants.O_NONBLOCK | follow, 0, async (handle) => {
    const { size } = await regular(path, handle);
    if (size > mostBytes) throw new UnsafePath(path, `has ${size} bytes; ${mostBytes} are read at most`);
    return handle.readFile();
  });
}

/**
 * Puts a text in place of what a file below a folder holds, making the folders on the way. After a crash the old text
 * or the new one is there, never half of one. A hard link's other names keep the old text.
 * @param root a folder the caller trusts; no link is followed below it
 * @throws UnsafePath when a link, or something that is no file, is in the way
 */
export async function replaceFileBelow(root: string, path: string, text: string): Promise<void> {
  const target = join(root, path);
  await writing(target, () => replaceWith(root, path, target, text));
}

async function replaceWith(root: string, path: string, target: string, text: string): Promise<void> {
  const folder = await makeFoldersBelow(root, dirname(path));
  const there = await entryAt(target);
  if (there !== "file" && there !== "nothing") throw new UnsafePath(target, NAMES[there]);
  // Nobody who prepared the folder knows this name, and O_EXCL would refuse it.
  const fresh = join(folder, `.${basename(path)}.${randomBytes(9).toString("hex")}.tmp`);
  await writeNew(fresh, text, async (handle) => {
    await handle.sync();
    await rename(fresh, target);
  });
  await syncFolder(folder);
}

/**
 * Removes a file below a folder; gone already is as good.
 * @throws UnsafePath when a link, or something that is no file, is in the way
 */
export async function removeFileBelow(root: string, path: string): Promise<void> {
  const folder = await foldersBelow(root, dirname(path));
  const target = join(root, path);
  const there = folder === undefined ? "nothing" : await entryAt(target);
  if (there === "nothing") return;
  if (there !== "file") throw new UnsafePath(target, NAMES[there]);
  await writing(target, async () => {
    await rm(target);
    await syncFolder(dirname(target));
  });
}

/**
 * Writes a file that is not there yet; what could not be written whole is removed.
 * @throws EEXIST when anything has that name, a link that leads nowhere too
 */
export async function createFile(path: string, text: string): Promise<void> {
  await writing(path, () => writeNew(path, text, async () => {}));
}

/**
 * Opens a regular file to append to it, and makes it where there is none.
 * @throws UnsafePath when a link, or something that is no file, has that name
 */
export async function openToAppend(path: string, mode: number): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await opened(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode);
  try {
    await regular(path, handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const NAMES = {
  link: "is a symbolic link; it is not followed",
  folder: "is a folder, not a file",
  file: "is a file, not a folder",
  other: "is not a regular file",
} as const;

/** The folder at a path below a trusted one, each part looked at; undefined where one is missing. */
async function foldersBelow(root: string, path: string): Promise<string | undefined> {
  let folder = root;
  for (const part of path.split("/").filter((one) => one !== "" && one !== ".")) {
    folder = join(folder, part);
    const there = await entryAt(folder);
    if (there === "nothing") return undefined;
    if (there !== "folder") throw new UnsafePath(folder, NAMES[there]);
  }
  return folder;
}

async function makeFoldersBelow(root: string, path: string): Promise<string> {
  const parts = path.split("/").filter((one) => one !== "" && one !== ".");
  for (let count = 1; count <= parts.length; count++) {
    const part = parts.slice(0, count).join("/");
    if ((await foldersBelow(root, part)) !== undefined) continue;
    await mkdir(join(root, part));
    await syncFolder(dirname(join(root, part)));
  }
  return join(root, ...parts);
}

/** Writes a file under a name that nothing has, and does what makes it count; removes it when either fails. */
async function writeNew(path: string, text: string, then: (handle: FileHandle) => Promise<void>): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await withFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666, async (handle) => {
    try {
      await handle.writeFile(text);
      await then(handle);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  });
}

/** Without it a power cut may undo a rename whose file is whole. Some systems have no such thing for folders. */
async function syncFolder(path: string): Promise<void> {
  await withFile(path, constants.O_RDONLY, 0, (handle) => handle.sync()).catch((error: NodeJS.ErrnoException) => {
    if (!["EPERM", "EACCES", "EISDIR", "EINVAL", "ENOTSUP"].includes(error.code ?? "")) throw error;
  });
}

async function withFile<T>(
  path: string,
  flags: number,
  mode: number,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await opened(path, flags, mode);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function opened(path: string, flags: number, mode: number): Promise<FileHandle> {
  return open(path, flags, mode).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ELOOP" || error.code === "EMLINK") throw new UnsafePath(path, NAMES.link);
    if (error.code === "ENXIO") throw new UnsafePath(path, NAMES.other); // a pipe nobody reads
    throw error;
  });
}

async function regular(path: string, handle: FileHandle): Promise<Stats> {
  const facts = await handle.stat();
  if (!facts.isFile()) throw new UnsafePath(path, NAMES[facts.isDirectory() ? "folder" : "other"]);
  return facts;
}

async function factsOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}
