import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { LOCK_FOLDER } from "../../core/allocate/check-lock.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { UnsafePath } from "../files/safe-files.js";
import type { Limits } from "./limits.js";

/** One plan file: its path from the plan's root with forward slashes, and its size. */
export interface PlanFile {
  readonly path: string;
  readonly bytes: number;
}

interface Walk {
  readonly root: string;
  readonly realRoot: string;
  readonly limits: Limits;
  readonly found: Diagnostic[];
  readonly links: "inside" | "refused";
  readonly files: PlanFile[];
  /** Real paths seen: a file or folder reached in two ways is read once. */
  readonly seen: Set<string>;
}

/**
 * Every `*.yaml` and `*.yml` under a folder, in order of path. Folders whose name begins with a dot and
 * `spiderplan.lock` are left out.
 * @param links whether symbolic links are followed as long as they stay inside the root, or not at all
 */
export async function findPlanFiles(
  root: string,
  limits: Limits,
  found: Diagnostic[],
  links: "inside" | "refused" = "inside",
): Promise<PlanFile[]> {
  const realRoot = await realpath(root).catch(() => undefined);
  if (realRoot === undefined || !(await stat(realRoot)).isDirectory()) {
    found.push(fault("SP1001", realRoot === undefined ? `there is no folder ${root}` : `${root} is not a folder`));
    return [];
  }
  const walk: Walk = { root, realRoot, limits, found, links, files: [], seen: new Set([realRoot]) };
  await walkFolder("", [realRoot], walk);
  if (walk.files.length > limits.files) {
    found.push(
      fault("SP1006", `the plan has more than ${limits.files} files`, undefined, "is --path the right folder?"),
    );
    walk.files.length = limits.files;
  }
  if (walk.files.length === 0 && found.length === 0) {
    const hint = "name a folder with *.yaml files with --path";
    found.push(fault("SP1002", `folder ${root} holds no plan file (*.yaml, *.yml)`, undefined, hint));
  }
  return walk.files;
}

/** A fault of a file or folder as a whole. */
export function fault(code: string, message: string, file?: string, hint?: string): Diagnostic {
  return {
    code,
    severity: "error",
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(file === undefined ? {} : { source: { file, document: 0, pointer: "" } }),
  };
}

async function walkFolder(path: string, ancestors: readonly string[], walk: Walk): Promise<void> {
  if (ancestors.length > walk.limits.folderDepth) {
    walk.found.push(fault("SP1007", `folders are nested deeper than ${walk.limits.folderDepth}`, path));
    return;
  }
  let entries: Dirent[];
  try {
    entries = await readdir(join(walk.root, path), { withFileTypes: true });
  } catch (error) {
    walk.found.push(unreadable(path || ".", error));
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    if (walk.files.length > walk.limits.files) return;
    if (entry.name.startsWith(".") || entry.name === LOCK_FOLDER) continue;
    await visit(path === "" ? entry.name : `${path}/${entry.name}`, entry, ancestors, walk);
  }
}

async function visit(path: string, entry: Dirent, ancestors: readonly string[], walk: Walk): Promise<void> {
  const plan = /\.ya?ml$/.test(entry.name);
  if (!plan && !entry.isDirectory() && !entry.isSymbolicLink()) return;
  if (entry.isSymbolicLink() && walk.links === "refused") {
    if (!plan) return;
    const hint = "put the file itself in its place: a lock is read and written only where it lies";
    walk.found.push(fault("SP1004", `${path} is a symbolic link, which is not followed`, path, hint));
    return;
  }
  let real: string;
  let facts: Awaited<ReturnType<typeof stat>>;
  try {
    real = await realpath(join(walk.root, path));
    facts = await stat(real);
  } catch (error) {
    // A broken link to something that is no plan file is nobody's business.
    if (plan) walk.found.push(unreadable(path, error));
    return;
  }
  if (!facts.isDirectory() && !plan) return;
  if (real !== walk.realRoot && !real.startsWith(walk.realRoot + sep)) {
    const hint = "a plan is what its folder holds: copy the file, or move the link's target into the folder";
    walk.found.push(fault("SP1004", `${path} is a link that leads out of the plan's folder`, path, hint));
    return;
  }
  if (facts.isDirectory() && ancestors.includes(real)) {
    walk.found.push(fault("SP1007", `${path} is a link to a folder it lies in`, path, "remove the link"));
    return;
  }
  if (walk.seen.has(real)) return;
  walk.seen.add(real);
  if (facts.isDirectory()) await walkFolder(path, [...ancestors, real], walk);
  else if (facts.isFile()) walk.files.push({ path, bytes: Number(facts.size) });
  else walk.found.push(fault("SP1003", `${path} is not a regular file`, path));
}

/** A file or folder the system does not let us read. */
export function unreadable(path: string, error: unknown): Diagnostic {
  const reason = (error as NodeJS.ErrnoException).code ?? "unknown error";
  if (error instanceof UnsafePath) return fault("SP1003", `${path} ${error.what}`, path);
  const words: Record<string, string> = {
    EACCES: "permission denied",
    ENOENT: "it leads nowhere",
    ELOOP: "its links go round in a circle",
  };
  return fault("SP1003", `${path} cannot be read: ${words[reason] ?? reason}`, path);
}
