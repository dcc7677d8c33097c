import type { Lock } from "../../core/allocate/allocation.js";
import { LOCK_FOLDER, lockFolder } from "../../core/allocate/check-lock.js";
import type { Diagnostic, Result } from "../../core/diagnostics.js";
import type { SourceFile, SourceTree } from "../../ports/source-repository.js";
import { batchReader, type ReadContents } from "./batch-reader.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";
import { LOCK_LIMITS, parseLockFile, readLockFiles } from "./lock-files.js";
import { cachedLock, cachedPlan, keepLock, keepPlan, type ParseCache } from "./parse-cache.js";
import { fault } from "./plan-folder.js";
import { type FileSource, type LoadedPlan, loadPlanFiles } from "./plan-loader.js";
import { parsePlanFile } from "./plan-parse.js";
import { isTooLarge } from "./plan-text.js";

/** A plan and the lock files beside it, of one revision of a repository. */
export interface PlanTree extends LoadedPlan {
  /**
   * Reads the lock files of one cluster; their findings are located by this plan from then on.
   * @param cluster the plan's cluster; undefined where no document has `clusters`
   */
  lock(cluster: string | undefined): Promise<Result<Lock>>;
}

/** Whether a file below a plan's folder is a plan file or a lock file: nothing else needs to be fetched. */
export function isPlanOrLockFile(path: string): boolean {
  return path === LOCK_FOLDER || path.startsWith(`${LOCK_FOLDER}/`) ? isVisible(path) : isPlanFile(path);
}

/**
 * Reads a plan from a revision of a repository by the rules of a plan folder, except that no link is followed. Files
 * whose content was parsed before are not read again.
 * @param read the bytes of files, in the order asked for
 * @param cache of files parsed under the same limits
 */
export async function loadPlanTree(
  tree: Pick<SourceTree, "files" | "refused">,
  read: ReadContents,
  cache: ParseCache,
  limits: Partial<Limits> = {},
): Promise<PlanTree> {
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  const found: Diagnostic[] = [];
  const files = planFiles(tree, bounds, found);
  // Held here, because the cache may drop what it has while the rest is read.
  const known = new Map(files.map((file) => [file.path, cachedPlan(cache, file.blob, file.path)]));
  const contents = batchReader(
    files.filter(({ path, bytes }) => bytes <= bounds.fileBytes && known.get(path) === undefined),
    read,
  );
  const lockTexts = new Map<string, string>();
  const source: FileSource<SourceFile> = {
    parse: async (file, noted) => {
      const { path, blob } = file;
      if (isTooLarge(file, bounds, noted)) return undefined;
      const before = known.get(path);
      if (before !== undefined) return before;
      const parsed = parsePlanFile(path, await contents(file), bounds);
      keepPlan(cache, blob, path, parsed);
      return parsed;
    },
    textOf: (path) => lockTexts.get(path),
  };
  const loaded = await loadPlanFiles(files, found, source, bounds);
  return { ...loaded, lock: (cluster) => readLock(tree, lockFolder(cluster), read, cache, lockTexts) };
}

/** The plan files of a tree, in the order of a walk through its folders, and what is wrong with the tree. */
function planFiles({ files, refused }: Pick<SourceTree, "files" | "refused">, limits: Limits, found: Diagnostic[]) {
  const deepest = (path: string) => path.split("/").length > limits.folderDepth;
  const all = files.filter(({ path }) => isPlanFile(path)).sort(asWalked);
  const tooDeep = all.find(({ path }) => deepest(path));
  if (tooDeep !== undefined) {
    found.push(fault("SP1007", `folders are nested deeper than ${limits.folderDepth}`, tooDeep.path));
  }
  const plans = all.filter(({ path }) => !deepest(path));
  if (plans.length > limits.files) {
    const hint = "is source.path the right folder?";
    found.push(fault("SP1006", `the plan has more than ${limits.files} files`, undefined, hint));
    plans.length = limits.files;
  }
  const links = refused.filter(({ path }) => isVisible(path) && !inLockFolder(path));
  for (const link of links.slice(0, limits.faults)) found.push(refusal(link));
  if (links.length > limits.faults) {
    found.push(fault("SP1004", `${links.length - limits.faults} more links and submodules are not followed`));
  }
  if (plans.length === 0 && found.length === 0) {
    found.push(fault("SP1002", "the folder holds no plan file (*.yaml, *.yml)", undefined, "look at source.path"));
  }
  return plans;
}

/** A plan file that is no file is an error; anything else may hide some. */
function refusal({ path, why }: SourceTree["refused"][number]): Diagnostic {
  const hint = "a plan is what its folder holds: commit the files themselves";
  const one = fault("SP1004", `${path} ${why}`, path, hint);
  return isPlanFile(path) ? one : { ...one, severity: "warning" };
}

async function readLock(
  { files, refused }: Pick<SourceTree, "files" | "refused">,
  folder: string,
  read: ReadContents,
  cache: ParseCache,
  texts: Map<string, string>,
): Promise<Result<Lock>> {
  const inFolder = (path: string) => path.startsWith(`${folder}/`) && isVisible(path);
  const found: Diagnostic[] = refused
    .filter(({ path }) => path === LOCK_FOLDER || path === folder || inFolder(path))
    .map(({ path, why }) => fault("SP1004", `${path} ${why}`, path));
  if (files.some(({ path }) => path === LOCK_FOLDER)) {
    const hint = "remove it, or restore the folder from Git";
    found.push(fault("SP1003", `${LOCK_FOLDER} must be a folder, and is none`, LOCK_FOLDER, hint));
  }
  const locks = files.filter(({ path }) => inFolder(path) && YAML_NAME.test(path)).sort(asWalked);
  const known = new Map(locks.map((file) => [file.path, cachedLock(cache, file.blob, file.path)]));
  const contents = batchReader(
    locks.filter(({ path, bytes }) => bytes <= LOCK_LIMITS.fileBytes && known.get(path) === undefined),
    read,
  );
  return readLockFiles(folder, locks, found, async (file, noted) => {
    if (isTooLarge(file, LOCK_LIMITS, noted)) return undefined;
    const parsed = known.get(file.path) ?? parseLockFile(file.path, await contents(file));
    keepLock(cache, file.blob, file.path, parsed);
    texts.set(file.path, parsed.text);
    return parsed;
  });
}

const YAML_NAME = /\.ya?ml$/;

/** The names that a walk through a plan folder takes. */
function isPlanFile(path: string): boolean {
  return YAML_NAME.test(path) && isVisible(path) && !inLockFolder(path);
}

function isVisible(path: string): boolean {
  return !path.startsWith(".") && !path.includes("/.");
}

function inLockFolder(path: string): boolean {
  return path.split("/").includes(LOCK_FOLDER);
}

/** Folder by folder: a slash comes before whatever a name may go on with. */
function asWalked(a: SourceFile, b: SourceFile): number {
  const [first, second] = [a.path.replaceAll("/", "\0"), b.path.replaceAll("/", "\0")];
  return first < second ? -1 : first > second ? 1 : 0;
}
