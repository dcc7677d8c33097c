import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Lock, SubnetLock } from "../../core/allocate/allocation.js";
import { LOCK_FOLDER, lockFolder } from "../../core/allocate/check-lock.js";
import type { Diagnostic, Result } from "../../core/diagnostics.js";
import { compareText, inOrder } from "../../core/plan/scope.js";
import { entryAt, readRegularFile, removeFileBelow, replaceFileBelow } from "../files/safe-files.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";
import { formatLock } from "./lock-format.js";
import { parseLock } from "./lock-parse.js";
import { fault, findPlanFiles, type PlanFile } from "./plan-folder.js";
import { decode, lenientText, readBytes } from "./plan-text.js";

export { formatLock } from "./lock-format.js";

/** Lock files are written by spiderplan and grow with the cluster, so they may be larger than what people write. */
export const LOCK_LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  fileBytes: 16 * 1024 * 1024,
  nodes: 2_000_000,
  tokens: 8_000_000,
  documents: 2,
};

/**
 * Reads the lock files of one cluster: `spiderplan.lock/<cluster>/<subnet>.yaml` beside the plan.
 * @param cluster the plan's cluster; undefined where no document has `clusters` (folder `default`)
 */
export async function readLockFolder(planRoot: string, cluster: string | undefined): Promise<Result<Lock>> {
  const folder = lockFolder(cluster);
  const found: Diagnostic[] = [];
  const subnets = new Map<string, SubnetLock>();
  for (const path of [LOCK_FOLDER, folder]) {
    const there = await entryAt(join(planRoot, path));
    if (there === "nothing") return { value: { files: false, subnets }, diagnostics: [] };
    if (there === "folder") continue;
    found.push(there === "link" ? linkFault(path) : noFolder(path));
    return { value: { files: true, subnets }, diagnostics: found };
  }
  const inFolder: Diagnostic[] = [];
  const files = await findPlanFiles(join(planRoot, folder), LOCK_LIMITS, inFolder, "refused");
  for (const one of inFolder) if (one.code !== "SP1002") found.push(moved(one, folder));
  const inPlan = files.map(({ path, bytes }) => ({ path: `${folder}/${path}`, bytes }));
  return readLockFiles(folder, inPlan, found, async (file, noted) => {
    const bytes = await readBytes(planRoot, file, LOCK_LIMITS, noted, "refused");
    return bytes === undefined ? undefined : parseLockFile(file.path, bytes);
  });
}

/** One lock file, read. */
export interface ParsedLock {
  /** For places in it. */
  readonly text: string;
  /** Undefined for bytes that are no text. */
  readonly lock: SubnetLock | undefined;
  readonly found: readonly Diagnostic[];
}

/** Reads the bytes of a lock file, whatever they are; its path ends in the subnet's name. */
export function parseLockFile(path: string, bytes: Uint8Array): ParsedLock {
  const found: Diagnostic[] = [];
  const text = decode(bytes, path, found);
  if (text === undefined) return { text: lenientText(bytes), lock: undefined, found };
  const subnet = subnetOf(path.slice(path.lastIndexOf("/") + 1)) ?? "";
  return { text, ...parseLock(path, subnet, text, LOCK_LIMITS) };
}

/**
 * Reads the lock files of one cluster wherever they come from.
 * @param folder that cluster's, `spiderplan.lock/dc1`; all files lie below it
 * @param found what was found on the way to them
 * @param parse one file, read; undefined, and noted, if it cannot be
 */
export async function readLockFiles<F extends PlanFile>(
  folder: string,
  files: readonly F[],
  found: readonly Diagnostic[],
  parse: (file: F, found: Diagnostic[]) => Promise<ParsedLock | undefined>,
): Promise<Result<Lock>> {
  const diagnostics = [...found];
  const subnets = new Map<string, SubnetLock>();
  for (const file of files) {
    const subnet = subnetOf(file.path.slice(folder.length + 1));
    if (subnet === undefined) {
      const hint = "each lock file is named SUBNET.yaml; only spiderplan lock writes them";
      diagnostics.push(fault("SP1037", `${file.path} is not named after a subnet`, file.path, hint));
      continue;
    }
    const read = await parse(file, diagnostics);
    for (const fault of read?.found ?? []) diagnostics.push(fault);
    if (read?.lock !== undefined) subnets.set(subnet, read.lock);
  }
  const there = files.length > 0 || diagnostics.length > 0;
  return { value: { files: there, subnets }, diagnostics: inOrder(diagnostics) };
}

/** The lock as files: path from the plan's root with forward slashes, and text. */
export function lockFiles(lock: Lock, cluster: string | undefined): ReadonlyMap<string, string> {
  const keys = [...lock.subnets.keys()].sort(compareText);
  return new Map(keys.map((key) => [`${lockFolder(cluster)}/${key}.yaml`, formatLock(lock.subnets.get(key)!)]));
}

/**
 * Writes the lock, touching only files that change and removing those of subnets no longer in it.
 * @returns paths of the changed files, in order
 * @throws UnsafePath when a link is in the way: what a pull request planted must not lead the writer elsewhere
 */
export async function writeLockFolder(planRoot: string, cluster: string | undefined, lock: Lock): Promise<string[]> {
  const texts = lockFiles(lock, cluster);
  const stale = await staleLockFiles(planRoot, cluster, lock);
  for (const path of stale) {
    const text = texts.get(path);
    if (text === undefined) await removeFileBelow(planRoot, path);
    else await replaceFileBelow(planRoot, path, text);
  }
  return stale;
}

/** Paths of the files that `writeLockFolder` would change, in order. */
export async function staleLockFiles(planRoot: string, cluster: string | undefined, lock: Lock): Promise<string[]> {
  const texts = lockFiles(lock, cluster);
  const folder = lockFolder(cluster);
  const there = (await readdir(join(planRoot, folder)).catch(() => [])).filter((name) => /^[^.].*\.ya?ml$/.test(name));
  const paths = new Set([...texts.keys(), ...there.map((name) => `${folder}/${name}`)]);
  const stale: string[] = [];
  for (const path of [...paths].sort(compareText)) {
    const old = await readRegularFile(join(planRoot, path), LOCK_LIMITS.fileBytes).catch(() => undefined);
    if (old?.toString("utf8") !== texts.get(path)) stale.push(path);
  }
  return stale;
}

function linkFault(path: string): Diagnostic {
  const hint = "put the folder itself in its place: a lock is read and written only where it lies";
  return fault("SP1004", `${path} is a symbolic link, which is not followed`, path, hint);
}

function noFolder(path: string): Diagnostic {
  return fault("SP1003", `${path} must be a folder, and is none`, path, "remove it, or restore the folder from Git");
}

function subnetOf(path: string): string | undefined {
  return /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\.yaml$/.exec(path)?.[1];
}

/** Of a lock's folder as seen from the plan's. */
function moved(diagnostic: Diagnostic, folder: string): Diagnostic {
  const { source, message } = diagnostic;
  if (source === undefined) return diagnostic;
  const file = `${folder}/${source.file}`;
  const named = message.startsWith(source.file) ? `${file}${message.slice(source.file.length)}` : message;
  return { ...diagnostic, message: named, source: { ...source, file } };
}
