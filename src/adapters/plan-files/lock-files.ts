import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Lock, SubnetLock } from "../../core/allocate/allocation.js";
import { LOCK_FOLDER, lockFolder } from "../../core/allocate/check-lock.js";
import type { Diagnostic, Result } from "../../core/diagnostics.js";
import { compareText, inOrder } from "../../core/plan/scope.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";
import { formatLock } from "./lock-format.js";
import { parseLock } from "./lock-parse.js";
import { fault, findPlanFiles } from "./plan-folder.js";
import { readText } from "./plan-text.js";

export { formatLock } from "./lock-format.js";

/** Lock files are written by spiderplan and grow with the cluster, so they may be larger than what people write. */
const LIMITS: Limits = {
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
  const top = await stat(join(planRoot, LOCK_FOLDER)).catch(() => undefined);
  if (top !== undefined && !top.isDirectory()) {
    const hint = "remove it, or restore the folder from Git";
    found.push(fault("SP1003", `${LOCK_FOLDER} must be a folder, and is none`, LOCK_FOLDER, hint));
    return { value: { files: true, subnets }, diagnostics: found };
  }
  const where = await whereabouts(planRoot, folder);
  if (where === "nowhere") return { value: { files: false, subnets }, diagnostics: [] };
  if (where === "outside") {
    found.push(fault("SP1004", `${folder} is a link that leads out of the plan's folder`, folder));
    return { value: { files: true, subnets }, diagnostics: found };
  }
  const inFolder: Diagnostic[] = [];
  const files = await findPlanFiles(join(planRoot, folder), LIMITS, inFolder);
  found.push(...inFolder.filter(({ code }) => code !== "SP1002").map((one) => moved(one, folder)));
  for (const file of files) {
    const path = `${folder}/${file.path}`;
    const subnet = subnetOf(file.path);
    if (subnet === undefined) {
      const hint = "each lock file is named SUBNET.yaml; only spiderplan lock writes them";
      found.push(fault("SP1037", `${path} is not named after a subnet`, path, hint));
      continue;
    }
    const text = await readText(planRoot, { path, bytes: file.bytes }, LIMITS, found);
    if (text === undefined) continue;
    const read = parseLock(path, subnet, text, LIMITS);
    found.push(...read.found);
    subnets.set(subnet, read.lock);
  }
  return { value: { files: files.length > 0 || found.length > 0, subnets }, diagnostics: inOrder(found) };
}

/** The lock as files: path from the plan's root with forward slashes, and text. */
export function lockFiles(lock: Lock, cluster: string | undefined): ReadonlyMap<string, string> {
  const keys = [...lock.subnets.keys()].sort(compareText);
  return new Map(keys.map((key) => [`${lockFolder(cluster)}/${key}.yaml`, formatLock(lock.subnets.get(key)!)]));
}

/**
 * Writes the lock, touching only files that change and removing those of subnets no longer in it.
 * @returns paths of the changed files, in order
 * @throws when the folder is a link that leads out of the plan's
 */
export async function writeLockFolder(planRoot: string, cluster: string | undefined, lock: Lock): Promise<string[]> {
  const texts = lockFiles(lock, cluster);
  const folder = lockFolder(cluster);
  const leaving = await Promise.all([LOCK_FOLDER, folder].map((path) => whereabouts(planRoot, path)));
  if (leaving.includes("outside")) {
    throw new Error(`${folder} is a link that leads out of the plan's folder`);
  }
  const stale = await staleLockFiles(planRoot, cluster, lock);
  if (stale.length > 0) await mkdir(join(planRoot, folder), { recursive: true });
  for (const path of stale) {
    const text = texts.get(path);
    if (text === undefined) await rm(join(planRoot, path));
    else await replace(join(planRoot, path), text);
  }
  return stale;
}

/** Paths of the files that `writeLockFolder` would change, in order. */
export async function staleLockFiles(planRoot: string, cluster: string | undefined, lock: Lock): Promise<string[]> {
  const texts = lockFiles(lock, cluster);
  const folder = lockFolder(cluster);
  const there = (await readdir(join(planRoot, folder)).catch(() => [])).filter((name) => /\.ya?ml$/.test(name));
  const paths = new Set([...texts.keys(), ...there.map((name) => `${folder}/${name}`)]);
  const stale: string[] = [];
  for (const path of [...paths].sort(compareText)) {
    const old = await readFile(join(planRoot, path), "utf8").catch(() => undefined);
    if (old !== texts.get(path)) stale.push(path);
  }
  return stale;
}

/** A crash leaves the old file or the new one, never half of one. */
async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, text);
  await rename(fresh, path);
}

/** Whether a folder really lies in the plan's: links may lead anywhere. */
async function whereabouts(planRoot: string, folder: string): Promise<"inside" | "outside" | "nowhere"> {
  const real = await realpath(join(planRoot, folder)).catch(() => undefined);
  if (real === undefined) return "nowhere";
  return real.startsWith((await realpath(planRoot)) + sep) ? "inside" : "outside";
}

function subnetOf(path: string): string | undefined {
  return /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\.yaml$/.exec(path)?.[1];
}

function moved(diagnostic: Diagnostic, folder: string): Diagnostic {
  const { source } = diagnostic;
  return source === undefined ? diagnostic : { ...diagnostic, source: { ...source, file: `${folder}/${source.file}` } };
}
